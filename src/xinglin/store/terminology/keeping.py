"""Concepts in their tables: written with the CodeSystem that holds them, or beside one that only names them."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

import msgspec

from xinglin.fhir.declarations import BASE
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import TYPE_CODES, bucket_of, rid_of
from xinglin.store.executor import ROW_COLUMNS, Executor, Record
from xinglin.store.faults import answered
from xinglin.store.store import Store
from xinglin.store.terminology.words import FORM, length_gram, words_of
from xinglin.store.transaction import Transaction

CODE_SYSTEM: Final = "CodeSystem"
# What a CodeSystem holds itself; more concepts stand in the table alone.
MOST_INLINE: Final = 1_000
WRITTEN_AT_ONCE: Final = 2_000
PAIRS_AT_ONCE: Final = 20_000

_COLUMNS: Final = (
    *("bucket", "sid", "code", "place", "display", "parents", "designations", "properties"),
    *("definition", "abstract", "since", "until", "words", "grams"),
)
# Properties with a meaning of their own (http://hl7.org/fhir/R4/codesystem.html#defined-props).
PARENTS: Final = frozenset({"parent", "subsumedBy"})
UNSELECTABLE: Final = frozenset({"notSelectable", "abstract"})
RETIRED: Final = frozenset({"retirementDate", "deprecationDate"})
ALWAYS: Final = date.min
# The use of a designation by which a concept is only found: what people call it, no name that a record may carry.
SEARCHED: Final = {"system": f"{BASE}/CodeSystem/designation-use", "code": "search"}


@dataclass(frozen=True, slots=True)
class Kept:
    """One concept as it is kept. designations, properties: as in CodeSystem.concept. until: first day retired."""

    code: str
    display: str
    parents: tuple[str, ...] = ()
    designations: Sequence[Mapping[str, Any]] = ()
    properties: Sequence[Mapping[str, Any]] = ()
    definition: str = ""
    abstract: bool = False
    since: date | None = None
    until: date | None = None


async def follow(transaction: Transaction, id: str, document: Mapping[str, Any] | None, vid: int) -> None:
    """Keep the table in step with a CodeSystem that is written in *transaction*; None: it is deleted.

    Concepts that were loaded beside a resource stay as long as the resource does and holds none itself.
    """
    bucket, sid = bucket_of(id), rid_of(CODE_SYSTEM, id)
    if document is None:
        await transaction.fetch("DELETE FROM code_system WHERE bucket = $1 AND sid = $2", bucket, sid)
        await _forget(transaction, bucket, sid)
        return
    inline = document.get("content") in {"complete", "fragment"}
    before = await transaction.fetch("SELECT inline FROM code_system WHERE bucket = $1 AND sid = $2", bucket, sid)
    found = tuple(concepts_of(document)) if inline else ()
    if inline or (before and before[0]["inline"]):
        await _forget(transaction, bucket, sid)
        await _write(transaction, bucket, sid, found)
    await transaction.fetch(
        """
        INSERT INTO code_system AS s
          (bucket, sid, id, url, version, title, language, since, status, content, inline, vid, digest, concepts,
           caseless, form)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', $13, $14, $15)
        ON CONFLICT (bucket, sid) DO UPDATE SET
          url = excluded.url, version = excluded.version, title = excluded.title, language = excluded.language,
          since = excluded.since, status = excluded.status, content = excluded.content, inline = excluded.inline,
          vid = excluded.vid, caseless = excluded.caseless,
          concepts = CASE WHEN s.inline OR excluded.inline THEN excluded.concepts ELSE s.concepts END,
          form = CASE WHEN s.inline OR excluded.inline THEN excluded.form ELSE s.form END
        """,
        *(bucket, sid, id, document.get("url", ""), document.get("version", "")),
        *(document.get("title") or document.get("name") or document.get("url") or id, document.get("language", "")),
        *(day_of(document.get("date")), document.get("status", ""), document.get("content", "")),
        *(inline, vid, len(found), document.get("caseSensitive") is False, FORM),
    )


async def keep(transaction: Transaction, id: str, concepts: Iterable[Kept], digest: str) -> int:
    """Put concepts beside a CodeSystem that names them and holds none; gives how many there are.

    digest: of where they come from, so that the same file is not read twice.
    """
    bucket, sid = bucket_of(id), rid_of(CODE_SYSTEM, id)
    await _forget(transaction, bucket, sid)
    count = await _write(transaction, bucket, sid, concepts)
    await measured(transaction)
    await mark(transaction, id, digest)
    await transaction.fetch(
        "UPDATE code_system SET concepts = $3, form = $4 WHERE bucket = $1 AND sid = $2", bucket, sid, count, FORM
    )
    return count


async def measured(executor: Executor) -> None:
    """Have the sizes of the tables measured, by which statements are planned."""
    await executor.fetch("ANALYZE concept, concept_below", timeout_ms=60_000)


async def mark(transaction: Transaction, id: str, digest: str) -> None:
    """Note which file the concepts of a system came from."""
    await transaction.fetch(
        "UPDATE code_system SET digest = $3 WHERE bucket = $1 AND sid = $2",
        *(bucket_of(id), rid_of(CODE_SYSTEM, id), digest),
    )


async def behind(store: Store) -> int:
    """Bring the table in step with CodeSystems that did not pass the door one by one (bulk loads); gives how many."""
    done = 0
    while True:
        found = await store.fetch(
            f"SELECT {ROW_COLUMNS} FROM res r LEFT JOIN code_system s ON s.bucket = r.bucket AND s.sid = r.rid"
            " WHERE r.rt = $1 AND s.vid IS DISTINCT FROM r.vid AND NOT r.deleted ORDER BY r.rid LIMIT 50",
            TYPE_CODES[CODE_SYSTEM],
            timeout_ms=60_000,
        )
        if not found:
            return done
        for row in await store.rows(found):
            async with store.begin() as transaction:
                await follow(transaction, row.id, msgspec.json.decode(row.body()), row.vid)
            done += 1


async def reworded(store: Store) -> tuple[str, ...]:
    """Make what concepts are asked by anew where it was made otherwise (`words.FORM`); gives the names."""
    done = []
    for system in await store.fetch("SELECT bucket, sid, id FROM code_system WHERE form <> $1 ORDER BY sid", FORM):
        of = (system["bucket"], system["sid"])
        async with store.begin() as transaction:
            place = -1
            while part := await transaction.fetch(
                "SELECT code, place, display, designations, until FROM concept"
                f" WHERE bucket = $1 AND sid = $2 AND place > $3 ORDER BY place LIMIT {WRITTEN_AT_ONCE} FOR UPDATE",
                *(*of, place),
            ):
                made = await asyncio.to_thread(_worded, of, part)
                await transaction.connection.executemany(
                    "UPDATE concept SET words = $4, grams = $5 WHERE bucket = $1 AND sid = $2 AND code = $3", made
                )
                place = part[-1]["place"]
            await transaction.fetch("UPDATE code_system SET form = $3 WHERE bucket = $1 AND sid = $2", *of, FORM)
        done.append(f"words of {system['id']}")
    return tuple(done)


def concepts_of(document: Mapping[str, Any]) -> Iterator[Kept]:
    """Read the concepts of a CodeSystem, parents before children; a code that stands twice counts once."""
    nested = list(_nested(document.get("concept", ())))
    above: dict[str, dict[str, None]] = {}
    for concept, outer in nested:
        own = above.setdefault(concept["code"], {})
        own.update(dict.fromkeys(outer))
        for one in concept.get("property", ()):
            value = one.get("valueCode") or one.get("valueString")
            if one.get("code") in PARENTS and value:
                own[value] = None
            elif one.get("code") == "child" and value:
                above.setdefault(value, {})[concept["code"]] = None
    done: set[str] = set()
    for concept, _ in nested:
        code = concept["code"]
        if code in done:
            continue
        done.add(code)
        properties = concept.get("property", ())
        yield Kept(
            code=code,
            display=concept.get("display", ""),
            parents=tuple(one for one in above[code] if one != code),
            designations=concept.get("designation", ()),
            properties=tuple(one for one in properties if one.get("code") not in PARENTS | {"child"}),
            definition=concept.get("definition", ""),
            abstract=any(one.get("code") in UNSELECTABLE and one.get("valueBoolean") is True for one in properties),
            since=next((day_of(p.get("valueDateTime")) for p in properties if p.get("code") == "effectiveDate"), None),
            until=next((day_of(p.get("valueDateTime")) for p in properties if p.get("code") in RETIRED), None)
            or _retired(properties),
        )


def day_of(text: object) -> date | None:
    """Read the day of a FHIR date or dateTime, the first of an incomplete one; None when there is none."""
    if not isinstance(text, str) or not text:
        return None
    year, month, day = (*text[:10].split("-"), "01", "01")[:3]
    return date(int(year), int(month), int(day))


def _retired(properties: Iterable[Mapping[str, Any]]) -> date | None:
    """Read a concept that is inactive without a date as retired from the beginning."""
    for one in properties:
        retired = one.get("valueCode") in {"retired", "inactive"} or one.get("valueString") in {"retired", "inactive"}
        if (one.get("code") == "inactive" and one.get("valueBoolean") is True) or (
            one.get("code") == "status" and retired
        ):
            return ALWAYS
    return None


def _nested(concepts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Give concepts in the order of the resource, each with the code that it is nested in."""
    stack: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(one, ()) for one in reversed(tuple(concepts))]
    while stack:
        concept, outer = stack.pop()
        yield concept, outer
        stack += [(one, (concept["code"],)) for one in reversed(concept.get("concept", ()))]


async def _forget(transaction: Transaction, bucket: int, sid: int) -> None:
    for table in ("concept", "concept_below"):
        await transaction.fetch(f"DELETE FROM {table} WHERE bucket = $1 AND sid = $2", bucket, sid, timeout_ms=60_000)


async def _write(transaction: Transaction, bucket: int, sid: int, concepts: Iterable[Kept]) -> int:
    parents: dict[str, tuple[str, ...]] = {}
    everything = iter(concepts)
    place = 0
    async with answered():
        while part := tuple(islice(everything, WRITTEN_AT_ONCE)):
            for one in part:
                if one.code in parents:
                    text = f"The code {one.code[:80]!r} stands twice."
                    raise OutcomeError(Issue("duplicate", "code-twice", "CodeSystem.concept.code", text), status=422)
                parents[one.code] = one.parents
            # Making words is work of this process; others are served meanwhile.
            rows = await asyncio.to_thread(_rows, bucket, sid, place, part)
            await transaction.connection.copy_records_to_table("concept", records=rows, columns=_COLUMNS)
            place += len(part)
        pairs = ((bucket, sid, above, code) for code in parents for above in above_of(parents, code))
        # In parts, as each statement has to end within its time.
        while some := tuple(islice(pairs, PAIRS_AT_ONCE)):
            await transaction.connection.copy_records_to_table(
                "concept_below", records=some, columns=("bucket", "sid", "ancestor", "code")
            )
    return len(parents)


def above_of(parents: Mapping[str, Sequence[str]], code: str) -> dict[str, None]:
    """Give everything above a code, each once; a circle in the data ends where it began."""
    found: dict[str, None] = {}
    stack = list(parents.get(code, ()))
    while stack:
        one = stack.pop()
        if one not in found and one != code:
            found[one] = None
            stack += parents.get(one, ())
    return found


def _rows(bucket: int, sid: int, first: int, concepts: Sequence[Kept]) -> list[tuple[Any, ...]]:
    return [_row(bucket, sid, place, one) for place, one in enumerate(concepts, first)]


def _row(bucket: int, sid: int, place: int, one: Kept) -> tuple[Any, ...]:
    words, grams = _asked(one.code, one.display, one.designations, one.until)
    return (
        *(bucket, sid, one.code, place, one.display, list(one.parents)),
        *(msgspec.json.encode(one.designations).decode(), msgspec.json.encode(one.properties).decode()),
        *(one.definition, one.abstract, one.since, one.until, words, grams),
    )


def _asked(
    code: str, display: str, designations: Iterable[Mapping[str, Any]], until: date | None
) -> tuple[str, list[int]]:
    """Give the words and grams of a concept."""
    words, grams = words_of(code, (display, *(str(each.get("value", "")) for each in designations)))
    return words, [*grams, length_gram(display, retired=until is not None)]


def _worded(of: tuple[int, int], rows: Sequence[Record]) -> list[tuple[object, ...]]:
    return [
        (
            *(*of, one["code"]),
            *_asked(one["code"], one["display"], msgspec.json.decode(one["designations"]), one["until"]),
        )
        for one in rows
    ]
