"""Figures of now: visits, waiting, reviews, promises, uploads, of the city and of each institution."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.rules.documents import Document, instant, name_of, reference, value
from xinglin.fhir.document import document_of
from xinglin.security.institution_forms import INTERNET_HOSPITAL, KINDS
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import Counts, ask
from xinglin.web.format import bounds, today

MOST: Final = 500  # open visits that are looked at one by one
_OPEN: Final = "planned,arrived,in-progress,onleave"
_WAITING: Final = frozenset({"requested", "accepted", "waiting"})
_NOW: Final = frozenset({"in-progress", "interrupted"})


@dataclass(frozen=True, slots=True)
class Figures:
    """What goes on at one institution. since the morning in Beijing: seen, reviewed. overdue: promises that broke."""

    id: str
    name: str
    now: int
    waiting: int
    overdue: int
    seen: int
    to_review: int
    reviewed: int
    uploads: int
    kept_back: int


@dataclass(frozen=True, slots=True)
class City:
    """Figures of everywhere together; these count visits on site too. more: there are more open visits than `MOST`."""

    on_site: int
    prescriptions: int
    online: int
    more: bool = False


async def everywhere(work: UnitOfWork, counts: Counts) -> tuple[City, tuple[Figures, ...]]:
    """Count with the rights of whoever asks; institutions are those that give care online, and their hosts."""
    page = await ask(work, "Encounter", ("class", "VR"), ("status", _OPEN), ("_sort", "-date"), ("_count", str(MOST)))
    open_visits: list[Document] = [document_of(row.body()) for row in page.matches]
    start, end = bounds(today(work.now))
    city = City(
        await counts.count(work, "Encounter", ("date", start), ("date", end), ("class:not", "VR")),
        await counts.count(work, "MedicationRequest", ("authoredon", start), ("authoredon", end)),
        await counts.count(work, "Encounter", ("date", start), ("date", end), ("class", "VR")),
        more=page.next_token is not None,
    )
    rows = [await _figures(work, counts, one, open_visits) for one in await institutions(work)]
    return city, tuple(rows)


async def institutions(work: UnitOfWork) -> tuple[Document, ...]:
    """Give the internet hospitals and the institutions that they belong to."""
    found = await ask(
        work,
        "Organization",
        ("type", f"{KINDS}|{INTERNET_HOSPITAL}"),
        ("active:not", "false"),
        ("_include", "Organization:partof"),
        ("_count", "100"),
    )
    return tuple(document_of(row.body()) for row in (*found.matches, *found.included))


async def _figures(
    work: UnitOfWork, counts: Counts, organization: Mapping[str, Any], open_visits: list[Document]
) -> Figures:
    here = f"Organization/{organization['id']}"
    mine = [one for one in open_visits if reference(one, "serviceProvider") == here]
    start, end = bounds(today(work.now))
    review = ("code", f"{prescriptions.REVIEWS.system}|{prescriptions.REVIEW}")
    upload = ("code", f"{contract.TASKS.system}|upload")
    states = contract.UPLOAD_STATES.system
    return Figures(
        id=str(organization["id"]),
        name=name_of(organization),
        now=sum(value(one, visits.STATE) in _NOW for one in mine),
        waiting=sum(value(one, visits.STATE) in _WAITING for one in mine),
        overdue=sum(_is_overdue(one, work) for one in mine),
        seen=await counts.count(
            work, "Encounter", ("service-provider", here), ("date", start), ("date", end), ("status", "finished")
        ),
        to_review=await _count(work, review, ("owner", here), ("status", "requested")),
        reviewed=await _count(work, review, ("owner", here), ("status", "completed"), ("modified", start)),
        uploads=await _count(work, upload, ("owner", here), ("business-status", f"{states}|waiting")),
        kept_back=await _count(work, upload, ("owner", here), ("business-status", f"{states}|held,{states}|refused")),
    )


def _is_overdue(visit: Mapping[str, Any], work: UnitOfWork) -> bool:
    until = instant(value(visit, visits.PROMISED))
    return until is not None and until < work.now and value(visit, visits.STATE) in _WAITING


async def _count(work: UnitOfWork, *pairs: tuple[str, str]) -> int:
    return (await ask(work, "Task", *pairs, ("_summary", "count"))).total or 0
