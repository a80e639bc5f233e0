"""What sessions and bookings hold alone (ADR 0093).

A seat of a number, one booking of a session for each person, and physician, room and device for a half day.
"""

from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.appointments.contract import extension
from xinglin.capabilities.appointments.rules.shapes import STANDING, instant

_NAMES: Final = {"Practitioner": "practitioner", "Location": "room", "Device": "device"}


def half_of(hour: int) -> str:
    """Name the half day of an hour: morning, afternoon or evening."""
    return "am" if hour < 12 else "pm" if hour < 18 else "eve"


def of_session(zone: str, it: Any) -> Iterator[str]:
    """Give what a session that is not stopped holds: ``practitioner/ID/DAY/HALF``, ``room/…``, ``device/…``."""
    if _value(it, "session-state", "valueCode") == "stopped" or it.planningHorizon is None:
        return
    begin = instant(str(it.planningHorizon.start)).astimezone(ZoneInfo(zone))
    for actor in it.actor or ():
        kind, _, id = (actor.reference or "").partition("/")
        if kind in _NAMES:
            yield f"{_NAMES[kind]}/{id}/{begin.date()}/{half_of(begin.hour)}"


def of_booking(it: Any) -> Iterator[str]:
    """Give what an Appointment[booking] holds: ``slot/ID/seat/N``, and while it stands ``session/ID/person/PATIENT``.

    A number that was used stays used, also when its time has not passed: it is not given again.
    """
    session = next((one.reference for one in it.supportingInformation or () if one.reference), "").rpartition("/")[2]
    actors = [one.actor.reference for one in it.participant or () if one.actor is not None]
    patient = next((one for one in actors if one and one.startswith("Patient/")), "").rpartition("/")[2]
    if it.status == "waitlist":
        yield f"session/{session}/waiting/{patient}"
    if it.status in STANDING:
        yield f"session/{session}/person/{patient}"
    elif it.status != "fulfilled":
        return
    for slot in it.slot or ():
        yield seat((slot.reference or "").rpartition("/")[2], int(_value(it, "seat", "valuePositiveInt") or 1))


def seat(slot: str, number: int) -> str:
    """Name one seat of a number."""
    return f"slot/{slot}/seat/{number}"


def _value(it: Any, name: str, member: str) -> Any:
    url = extension(name)
    return next((getattr(one, member) for one in it.extension or () if one.url == url), None)
