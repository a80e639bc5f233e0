"""What patients are told of their bookings, and how times are said."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.appointments.rules.shapes import Booking, Session
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.care.booking import Policy
from xinglin.store.door import UnitOfWork

WITHOUT_PLACE: Final = frozenset({"booking-offered", "booking-moved", "booking-stopped"})


def when(instant: datetime, zone: str) -> str:
    """Say a time: ``2026-11-23 08:30``."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


async def tell(
    work: UnitOfWork, kind: str, booking: Booking, session: Session, policy: Policy, *, more: tuple[str, ...] = ()
) -> None:
    """Send a notice about a booking, once of each kind and state."""
    parameters = [f"when={when(booking.start, policy.zone)}", f"doctor={session.doctor or session.department_name}"]
    if kind not in WITHOUT_PLACE:
        parameters.append(f"place={session.place}")
    if kind == "booking-offered" and booking.until is not None:
        parameters.append(f"until={when(booking.until, policy.zone)}")
    key = f"{kind} {booking.id} {booking.start.isoformat()}"
    if kind == "booking-reminder":
        key += f" {work.now.isoformat()[:13]}"
    notice = Notice(
        kind,
        booking.patient,
        (*parameters, *more),
        about=f"Appointment/{booking.id}",
        key=key,
        sender=session.organization,
    )
    await work.platform.operate(NOTIFY, notice)
