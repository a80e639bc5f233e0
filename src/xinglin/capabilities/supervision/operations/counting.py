"""Figures of now: visits, waiting, reviews, promises, uploads, of the city and of each institution."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.rules.documents import Document, instant, name_of, reference, value
from xinglin.fhir.document import document_of
from xinglin.security.institution_forms import INTERNET_HOSPITAL, KINDS
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import Counts, ask, count
from xinglin.web.format import bounds, today

MOST: Final = 500  # open visits that are looked at one by one
LATELY: Final = 200  # visits of today that tell which institutions are shown besides
BUSIEST: Final = 10
_OPEN: Final = "planned,arrived,in-progress,onleave"
_WAITING: Final = frozenset({"requested", "accepted", "waiting"})
_NOW: Final = frozenset({"in-progress", "interrupted"})


Counted = Callable[..., Awaitable[int]]  # type, pairs


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
    """Count with the rights of whoever asks.

    Institutions are those that give care online with their hosts, then the busiest of today, whose figures may be a
    minute old.
    """
    page = await ask(work, "Encounter", ("class", "VR"), ("status", _OPEN), ("_sort", "-date"), ("_count", str(MOST)))
    open_visits: list[Document] = [document_of(row.body()) for row in page.matches]
    start, end = bounds(today(work.now))
    city = City(
        await counts.count(work, "Encounter", ("date", start), ("date", end), ("class:not", "VR")),
        await counts.count(work, "MedicationRequest", ("authoredon", start), ("authoredon", end)),
        await counts.count(work, "Encounter", ("date", start), ("date", end), ("class", "VR")),
        more=page.next_token is not None,
    )
    online = await institutions(work)
    others = await _busiest(work, {str(one["id"]) for one in online}, start, end)
    rows = [await _figures(work, partial(count, work), one, open_visits) for one in online]
    rows += [await _figures(work, partial(counts.count, work), one, open_visits) for one in others]
    return city, tuple(rows)


async def _busiest(work: UnitOfWork, but: set[str], start: str, end: str) -> list[Document]:
    """Give the institutions of the latest visits of today, the busiest first."""
    page = await ask(
        work,
        "Encounter",
        ("date", start),
        ("date", end),
        ("_sort", "-date"),
        ("_count", str(LATELY)),
        ("_elements", "serviceProvider"),
    )
    seen = Counter(reference(document_of(row.body()), "serviceProvider").partition("/")[2] for row in page.matches)
    wanted = [id for id, _ in seen.most_common() if id and id not in but][:BUSIEST]
    if not wanted:
        return []
    found = await ask(work, "Organization", ("_id", ",".join(wanted)), ("_count", str(BUSIEST)))
    by_id = {row.id: document_of(row.body()) for row in found.matches}
    return [by_id[id] for id in wanted if id in by_id]


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
    work: UnitOfWork, counted: Counted, organization: Mapping[str, Any], open_visits: list[Document]
) -> Figures:
    here = f"Organization/{organization['id']}"
    mine = [one for one in open_visits if reference(one, "serviceProvider") == here]
    start, end = bounds(today(work.now))
    review = ("code", f"{prescriptions.REVIEWS.system}|{prescriptions.REVIEW}")
    upload = ("code", f"{contract.TASKS.system}|upload")
    states = contract.UPLOAD_STATES.system
    kept_back = f"{states}|held,{states}|refused"
    return Figures(
        id=str(organization["id"]),
        name=name_of(organization),
        now=sum(value(one, visits.STATE) in _NOW for one in mine),
        waiting=sum(value(one, visits.STATE) in _WAITING for one in mine),
        overdue=sum(_is_overdue(one, work) for one in mine),
        seen=await counted(
            "Encounter", ("service-provider", here), ("date", start), ("date", end), ("status", "finished")
        ),
        to_review=await counted("Task", review, ("owner", here), ("status", "requested")),
        reviewed=await counted("Task", review, ("owner", here), ("status", "completed"), ("modified", start)),
        uploads=await counted("Task", upload, ("owner", here), ("business-status", f"{states}|waiting")),
        kept_back=await counted("Task", upload, ("owner", here), ("business-status", kept_back)),
    )


def _is_overdue(visit: Mapping[str, Any], work: UnitOfWork) -> bool:
    until = instant(value(visit, visits.PROMISED))
    return until is not None and until < work.now and value(visit, visits.STATE) in _WAITING
