import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from xinglin.cli import processes
from xinglin.cli.commands import COMMANDS, main
from xinglin.simulators import town
from xinglin.store.embedded import Server

# What a help page must not wait for.
HEAVY = ("asyncpg", "granian", "jinja2", "msgspec", "procrastinate", "starlette", "xinglin.fhir.r4", "xinglin.store")
# What a server needs for a page or two: each would make every start longer by half a second or more.
SELDOM = ("fontTools", "fpdf", "numpy", "openpyxl", "pypinyin")


@dataclass(frozen=True, slots=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, **variables: str) -> Ended:
    """Run a command in this process, as another costs seconds; a test that has an event loop does it in a thread."""
    said, told = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
    code = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(told):
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["xinglin", *arguments])
        patch.setattr(processes, "ASKS", ())  # signals belong to the main thread
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    for stream in (said, told):
        stream.seek(0)
    return Ended(code, said.read(), told.read())


def start(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "xinglin", *arguments]
    environment = os.environ | variables
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=150)


def test_help_names_every_command() -> None:
    shown = start("--help")
    assert shown.returncode == 0
    assert all(f" {name} " in shown.stdout for name in COMMANDS)


@pytest.mark.parametrize(("module", "heavy"), [("xinglin.cli", HEAVY), ("xinglin.app", SELDOM)])
def test_importing_it_imports_nothing_heavy(module: str, heavy: tuple[str, ...]) -> None:
    listed = subprocess.run(
        [sys.executable, "-c", f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [name for name in json.loads(listed.stdout) if name in heavy] == []


def test_version_is_the_projects() -> None:
    assert start("version").stdout.startswith("xinglin 0.")


@pytest.mark.parametrize("command", ["demo", "serve", "work", "migrate"])
def test_settings_that_cannot_be_used_are_listed_and_nothing_starts(command: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ended = run(command, XINGLIN_DATA_DIR=str(data), XINGLIN_PORT="x", XINGLIN_TYPO="1", XINGLIN_HOST="0.0.0.0")
    assert ended.returncode == 2
    assert [line.split(":")[0] for line in ended.stderr.splitlines()] == [
        "XINGLIN_PORT",
        "XINGLIN_TYPO",
        "XINGLIN_DEV_PRINCIPAL",
    ]
    assert not data.exists()


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("postgresql://nobody@127.0.0.1:9/x", "does not let us in"),
        ("postgresql://nobody@/x?host=/no/such/folder", "does not let us in"),
    ],
)
def test_a_database_that_cannot_be_reached_is_said_in_a_line(database: str, said: str) -> None:
    ended = run("migrate", XINGLIN_DATABASE_URL=database)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_does_not_exist_is_said_in_a_line(postgres_server: Server) -> None:
    ended = run("migrate", XINGLIN_DATABASE_URL=postgres_server.address("no_such"))
    assert ended.returncode == 1
    assert "must exist" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_every_simulated_system_says_what_it_is() -> None:
    told = {name: town.title(name) for name in town.names()}
    assert told["sms"] == "The gateway of text messages"
    assert told["register"] == "The population register"
    assert all(5 < len(title) < 80 and "imulat" not in title for title in told.values()), told
