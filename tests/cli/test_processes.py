import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xinglin.cli.processes import Stop, command, first_to_end, stoppable, undisturbed


def gone(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_block_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    wound_up: list[bool] = []

    def work() -> None:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), number)  # an impatient second Ctrl-C does not cut the winding up
            wound_up.append(True)

    with pytest.raises(Stop), stoppable():
        work()
    assert wound_up
    assert signal.getsignal(number) == before


def test_a_signal_waits_for_what_must_not_be_disturbed() -> None:
    done: list[str] = []

    def work() -> None:
        with undisturbed():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("whole")
        done.append("never")

    with pytest.raises(Stop), stoppable():
        work()
    assert done == ["whole"]


def test_a_command_ends_with_its_block() -> None:
    with command("version", environment=dict(os.environ), patience=5) as process:
        assert first_to_end({"version": process}) == ("version", 0)
    assert process.returncode == 0


def test_a_command_dies_with_a_starter_that_was_killed() -> None:
    script = (
        "import os, time\n"
        "from xinglin.cli import processes\n"
        "processes.sys.executable = '/bin/sh'\n"
        "real = processes.subprocess.Popen\n"
        "processes.subprocess.Popen = lambda args, **more: real(['/bin/sleep', '60'], **more)\n"
        "with processes.command('serve', environment=dict(os.environ), patience=1) as child:\n"
        "    print(child.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter.stdout:
        child = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    assert gone(child)
