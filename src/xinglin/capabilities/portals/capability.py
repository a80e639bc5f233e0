"""Everything that the portals add."""

from functools import partial
from typing import Final

from xinglin.capabilities.portals import contract
from xinglin.capabilities.portals.pages import clinic, commission, desk, people, resident, visits, worklists
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, COMMISSION, INSTITUTION, RESIDENT, Capability, Card, Page, Portal
from xinglin.settings import Settings
from xinglin.web.asking import Counts

RECEPTION: Final = frozenset({"receptionist"})
FIND: Final = Text("查找患者", "Find a patient")
RESPONSIBLE: Final = visits.RESPONSIBLE
IN_CARE: Final = CLINIC.roles - {"technician", "retail-pharmacist"}
CONTRACTED: Final = frozenset({"family-doctor", "public-health", "village-doctor"})


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    counts = Counts()
    return Capability(
        name="portals",
        title=Text("门户", "Portals"),
        needs=("health_records", "internet_hospital", "residents"),
        pages=(
            _people(CLINIC),
            _people(INSTITUTION, RECEPTION),
            Page(
                RESIDENT,
                contract.VISITS,
                show=visits.show_own,
                menu=Text("就诊记录", "Visits"),
                icon="stethoscope",
                tab="visits",
                order=60,
            ),
            *_clinic(),
            *_desk(),
            *_commission(),
        ),
        cards=(*_resident_cards(), *_staff_cards(), *_commission_cards(counts)),
        templates="xinglin.capabilities.portals:templates",
    )


def _people(portal: Portal, roles: frozenset[str] = frozenset()) -> Page:
    return Page(
        portal,
        contract.PEOPLE,
        show=people.show,
        menu=FIND,
        icon="search",
        order=10,
        roles=roles,
        covers=("/patients", "/desk/persons"),
    )


def _clinic() -> tuple[Page, ...]:
    return (
        Page(
            CLINIC,
            contract.DAY,
            show=visits.show_day,
            menu=visits.DAY.title,
            icon="calendar",
            order=20,
            roles=RESPONSIBLE,
        ),
        Page(
            CLINIC,
            contract.CASES,
            show=visits.show_cases,
            menu=visits.CASES.title,
            icon="stethoscope",
            order=21,
            roles=IN_CARE,
        ),
        Page(
            CLINIC,
            contract.CONTRACTS,
            show=worklists.show_contracts,
            menu=worklists.CONTRACTS.title,
            icon="users",
            order=22,
            roles=CONTRACTED,
        ),
        Page(
            CLINIC,
            contract.ORDERS,
            show=worklists.show_orders,
            menu=worklists.ORDERS.title,
            icon="test-pipe",
            order=20,
            roles=frozenset({"technician"}),
        ),
        Page(
            CLINIC,
            contract.PRESCRIPTIONS,
            show=worklists.show_prescriptions,
            menu=worklists.PRESCRIPTIONS.title,
            icon="pill",
            order=20,
            roles=frozenset({"retail-pharmacist"}),
        ),
    )


def _desk() -> tuple[Page, ...]:
    at = INSTITUTION
    return (
        Page(
            at,
            contract.BOOKED,
            show=visits.show_day,
            menu=visits.DAY.title,
            icon="calendar",
            order=20,
            roles=RECEPTION,
        ),
        Page(
            at,
            contract.HERE,
            show=visits.show_here,
            menu=Text("本院就诊", "Visits here"),
            icon="stethoscope",
            order=21,
            roles=RECEPTION,
        ),
    )


def _commission() -> tuple[Page, ...]:
    at = COMMISSION
    return (
        Page(
            at,
            contract.PLACES,
            show=commission.show_places,
            menu=commission.PLACES.title,
            icon="building-hospital",
            order=20,
        ),
        Page(at, contract.SEEN, show=commission.show_seen, menu=commission.SEEN.title, icon="stethoscope", order=21),
        Page(
            at,
            contract.RESIDENTS,
            show=commission.show_residents,
            menu=commission.RESIDENTS.title,
            icon="users",
            order=22,
        ),
    )


def _resident_cards() -> tuple[Card, ...]:
    at = RESIDENT
    return (
        Card(at, Text("我的预约", "Appointments"), resident.next_appointment, order=10, wide=True),
        Card(at, Text("服务", "Services"), resident.services, order=20, wide=True),
        Card(at, Text("最近结果", "Latest results"), resident.results, order=40),
        Card(at, Text("最近就诊", "Latest visits"), resident.visits, order=50),
    )


def _staff_cards() -> tuple[Card, ...]:
    return (
        Card(CLINIC, Text("今日概况", "Today"), clinic.figures, order=10, wide=True),
        Card(CLINIC, Text("接下来的预约", "Next appointments"), clinic.day, order=20, roles=RESPONSIBLE),
        Card(CLINIC, visits.CASES.title, clinic.cases, order=30, roles=IN_CARE),
        Card(CLINIC, Text("最近查看", "Seen lately"), clinic.recent, order=40),
        Card(INSTITUTION, Text("今日概况", "Today"), desk.figures, order=10, roles=RECEPTION, wide=True),
        Card(INSTITUTION, Text("最近查看", "Seen lately"), clinic.recent, order=40, roles=RECEPTION),
    )


def _commission_cards(counts: Counts) -> tuple[Card, ...]:
    at = COMMISSION
    return (
        Card(at, Text("总览", "Overview"), partial(commission.figures, counts), order=10, wide=True),
        Card(
            at,
            Text("近 12 个月就诊人次", "Visits of the last 12 months"),
            partial(commission.by_month, counts),
            order=20,
            wide=True,
        ),
        Card(at, Text("各区县", "Districts"), partial(commission.by_district, counts), order=30, wide=True),
    )
