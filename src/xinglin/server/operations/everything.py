"""$everything: the whole record of a patient or an encounter, page by page.

Source: http://hl7.org/fhir/R4/patient-operation-everything.html
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.search.query import Include, Query
from xinglin.fhir.sources import cites
from xinglin.server.call import Call
from xinglin.server.http import Pairs, Response
from xinglin.server.interactions.search import paged, searchset
from xinglin.server.operations.given import parts_of, query_of
from xinglin.server.paging import count_of
from xinglin.server.respond import JSON
from xinglin.server.times import instant_of
from xinglin.store.executor import Row
from xinglin.store.search import Page

_PARAMETERS: Final = frozenset({"_since", "_at", "_type", "_count", "_summary", "_elements", TOKEN})
# What the record refers to outside of the compartment: who treated, where, with what.
_REFERRED: Final = Include("*", "*")


@cites("R7-013")
async def everything(call: Call) -> Response:
    """Answer a page of the compartment, each with what it refers to.

    _since: only what was changed then or later. _at: the versions that were current at that instant: of what belongs
    to the record now, and then of what was deleted since, without what that refers to. _type: only these types.
    """
    owner = await call.fhir.read(call.type, call.id)
    pairs = await _given(call)
    given = dict(pairs)
    query = _query(call, pairs)
    count = count_of(given.get("_count"), call.service.settings)
    token = given.get(TOKEN, "")
    if "_at" in given and token.startswith(_DEPARTED):
        page = Page([], [], None, None, (), query)
    else:
        page = await call.fhir.search(replace(paged(query, count), includes=(_REFERRED,)))
    if "_at" in given:
        page = await _as_of(call, page, instant_of(given["_at"], "_at"))
        if page.next_token is None and count:
            page = await _with_departed(call, page, given, owner.pat, count)
    links = tuple((name, value) for name, value in pairs if name != TOKEN)
    url = f"{call.base}/{call.type}/{call.id}/$everything"
    return Response(200, searchset(call.base, url, replace(query, applied=links), page), [JSON])


# Tokens of pages that hold only what was deleted.
_DEPARTED: Final = "departed-"


async def _given(call: Call) -> Pairs:
    """Join the parameters of the address and of the body, in the names of the address."""
    pairs = [(name, value) for name, values in query_of(call, _PARAMETERS).items() for value in values]
    for part in await parts_of(call) if call.request.method == "POST" else ():
        value = next((value for member, value in part.items() if member.startswith("value")), None)
        if part["name"] in _PARAMETERS and value is not None:
            pairs.append((part["name"], str(value)))
    return pairs


def _query(call: Call, pairs: Pairs) -> Query:
    asked = [
        (name, value)
        for name, value in pairs
        if name in {"_type", "_summary", "_elements", TOKEN} and not value.startswith(_DEPARTED)
    ]
    for name, value in pairs:
        if name == "_since":
            asked.append(("_lastUpdated", "ge" + instant_of(value, "_since").isoformat()))
    return parse(None, asked, strict=True, base_url=call.base, compartment=(call.type, call.id))


async def _as_of(call: Call, page: Page, instant: datetime) -> Page:
    """Put in the place of each resource the version that was current at *instant*; what was not there yet goes."""
    matches = [row for one in page.matches if (row := await _version(call, one, instant)) is not None]
    included = [row for one in page.included if (row := await _version(call, one, instant)) is not None]
    return replace(page, matches=type(page.matches)(matches), included=type(page.included)(included))


async def _with_departed(call: Call, page: Page, given: Mapping[str, str], patient: int | None, count: int) -> Page:
    """Fill the page with what was deleted since."""
    if patient is None:
        return page
    at = instant_of(given["_at"], "_at")
    since = instant_of(given["_since"], "_since") if "_since" in given else None
    token = given.get(TOKEN, "")
    after = token.removeprefix(_DEPARTED) if token.startswith(_DEPARTED) else ""
    room = count - len(page.matches)
    rows, following = await call.fhir.departed(page.query, patient, at=at, since=since, token=after, count=room)
    return replace(
        page, matches=[*page.matches, *rows], next_token=None if following is None else _DEPARTED + following
    )


async def _version(call: Call, row: Row, instant: datetime) -> Row | None:
    if row.ts <= instant:
        return row
    moment = (instant, instant + timedelta(microseconds=1))
    found = await call.fhir.history(row.rt, row.id, at=moment, count=1)
    return next((one for one in found.rows if not one.deleted and one.ts <= instant), None)
