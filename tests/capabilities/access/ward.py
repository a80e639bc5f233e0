"""A small ward under the platform's own policy: people, patients, and a clock that a test sets."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from xinglin.app import create_registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.store.clock import Clock
from xinglin.store.door import Door
from xinglin.store.store import Store

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # a Friday
ICD = "http://hl7.org/fhir/sid/icd-10-cn"


def staff(role: str, number: str, **more: Any) -> Principal:
    """Somebody of an institution, signed in by two factors."""
    purpose = more.pop("purpose", "TREAT")
    organization = more.pop("organization", "Organization/1")
    return Principal(
        f"{role}-{number}",
        frozenset({role}),
        practitioner=f"Practitioner/{number}",
        organization=organization,
        purpose=purpose,
        strong=True,
        **more,
    )


PHYSICIAN = staff("physician", "1")
COLLEAGUE = staff("physician", "2")
STRANGER = staff("physician", "3", organization="Organization/2")
OFFICER = staff("security-admin", "9", purpose="HSYSADMIN")
RESIDENT = Principal(
    "r", frozenset({"resident"}), patient="Patient/1", patients=("Patient/1",), purpose="PATRQT", level="L2"
)
# As a browser calls them.
PEOPLE = {
    "resident": replace(RESIDENT, display="张小三", patients=("Patient/1", "Patient/child")),
    "physician": replace(PHYSICIAN, display="王大夫"),
    "stranger": STRANGER,
    "officer": OFFICER,
}


class Stopped(Clock):
    """A clock that stands until a test sets it."""

    def __init__(self) -> None:
        super().__init__(lambda: self.moment)
        self.moment = NOW

    def pass_(self, **time: float) -> None:
        """Let time pass."""
        self.moment += timedelta(**time)


def open_door(store: Store) -> tuple[Door, Stopped]:
    """Open the door of the whole platform over a store, with a clock that stands."""
    clock = Stopped()
    store.clock = clock
    return Door(store, create_registry(Settings()).rulebook, audited=False), clock


async def put(door: Door, *documents: dict[str, Any]) -> None:
    """Write resources as the platform."""
    for document in documents:
        type, id = document["resourceType"], document["id"]
        await door.auto(SYSTEM).update(json.dumps(document).encode(), type=type, id=id)


def patient(id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "name": [{"text": "张小三"}], **more}


def observation(id: str, of: str, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    subject = {"reference": f"Patient/{of}"}
    return {"resourceType": "Observation", "id": id, "status": "final", "code": code, "subject": subject, **more}


def condition(id: str, of: str, code: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": id,
        "code": {"coding": [{"system": ICD, "code": code}]},
        "subject": {"reference": f"Patient/{of}"},
        **more,
    }


def encounter(id: str, of: str, *who: str, start: datetime = NOW, **more: Any) -> dict[str, Any]:
    """An open encounter with participants by number."""
    return {
        "resourceType": "Encounter",
        "id": id,
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{of}"},
        "participant": [{"individual": {"reference": f"Practitioner/{one}"}} for one in who],
        "period": {"start": (start - timedelta(hours=1)).isoformat()},
        **more,
    }


def order(id: str, of: str, *who: str) -> dict[str, Any]:
    """A request that somebody performs: a relation, but no attendance."""
    return {
        "resourceType": "ServiceRequest",
        "id": id,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{of}"},
        "performer": [{"reference": f"Practitioner/{one}"} for one in who],
    }


def consent(id: str, of: str, provision: dict[str, Any] | None, status: str = "active", **more: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Consent",
        "id": id,
        "status": status,
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "policyRule": {"text": "个人信息保护法"},
        "patient": {"reference": f"Patient/{of}"},
        **more,
    }
    return made | ({"provision": provision} if provision else {})


def actor(reference: str) -> dict[str, Any]:
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "code": "PROV"}]}
    return {"role": role, "reference": {"reference": reference}}


async def seen(door: Door, who: Principal, type: str, **asked: str) -> set[str]:
    return {row.id for row in (await door.auto(who).find(type, **asked)).matches}
