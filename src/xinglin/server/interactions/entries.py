"""Entries of batches and transactions: as requests of their own, and their answers."""

from http import HTTPStatus

import msgspec

from xinglin.fhir.bundle import Item
from xinglin.fhir.outcome import Issue, OutcomeError, outcome_bytes
from xinglin.server.call import Call
from xinglin.server.http import Header, Request, Response, http_date, read_http_date
from xinglin.server.interactions.patch import JSON_PATCH, TYPES
from xinglin.server.respond import said
from xinglin.server.times import instant_of
from xinglin.store.executor import Written

_PASSED_ON = frozenset({b"prefer", b"host", b"origin"})


def request_of(call: Call, item: Item) -> Request:
    """Make the request that an entry stands for."""
    content = item.resource or b""
    media = "application/fhir+json"
    if item.method == "PATCH":
        content = patch_of(item, content)
        media = JSON_PATCH if content[:1] == b"[" else media
    headers: list[Header] = [(name, value) for name, value in call.request.headers if name in _PASSED_ON]
    headers.append((b"content-type", media.encode()))
    for name, value in (
        (b"if-match", item.if_match),
        (b"if-none-match", item.if_none_match),
        (b"if-none-exist", item.if_none_exist),
        (b"if-modified-since", _http_date(item.if_modified_since)),
    ):
        if value is not None:
            headers.append((name, value.encode("latin-1", "replace")))
    path, _, query = item.url.partition("?")
    return Request(
        "GET" if item.method == "HEAD" else item.method,
        path,
        query.encode(),
        headers,
        base_url=call.base,
        id=call.request.id,
        content=content,
    )


class _Binary(msgspec.Struct, rename="camel"):
    resource_type: str
    content_type: str = ""
    data: str = ""


def patch_of(item: Item, raw: bytes) -> bytes:
    """Give the patch of an entry: a Parameters resource as it is, or the JSON Patch that a Binary carries."""
    try:
        binary = msgspec.json.decode(raw, type=_Binary)
        if binary.resource_type != "Binary":
            return raw
        media = binary.content_type.partition(";")[0].strip().lower()
        content = msgspec.convert(binary.data, bytes)
    except msgspec.ValidationError as fault:
        raise OutcomeError(Issue("structure", "patch-form", f"{item.where}.resource", f"{fault}.")) from fault
    if media not in TYPES:
        text = f"A patch is a Parameters resource, or a Binary of {JSON_PATCH}."
        raise OutcomeError(
            Issue("not-supported", "content-type", f"{item.where}.resource.contentType", text), status=415
        )
    return content


def answer(item: Item, response: Response) -> bytes:
    """Write the entry that answers a request that went its own way."""
    parts: list[bytes] = []
    body = response.body
    is_outcome = body.startswith(b'{"resourceType":"OperationOutcome"')
    if body and not is_outcome and item.method != "HEAD":
        parts += (b'"resource":', body, b",")
    parts.append(b'"response":{"status":' + status(response.status))
    for member, header in ((b"location", b"location"), (b"etag", b"etag")):
        value = response.header(header)
        if value is not None:
            parts.append(b',"' + member + b'":' + msgspec.json.encode(value))
    modified = read_http_date(response.header(b"last-modified") or "")
    if modified is not None:
        parts.append(b',"lastModified":"' + modified.isoformat().replace("+00:00", "Z").encode() + b'"')
    if is_outcome:
        parts += (b',"outcome":', body)
    elif response.issues:
        parts += (b',"outcome":', outcome_bytes(response.issues))
    return b"{" + b"".join(parts) + b"}}"


def refused(error: OutcomeError) -> bytes:
    """Write the entry that answers a refused request."""
    return b'{"response":{"status":' + status(error.status) + b',"outcome":' + outcome_bytes(error.issues) + b"}}"


def of_written(call: Call, written: Written, code: int, body: bytes) -> bytes:
    """Write the entry that answers a write of a transaction; *body*: the resource, when the client wants it."""
    name = f"{written.rt}/{written.id}"
    parts = [b"{"]
    if body:
        parts += (b'"fullUrl":', msgspec.json.encode(f"{call.base}/{name}"), b',"resource":', body, b",")
    parts.append(b'"response":{"status":' + status(code))
    if written.vid:
        stamp = written.ts.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        location = f"{name}/_history/{written.vid}"
        parts.append(f',"location":"{location}","etag":"W/\\"{written.vid}\\"","lastModified":"{stamp}"'.encode())
    if call.preference.give == "OperationOutcome":
        parts += (b',"outcome":', outcome_bytes((said(written), *written.issues)))
    elif written.issues:
        parts += (b',"outcome":', outcome_bytes(written.issues))
    parts.append(b"}}")
    return b"".join(parts)


def status(code: int) -> bytes:
    """Write a status as Bundle.entry.response.status wants it: code and phrase."""
    return f'"{code} {HTTPStatus(code).phrase}"'.encode()


def _http_date(instant: str | None) -> str | None:
    """Turn the FHIR instant of an entry's ifModifiedSince into the date of the header."""
    if instant is None:
        return None
    return http_date(instant_of(instant, "ifModifiedSince")).decode()
