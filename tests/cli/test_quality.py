"""`xinglin quality run` over a store: looks, scores, and finds nothing new the second time."""

import os
from pathlib import Path

from tests.capabilities.quality.looked import load
from tests.capabilities.residents.people import resident
from tests.cli.test_commands import run
from tests.conftest import FOLDER


def test_the_command_looks_until_nothing_is_left(postgres_dsn: str) -> None:
    kept = {"managingOrganization": {"reference": "Organization/1"}}
    load(postgres_dsn, [{"resourceType": "Organization", "id": "1", "name": "某院"}], looked=False)
    load(postgres_dsn, [resident("张伟", "1980-01-01", 123, id=f"m{n}", **kept) for n in range(3)], looked=False)
    key = str(Path(os.environ[FOLDER]) / "master.key")
    for opened in (3, 0):
        ended = run("quality", "run", XINGLIN_DATABASE_URL=postgres_dsn, XINGLIN_KEY_FILE=key)
        assert ended.returncode == 0, ended.stderr
        assert f"{opened} findings opened, 0 resolved; scores of 1 institutions." in ended.stdout
