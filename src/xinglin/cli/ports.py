"""Ports of this machine: which is free, and whether a server answers."""

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Final

TRIES: Final = 100
ASK_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.05


def free_port(host: str, wanted: int) -> int:
    """Give *wanted*, or the next port on *host* that nobody listens on. Raises OSError when there is none."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if _is_free(host, port):
            return port
    raise OSError(f"no free port on {host} from {wanted} on")


def answers(url: str, *, seconds: float, alive: Callable[[], bool]) -> bool:
    """Wait until *url* answers 200; False when *alive* says no, or time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and alive():
        try:
            with urllib.request.urlopen(url, timeout=ASK_SECONDS) as response:  # noqa: S310  an address of our own
                return bool(response.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(PAUSE_SECONDS)
    return False


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server does, so that a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
