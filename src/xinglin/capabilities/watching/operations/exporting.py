"""The list of destinations abroad: one is added, or taken off."""

from datetime import date

from xinglin.capabilities.watching.rules import destination_faults
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security.egress import Destination, Ground
from xinglin.store import egress
from xinglin.store.door import UnitOfWork
from xinglin.web.format import today


@cites("R7-020")
async def add(work: UnitOfWork, *, name: str, country: str, ground: Ground, number: str, until: date | None) -> str:
    """List a destination; gives its id."""
    made = Destination(work.new_id(), name, country, ground, number, until)
    refuse(destination_faults(made, today(work.now)))
    await egress.add(work.executor, made, by=work.principal.id)
    work.note("egress-listed", detail=made.id)
    return made.id


async def end(work: UnitOfWork, id: str) -> None:
    """Take a destination off the list: nothing leaves for it from now on."""
    if not await egress.end(work.executor, id, by=work.principal.id):
        raise OutcomeError(Issue("not-found", "not-found", text="There is no such destination in force."))
    work.note("egress-ended", detail=id)
