"""A server in processes of its own, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import FOLDER

ROOT = Path(__file__).resolve().parent.parent.parent
_START = "from xinglin.server.serve import serve; from xinglin.settings import read; import os; "
_TARGET = "tests.server.served:create_app"


@dataclass(frozen=True, slots=True)
class Running:
    """log: the file that gets its output; a pipe that nobody reads would fill up and hold the server still."""

    root: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def fhir(self) -> str:
        return f"{self.root}/fhir"

    def stop(self, *, seconds: float = 20) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def running(dsn: str, *, target: str = _TARGET, **settings: str) -> Iterator[Running]:
    """Serve over the database until the block ends; settings as XINGLIN_* without the prefix."""
    port = _free_port()
    key_file = f"{os.environ[FOLDER]}/master.key"
    variables = {"DATABASE_URL": dsn, "KEY_FILE": key_file, "PORT": str(port), "DB_CONNECTIONS": "4", **settings}
    environment = os.environ | {f"XINGLIN_{name}": value for name, value in variables.items()}
    environment["PYTHONPATH"] = str(ROOT)
    code = f"{_START}serve(read(os.environ), target={target!r})"
    log = Path(os.environ[FOLDER], f"server-{port}.log")
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-c", code], env=environment, cwd=ROOT, stdout=output)
    made = Running(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait(made)
        yield made
    finally:
        if process.poll() is None:
            made.stop()
        log.unlink()


def _wait(made: Running) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{made.root}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            assert made.process.poll() is None, "the server ended before it answered"
        time.sleep(0.1)
    raise AssertionError("the server did not answer within 60 s")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
