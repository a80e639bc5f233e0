"""A clinic under the own policy: two physicians, two pharmacists, and a patient with hypertension in a visit."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tests.capabilities.practitioners.people import physician, place
from tests.capabilities.residents.people import number
from xinglin.app import create_registry
from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import Draft
from xinglin.fhir import codec
from xinglin.fhir.declarations import canonical
from xinglin.fhir.r4.resources import MedicationRequest, RequestGroup
from xinglin.security import credential_forms as forms
from xinglin.security import identifiers as ids
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.identity import accounts, sessions
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.sessions import Beginning
from xinglin.store.store import Store
from xinglin.tables.catalogues import drugs

NOW: Final = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # a Friday, noon in Beijing
RESIDENT: Final = Principal(
    "r", frozenset({"resident"}), patient="Patient/p1", patients=("Patient/p1",), purpose="PATRQT", level="L2",
    display="李秀兰",
)  # fmt: skip


def staff(role: str, id: str, name: str, organization: str = "h1") -> Principal:
    return Principal(
        f"{role}-{id}",
        frozenset({role}),
        practitioner=f"Practitioner/{id}",
        organization=f"Organization/{organization}",
        strong=True,
        display=name,
    )


DOCTOR: Final = staff("physician", "d1", "王杏")
COLLEAGUE: Final = staff("physician", "d2", "赵敏")
PHARMACIST: Final = staff("pharmacist", "f1", "陈药")
YOUNG: Final = staff("pharmacist", "f2", "刘新")


class Stopped(Clock):
    """A clock that stands until a test sets it."""

    def __init__(self) -> None:
        super().__init__(lambda: self.moment)
        self.moment = NOW

    def pass_(self, **time: float) -> None:
        self.moment += timedelta(**time)


def open_door(store: Store) -> tuple[Door, Stopped]:
    clock = Stopped()
    store.clock = clock
    return Door(store, create_registry(Settings()).rulebook), clock


async def signed_in(door: Door, who: Principal, *, minutes: int = 600) -> Principal:
    """Give the principal with a session whose second factor counts for so many minutes."""
    now = door.clock.now()
    async with door.work(SYSTEM) as work:
        account = Account(work.new_id(), "staff", "active", b"", now)
        await accounts.add(work.executor, account, {})
        given = Beginning(
            account=account.id,
            role=next(iter(who.roles)),
            purpose=who.purpose,
            strong=True,
            strong_until=now + timedelta(minutes=minutes),
            now=now,
            expires=now + timedelta(days=9),
            until=now + timedelta(days=9),
        )
        cookie = await sessions.begin(work.executor, door.clock, given)
    return replace(who, id=account.id, session=cookie.partition(".")[0])


async def put(door: Door, *documents: dict[str, Any]) -> None:
    for document in documents:
        await door.auto(SYSTEM).update(json.dumps(document).encode(), type=document["resourceType"], id=document["id"])


def pharmacist(id: str, name: str, since: str, born: str = "1980-02-03") -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": id,
        "active": True,
        "identifier": [{"system": ids.IDENTITY_CARD, "value": number(born, int(id[1:]) * 2 + 21)}],
        "name": [{"text": name}],
        "birthDate": born,
        "qualification": [
            {
                "code": {"coding": [{"system": forms.KINDS, "code": "pharmacist-title"}]},
                "identifier": [{"value": "YX0001"}],
                "period": {"start": "2010-01-01"},
            }
        ],
        "extension": [
            {"url": forms.DISPENSING_SINCE, "valueDate": since},
            {
                "url": forms.PROFESSIONAL_TITLE,
                "extension": [
                    {"url": "title", "valueString": "主管药师"},
                    {"url": "level", "valueCode": "intermediate"},
                ],
            },
        ],
    }


def role(id: str, practitioner: str, code: str, organization: str = "h1", **more: Any) -> dict[str, Any]:
    made = place(id, practitioner, organization)
    made["code"] = [{"coding": [{"system": canonical("role", "CodeSystem"), "code": code}]}]
    return {name: value for name, value in made.items() if name not in {"extension", "specialty"}} | more


def hospital(id: str = "h1", level: str = "2A", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": id,
        "active": True,
        "name": "修武县人民医院",
        "type": [{"coding": [{"system": canonical("ws218", "CodeSystem"), "code": "A100"}]}],
        "extension": [
            {
                "url": canonical("level"),
                "valueCoding": {"system": canonical("hospital-level", "CodeSystem"), "code": level},
            }
        ],
    } | more


def patient(id: str = "p1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"text": "李秀兰", "family": "李", "given": ["秀兰"]}],
        "gender": "female",
        "birthDate": "1961-03-08",
    } | more


def visit(id: str = "v1", of: str = "p1", by: str = "d1", at: str = "h1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "serviceType": {
            "coding": [{"system": canonical("department", "CodeSystem"), "code": "03.04", "display": "心血管内科专业"}],
            "text": "心血管内科",
        },
        "subject": {"reference": f"Patient/{of}"},
        "participant": [{"individual": {"reference": f"Practitioner/{by}"}}],
        "serviceProvider": {"reference": f"Organization/{at}", "display": "修武县人民医院"},
        "period": {"start": "2026-11-20T10:00:00+08:00"},
    } | more


def diagnosis(id: str = "c1", code: str = "I10.x00x002", text: str = "高血压", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id,
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                        "code": "encounter-diagnosis",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": contract.ICD, "code": code, "display": text}], "text": text},
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/v1"},
    } | more


def documents() -> tuple[dict[str, Any], ...]:
    """Everything the clinic stands on."""
    second = physician("d2", "110410802000131", name=[{"text": "赵敏"}])
    card = number("1985-01-01", 122)
    second["identifier"] = [{"system": ids.IDENTITY_CARD, "value": card}]
    second["birthDate"], second["gender"] = "1985-01-01", "female"
    second["qualification"][0]["identifier"][0]["value"] = f"201541110{card}"
    return (
        hospital(),
        physician(),
        second,
        place(),
        place("r2", "d2"),
        pharmacist("f1", "陈药", "2012-07-01"),
        pharmacist("f2", "刘新", "2024-07-01"),
        role("rf1", "f1", "pharmacist", availableTime=[{"daysOfWeek": ["fri"], "allDay": True}]),
        role("rf2", "f2", "pharmacist"),
        patient(),
        visit(),
        diagnosis(),
    )


def drug_code(name: str) -> str:
    return next(one.code for one in drugs() if one.name == name)


def line(name: str = "苯磺酸氨氯地平片", dose: str = "5", frequency: str = "qd", days: int = 7, packs: int = 1,
         source: str = "picked-from-catalogue", **more: Any) -> dict[str, Any]:  # fmt: skip
    """A line as a client writes it."""
    drug = next(one for one in drugs() if one.name == name)
    return {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "extension": [{"url": contract.SOURCE, "valueCode": source}],
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"coding": [{"system": contract.DRUGS, "code": drug.code}]},
        "dosageInstruction": [
            {
                "timing": {"code": {"text": frequency}},
                "route": {"coding": [{"system": contract.ROUTES, "code": drug.route}]},
                "doseAndRate": [{"doseQuantity": {"value": float(dose), "unit": drug.dose_unit}}],
            }
        ],
        "dispenseRequest": {
            "quantity": {"value": packs * drug.pack, "unit": drug.unit},
            "expectedSupplyDuration": {"value": days, "unit": "天"},
        },
    } | more


def header(*extensions: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "RequestGroup",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/v1"},
        "reasonReference": [{"reference": "Condition/c1"}],
    }
    if extensions:
        made["extension"] = list(extensions)
    return made | more


def draft(*lines: dict[str, Any], head: dict[str, Any] | None = None) -> Draft:
    """The draft as the interface reads it."""
    group = codec.decode(msgspec.json.encode(head or header()), "RequestGroup")
    requests = [codec.decode(msgspec.json.encode(one), "MedicationRequest") for one in lines or (line(),)]
    assert isinstance(group, RequestGroup)
    return Draft(group, tuple(one for one in requests if isinstance(one, MedicationRequest)))


async def document(door: Door, type: str, id: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((await door.auto(SYSTEM).read(type, id)).body())
    return made
