"""A department with one doctor, a room, and residents who want numbers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.capabilities.access.ward import NOW, staff
from tests.capabilities.residents.people import number
from xinglin.capabilities.appointments.operations import sessions
from xinglin.capabilities.appointments.rules.shapes import DEPARTMENT, Session
from xinglin.care.booking import POLICY, Policy
from xinglin.fhir.declarations import canonical
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door

DOCTOR = staff("physician", "1")
OTHER = staff("physician", "2")
DESK = staff("receptionist", "5", purpose="HMGT")
ELSEWHERE = staff("receptionist", "6", organization="Organization/2", purpose="HMGT")
ADMIN = staff("system-admin", "8", purpose="HSYSADMIN")
TOMORROW = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)  # 8:00 in Jiaozuo; `NOW` is noon of the day before


def resident(place: int) -> Principal:
    who = f"Patient/p{place}"
    return Principal(f"p{place}", frozenset({"resident"}), patient=who, patients=(who,), purpose="PATRQT", level="L2")


def people(count: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": f"p{one}", "name": [{"text": f"患者{one}"}]} for one in range(count)
    ]
    made[0]["identifier"] = [{"system": IDENTITY_CARD, "value": number("1990-03-07")}] if made else []
    return made


def places() -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Organization",
            "id": "1",
            "name": "焦作市人民医院",
            "extension": [{"url": canonical("level"), "valueCoding": {"code": "3A"}}],
        },
        {"resourceType": "Practitioner", "id": "1", "name": [{"text": "王建国"}]},
        {"resourceType": "Practitioner", "id": "2", "name": [{"text": "李红"}]},
        *(
            {
                "resourceType": "Location",
                "id": f"room-{one}",
                "name": f"心内科{one}诊室",
                "managingOrganization": {"reference": "Organization/1"},
            }
            for one in (1, 2)
        ),
    ]


def roster() -> dict[str, Any]:
    return {
        "resourceType": "PractitionerRole",
        "id": "role-1",
        "active": True,
        "practitioner": {"reference": "Practitioner/1", "display": "王建国"},
        "organization": {"reference": "Organization/1"},
        "code": [{"coding": [{"system": "https://xinglin.health/fhir/CodeSystem/role", "code": "physician"}]}],
        "specialty": [{"coding": [{"system": DEPARTMENT, "code": "03.04", "display": "心血管内科"}]}],
        "availableTime": [
            {
                "daysOfWeek": ["mon", "wed"],
                "availableStartTime": "08:00:00",
                "availableEndTime": "11:00:00",
            },
            {"daysOfWeek": ["mon"], "availableStartTime": "14:30:00", "availableEndTime": "16:30:00"},
        ],
    }


def planned(id: str = "s1", *, start: datetime = TOMORROW, minutes: int = 60, doctor: int = 1) -> Session:
    return Session(
        id=id,
        state="planned",
        start=start,
        end=start + timedelta(minutes=minutes),
        practitioner=f"Practitioner/{doctor}",
        doctor={1: "王建国", 2: "李红"}.get(doctor, f"医生{doctor}"),
        service="",
        department="03.04",
        department_name="心血管内科",
        room=f"Location/room-{doctor}",
        place=f"心内科{doctor}诊室",
        organization="Organization/1",
    )


async def put(door: Door, *documents: dict[str, Any]) -> None:
    for document in documents:
        type, id = document["resourceType"], document["id"]
        await door.auto(SYSTEM).update(json.dumps(document).encode(), type=type, id=id)


async def opened(door: Door, session: Session, *, policy: Policy = POLICY, seats: int = 1) -> Session:
    async with door.work(SYSTEM) as work:
        await sessions.create(work, session, policy, seats=seats)
    return session


__all__ = ["NOW"]
