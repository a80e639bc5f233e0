"""Relations: what lets somebody reach a patient's record, read from the resources that found it.

An open encounter, an appointment, a family doctor's team, a referral, a request for advice, an order to perform, and
an emergency. Each is an interval of time; how long it holds beyond its ends is decided when it is asked (`Windows`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir.search import indexers, keys, references
from xinglin.fhir.search.keys import FIRST, LAST
from xinglin.fhir.sources import cites

KINDS: Final = ("encounter", "appointment", "contract", "referral", "consult", "order", "emergency")

CARE_TEAM: Final = frozenset({"PractitionerRole", "Practitioner", "Organization"})
PROVIDER: Final = "https://xinglin.health/fhir/StructureDefinition/service-provider"
BREAK_GLASS: Final = "break-glass"
TASK_CODES: Final = "https://xinglin.health/fhir/CodeSystem/task"
REQUESTS: Final = "https://xinglin.health/fhir/CodeSystem/request"
_SNOMED: Final = "http://snomed.info/sct"
# What makes a request one of another kind than an order: our own codes, and those of SNOMED CT for the procedures.
_KIND_OF_REQUEST: Final = {
    (REQUESTS, "referral"): "referral",
    (REQUESTS, "consult"): "consult",
    (_SNOMED, "3457005"): "referral",  # patient referral
    (_SNOMED, "11429006"): "consult",  # consultation
}


@dataclass(frozen=True, slots=True)
class Windows:
    """How long relations hold: an encounter *grace_hours* beyond its end; an appointment the whole day in *zone*."""

    grace_hours: int = 72
    zone: str = "Asia/Shanghai"


WINDOWS: Final = Windows()


@dataclass(frozen=True, slots=True)
class Relation:
    """Somebody's relation to the patient of the resource; who: ``Practitioner/1``; [lo, hi) in microseconds."""

    kind: str
    who: str
    lo: int
    hi: int


def base_key(kind: str, who: str) -> int:
    """Compute the key of every relation of a kind to somebody; its rows name the resources, hence the patients."""
    return keys.hash64(f"~relation\x1f{kind}\x1f{who}")


def patient_salt(kind: str, who: str) -> int:
    """Compute what, with the patient's identity (exclusive or), gives the key of a relation to that very patient."""
    return keys.hash64(f"~related\x1f{kind}\x1f{who}")


@cites("R7-032")
def relations(resource: Struct, *, base_url: str = "") -> tuple[Relation, ...]:
    """Read the relations that a resource founds."""
    read = _READERS.get(type(resource).__name__)
    return tuple(dict.fromkeys(read(resource, base_url))) if read is not None else ()


@cites("R7-032")
def widened(before: Struct, after: Struct, *, base_url: str = "") -> bool:
    """Tell whether a change founds a relation that was not there, or lets one hold at times when it did not."""
    had: dict[tuple[str, str], list[Relation]] = {}
    for one in relations(before, base_url=base_url):
        had.setdefault((one.kind, one.who), []).append(one)
    return any(
        not any(old.lo <= new.lo and new.hi <= old.hi for old in had.get((new.kind, new.who), ()))
        for new in relations(after, base_url=base_url)
    )


def _encounter(it: Any, base_url: str) -> Iterator[Relation]:
    """An encounter that goes on, or has ended at a known time: its participants and who gives the service."""
    if it.status not in {"arrived", "triaged", "in-progress", "onleave", "finished"}:
        return
    lo, hi = _span(it.period)
    if it.status != "finished":
        hi = LAST
    elif hi == LAST or lo == FIRST:
        return  # nobody knows when it was: it founds nothing
    for participant in it.participant or ():
        yield from _to("encounter", participant.individual, lo, hi, base_url)
    yield from _to("encounter", it.serviceProvider, lo, hi, base_url)


def _appointment(it: Any, base_url: str) -> Iterator[Relation]:
    if it.status not in {"booked", "arrived", "checked-in", "fulfilled"} or it.start is None:
        return
    lo = _instant(it.start)
    hi = max(lo + 1, _instant(it.end) if it.end is not None else lo + 1)
    for participant in it.participant or ():
        if participant.status != "declined":
            yield from _to("appointment", participant.actor, lo, hi, base_url)
    # R4 knows no organization among the participants, so ours stands in an extension.
    for extension in it.extension or ():
        if extension.url == PROVIDER:
            yield from _to("appointment", extension.valueReference, lo, hi, base_url)


def _care_team(it: Any, base_url: str) -> Iterator[Relation]:
    """The family doctor's team (签约团队): the Contract itself lies in no patient's compartment, its team does."""
    if it.status != "active":
        return
    lo, hi = _span(it.period)
    for participant in it.participant or ():
        inside = _span(participant.period)
        for one in (participant.member, participant.onBehalfOf):
            yield from _to("contract", one, max(lo, inside[0]), min(hi, inside[1]), base_url)
    for organization in it.managingOrganization or ():
        yield from _to("contract", organization, lo, hi, base_url)


def _service_request(it: Any, base_url: str) -> Iterator[Relation]:
    """A request that is still to be carried out: whoever performs it; referrals and requests for advice by code."""
    if it.status not in {"active", "on-hold"}:
        return
    codes = [it.code, *(it.category or ())]
    kind = next((found for one in codes if (found := _kind_of(one)) is not None), "order")
    lo = _date(it.authoredOn)
    for performer in it.performer or ():
        yield from _to(kind, performer, lo, LAST, base_url)


def _task(it: Any, base_url: str) -> Iterator[Relation]:
    if it.code is None:
        return
    lo, hi = _span(it.executionPeriod)
    codes = {coding.code for coding in it.code.coding or () if coding.system == TASK_CODES}
    if BREAK_GLASS in codes:
        # Its time is over by itself, or earlier, when it is withdrawn.
        if it.status not in {"rejected", "cancelled", "entered-in-error"} and lo > FIRST and hi < LAST:
            yield from _to("emergency", it.requester, lo, hi, base_url)
        return
    kind = next((found for one in codes if (found := _KIND_OF_REQUEST.get((REQUESTS, one or ""))) is not None), None)
    kind = kind or _kind_of(it.code)
    if kind is not None and it.status in {"requested", "received", "accepted", "in-progress", "on-hold", "ready"}:
        yield from _to(kind, it.owner, max(lo, _date(it.authoredOn)), hi, base_url)


_READERS: Final[dict[str, Callable[[Any, str], Iterator[Relation]]]] = {
    "Encounter": _encounter,
    "Appointment": _appointment,
    "CareTeam": _care_team,
    "ServiceRequest": _service_request,
    "Task": _task,
}


def _to(kind: str, reference: Any, lo: int, hi: int, base_url: str) -> Iterator[Relation]:
    text = reference.reference if reference is not None else None
    target = references.local(text, base_url) if text else None
    if target is not None and target.type in CARE_TEAM and lo < hi:
        yield Relation(kind, f"{target.type}/{target.id}", lo, hi)


def _kind_of(concept: Any) -> str | None:
    for coding in (concept.coding if concept is not None else None) or ():
        found = _KIND_OF_REQUEST.get((coding.system or "", coding.code or ""))
        if found is not None:
            return found
    return None


def _span(period: Any) -> tuple[int, int]:
    if period is None:
        return FIRST, LAST
    return indexers.date_range("Period", period) or (FIRST, LAST)


def _date(text: Any) -> int:
    found = indexers.date_range("dateTime", text) if text is not None else None
    return found[0] if found is not None else FIRST


def _instant(text: Any) -> int:
    found = indexers.date_range("instant", text)
    return found[0] if found is not None else LAST - 1
