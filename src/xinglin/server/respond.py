"""Answers: resources as stored bytes, outcomes, and Bundles by joining bytes."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote_plus

import msgspec

from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, outcome_bytes
from xinglin.fhir.summary import subset
from xinglin.server.call import Call
from xinglin.server.http import FHIR_JSON, Header, Pairs, Response, http_date, read_http_date
from xinglin.server.negotiate import none_match
from xinglin.store.executor import Row, Written

JSON: Final[Header] = (b"content-type", FHIR_JSON)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~/:,|$*-]*", re.ASCII)  # what no address has to quote
SUMMARIES: Final = frozenset({"true", "false", "text", "data", "count"})


class Shape:
    """How much of each resource to show: ``_summary`` or ``_elements``; nothing asked shows all."""

    __slots__ = ("elements", "summary")

    def __init__(self, summary: str | None = None, elements: tuple[str, ...] = ()) -> None:
        self.summary = None if summary == "false" else summary
        self.elements = elements

    @property
    def whole(self) -> bool:
        """True when resources are shown as they are stored."""
        return self.summary is None and not self.elements

    def of(self, body: bytes) -> bytes:
        """Give the shown part of a resource's bytes."""
        if self.whole:
            return body
        return bytes_of(subset(document_of(body), summary=self.summary, elements=self.elements))


WHOLE: Final = Shape()


def shape_of(pairs: Pairs) -> Shape:
    """Read ``_summary`` and ``_elements``; both together, or an unknown word, are refused (400)."""
    summary: str | None = None
    elements: list[str] = []
    for name, value in pairs:
        if name == "_summary":
            if value not in SUMMARIES:
                text = f"_summary is one of {', '.join(sorted(SUMMARIES))}."
                raise OutcomeError(Issue("value", "summary", "_summary", text))
            summary = value
        elif name == "_elements":
            elements += [element.strip() for element in value.split(",") if element.strip()]
    if elements and summary not in {None, "false"}:
        raise OutcomeError(
            Issue("invalid", "summary-and-elements", "_elements", "_summary and _elements exclude each other.")
        )
    return Shape(summary, tuple(elements))


def version_headers(vid: int, ts: datetime) -> list[Header]:
    """Give ETag and Last-Modified of a version."""
    return [JSON, (b"etag", b'W/"%d"' % vid), (b"last-modified", _date(ts))]


@lru_cache(maxsize=4096)
def _date(ts: datetime) -> bytes:
    return http_date(ts)


def of_row(call: Call, row: Row) -> Response:
    """Answer one version, or 304 when the client has it already."""
    request = call.request
    if row_is_known(call, row):
        return Response(304, headers=version_headers(row.vid, row.ts)[1:])
    body = row.answer()
    if request.query:
        body = shape_of(call.pairs).of(body)
    return Response(200, body, version_headers(row.vid, row.ts))


def row_is_known(call: Call, row: Row) -> bool:
    """Tell whether If-None-Match or, without it, If-Modified-Since says that the client has this version."""
    request = call.request
    tag = request.header(b"if-none-match")
    if tag is not None:
        return none_match(tag, row.vid)
    since = request.header(b"if-modified-since")
    if since is None:
        return False
    instant = read_http_date(since)
    return instant is not None and row.ts.replace(microsecond=0) <= instant


def of_written(call: Call, written: Written, body: bytes) -> Response:
    """Answer a create, update or patch as the client prefers; *body* is the resource as it is stored now."""
    status = 201 if written.created else 200
    headers = version_headers(written.vid, written.ts)
    at = f"{call.base}/{written.rt}/{written.id}/_history/{written.vid}".encode()
    if written.created:
        headers.append((b"location", at))
    headers.append((b"content-location", at))
    if written.issues:
        headers.append((b"warning", warning(written.issues)))
    match call.preference.give:
        case "minimal":
            return Response(status, b"", headers[1:], written.issues)
        case "OperationOutcome":
            return Response(status, outcome_bytes((said(written), *written.issues)), headers)
        case _:
            return Response(status, body, headers, written.issues)


def warning(issues: Iterable[Issue]) -> bytes:
    """Write the header that tells of warnings by their keys alone: headers stand in logs, and values are health data.

    `Prefer: return=OperationOutcome` gives the whole. Source: RFC 7234, 5.5 (299: shown to the user, and lasting).
    """
    keys = dict.fromkeys(issue.key for issue in issues)
    return ", ".join(f'299 - "{key}"' for key in keys).encode("ascii", "replace")


def said(written: Written) -> Issue:
    """Say in words what a write came to."""
    what = "was created" if written.created else "is unchanged" if written.unchanged else "was updated"
    text = f"{written.rt}/{written.id} {what}, version {written.vid}."
    return Issue("informational", "written", text=text, severity="information")


def of_issues(status: int, issues: Iterable[Issue]) -> Response:
    """Answer with an OperationOutcome."""
    return Response(status, outcome_bytes(issues), [JSON])


def of_document(document: Any, status: int = 200) -> Response:
    """Answer with a resource that was made here."""
    return Response(status, bytes_of(document), [JSON])


def link(relation: str, url: str) -> bytes:
    """Write one Bundle.link."""
    return b'{"relation":"' + relation.encode() + b'","url":' + msgspec.json.encode(url) + b"}"


def address(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Join an address and its parameters."""
    query = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in pairs])
    return f"{url}?{query}" if query else url


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote_plus(text, safe="/:,|$*")


def bundle(kind: str, entries: Iterable[bytes], *, links: Iterable[bytes] = (), total: int | None = None) -> bytes:
    """Write a Bundle from entries that are JSON already."""
    parts = [b'{"resourceType":"Bundle","type":"', kind.encode(), b'"']
    if total is not None:
        parts.append(b',"total":%d' % total)
    linked = b",".join(links)
    if linked:
        parts += (b',"link":[', linked, b"]")
    joined = b",".join(entries)
    if joined:
        parts += (b',"entry":[', joined, b"]")
    parts.append(b"}")
    return b"".join(parts)


def entry(base: bytes, row: Row, shape: Shape, tail: bytes) -> bytes:
    """Write one entry of a resource; *tail* follows the resource and closes the entry, e.g. ``,"search":{…}}``."""
    if shape.whole and not row.deleted:
        return b"".join((b'{"fullUrl":"', base, b"/", row.entry, tail))
    return b'{"fullUrl":"' + base + b"/" + f'{row.rt}/{row.id}","resource":'.encode() + shape.of(row.answer()) + tail
