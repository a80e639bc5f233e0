r"""Uploads are scanned before they are written: a client of clamd (INSTREAM), and what its answers mean.

Source: the protocol of clamd(8): ``zINSTREAM\0``, then chunks of four bytes length (big endian) and content, then a
chunk of length 0; the answer is ``stream: OK``, ``stream: NAME FOUND`` or a fault, ended by a NUL.
"""

import asyncio
import contextlib
from base64 import b64decode
from typing import Final, Literal, Protocol

import structlog
from msgspec import Struct

from xinglin.fhir.attachments import files
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites

CHUNK: Final = 64 * 1024
SECONDS: Final = 20.0
ANSWER_MOST: Final = 4096


class ScannerSilent(Exception):
    """The scanner gave no answer that could be understood."""


class Scanner(Protocol):
    """What looks into files."""

    async def scan(self, content: bytes) -> str | None:
        """Give the name of the malware in *content*; None when there is none. Raises ScannerSilent."""


class Clamd:
    """A clamd at ``host:port``; a connection for each file."""

    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port, self._seconds = host, int(port), seconds

    async def scan(self, content: bytes) -> str | None:
        """Send the content, read the answer."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(content)
        except (OSError, TimeoutError, asyncio.LimitOverrunError, asyncio.IncompleteReadError) as fault:
            raise ScannerSilent(type(fault).__name__) from fault
        said = answer.removeprefix("stream: ")
        if said == "OK":
            return None
        if said.endswith(" FOUND"):
            return said.removesuffix(" FOUND")
        raise ScannerSilent(said[:80])

    async def _ask(self, content: bytes) -> str:
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=ANSWER_MOST)
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                part = content[start : start + CHUNK]
                writer.write(len(part).to_bytes(4) + part)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            answer = await reader.readuntil(b"\0")
        finally:
            writer.close()
            with contextlib.suppress(OSError):  # the other end may have gone; the answer counts
                await writer.wait_closed()
        return answer[:-1].decode("utf-8", "replace")


class Uploads:
    """Looks into the files of a resource before it is written. silent: what a silent scanner means."""

    def __init__(self, scanner: Scanner, *, silent: Literal["refuse", "allow"]) -> None:
        self._scanner = scanner
        self._silent = silent

    @cites("R7-009")
    async def refuse_malware(self, resource: Struct) -> None:
        """Raise OutcomeError: 422 for malware, 503 while the scanner is silent and the setting refuses."""
        for where, text in files(resource):
            try:
                found = await self._scanner.scan(b64decode(text))
            except ScannerSilent as silent:
                structlog.get_logger().warning("uploads.scanner_silent", why=str(silent), allowed=self._silent)
                if self._silent == "allow":
                    continue
                told = "The virus scanner does not answer, so no file can be taken. Try again later."
                raise OutcomeError(Issue("transient", "scanner-silent", where, told)) from silent
            if found is not None:
                structlog.get_logger().warning("uploads.malware", found=found, type=type(resource).__name__)
                told = f"The file is refused: the virus scanner found {found[:80]}."
                raise OutcomeError(Issue("processing", "malware", where, told))
