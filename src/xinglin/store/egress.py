"""Export abroad (R7-020): the destinations, whose data have left in a year, and the decision at the door."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.search.keys import TYPE_CODES, bucket_of
from xinglin.fhir.sources import cites
from xinglin.security.egress import Destination, Persons, is_sensitive, refusals
from xinglin.security.labels import SPECIAL
from xinglin.store.executor import Executor, Record, Row
from xinglin.store.ledger.shown import patients_of

ALL: Final = ""  # of all destinations together
_COLUMNS: Final = "id, name, country, ground, number, until, ended"
# Whose data are asked for, as (rid, sensitive): those handed over, or everybody.
_GIVEN: Final = "unnest($1::int8[], $2::bool[]) AS s (rid, sensitive)"
_EVERYBODY: Final = "(SELECT rid, true FROM res WHERE rt = $1 AND NOT deleted AND $2::bool) AS s (rid, sensitive)"
_FRESH: Final = """
SELECT count(*) FILTER (WHERE p.rid IS NULL) AS persons,
       count(*) FILTER (WHERE s.sensitive AND p.sensitive IS NOT TRUE) AS sensitive
FROM {source} LEFT JOIN egress_person p
  ON p.bucket = s.rid & 1023 AND p.rid = s.rid AND p.year = $3 AND p.destination = $4
"""
_KEEP: Final = """
INSERT INTO egress_person AS p (bucket, rid, year, destination, sensitive)
SELECT s.rid & 1023, s.rid, $3, $4, s.sensitive FROM {source}
ON CONFLICT (bucket, rid, year, destination) DO UPDATE SET sensitive = true WHERE excluded.sensitive AND NOT p.sensitive
"""
_COUNT: Final = (
    "INSERT INTO egress_count AS c (bucket, year, destination, persons, sensitive) VALUES ($5, $1, $2, $3, $4) "
    "ON CONFLICT (bucket, year, destination) DO UPDATE SET persons = c.persons + $3, sensitive = c.sensitive + $4 "
    "RETURNING persons, sensitive"
)


async def add(executor: Executor, one: Destination, *, by: str) -> None:
    """List a destination."""
    await executor.fetch(
        "INSERT INTO egress_destination (bucket, id, name, country, ground, number, until, made, made_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(bucket_of(one.id), one.id, one.name, one.country, one.ground, one.number, one.until, executor.now, by),
    )


async def end(executor: Executor, id: str, *, by: str) -> bool:
    """Take a destination off the list from now on; it stays to be read. False when it is not there."""
    sql = "UPDATE egress_destination SET ended = $3, ended_by = $4 WHERE bucket = $1 AND id = $2 AND ended IS NULL"
    return bool(await executor.fetch(f"{sql} RETURNING id", bucket_of(id), id, executor.now, by))


async def listed(executor: Executor) -> list[Destination]:
    """Give every destination, newest first; those in force before those that ended."""
    sql = f"SELECT {_COLUMNS} FROM egress_destination ORDER BY ended IS NOT NULL, made DESC LIMIT 500"
    return [_destination(row) for row in await executor.fetch(sql)]


async def by_id(executor: Executor, id: str) -> Destination | None:
    """Find a destination."""
    sql = f"SELECT {_COLUMNS} FROM egress_destination WHERE bucket = $1 AND id = $2"
    found = await executor.fetch(sql, bucket_of(id), id)
    return _destination(found[0]) if found else None


async def counts(executor: Executor, year: int) -> dict[str, Persons]:
    """Give how many persons' data have left in a year, by destination; under ``""`` of all together."""
    found = await executor.fetch("SELECT destination, persons, sensitive FROM egress_count WHERE year = $1", year)
    return {row["destination"]: Persons(int(row["persons"]), int(row["sensitive"])) for row in found}


@cites("R7-020")
async def leave(executor: Executor, to: str, rows: Iterable[Row], *, critical: bool) -> None:
    """Count whose data these are, and refuse (403) when they may not leave for a destination.

    To be called in a transaction that commits before the data are handed over.
    """
    persons, genetic = _persons(rows)
    given = list(persons), list(persons.values())
    sensitive = any(persons.values())
    await _leave(executor, to, _GIVEN, given, sensitive=sensitive, genetic=genetic, critical=critical)


async def everybody_leaves(executor: Executor, to: str, *, genetic: bool, critical: bool) -> None:
    """Count every patient, and refuse (403) when all of the record may not leave. genetic: whether there is such."""
    given = TYPE_CODES["Patient"], True
    await _leave(executor, to, _EVERYBODY, given, sensitive=True, genetic=genetic, critical=critical)


async def _leave(
    executor: Executor, to: str, source: str, given: tuple[Any, Any], *, sensitive: bool, genetic: bool, critical: bool
) -> None:
    day = executor.now.date()
    # The row is held until the end, so that two who come together are counted one after the other.
    before = (await executor.fetch(_COUNT, day.year, ALL, 0, 0, bucket_of(ALL)))[0]
    fresh = (await executor.fetch(_FRESH.format(source=source), *given, day.year, ALL))[0]
    added = int(fresh["persons"]), int(fresh["sensitive"])
    then = Persons(int(before["persons"]) + added[0], int(before["sensitive"]) + added[1])
    listed = await by_id(executor, to)
    refuse(refusals(listed, then, day, sensitive=sensitive, genetic=genetic, critical=critical))
    for destination in (ALL, to):
        fresh = (await executor.fetch(_FRESH.format(source=source), *given, day.year, destination))[0]
        if fresh["persons"] or fresh["sensitive"]:
            await executor.fetch(_KEEP.format(source=source), *given, day.year, destination)
            more = int(fresh["persons"]), int(fresh["sensitive"])
            await executor.fetch(_COUNT, day.year, destination, *more, bucket_of(destination))


def _persons(rows: Iterable[Row]) -> tuple[Mapping[int, bool], bool]:
    """Give the patients of what is shown, whether anything sensitive of them is, and whether anything is genetic."""
    found: dict[int, bool] = {}
    genetic = False
    for row in rows:
        if row.deleted:
            continue
        stated = document_of(row.body()).get("meta", {}).get("security", ())
        labels = frozenset(str(one.get("code")) for one in stated if one.get("system") == SPECIAL)
        genetic = genetic or "gene" in labels
        for patient in (row.pat,) if row.pat is not None else patients_of(row):
            if patient is not None:
                found[patient] = found.get(patient, False) or is_sensitive(row.rt, labels)
    return found, genetic


def no_ledger() -> OutcomeError:
    """Refuse the ledger to who stands abroad."""
    return OutcomeError(Issue("forbidden", "egress-ledger", text="The audit ledger does not leave the country."))


def no_operations() -> OutcomeError:
    """Refuse an operation to who stands abroad: what it would show is not counted person by person."""
    return OutcomeError(Issue("forbidden", "egress-operation", text="Operations are not for systems abroad."))


def _destination(row: Record) -> Destination:
    return Destination(
        *(row["id"], row["name"], row["country"], row["ground"], row["number"], row["until"]),
        ended=row["ended"] is not None,
    )
