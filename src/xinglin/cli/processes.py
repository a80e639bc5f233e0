"""Processes that a command starts for itself, and that never outlive it."""

import contextlib
import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

PR_SET_PDEATHSIG: Final = 1
WAIT_SECONDS: Final = 0.1


ASKS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(KeyboardInterrupt):
    """Somebody asked the command to stop: Ctrl-C, SIGTERM, or a closed terminal."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn the signals that ask us to stop into Stop, once; while the block winds up, further ones are ignored."""

    def ask(_number: int, _frame: object) -> None:
        for number in ASKS:
            signal.signal(number, signal.SIG_IGN)
        raise Stop

    before = {number: signal.signal(number, ask) for number in ASKS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put off the signals that ask us to stop until the block has ended: half of what it does would be left behind."""
    asked: list[int] = []
    before = {number: signal.signal(number, lambda given, _frame: asked.append(given)) for number in ASKS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if asked:
            signal.raise_signal(asked[0])


@contextmanager
def command(
    name: str, *arguments: str, environment: Mapping[str, str], patience: float
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``xinglin NAME ARGUMENTS…`` beside us, and end it when the block ends.

    It gets SIGTERM and *patience* seconds, then SIGKILL. It is in a session of its own, so that Ctrl-C reaches us
    alone; should we die hard, the kernel sends it SIGTERM.
    """
    libc = ctypes.CDLL(None)
    process: subprocess.Popen[bytes] | None = None
    try:
        # Python passes over what is raised in its callbacks around a fork: a Stop would be lost there.
        with undisturbed():
            process = subprocess.Popen(
                [sys.executable, "-m", "xinglin", name, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509  no thread runs in us yet
            )
        yield process
    finally:
        if process is not None:
            _end(process, patience)


def _end(process: "subprocess.Popen[bytes]", patience: float) -> None:
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


def first_to_end(processes: Mapping[str, "subprocess.Popen[bytes]"]) -> tuple[str, int]:
    """Wait until one of *processes* ends; give its name and exit code."""
    while True:
        for name, process in processes.items():
            code = process.poll()
            if code is not None:
                return name, code
        time.sleep(WAIT_SECONDS)
