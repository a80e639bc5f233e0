"""``_include``, ``_revinclude`` and ``:iterate``: what else belongs to a page, within reach, found round by round."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from xinglin.fhir.fhirpath.compile import compile_path
from xinglin.fhir.model import members
from xinglin.fhir.outcome import Issue
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import catalog, keys, references
from xinglin.fhir.search.query import Include, Query
from xinglin.store.executor import ROW_COLUMNS, Executor, Row
from xinglin.store.search.order import Order
from xinglin.store.search.sql import Builder, ReachOf

MOST_INCLUDED: Final = 1_000
MOST_ROUNDS: Final = 8

Judge = Callable[[Sequence[Row]], Awaitable[list[Row]]]
Place = tuple[str, str, str | None]  # type, id, version


async def included(
    executor: Executor,
    asked: Sequence[Include],
    matches: Sequence[Row],
    patients: Sequence[int | None],
    reach: ReachOf,
    base_url: str,
    judge: Judge | None = None,
) -> tuple[list[Row], list[Issue]]:
    """Find what the includes add to *matches*: no duplicates, nothing that is a match, at most MOST_INCLUDED rows.

    judge: keeps of older versions (references may name one) those that may be seen by their own content.
    patients: ``res.pat`` of each match. ``:iterate`` starts from what was found before as well; it ends when a round
    finds nothing new.
    """
    seen: set[Place] = {(row.rt, row.id, None) for row in matches}
    found: list[Row] = []
    start: Sequence[Row] = matches
    whose = patients
    for turn in range(MOST_ROUNDS):
        round_ = [one for one in asked if one.iterate or not turn]
        if not round_ or not start:
            break
        room = MOST_INCLUDED - len(found)
        new = await _round(executor, round_, start, whose, reach, base_url, seen, room + 1, judge)
        found += new[:room]
        if len(new) > room:
            text = f"Only the first {MOST_INCLUDED} included resources are shown."
            return found, [Issue("too-costly", "search-includes-cut", text=text, severity="warning")]
        start, whose = new, [None] * len(new)
    return found, []


async def _round(
    executor: Executor,
    asked: Sequence[Include],
    start: Sequence[Row],
    whose: Sequence[int | None],
    reach: ReachOf,
    base_url: str,
    seen: set[Place],
    room: int,
    judge: Judge | None,
) -> list[Row]:
    """Find what one round adds, and enter it into *seen*."""
    places: dict[Place, None] = {}
    patients: dict[int, None] = {}
    for include in asked:
        if include.reverse:
            continue
        for row, patient in zip(start, whose, strict=True):
            if patient is not None and names_patient(include, row.rt) and unversioned(row.entry):
                patients[patient] = None
            else:
                places.update(dict.fromkeys(_targets(include, row, base_url)))
    wanted = [place for place in places if place not in seen][:room]
    rows = await _fetch(executor, wanted, list(patients)[:room], reach, judge)
    backward = [include for include in asked if include.reverse]
    if backward and start:
        rows += await _referring(executor, backward, start, reach, room)
    new: list[Row] = []
    for row in rows:
        place = (row.rt, row.id, None)
        current = place in seen
        if current or (row.rt, row.id, str(row.vid)) in seen:
            continue
        seen.update((place, (row.rt, row.id, str(row.vid))))
        new.append(row)
    return new


# -- forward ------------------------------------------------------------------------------------------------------


def follows_patient(query: Query) -> bool:
    """Tell whether all that the includes follow is what ``res.pat`` of a match may hold."""
    return query.type not in {None, "Patient"} and all(
        not one.reverse and not one.iterate and names_patient(one, query.type or "") for one in query.includes
    )


def with_patients(builder: Builder, page: str, order: Order) -> str:
    """Add to the statement of a page, as further rows marked by `more`, the patients in reach of what it finds."""
    check = builder.checks("Patient", builder.within("Patient", builder.reach("Patient")), "r")
    nothing = ", ".join(f"NULL::{column.kind} AS k{place}" for place, column in enumerate(order.columns))
    return (
        f"WITH page AS MATERIALIZED ({page}) SELECT page.*, false AS more FROM page UNION ALL"
        f" SELECT {ROW_COLUMNS}, {nothing}, true FROM res r WHERE r.rid = ANY(ARRAY(SELECT DISTINCT pat FROM page"
        f" WHERE pat IS NOT NULL)) AND r.rt = {keys.TYPE_CODES['Patient']} AND NOT r.deleted AND {check}"
    )


@cache
def names_patient(include: Include, resource_type: str) -> bool:
    """Tell whether what the include follows is what ``res.pat`` holds: the one patient that the resource names."""
    code = include.parameter
    if include.source != resource_type or include.target not in {None, "Patient"}:
        return False
    if code not in catalog.primary(resource_type):
        return False
    if include.target == "Patient" or catalog.targets(resource_type, code) == ("Patient",):
        return True
    # Else the element may name others than patients: not beside one when it does not repeat.
    element = PARAMETERS[resource_type][code].expression.removeprefix(f"{resource_type}.").partition(".where(")[0]
    known = members(resource_type).get(element)
    return known is not None and known[0].max == 1


def unversioned(entry: bytes) -> bool:
    """Tell whether no reference can be to a version, however its characters are written."""
    return b"_history" not in entry and b"\\u00" not in entry


def _targets(include: Include, row: Row, base_url: str) -> Iterable[Place]:
    """Read the references of one row that an include follows."""
    if row.deleted or include.source not in {"*", row.rt}:
        return
    resource = _decoder(row.rt).decode(row.body())
    for path in _paths(row.rt, include.parameter):
        for kind, value in path(resource):
            text = value.reference if kind == "Reference" else value if isinstance(value, str) else None
            target = references.local(text, base_url) if text else None
            if target is not None and include.target in {None, target.type}:
                yield target.type, target.id, target.version


@cache
def _decoder(resource_type: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(RESOURCES[resource_type], strict=False)


@cache
def _paths(resource_type: str, code: str) -> tuple[Callable[[Struct], list[tuple[str, Any]]], ...]:
    known = PARAMETERS[resource_type]
    return tuple(
        compile_path(parameter.expression, resource_type)
        for parameter in known.values()
        if parameter.kind == "reference" and parameter.expression and code in {"*", parameter.code}
    )


async def _fetch(
    executor: Executor, places: Sequence[Place], patients: Sequence[int], reach: ReachOf, judge: Judge | None
) -> list[Row]:
    """Read resources and patients (by rid), within reach; a reference to a version gives that version."""
    by_type: dict[str, list[Place]] = {"Patient": []} if patients else {}
    for place in places:
        by_type.setdefault(place[0], []).append(place)
    if not by_type:
        return []
    builder = Builder(reach, persons=executor.persons)
    parts = []
    for kind, some in by_type.items():
        named = [keys.rid_of(kind, one) for _, one, version in some if version is None]
        rids = builder.arg([*patients, *named] if kind == "Patient" else named, "int8[]")
        check = (
            f"r.rt = {keys.TYPE_CODES[kind]} AND {builder.checks(kind, builder.within(kind, builder.reach(kind)), 'r')}"
        )
        parts.append(
            f"SELECT {ROW_COLUMNS}, false AS old FROM res r WHERE r.rid = ANY({rids}) AND NOT r.deleted AND {check}"
        )
        versioned = [(one, int(version)) for _, one, version in some if version is not None and _is_version(version)]
        if versioned:
            pairs = (
                f"unnest({builder.arg([keys.rid_of(kind, one) for one, _ in versioned], 'int8[]')},"
                f" {builder.arg([version for _, version in versioned], 'int4[]')}) AS v(rid, vid)"
            )
            parts.append(
                f"SELECT {ROW_COLUMNS}, false AS old FROM {pairs} JOIN res r ON r.rid = v.rid AND r.vid = v.vid"
                f" WHERE NOT r.deleted AND {check}"
            )
            parts.append(
                f"SELECT h.rt, h.id, h.rid, h.vid, h.ts, false AS deleted, h.enc, h.body, r.pat, true AS old"
                f" FROM {pairs}"
                f" JOIN res r ON r.rid = v.rid JOIN hist h ON h.bucket = r.bucket AND h.rid = v.rid AND h.vid = v.vid"
                f" WHERE h.op <> 'D' AND {check}"
            )
    records = await executor.fetch(" UNION ALL ".join(parts), *builder.values(executor.now))
    rows = await executor.rows(records)
    old = [row for row, record in zip(rows, records, strict=True) if record["old"]]
    if not old or judge is None:
        return rows
    seen = {(row.rid, row.vid) for row in await judge(old)}
    return [row for row, one in zip(rows, records, strict=True) if not one["old"] or (row.rid, row.vid) in seen]


def _is_version(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


# -- backward -----------------------------------------------------------------------------------------------------


async def _referring(
    executor: Executor, asked: Sequence[Include], start: Sequence[Row], reach: ReachOf, room: int
) -> list[Row]:
    """Find resources that refer to any of *start*, newest first."""
    builder = Builder(reach, persons=executor.persons)
    parts: list[str] = []
    for source, codes in _sources(asked).items():
        found = [sql for code, target in codes for sql in _reverse(builder, source, code, target, start)]
        if not found:
            continue
        check = builder.check(source, builder.reach(source), "r")
        parts.append(
            f"(SELECT {ROW_COLUMNS} FROM (SELECT DISTINCT rid FROM ({' UNION ALL '.join(found)}) u) d"
            f" JOIN res r ON r.rid = d.rid WHERE r.rt = {keys.TYPE_CODES[source]} AND NOT r.deleted AND {check}"
            f" ORDER BY r.ord DESC, r.rid DESC LIMIT {room})"
        )
    if not parts:
        return []
    return await executor.rows(
        await executor.fetch(" UNION ALL ".join(parts), *builder.values(executor.now), custom_plan=True)
    )


def _sources(asked: Sequence[Include]) -> dict[str, set[tuple[str, str | None]]]:
    """Give the reference parameters to follow backwards, by type."""
    found: dict[str, set[tuple[str, str | None]]] = {}
    for include in asked:
        for source in PARAMETERS if include.source == "*" else (include.source,):
            for code, parameter in PARAMETERS[source].items():
                if parameter.kind == "reference" and include.parameter in {"*", code}:
                    found.setdefault(source, set()).add((code, include.target))
    return found


def _reverse(builder: Builder, source: str, code: str, target: str | None, start: Sequence[Row]) -> list[str]:
    """Give the identities of *source* resources whose parameter *code* names any of *start*."""
    allowed = catalog.targets(source, code)
    persons = builder.persons
    rids = [persons.canonical(row.rid) for row in start if row.rt in allowed and target in {None, row.rt}]
    if not rids:
        return []
    salt = keys.reference_salt(source, code)
    x = builder.alias("x")
    wanted = builder.arg([salt ^ rid for rid in rids], "int8[]")
    found = [f"SELECT {x}.rid FROM ix {x} WHERE {x}.key = ANY({wanted})"]
    patients = [persons.canonical(row.rid) for row in start if row.rt == "Patient"]
    if patients and code in catalog.primary(source) and target in {None, "Patient"}:
        p = builder.alias("p")
        mine = builder.arg(patients, "int8[]")
        found.append(
            f"SELECT {p}.rid FROM res {p} WHERE {p}.rt = {keys.TYPE_CODES[source]} AND {p}.pat = ANY({mine})"
            f" AND NOT {p}.deleted"
        )
    return found
