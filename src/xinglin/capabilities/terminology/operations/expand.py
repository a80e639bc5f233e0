"""ValueSet/$expand: the codes of a value set, filtered and paged."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from xinglin.capabilities.terminology.contract import Expand
from xinglin.capabilities.terminology.operations.given import day, definition, made
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import ValueSet
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.concepts import Add, Found, find, number
from xinglin.store.terminology.members import Choice, Members, members, value_set
from xinglin.store.terminology.words import plain

# Codes of one answer: more are asked for in pages, or by a filter.
MOST: Final = 1_000


async def expand(work: UnitOfWork, given: Expand) -> ValueSet:
    """Give the codes that a value set holds on a day, those that the filter finds, a page of them.

    OutcomeError 404 when the value set, or a system in it, is not known; 422 too-costly when it holds more codes than
    one answer, and no page is asked for.
    """
    document = await definition(
        work, "ValueSet", id=given.id, url="", version=given.value_set_version, value=given.value_set
    )
    if document is None:
        if not given.url:
            raise OutcomeError(Issue("required", "valueset-missing", "url", "Name the value set by url, or send it."))
        document = await value_set(work.executor, given.url, given.value_set_version)
    if given.offset < 0:
        raise OutcomeError(Issue("value", "offset", "offset", "offset is 0 or more."))
    on = day(work, given.date)
    versions = dict(one.split("|", 1) for one in given.system_version if "|" in one)
    held = await members(work.executor, document, Choice(on, versions))
    return made({**_head(document), "expansion": await _expansion(work, given, held, on)}, ValueSet)


async def _expansion(work: UnitOfWork, given: Expand, held: Members, on: date) -> dict[str, Any]:
    add = Add(*held.add.args)
    condition = _counting(held.condition, given, on, add)
    systems = list(held.systems.values())
    loose = [key for key, name in held.loose.items() if _meets(given.filter, key[1], name)]
    counted = await number(work.executor, given.filter, systems, condition=condition, add=add) if systems else 0
    total = counted + len(loose)
    if given.count < 0 and total - given.offset > MOST:
        text = f"The value set holds {total} codes. Ask for pages (count, offset), or by a filter."
        raise OutcomeError(Issue("too-costly", "expansion-large", "ValueSet.expansion", text), status=422)
    count = min(MOST, given.count) if given.count >= 0 else MOST
    shown = loose[given.offset : given.offset + count]
    rest = count - len(shown)
    offset = max(0, given.offset - len(loose))
    found = (
        await find(work.executor, given.filter, systems, condition=condition, add=add, count=rest, offset=offset)
        if rest and systems
        else []
    )
    contains = [_loose(system, code, held.loose[system, code]) for system, code in shown]
    contains += [_concept(one, given, on) for one in found]
    return {
        "identifier": f"urn:uuid:{work.new_id()}",
        "timestamp": work.now.isoformat(timespec="seconds"),
        "total": total,
        "offset": given.offset,
        "parameter": _parameters(given, held),
        **({"contains": contains} if contains else {}),
    }


def _head(document: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what identifies the value set."""
    kept = ("url", "identifier", "version", "name", "title", "status", "experimental", "date", "publisher")
    return (
        {"resourceType": "ValueSet", "status": "active"}
        | {name: document[name] for name in kept if name in document}
        | ({"id": document["id"]} if "id" in document else {})
    )


def _counting(condition: str, given: Expand, on: date, add: Add) -> str:
    conditions = [condition]
    if given.active_only:
        today = add(on)
        conditions.append(f"(c.since IS NULL OR c.since <= {today}) AND (c.until IS NULL OR c.until > {today})")
    if given.exclude_not_for_u_i:
        conditions.append("NOT c.abstract")
    return " AND ".join(conditions)


def _meets(text: str, code: str, name: str) -> bool:
    wanted = plain(text)
    return not wanted or plain(code).startswith(wanted) or wanted in plain(name)


def _loose(system: str, code: str, name: str) -> dict[str, Any]:
    return {"system": system, "code": code, **({"display": name} if name else {})}


def _concept(one: Found, given: Expand, on: date) -> dict[str, Any]:
    return {
        "system": one.system.url,
        **({"abstract": True} if one.abstract else {}),
        **({} if one.counts_on(on) else {"inactive": True}),
        **({"version": one.system.version} if one.system.version else {}),
        "code": one.code,
        "display": one.named(given.display_language) or one.code,
        **({"designation": list(one.designations)} if given.include_designations and one.designations else {}),
    }


def _parameters(given: Expand, held: Members) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"name": "version", "valueUri": f"{one.url}|{one.version}"} for one in held.systems.values() if one.version
    ]
    if given.filter:
        told.append({"name": "filter", "valueString": given.filter})
    if given.date:
        told.append({"name": "date", "valueDateTime": given.date})
    if given.active_only:
        told.append({"name": "activeOnly", "valueBoolean": True})
    if given.display_language:
        told.append({"name": "displayLanguage", "valueCode": given.display_language})
    if given.count >= 0:
        told += [{"name": "count", "valueInteger": given.count}, {"name": "offset", "valueInteger": given.offset}]
    return told
