import subprocess
from pathlib import Path

import pytest

from xinglin.store import embedded


def test_copied_programs_find_their_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "ELSEWHERE", tmp_path)
    wheel = embedded._programs()
    copy = embedded._copied(wheel)
    assert tmp_path in copy.parents
    for program in ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore"):
        here, there = (
            subprocess.run([folder / "bin" / program, "--version"], capture_output=True, check=True, env={}).stdout
            for folder in (wheel, copy)
        )
        assert here == there
    assert embedded._copied(wheel) == copy
