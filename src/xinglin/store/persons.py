"""What a process knows of merged patients: read from the table ``merged``, told of changes, checked by every writer."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import catalog, keys
from xinglin.fhir.search.persons import Persons, named_key
from xinglin.store.pool import Connection

CHANGED: Final = "xinglin_merged"
"""The channel on which merges are told."""

MERGED_MEANWHILE: Final = "XL001"
"""What a statement fails with that was made before a merge and comes after it."""

_ALL: Final = """
SELECT g.epoch, m.rid, m.survivor, (SELECT v.rids FROM moving v) AS moving
FROM merging g LEFT JOIN merged m ON true WHERE g.one
"""
KNOWN: Final = "SELECT merges_known($1::int8) AS known"
GUARD: Final = "((SELECT epoch FROM merging WHERE one) = {epoch})"
"""In a statement that reads: whether nobody was merged since it was made."""


class PersonsChanged(OutcomeError):
    """Patients were merged, or a merge was undone, since a change was prepared: prepare it again."""

    def __init__(self) -> None:
        text = "Records of patients were merged meanwhile; try again."
        super().__init__(Issue("conflict", "persons-changed", text=text))


async def read(connection: Connection) -> Persons:
    """Read who stands for whom, by one statement."""
    records = await connection.fetch(_ALL)
    survivors = {one["rid"]: one["survivor"] for one in records if one["rid"] is not None}
    return Persons(records[0]["epoch"], survivors, records[0]["moving"] or ())


def guard(epoch: int) -> str:
    """Write the condition that nobody was merged since *epoch*; it depends on no row, so it is asked once."""
    return GUARD.format(epoch=int(epoch))


class RecordMoving(OutcomeError):
    """What is to be changed is among what is written anew for another patient: after that."""

    def __init__(self) -> None:
        text = "The record is being merged with another one; try again in a moment."
        super().__init__(Issue("transient", "record-moving", text=text), status=503)


@cache
def salts() -> tuple[int, ...]:
    """Give what turns a patient into keys, of every parameter that may refer to one."""
    return tuple(
        keys.reference_salt(type, code)
        for type, known in PARAMETERS.items()
        for code, parameter in known.items()
        if parameter.kind == "reference" and "Patient" in catalog.targets(type, code)
    )


def moving(persons: Persons, pat: int | None, standing: Sequence[int]) -> bool:
    """Tell whether a resource is among what is written anew by steps. pat, standing: its patient and keys as stored."""
    if not persons.moving:
        return False
    return pat in persons.moving or not _moving_keys(persons.moving).isdisjoint(standing)


@lru_cache(maxsize=8)
def _moving_keys(rids: frozenset[int]) -> frozenset[int]:
    found: Iterable[int] = (salt ^ rid for rid in rids for salt in salts())
    return frozenset((*found, *map(named_key, rids)))
