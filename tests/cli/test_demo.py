"""`xinglin demo`, as a user runs it: processes, ports and data of the real thing."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

LATER_START_SECONDS = 10


def processes(data_dir: Path) -> list[int]:
    """Every process that works for the demo with *data_dir*: by its variables, or (PostgreSQL) by its arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if os.fsencode(data_dir) in told:
            found.append(int(entry.name))
    return found


@contextmanager
def demo(data_dir: Path, port: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the demo until it says that it runs; give it, and the address that it named."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "xinglin", "demo"],
        env=environment
        | {"XINGLIN_DATA_DIR": str(data_dir), "XINGLIN_PORT": str(port), "XINGLIN_DEMO_RESIDENTS": "50"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if "Pages" in line:
                break
        else:
            raise AssertionError("".join(said))
        yield process, line.split()[-1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as response:
        body = response.read()
        assert isinstance(body, bytes)
        return body


def total(base: str) -> int:
    bundle = msgspec.json.decode(get(base + "fhir/Patient?_summary=count"))
    assert isinstance(bundle, dict)
    return int(bundle["total"])


def test_demo_serves_stops_without_a_trace_and_keeps_the_data(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(data_dir, port) as (process, base):
            assert not base.endswith(f":{port}/"), "the port was taken"
            assert "杏林" in get(base).decode("utf-8")
            patients = total(base)
            assert patients > 0
            assert len(processes(data_dir)) > 3
    assert process.returncode == 0
    assert processes(data_dir) == []

    started = time.monotonic()
    with demo(data_dir, port) as (process, base):
        assert time.monotonic() - started < LATER_START_SECONDS
        assert total(base) == patients
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert processes(data_dir) == []


@pytest.mark.parametrize(
    ("seconds", "number"),
    [(0.4, signal.SIGTERM), (0.8, signal.SIGINT), (1.2, signal.SIGTERM), (1.6, signal.SIGINT), (2.0, signal.SIGTERM)],
)
def test_an_interrupted_start_leaves_no_process(data_dir: Path, seconds: float, number: signal.Signals) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "xinglin", "migrate"],
        env=variables | {"XINGLIN_DATA_DIR": str(data_dir)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    process.send_signal(number)
    process.wait(60)
    assert processes(data_dir) == []
