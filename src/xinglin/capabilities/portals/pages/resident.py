"""Cards of residents: the next appointment, the services, the latest visits and results."""

from typing import Final

from xinglin.capabilities.portals import contract
from xinglin.capabilities.portals.pages import words
from xinglin.capabilities.portals.pages.visits import acted_for
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.store.door import UnitOfWork
from xinglin.web import brief, cards, cells
from xinglin.web import format as show
from xinglin.web.cards import Line, Link
from xinglin.web.listing import Found
from xinglin.web.view import Form, View

FEW: Final = 3
RESULTS: Final = 5
FLAGS: Final = {"H": ("↑", "warning"), "HH": ("↑↑", "danger"), "L": ("↓", "warning"), "LL": ("↓↓", "danger")}
MORE_VISITS: Final = Link(Text("全部就诊记录", "All visits"), contract.VISITS)


async def next_appointment(work: UnitOfWork, form: Form) -> View | None:
    """Show what comes next, first of all what is today."""
    if work.fhir.reach("search", "Appointment").nothing:
        return None
    start, _ = show.bounds(show.today(work.now))
    page = await work.fhir.find(
        "Appointment",
        patient=acted_for(work.principal),
        status="booked,arrived,checked-in",
        date=start,
        _sort="date",
        _count="3",
    )
    found = [Found(document_of(row.body()), {}, form.language, work.now) for row in page.matches]
    return cards.lines([_appointment(one) for one in found])


def _appointment(one: Found) -> Line:
    day = show.moment(str(one.document.get("start", "")))
    state, tone = words.BOOKING_STATES.get(str(one.document.get("status")), (Text("", ""), "neutral"))
    where = (words.booked_place(one), words.party(one, "Practitioner"), words.party(one, "Location"))
    return Line(
        "",
        f"{day} {show.weekday(day[:10], one.language)}".strip(),
        " · ".join(part for part in where if part),
        state=show.said(state, one.language),
        tone=tone,
        icon="calendar",
    )


async def services(_work: UnitOfWork, _form: Form) -> View:
    """Show where one may go, as a grid; the template makes it of the tabs."""
    return View("portals/services.html")


async def visits(work: UnitOfWork, form: Form) -> View | None:
    """Show the latest visits."""
    if work.fhir.reach("search", "Encounter").nothing:
        return None
    page = await work.fhir.find(
        "Encounter",
        patient=acted_for(work.principal),
        _sort="-date",
        _count=str(FEW),
        _include="Encounter:service-provider",
    )
    brought = {f"{row.rt}/{row.id}": document_of(row.body()) for row in page.included}
    found = [Found(document_of(row.body()), brought, form.language, work.now) for row in page.matches]
    lines = [
        Line(
            "",
            words.place(one) or words.kind(one),
            words.reason(one),
            end=show.day_of(str(cells.at(one.document, "period.start") or "")),
            icon="stethoscope",
        )
        for one in found
    ]
    return cards.lines(lines, more=MORE_VISITS)


async def results(work: UnitOfWork, form: Form) -> View | None:
    """Show the latest results of laboratories, with an arrow where they are beyond the range."""
    if work.fhir.reach("search", "Observation").nothing:
        return None
    page = await work.fhir.find(
        "Observation", patient=acted_for(work.principal), category="laboratory", _sort="-date", _count=str(RESULTS)
    )
    found = [Found(document_of(row.body()), {}, form.language, work.now) for row in page.matches]
    return cards.lines([_result(one) for one in found])


def _result(one: Found) -> Line:
    value = brief.brief(
        one.document.get("valueQuantity")
        or one.document.get("valueCodeableConcept")
        or one.document.get("valueString"),
        one.language,
    )
    code = str(cells.at(one.document, "interpretation.coding.code") or "")
    arrow, tone = FLAGS.get(code, ("", "neutral"))
    usual = brief.brief(cells.at(one.document, "referenceRange"), one.language)
    when = show.day_of(str(one.document.get("effectiveDateTime", "")))
    return Line(
        "",
        brief.brief(one.document.get("code"), one.language),
        " · ".join(part for part in (when, usual) if part),
        end="" if arrow else value,
        state=f"{value} {arrow}" if arrow else "",
        tone=tone,
        icon="test-pipe",
    )
