"""What pages show of sessions, numbers, bookings and queues; and sessions as pages find them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import reading
from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.queues import Standing, Turn
from xinglin.capabilities.appointments.rules.shapes import Booking, Numbered, Session
from xinglin.care import booking
from xinglin.care.booking import Policy
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.matching.persons import name_of
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import ask
from xinglin.web.format import masked_name, weekday
from xinglin.web.view import Language

TONES: Final = {
    "pending": "warning",
    "booked": "success",
    "arrived": "info",
    "fulfilled": "neutral",
    "cancelled": "neutral",
    "noshow": "danger",
    "waitlist": "info",
    "planned": "info",
    "open": "success",
    "stopped": "danger",
    "ended": "neutral",
    "waiting": "info",
    "called": "success",
    "passed": "warning",
    "done": "neutral",
}
_MOST: Final = "400"


def today(work: UnitOfWork, policy: Policy) -> date:
    """Give the local day."""
    return work.now.astimezone(ZoneInfo(policy.zone)).date()


async def sessions(
    work: UnitOfWork, policy: Policy, *pairs: tuple[str, str], since: date, until: date
) -> list[Session]:
    """Find sessions of some days, both included, soonest first; at most as many as an institution has in a week."""
    zone = ZoneInfo(policy.zone)
    begin = datetime.combine(since, datetime.min.time(), zone)
    end = datetime.combine(until + timedelta(days=1), datetime.min.time(), zone)
    page = await ask(
        work,
        "Schedule",
        ("_profile", contract.SESSION.url),
        ("date", f"ge{begin.isoformat()}"),
        ("date", f"lt{end.isoformat()}"),
        *pairs,
        ("_count", _MOST),
    )
    found = [shapes.session_of(document_of(row.body())) for row in page.matches]
    return sorted(
        (one for one in found if begin <= one.start < end), key=lambda one: (one.start, one.department, one.id)
    )


def session(one: Session, language: Language, policy: Policy) -> dict[str, Any]:
    """Give what a card of a session says."""
    start, end = (instant.astimezone(ZoneInfo(policy.zone)) for instant in (one.start, one.end))
    return {
        "id": one.id,
        "doctor": one.doctor or one.department_name,
        "department": one.department_name,
        "department_code": one.department,
        "place": one.place,
        "day": start.date().isoformat(),
        "weekday": weekday(start.date().isoformat(), language),
        "half": "am" if start.hour < 12 else "pm" if start.hour < 18 else "eve",
        "since": f"{start:%H:%M}",
        "until": f"{end:%H:%M}",
        "state": one.state,
        "tone": TONES[one.state],
        "open": one.open,
    }


async def left(work: UnitOfWork, ids: Iterable[str]) -> dict[str, int]:
    """Count the free numbers of sessions, by session."""
    return {id: await work.fhir.count("Slot", schedule=f"Schedule/{id}", status="free") for id in ids}


def free(numbers: Sequence[Numbered], channel: str, now: datetime, policy: Policy) -> list[tuple[str, str, int]]:
    """Give the numbers as the picker of times takes them: id, time, how many are left for this channel."""
    zone = ZoneInfo(policy.zone)
    found = []
    for one in numbers:
        taken = 0 if one.status == "free" else one.seats
        number = one.as_number(taken, open=True)
        if number.end <= now:
            continue
        takes = not booking.number_refusals(number, channel, now, policy)
        found.append((one.id, f"{one.start.astimezone(zone):%H:%M}", number.left if takes else 0))
    return found


def mine(one: Booking, of: Session, language: Language, policy: Policy) -> dict[str, Any]:
    """Give what a card of a booking says."""
    start = one.start.astimezone(ZoneInfo(policy.zone))
    return {
        "id": one.id,
        "status": one.status,
        "tone": TONES.get(one.status, "neutral"),
        "number": one.number,
        "time": f"{start:%H:%M}",
        "day": start.date().isoformat(),
        "weekday": weekday(start.date().isoformat(), language),
        "session": session(of, language, policy),
        "until": one.until,
        "queue": one.queue,
        "patient": one.patient,
    }


async def own(work: UnitOfWork, policy: Policy, language: Language) -> list[dict[str, Any]]:
    """Give the bookings of whoever looks, and of whom he acts for, that lie ahead or are being done."""
    who = work.principal
    patients = who.patients or ((who.patient,) if who.patient else ())
    if not patients:
        return []
    page = await ask(
        work,
        "Appointment",
        ("_profile", contract.BOOKING.url),
        ("patient", ",".join(patients)),
        ("status", "pending,booked,arrived,waitlist"),
        ("date", f"ge{today(work, policy)}"),
        ("_sort", "date"),
        ("_count", "20"),
    )
    found = []
    for row in page.matches:
        one = shapes.booking_of(document_of(row.body()))
        found.append(mine(one, await reading.session(work, one.session), language, policy))
    return found


async def names(work: UnitOfWork, patients: Iterable[str], *, whole: bool) -> dict[str, str]:
    """Give the names of patients by reference; covered where the reader may not see them whole."""
    asked = sorted({one.rpartition("/")[2] for one in patients})
    if not asked:
        return {}
    known = {"_id": ",".join(asked), "_count": str(len(asked))}
    covered = {
        f"Patient/{row.id}": masked_name(_name(row.body()))
        for row in (await work.platform.find("Patient", **known)).matches
    }
    if not whole:
        return covered
    seen = {f"Patient/{row.id}": _name(row.body()) for row in (await work.fhir.find("Patient", **known)).matches}
    return covered | seen


def _name(body: bytes) -> str:
    document = document_of(body)
    return next((found for one in document.get("name") or () if (found := name_of(one))), "")


def turn(one: Turn, names: dict[str, str]) -> dict[str, Any]:
    """Give a line of the queue."""
    queue = one.booking.queue
    return {
        "id": one.booking.id,
        "place": one.place,
        "why": one.why,
        "wait": one.wait,
        "ticket": queue.ticket if queue else "",
        "name": names.get(one.booking.patient, ""),
        "patient": one.booking.patient.rpartition("/")[2],
    }


def somebody(one: Booking | None, names: dict[str, str]) -> dict[str, Any] | None:
    """Give who is called or was passed over."""
    if one is None or one.queue is None:
        return None
    return {
        "id": one.id,
        "ticket": one.queue.ticket,
        "name": names.get(one.patient, ""),
        "patient": one.patient.rpartition("/")[2],
        "again": one.queue.again,
        "called": one.queue.called,
    }


def patients(standing: Standing) -> list[str]:
    """Give everybody in a queue."""
    found = [one.booking.patient for one in standing.line] + [one.patient for one in standing.passed]
    return [*found, *([standing.inside.patient] if standing.inside else [])]


def day_of(text: str, default: date) -> date:
    """Read a day of a form; OutcomeError when it is none."""
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        raise OutcomeError(Issue("value", "session-day", "day", "Write the day as 2026-11-23.")) from None
