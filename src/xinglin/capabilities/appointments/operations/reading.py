"""Sessions, numbers and bookings as operations need them: read as the platform, whose decision it is."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from xinglin.capabilities.appointments.contract import BOOKING, SESSION
from xinglin.capabilities.appointments.rules import keys, shapes
from xinglin.capabilities.appointments.rules.shapes import Booking, Numbered, Session
from xinglin.care.booking import Policy
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.holding import holders
from xinglin.store.reading import not_found

MOST: Final = "500"  # of a session


def claims(document: dict[str, Any], url: str) -> bool:
    """Tell whether a resource is of a profile."""
    return url in (document.get("meta") or {}).get("profile", ())


async def session(work: UnitOfWork, id: str) -> Session:
    """Read a session; 404 when there is none of this id."""
    return shapes.session_of(await session_document(work, id))


async def session_document(work: UnitOfWork, id: str) -> dict[str, Any]:
    """Read a session as JSON form."""
    document: dict[str, Any] = document_of((await work.platform.read("Schedule", id)).body())
    if not claims(document, SESSION.url):
        raise OutcomeError(not_found("Schedule", id))
    return document


async def own_session(work: UnitOfWork, id: str) -> Session:
    """Read a session in which the caller acts: its physician, or staff of its institution; 404 for others."""
    found = await session(work, id)
    who = work.principal
    if who.roles & {"system", "developer"} or acts_in(work, found):
        return found
    raise OutcomeError(not_found("Schedule", id))


def acts_in(work: UnitOfWork, found: Session) -> bool:
    """Tell whether the caller has to do with a session: as its physician, or at its institution otherwise."""
    who = work.principal
    if who.practitioner is not None and who.practitioner == found.practitioner:
        return True
    staff = {"receptionist", "nurse", "system-admin"}
    return bool(who.roles & staff) and who.organization is not None and who.organization == found.organization


async def numbers(work: UnitOfWork, session: str) -> list[Numbered]:
    """Give the numbers of a session by their time."""
    page = await work.platform.find("Slot", schedule=f"Schedule/{session}", _sort="start", _count=MOST)
    found = [shapes.number_of(document_of(row.body())) for row in page.matches]
    return sorted(found, key=lambda one: one.number)


async def number(work: UnitOfWork, id: str, *, lock: bool = False) -> Numbered:
    """Read a number; locked until the transaction ends when it is to change."""
    return shapes.number_of(document_of((await work.platform.read("Slot", id, lock=lock)).body()))


async def taken_seats(work: UnitOfWork, found: Sequence[Numbered]) -> dict[str, frozenset[int]]:
    """Give the seats that are held, of each number by its id."""
    asked = {keys.seat(one.id, seat): (one.id, seat) for one in found for seat in range(1, one.seats + 1)}
    held = [asked[key] for key in await holders(work.executor, asked)] if asked else []
    return {one.id: frozenset(seat for id, seat in held if id == one.id) for one in found}


async def bookings(work: UnitOfWork, session: str, *statuses: str) -> list[Booking]:
    """Give the bookings of a session that stand so, as they were made."""
    page = await work.platform.find(
        "Appointment", **{"supporting-info": f"Schedule/{session}", "status": ",".join(statuses), "_count": MOST}
    )
    found = [document_of(row.body()) for row in page.matches]
    return sorted(
        (shapes.booking_of(one) for one in found if claims(one, BOOKING.url)), key=lambda one: (one.created, one.id)
    )


async def booking(work: UnitOfWork, id: str) -> Booking:
    """Read a booking as the platform."""
    document = document_of((await work.platform.read("Appointment", id)).body())
    if not claims(document, BOOKING.url):
        raise OutcomeError(not_found("Appointment", id))
    return shapes.booking_of(document)


async def within_reach(work: UnitOfWork, id: str) -> Booking:
    """Read a booking with the caller's rights: 404 for what is not his, or no booking of ours."""
    document = document_of((await work.fhir.read("Appointment", id)).body())
    if not claims(document, BOOKING.url):
        raise OutcomeError(not_found("Appointment", id))
    return shapes.booking_of(document)


async def of_people(work: UnitOfWork, patients: Sequence[str], *rules: Policy) -> dict[str, list[Booking]]:
    """Give the bookings of people that stand, and those that passed unused lately, by the reference of the person."""
    since = work.now - timedelta(days=max(one.no_show_days + one.barred_days for one in rules))
    page = await work.platform.find(
        "Appointment",
        patient=",".join(patients),
        status="pending,booked,arrived,noshow",
        _profile=BOOKING.url,
        date=f"ge{since.date()}",
        _count=MOST,
    )
    if page.next_token is not None:  # never for one alone: asked together with fewer others it is answered
        raise OutcomeError(Issue("conflict", "bookings-many", text="Too many bookings to look through at once."))
    found: dict[str, list[Booking]] = {one: [] for one in patients}
    for row in page.matches:
        one = shapes.booking_of(document_of(row.body()))
        found.setdefault(one.patient, []).append(one)
    return found
