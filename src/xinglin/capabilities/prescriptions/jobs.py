"""Prescriptions whose days are over."""

from xinglin.capabilities.prescriptions.contract import state_of
from xinglin.capabilities.prescriptions.operations.signing import move
from xinglin.fhir import codec
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

# What still waits for somebody to take it; what a pharmacy has taken in time is its to finish.
ENDS = frozenset({"review-pending", "review-failed", "released"})


@cites("R3-020")
async def expire(work: UnitOfWork, prescription: str) -> None:
    """End a prescription whose validity is over; one that was claimed, or has ended, is left as it is."""
    row = await work.fhir.read("RequestGroup", prescription, lock=True)
    if state_of(codec.decode(row.body(), "RequestGroup")) in ENDS:  # type: ignore[arg-type]
        await move(work, prescription, "expired", if_match=row.vid)
