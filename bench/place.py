"""Where measurements run: a PostgreSQL of their own, fresh databases in it, and a server over them."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from xinglin.cli.ports import answers, free_port
from xinglin.store import embedded
from xinglin.store.migrate import migrate


@contextmanager
def postgresql() -> Iterator[embedded.Server]:
    """Start a server in a temporary folder, and remove both at the end."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as another user
        with embedded.start(Path(folder)) as server:
            yield server


def fresh(server: embedded.Server, name: str, *, template: str | None = None) -> str:
    """Make the database *name* anew, migrated or as a copy of *template*; returns its address."""

    async def make() -> None:
        connection = await asyncpg.connect(server.address("postgres"))
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        finally:
            await connection.close()
        if template is None:
            await migrate(server.address(name))

    asyncio.run(make())
    return server.address(name)


def largest_of(pid: int) -> float:
    """Give the MiB in memory of the largest process among *pid* and what it started; 0 when it has gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return max([pages * os.sysconf("SC_PAGE_SIZE") / 2**20, *map(largest_of, children)])


@contextmanager
def serving(dsn: str, *, target: str = "", **more: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Run `xinglin serve` over *dsn*, or *target* on the same server program; gives the port and the process.

    more: settings, by their names without XINGLIN_.
    """
    port = free_port("127.0.0.1", 18_300)
    settings = {
        "XINGLIN_DATABASE_URL": dsn,
        "XINGLIN_PORT": str(port),
        "XINGLIN_LOG_LEVEL": "error",
        "XINGLIN_PAGE_MAX": "1000",
        **{f"XINGLIN_{name}": value for name, value in more.items()},
    }
    code = (
        "import os; from xinglin.server.serve import serve; from xinglin.settings import read; "
        f"serve(read(os.environ), target={target!r})"
    )
    command = [sys.executable, "-c", code] if target else [sys.executable, "-m", "xinglin", "serve"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")} | settings
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        ready = f"http://127.0.0.1:{port}/health/ready"
        if not answers(ready, seconds=60, alive=lambda: process.poll() is None):
            raise RuntimeError("the server did not come up")
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
