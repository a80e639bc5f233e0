"""A virus scanner that speaks clamd's INSTREAM, simulated: it knows the EICAR test file and nothing else.

clamd speaks TCP, not HTTP: ``GET /address`` lets it listen on a free port of this machine and tells which, for
XINGLIN_SCANNER_ADDRESS. Faults by POST /faults: ``down`` closes the connection, ``slow`` waits before the answer,
``refuse`` answers an error; ``off``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

# The test file of the European Institute for Computer Antivirus Research, in two parts, so that no scanner of a
# developer's machine takes this file for one.
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MOST: Final = 25 * 2**20


@dataclass(slots=True)
class Faults:
    """The fault that is on."""

    kind: str = "off"
    seconds: float = 30.0


@asynccontextmanager
async def listening(faults: Faults | None = None) -> AsyncIterator[str]:
    """Listen on a free port of this machine; gives ``host:port``."""
    kept = faults or Faults()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A client may go away in the middle.
            with contextlib.suppress(asyncio.IncompleteReadError):
                if kept.kind != "down":
                    writer.write(await _answer(reader, kept))
                    await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"127.0.0.1:{port}"


async def _answer(reader: asyncio.StreamReader, faults: Faults) -> bytes:
    if await reader.readuntil(b"\0") != b"zINSTREAM\0":
        return b"UNKNOWN COMMAND\0"
    content = b""
    while size := int.from_bytes(await reader.readexactly(4)):
        if len(content) + size > MOST:
            return b"INSTREAM size limit exceeded. ERROR\0"
        content += await reader.readexactly(size)
    if faults.kind == "slow":
        await asyncio.sleep(faults.seconds)
    if faults.kind == "refuse":
        return b"stream: Can't allocate memory ERROR\0"
    return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


class System:
    """The scanner as a system of the simulated town."""

    def __init__(self) -> None:
        self._faults = Faults()
        self._address = ""
        self._open = AsyncExitStack()

    async def address(self, _request: Request) -> Response:
        """Answer GET /address."""
        if not self._address:
            self._address = await self._open.enter_async_context(listening(self._faults))
        return PlainTextResponse(self._address)

    async def set(self, request: Request) -> Response:
        """Take POST /faults."""
        given = await request.json()
        self._faults.kind = str(given["kind"])
        self._faults.seconds = float(given.get("seconds", self._faults.seconds))
        return Response(status_code=204)


def application() -> Starlette:
    """Make a scanner that does not listen yet."""
    system = System()
    return Starlette(
        routes=[
            Route("/address", system.address, methods=["GET"]),
            Route("/faults", system.set, methods=["POST"]),
        ]
    )
