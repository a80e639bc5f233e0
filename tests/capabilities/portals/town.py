"""A few invented people around one patient, and the platform's pages for whoever a header names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import msgspec

from tests.conftest import key_store
from tests.served import called
from xinglin.app import create_registry
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import CLINIC, Capability, Card, Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.asgi import create_asgi
from xinglin.server.http import ASGIApp
from xinglin.server.pages import create_pages
from xinglin.settings import Settings
from xinglin.store.clock import Clock
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.store import Store
from xinglin.web.view import Form, View

NOW: Final = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # nine in the morning in Jiaozuo
HERE: Final = "Organization/here"


def staff(role: str, purpose: str = "TREAT", practitioner: str | None = "Practitioner/1") -> Principal:
    named = {"practitioner": practitioner, "organization": HERE, "strong": True, "display": role, "session": ""}
    return Principal(role, frozenset({role}), purpose=purpose, **named)  # type: ignore[arg-type]


PEOPLE: Final = {
    "physician": staff("physician"),
    "nurse": staff("nurse", practitioner="Practitioner/2"),
    "technician": staff("technician", practitioner="Practitioner/2"),
    "retail-pharmacist": staff("retail-pharmacist", practitioner="Practitioner/2"),
    "family-doctor": staff("family-doctor"),
    "receptionist": staff("receptionist", "HMGT", None),
    "system-admin": staff("system-admin", "HSYSADMIN", None),
    "regulator": staff("regulator", "HLEGAL", None),
    "insurer": staff("insurer", "HPAYMT", None),
    "resident": Principal(
        "resident",
        frozenset({"resident"}),
        patient="Patient/zs",
        patients=("Patient/zs", "Patient/child"),
        purpose="PATRQT",
        level="L2",
        display="张三",
    ),
    "guardian": Principal(
        "resident",
        frozenset({"guardian"}),
        patient="Patient/zs",
        patients=("Patient/child",),
        purpose="PATRQT",
        level="L2",
        display="张三 · 张小三",
    ),
}


def coded(code: str, system: str = "", text: str = "") -> dict[str, Any]:
    return {"coding": [{"code": code} | ({"system": system} if system else {})]} | ({"text": text} if text else {})


def about(id: str, member: str = "subject") -> dict[str, Any]:
    return {member: {"reference": f"Patient/{id}"}}


def visit(id: str, patient: str, status: str, start: str, **more: Any) -> dict[str, Any]:
    made = {"resourceType": "Encounter", "id": id, "status": status, "class": {"code": "AMB"}, **about(patient)}
    made |= {"period": {"start": start} | ({"end": start} if status == "finished" else {})}
    made |= {"participant": [{"individual": {"reference": "Practitioner/1"}}], "serviceProvider": {"reference": HERE}}
    return made | more


def person(id: str, name: str) -> dict[str, Any]:
    made = {"resourceType": "Patient", "id": id, "name": [{"text": name}], "gender": "female"}
    return made | {"birthDate": "1999-03-08", "managingOrganization": {"reference": HERE}}


WORLD: Final[tuple[dict[str, Any], ...]] = (
    {
        "resourceType": "Organization",
        "id": "here",
        "name": "山阳医院",
        "type": [coded("A100", "https://xinglin.health/fhir/CodeSystem/ws-218", "综合医院")],
        "address": [{"district": "山阳区", "text": "焦作市山阳区 1 号"}],
    },
    {
        "resourceType": "Organization",
        "id": "clinic",
        "name": "温县村卫生室",
        "type": [coded("D600", "https://xinglin.health/fhir/CodeSystem/ws-218", "村卫生室")],
        "address": [{"district": "温县"}],
    },
    {"resourceType": "Organization", "id": "here-02", "name": "全科", "partOf": {"reference": HERE}},
    {"resourceType": "Location", "id": "room", "managingOrganization": {"reference": HERE}},
    {"resourceType": "Practitioner", "id": "1", "name": [{"text": "王建国"}]},
    person("zs", "张三"),
    person("child", "张小三"),
    visit("now", "zs", "in-progress", "2026-11-22T00:30:00Z", reasonCode=[{"text": "咳嗽"}]),
    visit("then", "zs", "finished", "2026-10-03T02:00:00Z"),
    visit("childs", "child", "finished", "2026-11-02T02:00:00Z"),
    {
        "resourceType": "Appointment",
        "id": "today",
        "status": "booked",
        "start": "2026-11-22T02:00:00Z",
        "end": "2026-11-22T02:10:00Z",
        "serviceType": [{"text": "全科"}],
        "participant": [
            {"actor": {"reference": "Patient/zs"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/1", "display": "王建国"}, "status": "accepted"},
            {"actor": {"reference": "Location/room"}, "status": "accepted"},
        ],
    },
    {
        "resourceType": "Observation",
        "id": "glucose",
        "status": "final",
        "category": [coded("laboratory", "http://terminology.hl7.org/CodeSystem/observation-category")],
        "code": {"text": "空腹血糖"},
        "effectiveDateTime": "2026-11-20T00:00:00Z",
        "valueQuantity": {"value": 9.4, "unit": "mmol/L"},
        "interpretation": [coded("H")],
        **about("zs"),
    },
    {
        "resourceType": "ServiceRequest",
        "id": "order",
        "status": "active",
        "intent": "order",
        "code": {"text": "血常规"},
        "authoredOn": "2026-11-22T00:40:00Z",
        "performer": [{"reference": HERE}],
        **about("zs"),
    },
    {
        "resourceType": "MedicationRequest",
        "id": "sent",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "氨氯地平片"},
        "authoredOn": "2026-11-22T00:45:00Z",
        "dispenseRequest": {"performer": {"reference": HERE}},
        **about("zs"),
    },
    {
        "resourceType": "CareTeam",
        "id": "team",
        "status": "active",
        "name": "王建国团队",
        "period": {"start": "2026-01-01"},
        "participant": [{"member": {"reference": "Practitioner/1"}}],
        **about("zs"),
    },
)


class Stopped(Clock):
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW


async def _fails(_work: UnitOfWork, _form: Form) -> View:
    raise OutcomeError(Issue("timeout", "timeout"), status=503)


async def _silent(_work: UnitOfWork, _form: Form) -> None:
    return None


PLAYED: Final = Capability(
    "played",
    Text("假", "Played"),
    cards=(
        Card(CLINIC, Text("取不到的", "Failing"), _fails, order=1, roles=frozenset({"nurse"})),
        Card(CLINIC, Text("没话说的", "Silent"), _silent, order=2),
    ),
)


@asynccontextmanager
async def town(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open the platform's pages over this world."""
    async with opened(dsn) as served:
        transport = httpx.ASGITransport(served)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            client.headers["accept-language"] = "zh"
            yield client


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[ASGIApp]:
    """Write this world, and give what serves the platform over it."""
    store = await Store.open(dsn, connections=4, keys=key_store())
    store.clock = Stopped()
    settings = Settings()
    registry = Registry((*create_registry(settings).capabilities, PLAYED))
    door = Door(store, registry.rulebook)
    for one in WORLD:
        await door.auto(SYSTEM).update(msgspec.json.encode(one), type=one["resourceType"], id=one["id"])
    pages = create_pages(registry, door, settings, principal_of=called(PEOPLE))
    served = create_asgi(registry, door, settings, pages=pages, principal_of=called(PEOPLE))
    try:
        yield served
    finally:
        served.flush()
        await store.close()
