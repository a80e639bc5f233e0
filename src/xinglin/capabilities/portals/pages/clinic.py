"""Cards of who treats: figures of the day, the next patients, those in care, those seen lately."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from xinglin.capabilities.portals import contract
from xinglin.capabilities.portals.pages import visits, words
from xinglin.capabilities.portals.pages.people import address
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork
from xinglin.store.search import Page
from xinglin.web import cards, cells, persons
from xinglin.web import format as show
from xinglin.web.asking import ask, count
from xinglin.web.cards import Figure, Line, Link
from xinglin.web.listing import Found
from xinglin.web.view import Form, View

FEW: Final = 6
BOOKED: Final = "booked,arrived,checked-in"
NOBODY: Final = Text("没有在诊患者。", "Nobody is in care.")
NO_MORE: Final = Text("今天没有后续预约。", "No more appointments today.")
Asked = tuple[Figure, str, tuple[tuple[str, str], ...]]


async def figures(work: UnitOfWork, _form: Form) -> View | None:
    """Count what one has before one, as far as one's role knows of it."""
    shown = [
        replace(figure, number=await count(work, on, *pairs))
        for figure, on, pairs in _asked(work.principal, *show.bounds(show.today(work.now)))
        if not work.fhir.reach("search", on).nothing
    ]
    return cards.figures(shown) if shown else None


def _asked(who: Principal, start: str, end: str) -> Iterator[Asked]:
    if who.roles & visits.RESPONSIBLE and who.practitioner:
        booked = (("actor", who.practitioner), ("status", BOOKED), ("date", start), ("date", end))
        yield Figure(Text("今日预约", "Appointments today"), 0, contract.DAY), "Appointment", booked
    if not who.roles & {"technician", "retail-pharmacist"}:
        cases = (*visits.mine(who), ("status", words.OPEN))
        yield Figure(Text("在诊患者", "In care"), 0, contract.CASES), "Encounter", cases
    if who.roles & {"family-doctor", "public-health", "village-doctor"} and who.practitioner:
        teams = (("participant", who.practitioner), ("status", "active"))
        yield Figure(Text("签约居民", "Under contract"), 0, contract.CONTRACTS), "CareTeam", teams
    if who.roles & {"technician"} and who.organization:
        orders = (("performer", who.organization), ("status", "active"))
        yield Figure(Text("待做检查检验", "Orders to perform"), 0, contract.ORDERS, "warning"), "ServiceRequest", orders
    if who.roles & {"retail-pharmacist"} and who.organization:
        sent = (("intended-dispenser", who.organization), ("status", "active"))
        waiting = Figure(Text("待发药处方", "To dispense"), 0, contract.PRESCRIPTIONS, "warning")
        yield waiting, "MedicationRequest", sent


async def day(work: UnitOfWork, form: Form) -> View | None:
    """Show who comes next today."""
    who = work.principal
    if not who.practitioner:
        return None
    _, end = show.bounds(show.today(work.now))
    page = await ask(
        work,
        "Appointment",
        *(("actor", who.practitioner), ("status", BOOKED), ("date", f"ge{work.now.isoformat()}"), ("date", end)),
        *(("_sort", "date"), ("_count", str(FEW)), ("_include", "Appointment:patient")),
    )
    lines = [
        Line(
            address(who, words.party_id(one, "Patient")),
            words.covered(who, words.party(one, "Patient")) or "—",
            words.booked_place(one),
            end=show.moment(str(one.document.get("start", "")))[11:],
            icon="calendar",
        )
        for one in _found(work, form, page)
    ]
    return cards.lines(lines, more=Link(visits.DAY.title, contract.DAY), empty=NO_MORE)


async def cases(work: UnitOfWork, form: Form) -> View | None:
    """Show who is in care."""
    if work.fhir.reach("search", "Encounter").nothing:
        return None
    who = work.principal
    page = await ask(
        work,
        "Encounter",
        *(*visits.mine(who), ("status", words.OPEN), ("_sort", "-date"), ("_count", str(FEW))),
        *(("_include", "Encounter:patient"), ("_include", "Encounter:service-provider")),
    )
    lines = [
        Line(
            address(who, words.subject_id(one)),
            words.covered(who, cells.named(one.follow("subject"))) or "—",
            " · ".join(part for part in (words.kind(one), words.reason(one)) if part),
            end=show.moment(str(cells.at(one.document, "period.start") or "")),
            icon="user",
        )
        for one in _found(work, form, page)
    ]
    return cards.lines(lines, more=Link(visits.CASES.title, contract.CASES), empty=NOBODY)


async def recent(work: UnitOfWork, form: Form) -> View | None:
    """Show whom one looked at lately."""
    people = await persons.recent(work, form.language)
    lines = [Line(address(work.principal, one.id), one.name, " · ".join(one.facts), icon="history") for one in people]
    return cards.lines(lines)


def _found(work: UnitOfWork, form: Form, page: Page) -> list[Found]:
    brought = {f"{row.rt}/{row.id}": document_of(row.body()) for row in page.included}
    return [Found(document_of(row.body()), brought, form.language, work.now) for row in page.matches]
