"""Medicine that comes back: for its quality and for nothing else (R3-088)."""

from typing import Final

from xinglin.capabilities.pharmacy.contract import Returning
from xinglin.capabilities.pharmacy.operations import paying, reading
from xinglin.capabilities.pharmacy.rules import counters, supplies
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

DONE: Final = frozenset({"dispensed", "delivering", "delivered", "closed"})


@cites("R3-088")
async def take_back(work: UnitOfWork, given: Returning) -> str:
    """Task/$take-back: whatever was given out comes back for its quality; the money goes back, the use stays."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "take-back"):
        return supply.id
    refuse(counters.return_faults(given))
    if supply.state not in DONE:
        text = "Nothing was given out yet: give the prescription back."
        raise OutcomeError(Issue("conflict", "supply-state", text=text), status=409)
    if any(one["code"] == "take-back" for one in supplies.acts(supply.task)):
        raise OutcomeError(Issue("conflict", "taken-back", text="It was taken back before."), status=409)
    by, at = work.principal.practitioner or "", work.now.isoformat()
    task = supplies.acted(supply.task, "take-back", key=given.key, at=at, by=by, detail=given.note.strip())
    await reading.keep(work, supply, task)
    page = await work.platform.find("MedicationDispense", identifier=f"{reading.NUMBERS}|{supply.number}", _count="100")
    for row in page.matches:
        line = document_of(row.body())
        if any(one.get("actor", {}).get("reference") == supply.owner for one in line.get("performer", ())):
            note = {"text": given.note.strip()[:500], "time": at, "authorReference": {"reference": by}}
            await work.platform.update(
                bytes_of(line | {"note": [*line.get("note", ()), note]}),
                type="MedicationDispense",
                id=row.id,
                if_match=row.vid,
            )
    await paying.off_the_bill(work, supply, "quality")
    work.note("medicine-returned", type="Task", refs=(f"Task/{supply.id}",))
    return supply.id
