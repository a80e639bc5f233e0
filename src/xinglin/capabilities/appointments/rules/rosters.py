"""Sessions of a roster: which half days somebody receives patients (`PractitionerRole.availableTime`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.appointments.rules.keys import half_of
from xinglin.capabilities.appointments.rules.shapes import DEPARTMENT, Numbered, Session
from xinglin.care import booking
from xinglin.care.booking import Policy
from xinglin.fhir.declarations import canonical

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TITLES: Final = canonical("professional-title", "CodeSystem")
# Codes of `tables/data/services.csv`.
_FEES: Final = {"senior": "F0008", "associate-senior": "F0007"}
_CHINESE: Final = "50"
_CHINESE_FEES: Final = {"senior": "F0016", "associate-senior": "F0015"}
ROLES: Final = canonical("role", "CodeSystem")
RECEIVING: Final = frozenset({"physician", "village-doctor", "family-doctor", "public-health"})
ROOM: Final = {"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "ro"}


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody with a roster. id: of the PractitionerRole. main: reference of the institution's place. title: code."""

    id: str
    practitioner: str
    name: str
    organization: str
    department: str
    department_name: str
    main: str
    title: str
    hours: tuple[tuple[frozenset[str], time, time], ...]


def receiver(role: dict[str, Any]) -> Receiver | None:
    """Read a PractitionerRole; None when it receives nobody, has no department or works in shifts."""
    codes = [one for concept in role.get("code") or () for one in concept.get("coding") or ()]
    department = next(
        (
            one
            for concept in role.get("specialty") or ()
            for one in concept.get("coding") or ()
            if one.get("system") == DEPARTMENT
        ),
        None,
    )
    receives = any(one.get("system") == ROLES and one.get("code") in RECEIVING for one in codes)
    hours = tuple(_hours(role))
    if not receives or department is None or not hours or not role.get("active", True):
        return None
    places = role.get("location") or [{}]
    return Receiver(
        id=role["id"],
        practitioner=role["practitioner"]["reference"],
        name=role["practitioner"].get("display", ""),
        organization=role["organization"]["reference"],
        department=department["code"],
        department_name=department.get("display", department["code"]),
        main=places[0].get("reference", ""),
        title=next((one["code"] for one in codes if one.get("system") == TITLES), ""),
        hours=hours,
    )


def fee(title: str, level: str, department: str) -> str:
    """Give the service item of a visit (诊查费): by the doctor's title, else by the level (1 to 3) of the hospital.

    Chinese medicine has items of its own. Empty where no hospital level is known: nothing is charged.
    """
    if not level:
        return ""
    if department[:2] == _CHINESE:
        return _CHINESE_FEES.get(title, "F0014")
    return _FEES.get(title) or {"1": "F0004", "2": "F0005"}.get(level, "F0006")


def _hours(role: dict[str, Any]) -> Iterator[tuple[frozenset[str], time, time]]:
    for one in role.get("availableTime") or ():
        start, end = one.get("availableStartTime"), one.get("availableEndTime")
        if start and end and not one.get("allDay"):
            yield frozenset(one.get("daysOfWeek") or DAYS), time.fromisoformat(start), time.fromisoformat(end)


def spans(one: Receiver, day: date, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """Give beginning and end of the sessions of a day, one for each half day."""
    for days, start, end in one.hours:
        if DAYS[day.weekday()] in days and start < end:
            yield datetime.combine(day, start, ZoneInfo(zone)), datetime.combine(day, end, ZoneInfo(zone))


def id_of(one: Receiver, start: datetime) -> str:
    """Give the id of a session: the same for the same roster, day and half day, so that it is made once."""
    made = f"{one.id}-{start:%Y%m%d}-{half_of(start.hour)}"
    if len(made) <= 56:  # the numbers of a session add eight characters
        return made
    return f"s-{blake2b(made.encode(), digest_size=12).hexdigest()}"


def session(
    one: Receiver,
    span: tuple[datetime, datetime],
    *,
    service: str,
    room: str,
    place: str,
    level: str,
    device: str = "",
) -> Session:
    """Plan a session. service, room, device: references; place: the room's name; level: of the hospital, 1 to 3."""
    return Session(
        id=id_of(one, span[0]),
        state="planned",
        start=span[0],
        end=span[1],
        practitioner=one.practitioner,
        doctor=one.name,
        service=service,
        department=one.department,
        department_name=one.department_name,
        room=room,
        place=place,
        organization=one.organization,
        device=device,
        fee=fee(one.title, level, one.department),
    )


def numbers(planned: Session, policy: Policy, *, seats: int = 1) -> list[Numbered]:
    """Part a session into its numbers, each with the channel it is kept for until the release."""
    times = booking.times(planned.start, planned.end, policy)
    channels = booking.channels_of(len(times), policy)
    released = booking.release_of(planned.start, policy)
    return [
        numbered(planned, place, span, channel=channel, released=released, seats=seats)
        for place, (span, channel) in enumerate(zip(times, channels, strict=True), 1)
    ]


def numbered(
    planned: Session,
    place: int,
    span: tuple[datetime, datetime],
    *,
    channel: str,
    released: datetime,
    seats: int = 1,
    status: str = "free",
) -> Numbered:
    """Write one number of a session."""
    return Numbered(
        id=f"{planned.id}-{place:03d}",
        number=place,
        start=span[0],
        end=span[1],
        status=status,
        seats=seats,
        channel=channel,
        released=released,
        session=planned.id,
        version=0,
    )


def more(planned: Session, there: list[Numbered], policy: Policy) -> Numbered:
    """Add a number at the end of a session (加号): it takes no other's time."""
    last = max(there, key=lambda one: one.number)
    start = max(planned.end - timedelta(minutes=policy.minutes_each), planned.start)
    return numbered(planned, last.number + 1, (start, planned.end), channel="desk", released=planned.end, status="busy")


def room(one: Receiver, number: int) -> dict[str, Any]:
    """Write the consulting room of somebody who has none of his own yet."""
    made: dict[str, Any] = {
        "resourceType": "Location",
        "id": f"{one.id[:58]}-room",
        "status": "active",
        "name": f"{one.department_name}{number}诊室",
        "mode": "instance",
        "physicalType": {"coding": [ROOM]},
        "managingOrganization": {"reference": one.organization},
    }
    if one.main:
        made["partOf"] = {"reference": one.main}
    return made
