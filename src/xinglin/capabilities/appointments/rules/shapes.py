"""Sessions, numbers and bookings as values, read from and written to FHIR (docs/care.md, Records)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.appointments.contract import (
    BOOKING,
    ENDINGS,
    NUMBER,
    SESSION,
    extension,
)
from xinglin.care.booking import ANY, Number, Policy
from xinglin.care.queueing import Waiting
from xinglin.fhir.declarations import canonical
from xinglin.security.relations import PROVIDER

Json = dict[str, Any]
DEPARTMENT: Final = canonical("department", "CodeSystem")
KINDS: Final = "http://terminology.hl7.org/CodeSystem/v2-0276"
_TYPES: Final = {"booked": "ROUTINE", "walk-in": "WALKIN", "referred": "FOLLOWUP"}
# Bookings that stand: what they hold is held.
STANDING: Final = ("pending", "booked", "arrived")


@dataclass(frozen=True, slots=True)
class Session:
    """A half day of somebody's consulting hours. organization: reference. fee: code of a service item, or empty."""

    id: str
    state: str
    start: datetime
    end: datetime
    practitioner: str
    doctor: str
    service: str
    department: str
    department_name: str
    room: str
    place: str
    organization: str
    device: str = ""
    fee: str = ""

    @property
    def open(self) -> bool:
        """Whether numbers are given out."""
        return self.state in {"planned", "open"}


@dataclass(frozen=True, slots=True)
class Numbered:
    """A number of a session as its Slot says. opens: when it is free again, of one that came back."""

    id: str
    number: int
    start: datetime
    end: datetime
    status: str
    seats: int
    channel: str
    released: datetime
    session: str
    version: int
    opens: datetime | None = None

    def as_number(self, taken: int, *, open: bool) -> Number:
        """Give what decisions need. taken: seats that are held."""
        left = 0 if self.status == "busy-unavailable" else max(self.seats - taken, 0)
        return Number(self.start, self.end, self.channel, self.released, left, open)


@dataclass(frozen=True, slots=True)
class Queued:
    """A place in the queue. state: ``waiting called passed done``. said: minutes told at check-in.

    calls: turns so far; again: how often the name was called once more. after: as of `care.queueing.Waiting`.
    """

    ticket: str
    kind: str
    state: str
    since: datetime
    calls: int = 0
    called: datetime | None = None
    done: datetime | None = None
    said: int | None = None
    after: int | None = None
    why: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as its Appointment says; *document* is the whole."""

    id: str
    status: str
    patient: str
    session: str
    slot: str
    seat: int
    number: int
    channel: str
    department: str
    start: datetime
    end: datetime
    created: datetime
    until: datetime | None
    queue: Queued | None
    version: int
    document: Json

    def waiting(self) -> Waiting:
        """Give what the order of the queue needs; for who has checked in."""
        if self.queue is None:
            raise ValueError("has not checked in")
        kind = self.queue.kind
        start = self.start if kind == "booked" else None
        return Waiting(self.id, kind, self.queue.since, start, self.queue.after)  # type: ignore[arg-type]


# -- reading ----------------------------------------------------------------------------------------------------------


def found(document: Mapping[str, Any], name: str) -> Json:
    """Give one of our extensions; empty when it is not there."""
    url = extension(name)
    return next((one for one in document.get("extension") or () if one.get("url") == url), {})


def instant(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text)


def session_of(document: Json) -> Session:
    """Read a Schedule[session]."""
    actors = {one["reference"].partition("/")[0]: one for one in document.get("actor") or ()}
    department = ((document.get("serviceType") or [{}])[0].get("coding") or [{}])[0]
    empty: Json = {}
    return Session(
        id=document["id"],
        state=found(document, "session-state").get("valueCode", "planned"),
        start=instant(document["planningHorizon"]["start"]),
        end=instant(document["planningHorizon"]["end"]),
        practitioner=actors.get("Practitioner", empty).get("reference", ""),
        doctor=actors.get("Practitioner", empty).get("display", ""),
        service=actors.get("HealthcareService", empty).get("reference", ""),
        department=department.get("code", ""),
        department_name=department.get("display", ""),
        room=actors.get("Location", empty).get("reference", ""),
        place=actors.get("Location", empty).get("display", ""),
        organization=_reference(document, PROVIDER),
        device=actors.get("Device", empty).get("reference", ""),
        fee=found(document, "fee-item").get("valueCode", ""),
    )


def _reference(document: Json, url: str) -> str:
    for one in document.get("extension") or ():
        if one.get("url") == url:
            return str(one["valueReference"]["reference"])
    return ""


def number_of(document: Json) -> Numbered:
    """Read a Slot[number]."""
    opens = found(document, "opens-at").get("valueInstant")
    return Numbered(
        id=document["id"],
        number=int(found(document, "number").get("valuePositiveInt", 0)),
        start=instant(document["start"]),
        end=instant(document["end"]),
        status=document["status"],
        seats=int(found(document, "seats").get("valuePositiveInt", 1)),
        channel=found(document, "channel").get("valueCode", ANY),
        released=instant(found(document, "released-at").get("valueInstant") or document["start"]),
        session=document["schedule"]["reference"].rpartition("/")[2],
        version=int(document["meta"]["versionId"]),
        opens=instant(opens) if opens else None,
    )


def booking_of(document: Json) -> Booking:
    """Read an Appointment[booking]."""
    actors = [one["actor"]["reference"] for one in document.get("participant") or () if one.get("actor")]
    until = found(document, "hold-until").get("valueInstant")
    department = ((document.get("serviceType") or [{}])[0].get("coding") or [{}])[0]
    return Booking(
        id=document["id"],
        status=document["status"],
        patient=next((one for one in actors if one.startswith("Patient/")), ""),
        session=document["supportingInformation"][0]["reference"].rpartition("/")[2],
        slot=(document.get("slot") or [{"reference": ""}])[0]["reference"].rpartition("/")[2],
        seat=int(found(document, "seat").get("valuePositiveInt", 1)),
        number=int(found(document, "number").get("valuePositiveInt", 0)),
        channel=found(document, "channel").get("valueCode", ANY),
        department=department.get("code", ""),
        start=instant(document["start"]),
        end=instant(document["end"]),
        created=instant(document["created"]),
        until=instant(until) if until else None,
        queue=_queued(found(document, "queue")),
        version=int(document["meta"]["versionId"]),
        document=document,
    )


def _queued(one: Json) -> Queued | None:
    if not one:
        return None
    parts = {part["url"]: next(value for key, value in part.items() if key != "url") for part in one["extension"]}
    return Queued(
        ticket=parts["ticket"],
        kind=parts["kind"],
        state=parts["state"],
        since=instant(parts["since"]),
        calls=parts.get("calls", 0),
        called=instant(parts["called"]) if "called" in parts else None,
        done=instant(parts["done"]) if "done" in parts else None,
        said=parts.get("said"),
        after=parts.get("after"),
        why=parts.get("why", ""),
        again=parts.get("again", 0),
    )


# -- writing ----------------------------------------------------------------------------------------------------------


def coded(system: str, code: str, display: str = "") -> Json:
    """Write a CodeableConcept."""
    made = {"system": system, "code": code}
    return {"coding": [made | ({"display": display} if display else {})]}


def state(value: str) -> Json:
    """Write the state of a session."""
    return {"url": extension("session-state"), "valueCode": value}


def with_extension(document: Json, *given: Json, without: tuple[str, ...] = ()) -> Json:
    """Put extensions in the place of those of the same address, and take others away by name."""
    urls = {one["url"] for one in given} | {extension(name) for name in without}
    kept = [one for one in document.get("extension") or () if one["url"] not in urls]
    return document | {"extension": [*kept, *given]}


def slot(number: Numbered) -> Json:
    """Write a Slot[number]."""
    return {
        "resourceType": "Slot",
        "id": number.id,
        "meta": {"profile": [NUMBER.url]},
        "schedule": {"reference": f"Schedule/{number.session}"},
        "status": number.status,
        "start": number.start.isoformat(),
        "end": number.end.isoformat(),
        "extension": [
            {"url": extension("number"), "valuePositiveInt": number.number},
            {"url": extension("seats"), "valuePositiveInt": number.seats},
            {"url": extension("channel"), "valueCode": number.channel},
            {"url": extension("released-at"), "valueInstant": number.released.isoformat()},
            *([{"url": extension("opens-at"), "valueInstant": number.opens.isoformat()}] if number.opens else []),
        ],
    }


def schedule(session: Session) -> Json:
    """Write a Schedule[session]."""
    actors = [(session.practitioner, session.doctor), (session.service, session.department_name)]
    actors += [(session.room, session.place), (session.device, "")]
    return {
        "resourceType": "Schedule",
        "id": session.id,
        "meta": {"profile": [SESSION.url]},
        "active": session.open,
        "serviceType": [coded(DEPARTMENT, session.department, session.department_name)],
        "specialty": [coded(DEPARTMENT, session.department, session.department_name)],
        "actor": [
            {"reference": reference} | ({"display": shown} if shown else {}) for reference, shown in actors if reference
        ],
        "planningHorizon": {"start": session.start.isoformat(), "end": session.end.isoformat()},
        "extension": [
            state(session.state),
            {"url": PROVIDER, "valueReference": {"reference": session.organization}},
            *([{"url": extension("fee-item"), "valueCode": session.fee}] if session.fee else []),
        ],
    }


def appointment(
    session: Session,
    patient: str,
    *,
    status: str,
    now: datetime,
    channel: str,
    number: Numbered | None = None,
    seat: int = 1,
    until: datetime | None = None,
    kind: str = "booked",
) -> Json:
    """Write a new Appointment[booking]. patient: reference. number: None of who has none (walk-in, waiting list)."""
    actors = [session.practitioner, session.service, session.room, session.device]
    extensions: list[Json] = [
        {"url": extension("channel"), "valueCode": channel},
        {"url": PROVIDER, "valueReference": {"reference": session.organization}},
    ]
    if number is not None:
        extensions += taken(number, seat)
    if until is not None:
        extensions.append({"url": extension("hold-until"), "valueInstant": until.isoformat()})
    made: Json = {
        "resourceType": "Appointment",
        "meta": {"profile": [BOOKING.url]},
        "status": status,
        "serviceType": [coded(DEPARTMENT, session.department, session.department_name)],
        "appointmentType": coded(KINDS, _TYPES[kind]),
        "supportingInformation": [{"reference": f"Schedule/{session.id}"}],
        "start": (number.start if number is not None else session.start).isoformat(),
        "end": (number.end if number is not None else session.end).isoformat(),
        "created": now.isoformat(),
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in (patient, *actors) if one],
        "extension": extensions,
    }
    if number is not None:
        made["slot"] = [{"reference": f"Slot/{number.id}"}]
    return made


def taken(number: Numbered, seat: int) -> list[Json]:
    """Write which number of its session, and which seat of it."""
    return [
        {"url": extension("number"), "valuePositiveInt": number.number},
        {"url": extension("seat"), "valuePositiveInt": seat},
    ]


def ended(booking: Booking, status: str, reason: str, *, instead: str = "") -> Json:
    """Write a booking that has ended. reason: of ENDINGS. instead: reference of the booking that stands for it now."""
    made = booking.document | {"status": status}
    if status in {"cancelled", "noshow"} and reason:
        made["cancelationReason"] = coded(ENDINGS.system, reason, ENDINGS.codes[reason].zh)
    if instead:
        made = with_extension(made, {"url": extension("moved-to"), "valueReference": {"reference": instead}})
    return made


def in_queue(document: Json, queue: Queued, status: str = "arrived") -> Json:
    """Write a booking with its place in the queue."""
    parts: list[Json] = [
        {"url": "ticket", "valueString": queue.ticket},
        {"url": "kind", "valueCode": queue.kind},
        {"url": "state", "valueCode": queue.state},
        {"url": "since", "valueInstant": queue.since.isoformat()},
        {"url": "calls", "valueUnsignedInt": queue.calls},
    ]
    for name, moment in (("called", queue.called), ("done", queue.done)):
        parts += [{"url": name, "valueInstant": moment.isoformat()}] if moment is not None else []
    for name, count in (("said", queue.said), ("after", queue.after), ("again", queue.again or None)):
        parts += [{"url": name, "valueUnsignedInt": count}] if count is not None else []
    parts += [{"url": "why", "valueCode": queue.why}] if queue.why else []
    return with_extension(document | {"status": status}, {"url": extension("queue"), "extension": parts})


def minutes(since: datetime, until: datetime) -> float:
    """Give the minutes between two instants."""
    return (until - since) / timedelta(minutes=1)


def opened(number: Numbered, *, at: datetime | None = None) -> Json:
    """Write a number that is free again: at once, or at an instant."""
    return slot(replace(number, status="free" if at is None else "busy-unavailable", opens=at))


def busy(number: Numbered) -> Json:
    """Write a number all of whose seats are taken."""
    return slot(replace(number, status="busy", opens=None))


def zone(policy: Policy) -> ZoneInfo:
    """Give the time zone in which days are counted."""
    return ZoneInfo(policy.zone)
