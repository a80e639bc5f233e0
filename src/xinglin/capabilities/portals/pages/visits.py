"""Lists of visits: one's own, those under one's care, those of the institution; and the appointments of a day."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.internet_hospital.contract import MINE
from xinglin.capabilities.internet_hospital.contract import VISIT as ONLINE
from xinglin.capabilities.portals.pages import words
from xinglin.capabilities.portals.pages.people import address
from xinglin.fhir.declarations import Text
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web import format as show
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, View

# Of whom one is responsible for one patient at a time; others work for everybody in the house.
RESPONSIBLE: Final = frozenset({"physician", "village-doctor", "family-doctor", "public-health"})
NAME: Final = Filter("name", Text("姓名", "Name"), parameter="patient.name")
_WHEN: Final = Column(Text("时间", "When"), cells.when("period.start"), "date")
_KIND: Final = Column(Text("类别", "Kind"), words.kind)
_STATE: Final = Column(Text("状态", "State"), cells.state("status", words.VISIT_STATES))
_REASON: Final = Column(Text("原因", "Reason"), words.reason)
_PLACE: Final = Column(Text("地点", "Place"), words.place)
_BROUGHT: Final = (("_include", "Encounter:service-provider"),)


def _own_place(found: Found) -> Cell:
    """Say where; a visit online leads to its page."""
    online = ONLINE.url in found.document.get("meta", {}).get("profile", ())
    return Cell(words.place(found), href=f"{MINE}/{found.id}" if online else "")


OWN: Final = Listing(
    name="visits",
    title=Text("就诊记录", "Visits"),
    type="Encounter",
    columns=(
        replace(_WHEN, title=Text("就诊时间", "When")),
        Column(Text("地点", "Place"), _own_place),
        Column(Text("类别", "Kind"), words.kind),
        _REASON,
        _STATE,
    ),
    where=_BROUGHT,
    filters=(words.DATE_FILTER, words.KIND_FILTER),
    sort="-date",
    empty=Empty(
        "stethoscope",
        Text("还没有就诊记录", "No visits yet"),
        Text("在本地医疗机构就诊后，记录会出现在这里。", "Visits to institutions of the region will appear here."),
    ),
)
CASES: Final = Listing(
    name="patients",
    title=Text("在诊患者", "Patients in care"),
    type="Encounter",
    columns=(_WHEN, _KIND, _PLACE, _REASON, _STATE),
    where=(*_BROUGHT, ("_include", "Encounter:patient")),
    filters=(
        Filter(
            "status",
            Text("状态", "State"),
            "choice",
            options=(("open", Text("在诊", "In care")), ("finished", Text("已结束", "Finished"))),
            ask=lambda value: (("status", words.OPEN if value == "open" else value),),
            default="open",
        ),
        NAME,
        words.DATE_FILTER,
        words.KIND_FILTER,
    ),
    sort="-date",
    empty=Empty(
        "stethoscope",
        Text("还没有在诊患者", "Nobody in care"),
        Text(
            "接诊、签约或收治后，患者会出现在这里；也可以查找患者。",
            "Whom you receive, admit or have under contract appears here; or find a patient.",
        ),
        (Text("查找患者", "Find a patient"), "/people"),
    ),
)
DAY: Final = Listing(
    name="appointments",
    title=Text("今日预约", "Today's appointments"),
    type="Appointment",
    columns=(
        Column(Text("时间", "When"), cells.when("start"), "date"),
        Column(Text("科室", "Department"), words.booked_place),
        Column(Text("状态", "State"), cells.state("status", words.BOOKING_STATES)),
    ),
    where=(("_include", "Appointment:patient"),),
    filters=(
        Filter(
            "status",
            Text("状态", "State"),
            "choice",
            options=tuple((code, text) for code, (text, _) in words.BOOKING_STATES.items()),
        ),
    ),
    sort="date",
    empty=Empty(
        "calendar",
        Text("今天没有预约", "No appointments today"),
        Text("有人预约您今天的号，会出现在这里。", "Whoever books you for today appears here."),
    ),
)


def mine(principal: Principal) -> tuple[tuple[str, str], ...]:
    """Say which visits somebody works on: who is responsible the own, others those of the institution."""
    if principal.roles & RESPONSIBLE:
        return (("participant", principal.practitioner or "Practitioner/none"),)
    return (("service-provider", principal.organization or "Organization/none"),)


def acted_for(who: Principal) -> str:
    """Name whom somebody acts for, as a search asks; nobody has the record of ``none``.

    A guardian acts for a dependant; others look at their own, and switch to whom else they may act for.
    """
    acted = next(iter(who.patients), None) if "guardian" in who.roles else who.patient
    return acted or "Patient/none"


async def show_own(work: UnitOfWork, form: Form) -> View | Download:
    """List the visits of whom one acts for."""
    return await show_list(work, form, replace(OWN, where=(*OWN.where, ("patient", acted_for(work.principal)))))


async def show_cases(work: UnitOfWork, form: Form) -> View | Download:
    """List the visits one works on; those that are open unless asked otherwise."""
    return await show_list(work, form, _cases(work.principal))


async def show_here(work: UnitOfWork, form: Form) -> View | Download:
    """List the visits of the institution, for the desk."""
    listing = replace(_cases(work.principal), name="visits", title=Text("本院就诊", "Visits here"))
    return await show_list(work, form, listing)


async def show_day(work: UnitOfWork, form: Form) -> View | Download:
    """List the appointments of today: who is responsible the own, others those they may see."""
    who = work.principal
    start, end = show.bounds(show.today(work.now))
    where = [*DAY.where, ("date", start), ("date", end)]
    if who.roles & RESPONSIBLE and who.practitioner:
        where.append(("actor", who.practitioner))
    listing = replace(
        DAY,
        where=tuple(where),
        columns=(words.booked_column(who), *DAY.columns),
        href=lambda found: address(who, words.party_id(found, "Patient")),
    )
    return await show_list(work, form, listing)


def _cases(who: Principal) -> Listing:
    return replace(
        CASES,
        columns=(words.patient_column(who), *CASES.columns),
        where=(*CASES.where, *mine(who)),
        href=lambda found: address(who, words.subject_id(found)),
    )
