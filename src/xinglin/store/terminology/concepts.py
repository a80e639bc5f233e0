"""Concepts as they are read: one with its neighbours, and those that somebody types a part of."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import msgspec

from xinglin.fhir.sources import cites
from xinglin.store.executor import Executor, Record
from xinglin.store.terminology.keeping import SEARCHED
from xinglin.store.terminology.ranking import ANYWHERE, CODE_BEGINS, EXACT_CODE, EXACT_WORD, WORD_BEGINS, steps
from xinglin.store.terminology.systems import System
from xinglin.store.terminology.words import BREAK, plain, question

COLUMNS: Final = (
    "c.sid, c.code, c.display, c.parents, c.designations, c.properties, c.definition, c.abstract, c.since, c.until"
)
MOST_COUNTED: Final = 10_000
# So many are put in order at once; of more, the order is gone through step by step.
FEW: Final = 200
SHORT: Final = 2


@dataclass(frozen=True, slots=True)
class Found:
    """One concept. since, until: days from which it counts, and no more; designations, properties: as in FHIR."""

    system: System
    code: str
    display: str
    parents: tuple[str, ...]
    abstract: bool
    since: date | None
    until: date | None
    definition: str = ""
    designations: Sequence[Mapping[str, Any]] = field(default=())
    properties: Sequence[Mapping[str, Any]] = field(default=())

    @cites("ST-57")
    def counts_on(self, day: date) -> bool:
        """Tell whether the code may be used on a day: begun, and not yet retired."""
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    def named(self, language: str | None) -> str:
        """Give the name in a language (``zh``, ``en-GB``), or the main one when there is none."""
        if not language or speaks(self.system.language or "zh", language):
            return self.display
        for one in self.designations:
            if speaks(str(one.get("language", "")), language) and one.get("value"):
                return str(one["value"])
        return self.display

    @property
    def names(self) -> tuple[str, ...]:
        """Every name."""
        return (self.display, *(str(one["value"]) for one in self.designations if one.get("value")))

    @property
    @cites("ST-57")
    def displays(self) -> tuple[str, ...]:
        """Names that a record may carry: all but what only helps to find it."""
        named = (one for one in self.designations if one.get("value") and one.get("use") != SEARCHED)
        return (self.display, *(str(one["value"]) for one in named))


def speaks(language: str, wanted: str) -> bool:
    """Tell whether a text in *language* will do for who wants *wanted*: ``zh-CN`` does for ``zh``, and back."""
    return _primary(language) == _primary(wanted.partition(",")[0])


def _primary(language: str) -> str:
    return language.partition("-")[0].strip().lower()


def found(record: Record, systems: Mapping[int, System]) -> Found:
    """Open a record with COLUMNS."""
    return Found(
        system=systems[record["sid"]],
        code=record["code"],
        display=record["display"],
        parents=tuple(record["parents"]),
        abstract=record["abstract"],
        since=record["since"],
        until=record["until"],
        definition=record["definition"],
        designations=msgspec.json.decode(record["designations"]),
        properties=msgspec.json.decode(record["properties"]),
    )


async def concepts(executor: Executor, system: System, codes: Iterable[str]) -> dict[str, Found]:
    """Give concepts of a system by code as it was asked for; what it does not have is missing."""
    asked = list(codes)
    records = await executor.fetch(
        f"SELECT {COLUMNS} FROM concept c WHERE c.sid = $1 AND {same_code(system, '$2')}",
        *(system.sid, [folded(system, code) for code in asked]),
    )
    each = {folded(system, one.code): one for one in (found(record, {system.sid: system}) for record in records)}
    return {code: each[key] for code in asked if (key := folded(system, code)) in each}


def folded(system: System, code: str) -> str:
    """Give a code as it is compared in its system."""
    return code.lower() if system.caseless else code


def same_code(system: System, codes: str) -> str:
    """Give the condition over ``concept c`` that it has one of the codes, `folded`, at a placeholder."""
    return f"{'lower(c.code)' if system.caseless else 'c.code'} = ANY ({codes}::text[])"


async def concept(executor: Executor, system: System, code: str) -> Found | None:
    """Give one concept."""
    return (await concepts(executor, system, (code,))).get(code)


async def children(executor: Executor, system: System, code: str, *, count: int = 1_000) -> list[Found]:
    """Give the codes directly below one, in the order of the system; of the empty code, those at the top."""
    below, args = ("c.parents @> ARRAY[$3]", (code,)) if code else ("c.parents = '{}'", ())
    records = await executor.fetch(
        f"SELECT {COLUMNS} FROM concept c WHERE c.sid = $1 AND {below} ORDER BY c.place LIMIT $2",
        *(system.sid, count, *args),
    )
    return [found(record, {system.sid: system}) for record in records]


async def path(executor: Executor, system: System, code: str) -> list[Found]:
    """Give the codes above one, from the top down, by its main parents."""
    records = await executor.fetch(
        f"SELECT {COLUMNS} FROM concept c WHERE c.sid = $1 AND c.code IN"
        " (SELECT b.ancestor FROM concept_below b WHERE b.sid = $1 AND b.code = $2)",
        *(system.sid, code),
    )
    each = {one.code: one for one in (found(record, {system.sid: system}) for record in records)}
    start = await concept(executor, system, code)
    way: list[Found] = []
    while start is not None and start.parents and start not in way:
        start = each.get(start.parents[0])
        if start is not None and start not in way:
            way.insert(0, start)
    return way


async def subsumes(executor: Executor, system: System, above: str, below: str) -> bool:
    """Tell whether *above* stands anywhere above *below*."""
    return bool(
        await executor.fetch(
            "SELECT 1 FROM concept_below b WHERE b.sid = $1 AND b.code = $2 AND b.ancestor = $3",
            *(system.sid, below, above),
        )
    )


class Add:
    """Collects arguments of a statement: gives the placeholder of each."""

    def __init__(self, *args: object) -> None:
        self.args: list[object] = list(args)

    def __call__(self, value: object) -> str:
        """Add an argument, and give its placeholder."""
        self.args.append(value)
        return f"${len(self.args)}"


def meets(text: str, add: Add, *, also: str = "") -> str:
    """Give the condition over ``concept c`` that it has what is typed: Chinese, pinyin, initials, English, a code.

    Several parts must all be found; the empty text is met by every concept. also: an array of more grams that it has.
    """
    parts = question(text)
    if not parts:
        return "true"
    has = f"c.grams @> ({also} || " if also else "c.grams @> ("
    return " AND ".join(
        f"({' OR '.join(f'{has}{add(grams)}::int4[])' for grams in each)}) AND strpos(c.words, {add(part)}) > 0"
        for part, each in parts
    )


def tier(text: str, add: Add) -> str:
    """Give the number of the tier (`ranking`) of a concept that has what is typed."""
    whole = add(plain(text))
    exact = add(BREAK + plain(text) + BREAK)
    begins = add(BREAK + question(text)[0][0].removeprefix(BREAK))
    return (
        f"CASE WHEN lower(c.code) = {whole} THEN {EXACT_CODE} WHEN strpos(c.words, {exact}) > 0 THEN {EXACT_WORD}"
        f" WHEN starts_with(lower(c.code), {whole}) THEN {CODE_BEGINS}"
        f" WHEN strpos(c.words, {begins}) > 0 THEN {WORD_BEGINS} ELSE {ANYWHERE} END"
    )


async def find(
    executor: Executor,
    text: str,
    systems: Sequence[System],
    *,
    condition: str = "true",
    add: Add | None = None,
    count: int = 20,
    offset: int = 0,
) -> list[Found]:
    """Find concepts of some systems by what is typed, in the order of `ranking`; without a text in that of the systems.

    *condition* narrows further, its arguments stand in *add*.
    """
    each, page = {one.sid: one for one in systems}, (int(count), int(offset))
    for made in _ways(text):
        given = Add(*add.args) if add is not None else Add()
        sql = made(text, systems, condition, given, page)
        records = await executor.fetch(sql, *given.args, custom_plan=True)
        if made is not _few or len(records) <= FEW:
            break
    if made is _few:
        records = records[page[1] : sum(page)]
    return [found(record, each) for record in records]


def _ways(text: str) -> tuple[Callable[[str, Sequence[System], str, Add, tuple[int, int]], str], ...]:
    """Choose the statements, one after the other: what one or two characters find is never few in a large system."""
    if not question(text):
        return (_listed,)
    return (_few, _ranked) if len(plain(text)) > SHORT else (_ranked,)


def _listed(text: str, systems: Sequence[System], condition: str, add: Add, page: tuple[int, int]) -> str:
    """Write the statement for everything, in the order of the systems."""
    sids = [one.sid for one in systems]
    if len(sids) == 1:
        where, order = f"c.sid = {add(sids[0])}::int8", "c.place"
    else:
        where = f"c.sid = ANY ({add(sids)}::int8[])"
        order = f"array_position({add(sids)}::int8[], c.sid), c.place"
    return (
        f"SELECT {COLUMNS} FROM concept c WHERE {where} AND ({condition})"
        f" ORDER BY {order} LIMIT {page[0]} OFFSET {page[1]}"
    )


def _few(text: str, systems: Sequence[System], condition: str, add: Add, page: tuple[int, int]) -> str:
    """Write the statement for what few concepts meet: all of them in their order, and one more when there are more."""
    return f"""
        SELECT * FROM (
          SELECT {COLUMNS}, c.place, {tier(text, add)} AS tier FROM concept c
          WHERE c.sid = ANY ({add([one.sid for one in systems])}::int8[]) AND {meets(text, add)} AND ({condition})
          LIMIT {FEW + 1}
        ) c
        ORDER BY c.tier, c.until IS NOT NULL, length(c.display), c.sid, c.place
    """


def _ranked(text: str, systems: Sequence[System], condition: str, add: Add, page: tuple[int, int]) -> str:
    """Write the statement that goes through the steps one after the other, and ends when it has found enough."""
    each = tuple(steps(text))
    columns = (
        ("tier", "int4", [one.tier for one in each]),
        ("one", "int4", [one.grams[0] for one in each]),
        ("two", "int4", [one.grams[1] for one in each]),
        ("retired", "bool", [one.retired for one in each]),
        ("low", "int4", [one.low for one in each]),
        ("high", "int4", [one.high for one in each]),
    )
    arrays = ", ".join(f"{add(values)}::{type}[]" for _, type, values in columns)
    return f"""
        SELECT c.* FROM unnest({arrays}) AS k ({", ".join(name for name, _, _ in columns)})
        CROSS JOIN LATERAL (
          SELECT {COLUMNS} FROM concept c
          WHERE c.sid = ANY ({add([one.sid for one in systems])}::int8[])
            AND {meets(text, add, also="ARRAY[k.one, k.two]")}
            AND (c.until IS NOT NULL) = k.retired AND length(c.display) BETWEEN k.low AND k.high
            AND {tier(text, add)} = k.tier AND ({condition})
          ORDER BY length(c.display), c.sid, c.place LIMIT {sum(page)}
        ) c
        LIMIT {page[0]} OFFSET {page[1]}
    """


async def number(
    executor: Executor, text: str, systems: Sequence[System], *, condition: str = "true", add: Add | None = None
) -> int:
    """Count what `find` would find, up to MOST_COUNTED."""
    add = Add(*add.args) if add is not None else Add()
    where = f"c.sid = ANY ({add([one.sid for one in systems])}::int8[]) AND {meets(text, add)} AND ({condition})"
    records = await executor.fetch(
        f"SELECT count(*) AS n FROM (SELECT 1 FROM concept c WHERE {where} LIMIT {MOST_COUNTED}) AS counted",
        *add.args,
        custom_plan=True,
    )
    return int(records[0]["n"])
