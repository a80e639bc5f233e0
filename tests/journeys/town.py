"""A town in which whole journeys run: one platform, its hospital, pharmacies, channels and insurer, many patients."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import pytest

from tests.capabilities.appointments import hospital
from tests.capabilities.billing.places import Town
from tests.capabilities.insurance import places as insured
from tests.capabilities.internet_hospital import clinic as online
from tests.capabilities.pharmacy import shop
from tests.capabilities.prescriptions import clinic
from xinglin.app import create_registry
from xinglin.capabilities.appointments.operations import sessions
from xinglin.capabilities.billing import capability as billing
from xinglin.capabilities.billing.operations import arriving
from xinglin.capabilities.insurance import capability as insurance
from xinglin.capabilities.practitioners import capability as practitioners
from xinglin.capabilities.practitioners.gateways import HttpRegister
from xinglin.care.booking import POLICY
from xinglin.registry import Registry
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.simulators import practitioners as practitioners_simulator
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.view import Heard

Json = dict[str, Any]
MOST: Final = 80  # jobs in one run: no way is longer
PACKS: Final = 100_000  # on the shelf, of seven tablets each
EVERY_DAY: Final = [{"daysOfWeek": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "allDay": True}]


class KilledError(Exception):
    """The process died here."""


@dataclass(slots=True)
class Staff:
    """Who works here, signed in by two factors."""

    doctor: Principal
    pharmacist: Principal
    seller: Principal
    colleague: Principal
    desk: Principal


class Works:
    """The platform over one store, and a worker that runs what was deferred. dies: how often jobs die before they end.

    A job that dies has had its effect outside, and nothing of it stands here; it is run again, as the queue does.
    """

    def __init__(self, store: Store, outside: Town) -> None:
        settings = Settings()
        made = {
            "billing": billing.made(outside.channels),
            "insurance": insurance.made(settings, outside.insurer.insurer),
        }
        register = HttpRegister("http://register", transport=httpx.ASGITransport(practitioners_simulator.application()))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(practitioners, "register_of", lambda _: register)
            declared = create_registry(settings).capabilities
        self.registry = Registry(tuple(made.get(one.name, one) for one in declared))
        self.store, self.outside = store, outside
        self.door = Door(store, self.registry.rulebook)
        self.dies = 0
        self.staff: Staff
        self.cases: list[Any] = []  # every patient so far

    async def act(self, who: Principal, operation: Any, given: Any) -> Any:
        """Do one thing, in a transaction of its own."""
        async with self.door.work(who) as work:
            return await work.fhir.operate(operation, given)

    async def find(self, type: str, **asked: str) -> list[Json]:
        """Find resources as the platform."""
        page = await self.door.auto(SYSTEM).find(type, **asked)
        return [json.loads(row.body()) for row in page.matches]

    async def read(self, reference: str) -> Json:
        """Read a resource as the platform."""
        type, _, id = reference.partition("/")
        found: Json = json.loads((await self.door.auto(SYSTEM).read(type, id)).body())
        return found

    async def jobs(self) -> None:
        """Run what is due, and what that defers."""
        for _ in range(MOST):
            if not await self._next("scheduled_at IS NULL OR scheduled_at < now() + interval '5 seconds'"):
                return
        raise AssertionError("jobs without end")

    async def later(self, about: str) -> None:
        """Run once what waits for another time and names *about* (an id)."""
        rows = await self.store.fetch("SELECT id FROM procrastinate_jobs WHERE args::text LIKE '%' || $1 || '%'", about)
        for row in rows:
            await self._next("id = $1", row["id"])

    async def _next(self, which: str, *given: object) -> bool:
        rows = await self.store.fetch(
            f"DELETE FROM procrastinate_jobs WHERE id = (SELECT id FROM procrastinate_jobs WHERE {which} "
            "ORDER BY id LIMIT 1) RETURNING task_name, args::text",
            *given,
        )
        for row in rows:
            while True:
                try:
                    await self.run(row["task_name"], msgspec.json.decode(row["args"]))
                    break
                except KilledError:
                    continue  # the queue runs it again
        return bool(rows)

    async def run(self, name: str, given: Json) -> None:
        """Run one job in a unit of work of its own."""
        async with self.door.work(SYSTEM) as work:
            await self.registry.jobs[name].run(work, **given)
            if self.dies:
                self.dies -= 1
                raise KilledError

    async def mail(self, *, twice: bool = False) -> None:
        """Deliver the call-backs that have come; *twice*: each one again."""
        for name in self.outside.channels:
            await self.outside.till(name).heard()
        mail, self.outside.mail = self.outside.mail, []
        for address, body, headers in mail * (2 if twice else 1):
            name = address.rpartition("/")[2]
            channel = self.outside.channels[name]
            async with self.door.work(SYSTEM) as work:
                await arriving.heard(work, Heard("POST", {}, headers, body), name=name, channel=channel)

    async def pending(self, patient: str) -> list[str]:
        """Name what still waits to be run and is due."""
        rows = await self.store.fetch(
            "SELECT task_name FROM procrastinate_jobs WHERE args::text LIKE '%' || $1 || '%' "
            "AND (scheduled_at IS NULL OR scheduled_at < now())",
            patient,
        )
        return [row["task_name"] for row in rows]


async def settled(store: Store, folder: Path) -> Works:
    """Put the town together."""
    works = Works(store, Town(folder))
    now = store.clock.now()
    documents: dict[tuple[str, str], Json] = {}
    for one in (*insured.world(), *shop.documents(), *online.documents(now), *places()):
        if one["resourceType"] in {"Patient", "Coverage", "Encounter", "Condition"}:
            continue  # everybody here comes with the own journey
        place = (one["resourceType"], one["id"])
        if place not in documents:
            documents[place] = one
        elif place[0] == "Organization":
            documents[place] = merged(documents[place], one)
    documents["PractitionerRole", "rf1"]["availableTime"] = EVERY_DAY
    much = shop.stock("shop1", "苯磺酸氨氯地平片", PACKS, 12.5)
    documents["Basic", much["id"]] = much
    await insured.put(works.door, *documents.values())
    works.staff = Staff(
        doctor=await clinic.signed_in(works.door, clinic.DOCTOR),
        pharmacist=await clinic.signed_in(works.door, clinic.PHARMACIST),
        seller=await clinic.signed_in(works.door, shop.ANNE),
        colleague=await clinic.signed_in(works.door, shop.BELL),
        desk=clinic.staff("receptionist", "k1", "前台"),
    )
    return works


def places() -> list[Json]:
    """Write the rooms."""
    rooms = [one for one in hospital.places() if one["resourceType"] == "Location"]
    return [one | {"managingOrganization": {"reference": "Organization/h1"}} for one in rooms]


def merged(one: Json, other: Json) -> Json:
    """Say of one place what two say: what only one says, and of lists what the first does not have."""
    made = other | one
    for name, said in one.items():
        if isinstance(said, list) and isinstance(other.get(name), list):
            known = {_key(each) for each in said}
            made[name] = [*said, *(each for each in other[name] if _key(each) not in known)]
    return made


def _key(item: Any) -> str:
    return str(item.get("url") or item.get("system") or json.dumps(item, sort_keys=True))


def patient(place: int) -> list[Json]:
    """Write one more patient: insured, with hypertension that the hospital found two months ago."""
    id = f"j{place}"
    born = f"19{50 + place % 40}-0{1 + place // 40 % 9}-{10 + place // 360 % 18}"
    who = online.patient(id, f"患者{place}", born, 100 + place // 6480)
    who["managingOrganization"] = {"reference": "Organization/h1"}
    cover = insured.world()[3] | {"id": f"v-{id}", "beneficiary": {"reference": f"Patient/{id}"}}
    return [who, cover]


async def put(works: Works, *documents: Json) -> None:
    """Write documents as the platform."""
    await insured.put(works.door, *documents)


def card(of: Json) -> str:
    """Give the number of somebody's identity card."""
    return next(str(one["value"]) for one in of["identifier"] if one["system"] == IDENTITY_CARD)


def resident(place: int) -> Principal:
    """Somebody at the own telephone."""
    who = f"Patient/j{place}"
    return replace(clinic.RESIDENT, id=f"r{place}", patient=who, patients=(who,), display=f"患者{place}")


async def session(works: Works, id: str) -> None:
    """Open a session that is under way, with a number every two minutes."""
    start = works.store.clock.now() + timedelta(minutes=1)
    made = replace(hospital.planned(id, start=start, minutes=600), practitioner="Practitioner/d1", doctor="王杏")
    async with works.door.work(SYSTEM) as work:
        await sessions.create(work, replace(made, organization="Organization/h1"), replace(POLICY, minutes_each=2))
