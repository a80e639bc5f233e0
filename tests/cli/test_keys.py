"""Keys on the command line: made once, changed while they serve, and refused when they are not ours alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def xinglin(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "xinglin", *arguments],
        env=os.environ | {"XINGLIN_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.timeout(240)
@pytest.mark.rule("R7-051")
def test_keys_are_made_changed_and_refused(data_dir: Path) -> None:
    made = xinglin(data_dir, "migrate")
    assert made.returncode == 0, made.stderr
    assert "0001_pre_records" in made.stdout
    assert "key of identity" in made.stdout
    master = data_dir / "master.key"
    assert master.stat().st_mode & 0o777 == 0o600
    assert xinglin(data_dir, "migrate").stdout == "nothing to do\n"

    listed = xinglin(data_dir, "keys", "list").stdout
    assert listed.count(" active ") == 8
    rotated = xinglin(data_dir, "keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert rotated.stdout.count("seals from now on") == 4
    assert xinglin(data_dir, "keys", "list").stdout.count(" old ") == 4
    assert xinglin(data_dir, "keys", "retire").stdout == "nothing to destroy\n"  # too soon
    refused = xinglin(data_dir, "keys", "rotate", "--domain", "index")
    assert refused.returncode == 2
    assert "dump, then load" in refused.stderr

    master.chmod(0o644)
    for command in ("migrate", "serve", "check", "dump"):
        open_to_others = xinglin(data_dir, command, *([str(data_dir / "out")] if command == "dump" else []))
        assert open_to_others.returncode in {1, 2}, command
        assert "open to others" in open_to_others.stderr
        assert "Traceback" not in open_to_others.stderr
    master.rename(data_dir / "elsewhere")
    lost = xinglin(data_dir, "migrate")
    assert lost.returncode != 0
    assert "There is no master key" in lost.stderr
    assert not master.exists()  # a new one would open nothing
