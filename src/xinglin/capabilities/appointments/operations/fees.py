"""What a number costs (诊查费): on a bill once it is booked, given back when the visit does not take place."""

from typing import Any, Final

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import reading
from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.shapes import Booking, Session
from xinglin.capabilities.billing.contract import CHARGE, REFUND, Charge, Line, Refunding
from xinglin.store.door import UnitOfWork

# Of the reasons of billing.
CANCELLED: Final = "cancelled-before-acceptance"
STOPPED: Final = "session-stopped"


async def charge(work: UnitOfWork, id: str, session: Session, patient: str) -> None:
    """Put the fee of a booking on a bill, and name it in the booking; nothing where the session has no fee."""
    if not session.fee:
        return
    about = f"Appointment/{id}"
    given = Charge(patient.partition("/")[2], about, (Line(session.fee),), session.organization)
    bill = await work.platform.operate(CHARGE, given)
    await work.platform.patch(lambda it: shapes.with_extension(it, _bill(bill, about)), type="Appointment", id=id)


def _bill(bill: str, about: str) -> dict[str, Any]:
    """Write on which bill a booking stands, and for which booking it was charged: that one may have been moved."""
    parts = [
        {"url": "bill", "valueReference": {"reference": f"Invoice/{bill}"}},
        {"url": "about", "valueReference": {"reference": about}},
    ]
    return {"url": contract.extension("booking-fee"), "extension": parts}


def carried(made: dict[str, Any], before: Booking) -> dict[str, Any]:
    """Let a booking that stands for another be paid by the same charge."""
    fee = shapes.found(before.document, "booking-fee")
    return shapes.with_extension(made, fee) if fee else made


def bill_of(booking: Booking) -> tuple[str, str]:
    """Give the id of the bill of a booking and what it was charged about; empty when nothing was charged."""
    parts = shapes.found(booking.document, "booking-fee").get("extension") or ()
    found = {part["url"]: part["valueReference"]["reference"] for part in parts}
    return found.get("bill", "").rpartition("/")[2], found.get("about", "")


async def given_back(work: UnitOfWork, booking: Booking, reason: str) -> None:
    """Have the fee of a booking that has ended taken off or given back: the platform does, whoever ended it."""
    if bill_of(booking)[0]:
        await work.defer(contract.REFUND, booking=booking.id, reason=reason)


async def refund(work: UnitOfWork, booking: str, reason: str) -> None:
    """Give the fee back; a second time nothing happens."""
    bill, about = bill_of(await reading.booking(work, booking))
    await work.platform.operate(REFUND, Refunding(bill, about, reason))
