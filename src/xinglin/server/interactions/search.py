"""Search: ``GET [base]/[type]?…``, ``POST [base]/[type]/_search``, over several types, and within a compartment."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from xinglin.fhir.outcome import outcome_bytes
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.search.query import Query
from xinglin.security.identifiers import searched
from xinglin.server.call import Call
from xinglin.server.http import Pairs, Response, parameters
from xinglin.server.negotiate import refuse_content_type, refuse_unacceptable
from xinglin.server.paging import page_size
from xinglin.server.respond import JSON, Shape, address, bundle, entry, link
from xinglin.server.router import unknown
from xinglin.store.executor import Row, microseconds
from xinglin.store.kept import Kept
from xinglin.store.search import Page

_SHORT: Final = 512  # bytes of a query that is worth keeping
_QUERIES: Final[Kept[tuple[object, ...], Query]] = Kept(8 * 2**20)

FORM = frozenset({"application/x-www-form-urlencoded"})
_MATCH = b',"search":{"mode":"match"}}'
_INCLUDE = b',"search":{"mode":"include"}}'
_OUTCOME = b',"search":{"mode":"outcome"}}'


async def search(call: Call) -> Response:
    """Answer a search by GET."""
    return await _answer(call, _known(call))


async def search_by_post(call: Call) -> Response:
    """Answer a search whose parameters stand in a form and in the address; both count."""
    pairs = list(call.pairs)
    raw = await call.request.body(call.service.settings.max_body_bytes)
    if raw:
        refuse_content_type(call.request, FORM)
        more = parameters(raw, call.service.settings.max_parameters)
        refuse_unacceptable(call.request, more)
        pairs += more
    return await _answer(call, _query(call, pairs))


def _known(call: Call) -> Query:
    """Understand the query of the address, or take what was understood lately: the same is asked again and again."""
    asked, settings = call.request.query, call.service.settings
    pairs = call.pairs
    # Approximate dates depend on the clock.
    if len(asked) > _SHORT or any("ap" in value for _, value in pairs):
        return _query(call, pairs)
    name = (
        asked,
        call.type,
        call.id,
        call.name,
        call.base,
        call.preference.strict,
        settings.page_size,
        settings.page_max,
    )
    query = _QUERIES.get(name)
    if query is None:
        query = _query(call, pairs)
        _QUERIES.put(name, query, len(asked) * 10)
    return query


async def _answer(call: Call, query: Query) -> Response:
    page = await call.fhir.search(query)
    return Response(200, searchset(call.base, _place(call), query, page), [JSON])


def _query(call: Call, pairs: Pairs) -> Query:
    compartment = None
    if call.id:
        if call.type not in COMPARTMENTS:
            raise unknown(call.request.path)
        compartment = (call.type, call.id)
    kind = call.name if call.id else call.type
    query = parse(
        None if kind in {"", "*"} else kind,
        [(name, searched(value) if name.endswith("identifier") else value) for name, value in pairs],
        strict=call.preference.strict,
        base_url=call.base,
        compartment=compartment,
        now_us=microseconds(call.service.door.clock.now()),
    )
    return paged(query, page_size(query.count, call.service.settings))


def paged(query: Query, count: int) -> Query:
    """Give the query a page of *count* rows, and say so in its links when the client asked for another number."""
    if query.count == count:
        return query
    if query.count is None:
        return replace(query, count=count)
    applied = tuple((name, str(count)) if name == "_count" else (name, value) for name, value in query.applied)
    return replace(query, count=count, applied=applied)


def _place(call: Call) -> str:
    if call.id:
        return f"{call.base}/{call.type}/{call.id}/{call.name}"
    return f"{call.base}/{call.type}" if call.type else call.base


def searchset(base_url: str, url: str, query: Query, page: Page) -> bytes:
    """Write the Bundle of a page: matches, then what they bring with them, then remarks."""
    base = base_url.encode()
    shape = Shape(query.summary, query.elements)
    entries = entries_of(base, page.matches, page.included, shape)
    issues = (*query.issues, *page.issues)
    if issues:
        entries.append(b'{"resource":' + outcome_bytes(issues) + _OUTCOME)
    return bundle("searchset", entries, links=_links(url, query, page.next_token), total=page.total)


def _links(url: str, query: Query, following: str | None) -> list[bytes]:
    own: tuple[list[bytes], str] | None = query.noted.get(url)
    if own is None:
        applied = list(query.applied)
        links = [link("self", address(url, [*applied, (TOKEN, query.token)] if query.token else applied))]
        first = address(url, applied)
        if query.token:
            links.append(link("first", first))
        own = query.noted[url] = links, first + ("&" if applied else "?") + f"{TOKEN}="
    # Tokens are made of characters that no address has to quote.
    return own[0] if following is None else [*own[0], link("next", own[1] + following)]


def entries_of(base: bytes, matches: Sequence[Row], included: Sequence[Row], shape: Shape) -> list[bytes]:
    """Write matches and included resources as entries, or as joined entries."""
    if shape.whole:
        return [_joined(base, rows, end) for rows, end in ((matches, _MATCH), (included, _INCLUDE)) if rows]
    return [
        *[entry(base, row, shape, _MATCH) for row in matches],
        *[entry(base, row, shape, _INCLUDE) for row in included],
    ]


def _joined(base: bytes, rows: Sequence[Row], end: bytes) -> bytes:
    """Write entries of whole resources by one join: what is found is never a delete."""
    begin = b'{"fullUrl":"' + base + b"/"
    return begin + (end + b"," + begin).join([row.entry for row in rows]) + end
