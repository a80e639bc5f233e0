"""An internet hospital with a visit from the request to the reviewed prescription, a province, and the commission."""

from dataclasses import replace
from typing import Any, Final

import httpx

from tests.capabilities.internet_hospital import clinic as visits_clinic
from tests.capabilities.internet_hospital.clinic import DOCTOR, MEI, asking
from tests.capabilities.practitioners.people import place
from tests.capabilities.prescriptions import clinic as orders_clinic
from tests.capabilities.prescriptions.clinic import Stopped, draft, header, line, pharmacist, put, role, signed_in
from xinglin.app import create_registry
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.internet_hospital.contract import Judging, Noting, Saying, Visit
from xinglin.capabilities.prescriptions import contract as orders
from xinglin.capabilities.prescriptions.contract import Reviewing
from xinglin.capabilities.supervision.gateways import HttpPort
from xinglin.fhir.document import document_of
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.simulators import supervision as simulator
from xinglin.store.door import Door
from xinglin.store.store import Store

NOTE: Final = Noting(
    "", "复诊，续药", "高血压两年，血压平稳", ("http://hl7.org/fhir/sid/icd-10-cn|I10.x00|高血压",), "继续服药"
)
PHARMACIST: Final = orders_clinic.PHARMACIST
REGULATOR: Final = Principal(
    "reg", frozenset({"regulator"}), organization="Organization/commission", purpose="HLEGAL", strong=True,
    practitioner="Practitioner/reg", display="朱国栋",
)  # fmt: skip
SECOND: Final = replace(REGULATOR, id="reg2", practitioner="Practitioner/reg2", display="周敏")
ADMINISTRATOR: Final = Principal(
    "adm", frozenset({"system-admin"}), organization="Organization/i1", purpose="HSYSADMIN", strong=True,
    practitioner="Practitioner/adm", display="何管理",
)  # fmt: skip


class Province:
    """The simulated port, asked in this process."""

    def __init__(self) -> None:
        self.transport = httpx.ASGITransport(simulator.application())
        self.port = HttpPort("http://province", seconds=1, transport=self.transport)

    async def fault(self, kind: str, times: int = 1, seconds: float = 0) -> None:
        await self._ask("POST", "/faults", {"kind": kind, "times": times, "seconds": seconds})

    async def taken(self) -> dict[str, dict[str, str]]:
        return {one["key"]: one["values"] for one in (await self._ask("GET", "/records")).json()}

    async def _ask(self, verb: str, path: str, given: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(transport=self.transport, base_url="http://province") as client:
            return await client.request(verb, path, json=given)


class City:
    """The platform over a store, with a clock that stands."""

    def __init__(self, store: Store) -> None:
        self.clock = Stopped()
        store.clock = self.clock
        self.door = Door(store, create_registry(Settings()).rulebook)
        self.doctor = DOCTOR
        self.pharmacist = PHARMACIST

    async def settled(self) -> "City":
        """Write everybody, and sign in who signs."""
        await put(self.door, *visits_clinic.documents(self.clock.moment))
        duty = [{"daysOfWeek": ["fri"], "allDay": True}]
        reviewer = [role(f"r{at}", "f1", "pharmacist", at, availableTime=duty) for at in ("i1", "h1")]
        people = [
            {"resourceType": "Practitioner", "id": id, "active": True, "name": [{"text": name}]}
            for id, name in (("reg", "朱国栋"), ("reg2", "周敏"), ("adm", "何管理"))
        ]
        await put(self.door, pharmacist("f1", "陈药", "2012-07-01"), place("r9", "d1", "i1"), *reviewer, *people)
        self.doctor = await signed_in(self.door, DOCTOR)
        return self

    async def act(self, who: Principal, operation: Any, given: Any) -> Any:
        async with self.door.work(who) as work:
            return await work.fhir.operate(operation, given)

    async def read(self, type: str, id: str) -> dict[str, Any]:
        found: dict[str, Any] = document_of((await self.door.auto(SYSTEM).read(type, id)).body())
        return found

    async def asked(self, **more: Any) -> str:
        return str((await self.act(MEI, visits.REQUEST, asking(**more))).id)

    async def begun(self, **more: Any) -> str:
        """A visit in which the two talk."""
        id = await self.asked(**more)
        self.clock.pass_(minutes=1)
        await self.act(self.doctor, visits.ACCEPT, Visit(id))
        for row in (await self.door.auto(SYSTEM).find("DocumentReference", encounter=f"Encounter/{id}")).matches:
            await self.act(self.doctor, visits.JUDGE, Judging(row.id, "reviewed"))
        await self.act(MEI, visits.ENTER, Visit(id))
        await self.act(self.doctor, visits.START, Visit(id))
        await self.act(MEI, visits.SAY, Saying(id, "最近血压 128/80"))
        self.clock.pass_(minutes=5)
        return id

    async def finished(self, visit: str) -> str:
        self.clock.pass_(minutes=5)
        return str((await self.act(self.doctor, visits.FINISH, replace(NOTE, id=visit))).id)

    async def prescribed(self, visit: str) -> str:
        """A prescription of the visit, signed."""
        condition = {
            "resourceType": "Condition",
            "id": f"c-{visit}",
            "category": [{"coding": [{"system": CATEGORY, "code": "encounter-diagnosis"}]}],
            "code": {"coding": [{"system": orders.ICD, "code": "I10.x00", "display": "高血压"}]},
            "subject": {"reference": "Patient/mei"},
            "encounter": {"reference": f"Encounter/{visit}"},
        }
        await put(self.door, condition)
        of: dict[str, Any] = {"subject": {"reference": "Patient/mei"}, "encounter": {"reference": f"Encounter/{visit}"}}
        head = header(**of, reasonReference=[{"reference": f"Condition/c-{visit}"}])
        return str(await self.act(self.doctor, orders.SIGN, draft(line(**of), head=head)))

    async def reviewed(self, prescription: str) -> None:
        """A pharmacist of the institution that has it to review passes it."""
        tasks = await self.door.auto(SYSTEM).find("Task", focus=f"RequestGroup/{prescription}")
        owner = document_of(tasks.matches[0].body())["owner"]["reference"]
        who = await signed_in(self.door, replace(PHARMACIST, organization=owner))
        self.clock.pass_(minutes=2)
        given = Reviewing(prescription, "pass", checked=tuple(orders.CHECKS.codes))
        await self.act(who, orders.DECIDE, given)


CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
