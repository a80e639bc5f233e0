"""The embedded server: quick, shared, durable, and gone when it should be."""

import os
import shutil
import signal
import sys
import time
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path
from threading import Thread

import asyncpg
import pytest

from xinglin.store import embedded


async def value(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def works_in(data: Path) -> list[int]:
    return [pid for pid in embedded._pids() if embedded._works_in(pid, data)]


async def test_it_starts_quickly_serves_and_leaves_no_process(data_dir: Path) -> None:
    begun = time.monotonic()
    server = embedded.start(data_dir)
    first = time.monotonic() - begun
    assert await value(server.dsn, "SELECT current_database()") == "xinglin"
    assert server.pid is not None
    data = server._place.data
    server.stop()
    assert works_in(data) == []
    begun = time.monotonic()
    with embedded.start(data_dir) as again:
        second = time.monotonic() - begun
        assert again.pid is not None
    assert works_in(data) == []
    # Two seconds are the promise for a quiet machine; a busy one gets more.
    assert first < 10
    assert second < 5


async def test_it_is_durable_and_listens_on_no_network(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        names = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "listen_addresses")
        assert [await value(server.dsn, f"SHOW {name}") for name in names] == ["on", "on", "on", "on", ""]


async def test_starters_share_one_server_and_the_last_stops_it(data_dir: Path) -> None:
    servers: list[embedded.Server] = []
    threads = [Thread(target=lambda: servers.append(embedded.start(data_dir))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({server.pid for server in servers}) == 1
    for server in servers[:-1]:
        server.stop()
    assert await value(servers[-1].dsn, "SELECT 1") == 1
    servers[-1].stop()
    servers[-1].stop()
    assert servers[-1].pid is None


async def test_after_the_server_was_killed_the_next_start_recovers(data_dir: Path) -> None:
    server = embedded.start(data_dir)
    await value(server.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    with embedded.start(data_dir) as again:
        assert await value(again.dsn, "SELECT n FROM kept") == 7
    server.stop()
    assert works_in(server._place.data) == []


async def test_after_the_starter_was_killed_the_next_one_takes_over_and_stops(data_dir: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from xinglin.store import embedded; "
        "print(embedded.start(Path(sys.argv[1])).pid, flush=True); time.sleep(60)"
    )
    starter = await create_subprocess_exec(sys.executable, "-c", script, str(data_dir), stdout=PIPE)
    assert starter.stdout is not None
    pid = int(await starter.stdout.readline())
    starter.kill()
    await starter.wait()
    with embedded.start(data_dir) as server:
        assert server.pid == pid
        assert await value(server.dsn, "SELECT 1") == 1
    assert works_in(server._place.data) == []


async def test_a_pid_file_that_names_a_stranger_does_not_hinder(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        pid_file = server._place.data / "postmaster.pid"
        text = pid_file.read_text().splitlines()
    text[0] = str(os.getpid())
    pid_file.write_text("\n".join(text) + "\n")
    with embedded.start(data_dir) as server:
        assert await value(server.dsn, "SELECT 1") == 1


def test_half_a_cluster_is_made_anew(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        data = server._place.data
    data.rename(data.with_name("data.half"))
    with embedded.start(data_dir) as server:
        assert server.pid is not None


def test_a_long_path_gets_a_short_socket(data_dir: Path) -> None:
    long = data_dir / ("long" * 30)
    with embedded.start(long) as server:
        assert len(str(server._socket / embedded.SOCKET_NAME)) <= embedded.SOCKET_PATH_MAX


def test_data_of_another_version_is_refused(data_dir: Path) -> None:
    with embedded.start(data_dir) as server:
        version = server._place.data / "PG_VERSION"
    version.write_text("12\n")
    with pytest.raises(embedded.EmbeddedFailure, match="made by PostgreSQL 12"):
        embedded.start(data_dir)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
async def test_a_folder_that_only_root_can_reach_is_served_from_elsewhere(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    with embedded.start(closed / "project") as server:
        assert await value(server.dsn, "SELECT 1") == 1
        base = server._place.base
        assert base.parent == embedded.ELSEWHERE
        assert (closed / "project" / "postgresql.location").read_text().strip() == str(base)
        assert base.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(base)
