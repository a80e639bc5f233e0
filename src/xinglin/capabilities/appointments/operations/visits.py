"""The visit in the room as an Encounter: open from the call to the end, so that whoever treats reaches the record."""

from typing import Any, Final

from xinglin.capabilities.appointments.rules.shapes import DEPARTMENT, Booking, Session, coded
from xinglin.fhir.document import bytes_of
from xinglin.store.door import UnitOfWork

_AMBULATORY: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


async def begin(work: UnitOfWork, booking: Booking, session: Session) -> str:
    """Open the visit of somebody who is called in; gives the id of the Encounter."""
    made: dict[str, Any] = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": _AMBULATORY,
        "serviceType": coded(DEPARTMENT, session.department, session.department_name),
        "subject": {"reference": booking.patient},
        "appointment": [{"reference": f"Appointment/{booking.id}"}],
        "participant": [{"individual": {"reference": session.practitioner, "display": session.doctor}}],
        "period": {"start": work.now.isoformat()},
        "serviceProvider": {"reference": session.organization},
        "location": [{"location": {"reference": session.room}}],
    }
    return (await work.platform.create(bytes_of(made), type="Encounter")).id


async def end(work: UnitOfWork, booking: str, status: str) -> None:
    """End the open visit of a booking: finished, or cancelled when nobody came in."""
    page = await work.platform.find("Encounter", appointment=f"Appointment/{booking}", status="in-progress")
    for row in page.matches:
        await work.platform.patch(lambda it: _ended(it, status, work.now.isoformat()), type="Encounter", id=row.id)


def _ended(it: dict[str, Any], status: str, at: str) -> dict[str, Any]:
    return it | {"status": status, "period": it["period"] | {"end": at}}
