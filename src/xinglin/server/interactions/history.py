"""History of an instance, a type or everything: ``GET …/_history?_since&_at&_count``."""

from collections.abc import Iterable

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.call import Call
from xinglin.server.http import Pairs, Response
from xinglin.server.paging import TOKEN, count_of
from xinglin.server.respond import JSON, Shape, address, bundle, link, shape_of
from xinglin.server.times import instant_of, range_of
from xinglin.store.executor import Row

_KNOWN = frozenset({"_since", "_at", "_count", "_summary", "_elements", "_format", "_pretty", TOKEN})
_METHOD = {"C": "POST", "U": "PUT", "D": "DELETE"}


async def history(call: Call) -> Response:
    """Answer versions, newest first; a delete is an entry without a resource."""
    pairs = call.pairs
    unknown = _unknown(call, pairs)
    given = dict(pairs)
    page = await call.fhir.history(
        call.type or None,
        call.id or None,
        since=instant_of(given["_since"], "_since") if "_since" in given else None,
        at=range_of(given["_at"], "_at") if "_at" in given else None,
        count=count_of(given.get("_count"), call.service.settings),
        token=given.get(TOKEN),
    )
    url = f"{call.base}/{call.request.path}"
    kept = [(name, value) for name, value in pairs if name not in unknown]
    links = [link("self", address(url, kept))]
    if page.next_token is not None:
        rest = [(name, value) for name, value in kept if name != TOKEN]
        links.append(link("next", address(url, [*rest, (TOKEN, page.next_token)])))
    shape = shape_of(pairs)
    base = call.base.encode()
    entries = [_entry(base, row, shape) for row in page.rows]
    return Response(200, bundle("history", entries, links=links, total=page.total), [JSON])


def _unknown(call: Call, pairs: Pairs) -> frozenset[str]:
    unknown = frozenset(name for name, _ in pairs) - _KNOWN
    if unknown and call.preference.strict:
        raise OutcomeError(*(_refusal(name) for name in sorted(unknown)))
    return unknown


def _refusal(name: str) -> Issue:
    return Issue("not-supported", "unknown-parameter", name[:80], f"History knows no parameter {name[:80]!r}.")


def _entry(base: bytes, row: Row, shape: Shape) -> bytes:
    name = f"{row.rt}/{row.id}".encode()
    method = _METHOD[row.op].encode()
    at = row.rt.encode() if row.op == "C" else name
    parts: Iterable[bytes] = (
        b'{"fullUrl":"' + base + b"/" + name + b'"',
        b"" if row.deleted else b',"resource":' + shape.of(row.answer()),
        b',"request":{"method":"' + method + b'","url":"' + at + b'"}',
        b',"response":{"status":"'
        + {"C": b"201", "U": b"200", "D": b"204"}[row.op]
        + b'","etag":"W/\\"%d\\""' % row.vid,
        b',"lastModified":"' + row.ts.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode() + b'"}}',
    )
    return b"".join(parts)
