"""Requests and responses of the FHIR paths: plain values over ASGI, no framework."""

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from xinglin.fhir.outcome import Issue, OutcomeError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Pairs = list[tuple[str, str]]

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FHIR_JSON: Final = b"application/fhir+json;charset=utf-8"


class Request:
    """One request, from the network or from an entry of a Bundle.

    path: below the FHIR base, percent-decoded, without a leading slash. query: as sent. content: the body, when it is
    there already (entries of a Bundle); else it is read from *receive* when asked for. route: the address as logs and
    metrics show it, known once the request is routed. address: where the visitor is, as far as the network says.
    """

    __slots__ = (
        "_content",
        "_headers",
        "_pairs",
        "address",
        "base_url",
        "headers",
        "id",
        "method",
        "path",
        "query",
        "receive",
        "route",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: list[Header],
        *,
        base_url: str,
        id: str,
        receive: Receive | None = None,
        content: bytes | None = None,
        address: str = "",
    ) -> None:
        self.method = method
        self.address = address
        self.path = path
        self.query = query
        self.headers = headers
        self.base_url = base_url
        self.id = id
        self.route = "none"
        self.receive = receive
        self._content = content
        self._headers: dict[bytes, bytes] | None = None
        self._pairs: Pairs | None = None

    def header(self, name: bytes) -> str | None:
        """Give a header by its lower-case name; several of one name are joined by commas, as HTTP says."""
        headers = self._headers
        if headers is None:
            headers = dict(self.headers)
            if len(headers) != len(self.headers):
                headers = {}
                for key, value in self.headers:
                    headers[key] = headers[key] + b", " + value if key in headers else value
            self._headers = headers
        found = headers.get(name)
        return None if found is None else found.decode("latin-1").strip()

    def pairs(self, most: int) -> Pairs:
        """Give the parameters of the query; more than *most*, or bytes that are no UTF-8, are refused."""
        if self._pairs is None:
            self._pairs = parameters(self.query, most) if self.query else []
        return self._pairs

    def known_pairs(self) -> Pairs:
        """Give the parameters as far as they were read; none when reading them was refused."""
        return self._pairs or []

    async def body(self, most: int) -> bytes:
        """Read the body, decompressed; more than *most* bytes are refused with 413, whether announced or sent."""
        if self._content is None:
            self._content = await self._read(most)
        return self._content

    async def _read(self, most: int) -> bytes:
        coding = (self.header(b"content-encoding") or "identity").lower()
        if coding not in {"identity", "gzip", "deflate"}:
            text = f"Content-Encoding {coding[:40]!r} is not understood; send gzip, deflate or none."
            raise OutcomeError(Issue("not-supported", "content-encoding", text=text), status=415)
        announced = self.header(b"content-length")
        if announced is not None and announced.isdecimal() and int(announced) > most:
            raise too_large(most)
        inflater = None if coding == "identity" else zlib.decompressobj(47 if coding == "gzip" else zlib.MAX_WBITS)
        parts: list[bytes] = []
        size = 0
        more = self.receive is not None
        while more and self.receive is not None:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise OutcomeError(
                    Issue("structure", "body-cut-short", text="The body ended before its announced length.")
                )
            chunk: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            if inflater is not None:
                chunk = _inflated(inflater, chunk, most + 1 - size, coding)
            size += len(chunk)
            if size > most:
                raise too_large(most)
            parts.append(chunk)
        if inflater is not None and not inflater.eof and size:
            raise _bad_coding(coding)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Response:
    """Status, headers and the whole body. issues: warnings that the entry of a batch tells beside it."""

    __slots__ = ("body", "headers", "issues", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        headers: list[Header] | None = None,
        issues: tuple[Issue, ...] = (),
    ) -> None:
        self.issues = issues
        self.status = status
        self.body = body
        self.headers: list[Header] = [] if headers is None else headers

    def header(self, name: bytes) -> str | None:
        """Give the first header of that lower-case name."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), None)


def parameters(query: bytes, most: int) -> Pairs:
    """Take a query string or form body apart; OutcomeError 400 for too many parameters, or bytes that are no UTF-8."""
    return list(_again(query, most)) if len(query) <= _SHORT else _parameters(query, most)


_SHORT: Final = 512  # bytes of a query that is worth keeping


@lru_cache(maxsize=2_048)
def _again(query: bytes, most: int) -> tuple[tuple[str, str], ...]:
    return tuple(_parameters(query, most))


def _parameters(query: bytes, most: int) -> Pairs:
    if query.count(b"&") >= most:
        text = f"The request has more than {most} parameters."
        raise OutcomeError(Issue("too-costly", "parameters-too-many", text=text), status=400)
    try:
        pairs = parse_qsl(query.decode("ascii", "strict"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as fault:
        # Bytes above 127 that stand bare are an error of the client, but harmless when they are UTF-8.
        try:
            pairs = parse_qsl(query.decode("utf-8", "strict"), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise OutcomeError(Issue("invalid", "query-utf8", text="The query is not UTF-8.")) from fault
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise OutcomeError(Issue("invalid", "query-nul", text="The query holds a NUL character."))
    return pairs


def http_date(instant: datetime) -> bytes:
    """Write an instant (UTC) as HTTP does: seconds, GMT."""
    text = (
        f"{_DAYS[instant.weekday()]}, {instant.day:02d} {_MONTHS[instant.month - 1]} {instant.year:04d} "
        f"{instant.hour:02d}:{instant.minute:02d}:{instant.second:02d} GMT"
    )
    return text.encode()


def read_http_date(text: str) -> datetime | None:
    """Read an HTTP date; None when it is none (then HTTP says to ignore it)."""
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def too_large(most: int) -> OutcomeError:
    """Say that the body is larger than the setting allows."""
    return OutcomeError(Issue("too-long", "body-too-large", text=f"A request body has at most {most} bytes."))


def _inflated(inflater: Any, chunk: bytes, most: int, coding: str) -> bytes:
    """Decompress at most *most* bytes, so that a small body cannot grow to gigabytes."""
    try:
        made: bytes = inflater.decompress(chunk, most)
    except zlib.error as fault:
        raise _bad_coding(coding) from fault
    if inflater.unused_data:
        raise _bad_coding(coding)
    return made


def _bad_coding(coding: str) -> OutcomeError:
    return OutcomeError(Issue("structure", "content-encoding", text=f"The body is not {coding}, or it is cut short."))
