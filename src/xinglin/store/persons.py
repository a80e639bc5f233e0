"""What a process knows of merged patients: read from the table ``merged``, told of changes, checked by every writer."""

from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.persons import Persons
from xinglin.store.pool import Connection

CHANGED: Final = "xinglin_merged"
"""The channel on which merges are told."""

MERGED_MEANWHILE: Final = "XL001"
"""What a statement fails with that was made before a merge and comes after it."""

_ALL: Final = """
SELECT g.epoch, m.rid, m.survivor FROM merging g LEFT JOIN merged m ON true WHERE g.one
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
    return Persons(records[0]["epoch"], survivors)


def guard(epoch: int) -> str:
    """Write the condition that nobody was merged since *epoch*; it depends on no row, so it is asked once."""
    return GUARD.format(epoch=int(epoch))
