"""How a booking may change, whoever writes it; and by which channel somebody comes."""

from collections.abc import Set as AbstractSet
from typing import Any, Final

from xinglin.capabilities.appointments.contract import CHANNELS
from xinglin.fhir.outcome import Issue

MOVES: Final = {
    "pending": {"pending", "booked", "cancelled"},
    "waitlist": {"waitlist", "pending", "cancelled"},
    "booked": {"booked", "arrived", "cancelled", "noshow"},
    "arrived": {"arrived", "fulfilled", "cancelled", "noshow"},
}
BEGINNINGS: Final = {"pending", "waitlist", "arrived", "booked"}
# Which channels a role may say it is; the first when it says none.
_OF_ROLE: Final = (
    ("resident", ("web", "phone-page")),
    ("guardian", ("web", "phone-page")),
    ("receptionist", ("desk", "operator")),
    ("partner", ("partner",)),
)


def status_moves(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """A booking goes its way in one direction: what has ended stays so, and nothing is booked that was not held."""
    if after is None:
        return ()
    allowed = BEGINNINGS if before is None else MOVES.get(before.status, {before.status})
    if after.status in allowed:
        return ()
    was = "nothing" if before is None else before.status
    return (Issue("business-rule", "booking-moves", "Appointment.status", f"{was} does not become {after.status}."),)


def channel_of(roles: AbstractSet[str], said: str) -> str | None:
    """Give the channel by which somebody in these roles comes; None when the one said is not of theirs."""
    for role, channels in _OF_ROLE:
        if role in roles:
            return said if said in channels else None if said else channels[0]
    if roles & {"system", "developer"}:
        return said if said in CHANNELS.codes else None if said else "desk"
    return None
