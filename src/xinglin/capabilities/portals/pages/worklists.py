"""Lists of what waits for somebody: orders to perform, prescriptions to dispense, residents under contract."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.portals.pages import words
from xinglin.capabilities.portals.pages.people import address
from xinglin.fhir.declarations import Text
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.listing import Column, Empty, Filter, Listing, show_list
from xinglin.web.view import Download, Form, View

_ACTIVE: Final = Filter(
    "status",
    Text("状态", "State"),
    "choice",
    options=(("active", Text("待办", "Active")), ("completed", Text("已完成", "Completed"))),
    default="active",
)
ORDERS: Final = Listing(
    name="orders",
    title=Text("检查检验申请", "Orders"),
    type="ServiceRequest",
    columns=(
        Column(Text("项目", "Service"), cells.words("code")),
        Column(Text("开单时间", "Ordered"), cells.when("authoredOn"), "authored"),
        Column(Text("优先级", "Priority"), cells.words("priority")),
    ),
    where=(("_include", "ServiceRequest:patient"),),
    filters=(_ACTIVE,),
    sort="-authored",
    empty=Empty(
        "test-pipe",
        Text("没有待做的申请", "No orders"),
        Text(
            "医师开出由本机构执行的申请后，会出现在这里。", "What physicians order from this institution appears here."
        ),
    ),
)
PRESCRIPTIONS: Final = Listing(
    name="prescriptions",
    title=Text("待发药处方", "Prescriptions to dispense"),
    type="MedicationRequest",
    columns=(
        Column(Text("药品", "Medicine"), cells.words("medicationCodeableConcept")),
        Column(Text("用法", "Dosage"), cells.words("dosageInstruction")),
        Column(Text("开具时间", "Written"), cells.when("authoredOn"), "authoredon"),
    ),
    where=(("_include", "MedicationRequest:patient"),),
    filters=(_ACTIVE,),
    sort="-authoredon",
    empty=Empty(
        "pill",
        Text("没有流转来的处方", "No prescriptions"),
        Text("流转到本药店的处方会出现在这里。", "Prescriptions that are sent to this pharmacy appear here."),
    ),
)
CONTRACTS: Final = Listing(
    name="contracts",
    title=Text("签约居民", "Residents under contract"),
    type="CareTeam",
    columns=(
        Column(Text("签约团队", "Team"), cells.words("name")),
        Column(Text("起", "From"), cells.when("period.start"), "date"),
        Column(Text("止", "Until"), cells.when("period.end")),
    ),
    where=(("_include", "CareTeam:patient"), ("status", "active")),
    filters=(Filter("name", Text("姓名", "Name"), parameter="patient.name"),),
    sort="-date",
    empty=Empty(
        "users",
        Text("还没有签约居民", "Nobody under contract"),
        Text("居民与您的团队签约后，会出现在这里。", "Residents who sign with your team appear here."),
    ),
)


async def show_orders(work: UnitOfWork, form: Form) -> View | Download:
    """List what the institution is asked to perform."""
    performer = (("performer", work.principal.organization or "Organization/none"),)
    return await show_list(work, form, _of(work.principal, ORDERS, performer))


async def show_prescriptions(work: UnitOfWork, form: Form) -> View | Download:
    """List what was sent to the pharmacy."""
    sent = (("intended-dispenser", work.principal.organization or "Organization/none"),)
    return await show_list(work, form, _of(work.principal, PRESCRIPTIONS, sent))


async def show_contracts(work: UnitOfWork, form: Form) -> View | Download:
    """List the residents who signed with one's team."""
    mine = (("participant", work.principal.practitioner or "Practitioner/none"),)
    return await show_list(work, form, _of(work.principal, CONTRACTS, mine))


def _of(who: Principal, listing: Listing, where: tuple[tuple[str, str], ...]) -> Listing:
    return replace(
        listing,
        columns=(words.patient_column(who), *listing.columns),
        where=(*listing.where, *where),
        href=lambda found: address(who, words.subject_id(found)),
    )
