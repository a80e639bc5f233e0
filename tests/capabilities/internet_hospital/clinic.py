"""An internet hospital at work: doctors, a pharmacist, and patients with a diagnosis of the physical hospital."""

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from tests.capabilities.practitioners import people
from tests.capabilities.residents.people import number
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Request
from xinglin.capabilities.internet_hospital.rules import wording
from xinglin.capabilities.practitioners.rules import results
from xinglin.fhir import wire
from xinglin.fhir.declarations import canonical
from xinglin.fhir.r4.resources import Binary
from xinglin.security import institution_forms as forms
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.principal import SYSTEM, Principal
from xinglin.security.verification import Verdict
from xinglin.store.door import Door
from xinglin.store.identity import accounts, sessions
from xinglin.store.identity.accounts import Account
from xinglin.store.identity.sessions import Beginning

HOSPITAL: Final = "Organization/i1"
DEPARTMENT: Final = "03.04"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
PNG: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGNkYPjPgBsw4ZEbwdIAQjgBFFYkGs8AAAAASUVORK5CYII="
)
MEI: Final = Principal(
    "mei",
    frozenset({"resident"}),
    patient="Patient/mei",
    patients=("Patient/mei", "Patient/child"),
    purpose="PATRQT",
    level="L2",
    display="张小梅",
    device="phone",
)
BO: Final = replace(MEI, id="bo", patient="Patient/bo", patients=("Patient/bo",), display="李波")
DOCTOR: Final = Principal(
    "d1",
    frozenset({"physician"}),
    practitioner="Practitioner/d1",
    organization="Organization/h1",
    strong=True,
    display="王杏",
)
OTHER: Final = replace(DOCTOR, id="d2", practitioner="Practitioner/d2", display="赵林")


def documents(now: datetime) -> tuple[dict[str, Any], ...]:
    """Write everybody; *now* is the clock of the store."""
    host = people.organization() | {
        "active": True,
        "address": [{"text": "焦作市解放区民主路 1 号"}],
        "telecom": [{"system": "phone", "value": "0391-1234567"}],
        "extension": [
            {"url": forms.LEVEL, "valueCoding": {"code": "3A"}},
            {
                "url": forms.LICENCE,
                "extension": [{"url": "period", "valuePeriod": {"start": "2020-01-01", "end": "2099-12-31"}}],
            },
        ],
    }
    online = {
        "resourceType": "Organization",
        "id": "i1",
        "active": True,
        "name": "焦作市示范医院互联网医院",
        "type": [{"coding": [{"system": forms.KINDS, "code": forms.INTERNET_HOSPITAL}]}],
        "partOf": {"reference": "Organization/h1"},
        "extension": [
            {"url": forms.SET_UP, "extension": [{"url": "naming", "valueCode": "alone"}]},
            # Free, so that what is not about money needs no bill.
            {"url": contract.TERMS, "extension": [{"url": "fee", "valueInteger": 0}]},
        ],
    }
    service = {
        "resourceType": "HealthcareService",
        "id": "s1",
        "active": True,
        "name": "心血管内科",
        "providedBy": {"reference": HOSPITAL},
        "specialty": [{"coding": [{"system": forms.SUBJECTS, "code": DEPARTMENT}]}],
    }
    second = people.physician("d2", "110410802000124", name=[{"text": "赵林"}])
    chemist = {
        "resourceType": "PractitionerRole",
        "id": "p1",
        "active": True,
        "practitioner": {"reference": "Practitioner/d9"},
        "organization": {"reference": "Organization/h1"},
        "code": [{"coding": [{"system": canonical("role", "CodeSystem"), "code": "pharmacist"}]}],
    }
    valid = [
        results.result(
            f"Practitioner/{id}", Verdict("valid"), now, occasion="periodic", asked="-", operator="s", presence=None
        )
        for id in ("d1", "d2")
    ]
    return (
        host,
        online,
        service,
        people.physician(),
        people.place(),
        second,
        people.place("r2", "d2"),
        {"resourceType": "Practitioner", "id": "d9", "name": [{"text": "孙药"}]},
        chemist,
        *(wire.to_dict(one) | {"id": f"v{at}"} for at, one in enumerate(valid)),
        patient("mei", "张小梅", "1964-03-08", 124),
        patient("bo", "李波", "1980-05-01", 125),
        patient("child", "张小小", "2022-06-01", 126),
        *seen_before("e1", "mei", now - timedelta(days=60), ("I10.x00", "高血压")),
        *seen_before("e0", "mei", now - timedelta(days=700), ("E11.900", "2型糖尿病")),
        *seen_before("e2", "child", now - timedelta(days=20), ("J45.900", "支气管哮喘")),
    )


def patient(id: str, name: str, born: str, sequence: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"text": name}],
        "gender": "male" if sequence % 2 else "female",
        "birthDate": born,
        "identifier": [{"system": IDENTITY_CARD, "value": number(born, sequence)}],
    }


def seen_before(id: str, of: str, when: datetime, diagnosis: tuple[str, str]) -> tuple[dict[str, Any], ...]:
    """Write a visit at the physical hospital with its diagnosis."""
    subject = {"reference": f"Patient/{of}"}
    visit = {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": subject,
        "serviceProvider": {"reference": "Organization/h1", "display": "焦作市示范医院"},
        "period": {"start": when.isoformat(), "end": (when + timedelta(minutes=20)).isoformat()},
    }
    category = "http://terminology.hl7.org/CodeSystem/condition-category"
    found = {
        "resourceType": "Condition",
        "id": f"c-{id}",
        "category": [{"coding": [{"system": category, "code": "encounter-diagnosis"}]}],
        "code": {"coding": [{"system": ICD10, "code": diagnosis[0], "display": diagnosis[1]}]},
        "subject": subject,
        "encounter": {"reference": f"Encounter/{id}"},
        "recordedDate": when.isoformat(),
    }
    return visit, found


async def put(door: Door, *given: dict[str, Any]) -> None:
    for one in given:
        await door.auto(SYSTEM).update(json.dumps(one).encode(), type=one["resourceType"], id=one["id"])


async def signed_in(door: Door, who: Principal, *, minutes: int = 60) -> Principal:
    """Give the principal with a session whose second factor counts for so many minutes."""
    now = door.clock.now()
    async with door.work(SYSTEM) as work:
        account = Account(work.new_id(), "staff", "active", b"", now)
        await accounts.add(work.executor, account, {})
        given = Beginning(
            account=account.id,
            role="physician",
            purpose="TREAT",
            strong=True,
            strong_until=now + timedelta(minutes=minutes),
            now=now,
            expires=now + timedelta(hours=8),
            until=now + timedelta(hours=8),
        )
        cookie = await sessions.begin(work.executor, door.clock, given)
    return replace(who, id=account.id, session=cookie.partition(".")[0])


def picture(content: bytes = PNG, type: str = "image/png") -> Binary:
    return Binary(contentType=type, data=base64.b64encode(content).decode())


def asking(id: str = "mei", **more: Any) -> Request:
    """Ask for a re-visit of hypertension, with the two consents that are needed."""
    return replace(
        Request(
            id,
            HOSPITAL,
            DEPARTMENT,
            "血压控制平稳，需要续药",
            encounters=("e1",) if id == "mei" else (),
            agreed=contract.NEEDED,
            version=wording.current().version,
        ),
        **more,
    )
