"""A load generator for HTTP/1.1 with keep-alive, light enough not to be what is measured.

Run as ``python -m bench.client`` in a process of its own: a JSON object on stdin says what to do, one on stdout what
came of it. Requests are ready-made bytes; of an answer only the status and the length are read.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Final, cast

import uvloop

_LENGTH: Final = b"content-length:"
_CHUNKED: Final = b"transfer-encoding: chunked"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send: *requests* (latin-1 text of whole HTTP requests), each once, or round and round for *seconds*.

    seconds: 0 sends each request once.
    """

    port: int
    requests: list[str]
    connections: int = 64
    seconds: float = 0.0
    warm_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """rate: answers a second. Latencies in milliseconds. statuses: how many answers of each status."""

    rate: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]
    bytes: int


def request(method: str, path: str, body: bytes = b"", **headers: str) -> str:
    """Write one request, as Plan wants it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/fhir+json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method in {"POST", "PUT"}:
        lines += ["Content-Type: application/fhir+json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]) + body.decode("latin-1")


def run(plan: Plan) -> Result:
    """Carry out *plan* in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.client"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
        timeout=plan.warm_seconds + plan.seconds + 120,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr[-2000:]}")
    return Result(**json.loads(done.stdout))


class _Load:
    """Shared by the connections: what is next, and what came back."""

    def __init__(self, plan: Plan) -> None:
        self._requests = [text.encode("latin-1") for text in plan.requests]
        self._once = plan.seconds == 0
        self._next = 0
        self._seconds = plan.seconds
        self._warm = plan.warm_seconds
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.bytes = 0
        self._counted_from = 0.0
        self._until = 0.0

    def begin(self) -> None:
        self._counted_from = time.perf_counter() + self._warm
        self._until = self._counted_from + self._seconds

    def take(self) -> bytes | None:
        if self._once:
            if self._next >= len(self._requests):
                return None
        elif time.perf_counter() >= self._until:
            return None
        taken = self._requests[self._next % len(self._requests)]
        self._next += 1
        return taken

    def answered(self, began: float, status: str, size: int) -> None:
        now = time.perf_counter()
        if began >= self._counted_from:
            self.latencies.append(now - began)
            self.statuses[status] += 1
            self.bytes += size

    def result(self) -> Result:
        took = time.perf_counter() - self._counted_from
        order = sorted(self.latencies) or [0.0]
        return Result(
            rate=len(self.latencies) / took,
            p50_ms=order[len(order) // 2] * 1e3,
            p99_ms=order[int(len(order) * 0.99)] * 1e3,
            statuses=dict(self.statuses),
            bytes=self.bytes,
        )


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load, done: asyncio.Future[None]) -> None:
        self._load = load
        self._done = done
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of a class of their own
        self._send()

    def _send(self) -> None:
        taken = self._load.take()
        transport = self._transport
        if transport is None:
            raise RuntimeError("not connected")
        if taken is None:
            transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._began = time.perf_counter()
        transport.write(taken)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        size = self._size(head, end + 4)
        if size is None or len(self._buffer) < size:
            return
        self._load.answered(self._began, self._buffer[9:12].decode(), size)
        self._buffer = self._buffer[size:]
        self._send()

    def _size(self, head: bytes, start: int) -> int | None:
        """Bytes of the whole answer; None while a chunked one has not ended."""
        at = head.find(_LENGTH)
        if at >= 0:
            return start + int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if _CHUNKED in head:
            end = self._buffer.find(b"0\r\n\r\n", start)
            return None if end < 0 else end + 5
        return start

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))


async def _work(plan: Plan) -> Result:
    loop = asyncio.get_running_loop()
    load = _Load(plan)
    load.begin()
    ends: list[asyncio.Future[None]] = []
    for _ in range(min(plan.connections, len(plan.requests)) if plan.seconds == 0 else plan.connections):
        done: asyncio.Future[None] = loop.create_future()
        ends.append(done)
        await loop.create_connection(lambda done=done: _Connection(load, done), "127.0.0.1", plan.port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    return load.result()


if __name__ == "__main__":
    json.dump(asdict(uvloop.run(_work(Plan(**json.load(sys.stdin))))), sys.stdout)
