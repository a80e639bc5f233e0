"""A bill of a visit at a hospital, as billing writes it; and the platform that settles it."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
from starlette.applications import Starlette

from xinglin.capabilities.insurance.gateways import HttpInsurer, InsurerSilent
from xinglin.capabilities.insurance.rules import claims, results
from xinglin.capabilities.insurance.rules.messages import Insured, Result
from xinglin.care.insurer import figures, funds_and_account
from xinglin.care.settlement import Person
from xinglin.care.used import Used
from xinglin.fhir.declarations import canonical
from xinglin.fhir.document import bytes_of, document_of
from xinglin.security.identifiers import IDENTITY_CARD, INSURANCE_INSTITUTION
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door

CARD = "410802199003071239"
HOSPITAL = "H41080200001"
LINES = (
    ("service-item", "F0005", 1, "15.00"),
    ("drug", "D0001", 2, "100.00"),
)
DELIVERY = ("fee", "delivery", 1, "8.00")


def system(name: str) -> str:
    return canonical(name, "CodeSystem")


def charge(number: int, line: tuple[str, str, int, str], visit: str) -> dict[str, Any]:
    kind, code, quantity, _ = line
    return {
        "resourceType": "ChargeItem",
        "id": f"{visit}-c{number}",
        "status": "billable",
        "code": {"coding": [{"system": system(kind), "code": code, "display": code}]},
        "subject": {"reference": "Patient/p1"},
        "context": {"reference": f"Encounter/{visit}"},
        "quantity": {"value": quantity},
    }


def invoice(id: str, visit: str, lines: tuple[tuple[str, str, int, str], ...]) -> dict[str, Any]:
    return {
        "resourceType": "Invoice",
        "id": id,
        "status": "issued",
        "subject": {"reference": "Patient/p1"},
        "issuer": {"reference": "Organization/h1"},
        "lineItem": [
            {
                "sequence": number,
                "chargeItemReference": {"reference": f"ChargeItem/{visit}-c{number}"},
                "priceComponent": [{"type": "base", "amount": {"value": float(line[3]), "currency": "CNY"}}],
            }
            for number, line in enumerate(lines, 1)
        ],
    }


def world(kind: str = "employee") -> list[dict[str, Any]]:
    level = {"url": canonical("level"), "valueCoding": {"system": system("hospital-level"), "code": "3A"}}
    return [
        {
            "resourceType": "Organization",
            "id": "h1",
            "name": "焦作市示范医院",
            "identifier": [{"system": INSURANCE_INSTITUTION, "value": HOSPITAL}],
            "extension": [level],
        },
        {"resourceType": "Organization", "id": "o-insurer", "name": "焦作市医疗保障局"},
        {
            "resourceType": "Patient",
            "id": "p1",
            "name": [{"text": "王杏"}],
            "identifier": [{"system": IDENTITY_CARD, "value": CARD}],
        },
        {
            "resourceType": "Coverage",
            "id": "v1",
            "status": "active",
            "type": {"coding": [{"system": system("insurance-kind"), "code": kind}]},
            "beneficiary": {"reference": "Patient/p1"},
            "period": {"start": "2020-01-01"},
            "payor": [{"reference": "Organization/o-insurer"}],
        },
    ]


def visit(id: str, day: str, class_: str = "AMB") -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class_},
        "subject": {"reference": "Patient/p1"},
        "serviceProvider": {"reference": "Organization/h1"},
        "period": {"start": f"{day}T09:00:00+08:00"},
        "reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cn", "code": "I10.x00"}]}],
    }


async def put(door: Door, *documents: dict[str, Any]) -> None:
    for document in documents:
        await door.auto(SYSTEM).update(bytes_of(document), type=document["resourceType"], id=document["id"])


async def billed(
    door: Door, id: str, day: str, lines: tuple[tuple[str, str, int, str], ...] = LINES, class_: str = "AMB"
) -> None:
    """Write a visit with its bill of the same id."""
    charges = [charge(number, line, f"e-{id}") for number, line in enumerate(lines, 1)]
    await put(door, visit(f"e-{id}", day, class_), *charges, invoice(id, f"e-{id}", lines))


async def read(door: Door, type: str, id: str) -> dict[str, Any]:
    found: dict[str, Any] = document_of((await door.auto(SYSTEM).read(type, id)).body())
    return found


class Platform:
    """The simulated platform, and a way to it that can be cut."""

    def __init__(self, application: Starlette) -> None:
        self.transport = httpx.ASGITransport(application)
        self.insurer = HttpInsurer("http://insurer", transport=self.transport, seconds=1)
        self.client = httpx.AsyncClient(transport=self.transport, base_url="http://insurer")

    async def faults(self, kind: str, of: str = "", times: int = 1, seconds: float = 0.0) -> None:
        answer = await self.client.post("/faults", json={"kind": kind, "of": of, "times": times, "seconds": seconds})
        assert answer.status_code == 204

    async def insure(self, **person: Any) -> None:
        await self.client.put("/persons", json=[{"certno": CARD} | person])

    async def settlements(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get("/settlements")).json()
        return found

    async def standing(self) -> list[dict[str, Any]]:
        return [one for one in await self.settlements() if not one["reversed"]]


class Killed(Exception):
    """The process died here."""


class Mortal:
    """An insurer in a process that dies at one question, before it is sent or when it was answered."""

    def __init__(self, inner: HttpInsurer, at: int, *, after: bool) -> None:
        self.inner, self.left, self.after = inner, at, after

    async def ask(self, act: str, *given: Any, **more: Any) -> Any:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        answer = await self.inner.ask(act, *given, **more)
        if self.left == 0:
            raise Killed
        return answer


class Deaf:
    """An insurer whose answers to one transaction are lost after their effect, for some times."""

    def __init__(self, inner: HttpInsurer, act: str, times: int = 1) -> None:
        self.inner, self.act, self.times = inner, act, times

    async def ask(self, act: str, *given: Any, **more: Any) -> Any:
        answer = await self.inner.ask(act, *given, **more)
        if act == self.act and self.times:
            self.times -= 1
            raise InsurerSilent("lost")
        return answer


NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def settlement(id: str = "claim1", state: str = "settled") -> list[dict[str, Any]]:
    """A settlement of a stay's size as it stands in the record, reckoned by the engine: claim and answer."""
    bill = invoice("b1", "e-b1", (*LINES, DELIVERY))
    charges = {f"ChargeItem/e-b1-c{n}": charge(n, one, "e-b1") for n, one in enumerate((*LINES, DELIVERY), 1)}
    claim = claims.made(
        *(bill, charges, world()[3]),
        encounter=visit("e-b1", "2026-11-20", "VR"),
        diagnoses=[],
        told="",
        at="2026-11-20T09:00:00+08:00",
        now=NOW,
    )
    claim = claims.agreed(claims.moved(claim, state, id=id), (3,), "Patient/p1", NOW)
    claim = claims.identified(claim, claims.SETTLED, "J000000000001")
    site = claims.site_of(world()[0], None)
    assert site is not None
    insured = Insured("4108", Person("310", account_fen=2000))
    basis = results.basis_of(claim, site, insured, Used(2026, outpatient=128_000), NOW, date(2026, 11, 20))
    made = results.reckoned(basis)
    found = Result("J000000000001", figures(made), funds_and_account(made))
    return [claim, results.response(claim, found, made.lines, basis, NOW) | {"id": id}]
