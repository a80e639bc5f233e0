"""Contracts with the family doctor: a CareTeam for a year, and the EpisodeOfCare that lasts (FD-02, FD-04).

More of the priority groups have one (FD-12, FD-17); shares are design. Managed diseases are episodes of the centre.
"""

from datetime import date, timedelta
from typing import Final

from xinglin.city.institutions import Institution, centre_of
from xinglin.city.record import Record
from xinglin.city.staff import Worker, workers
from xinglin.city.stream import Stream
from xinglin.city.terms import HL7, Json, concept, reference, system
from xinglin.city.visits import family_doctor, public_health

USUAL: Final = 0.42
PRIORITY: Final = 0.8
MANAGED: Final = 0.541  # of known patients of 35 and over, with a contract or without (PG-05)
_CATEGORY: Final = [concept(system("care-team"), "family-doctor", "家庭医生团队")]
_ROLES: Final = {"family-doctor": "家庭医生", "nurse": "护士", "public-health": "公共卫生人员"}
TITLES: Final = {
    "family-doctor": "家庭医生签约",
    "hypertension": "高血压患者健康管理",
    "diabetes": "2型糖尿病患者健康管理",
    "pregnancy": "孕产妇健康管理",
    "child": "0~6岁儿童健康管理",
    "elder": "老年人健康管理",
    "severe-mental": "严重精神障碍患者管理",
    "tuberculosis": "肺结核患者健康管理",
}


def signed(record: Record) -> bool:
    """Draw whether the person has a contract."""
    age = record.person.age(record.spec.until)
    priority = age >= 65 or age < 7 or bool({"hypertension", "diabetes"} & record.ill.keys())
    return record.person.left is None and record.stream.chance(PRIORITY if priority else USUAL)


def contract(record: Record) -> Worker:
    """Write the contract of this year and the episode; gives the family doctor."""
    spec, stream = record.spec, record.stream
    doctor = family_doctor(record)
    start = max(spec.until - timedelta(days=stream.between(3, 362)), record.person.born)
    centre = centre_of()[record.person.village.town]
    team = record.add(
        "CareTeam",
        status="active",
        category=_CATEGORY,
        name=f"{doctor.name}家庭医生团队",
        subject=record.subject,
        period={"start": start.isoformat(), "end": (start + timedelta(days=364)).isoformat()},
        participant=[_participant(one, centre) for one in _team(record, doctor)],
        managingOrganization=[reference("Organization", centre.id, centre.name)],
    )
    earlier = max(record.person.born, start - timedelta(days=365 * stream.between(0, min(4, spec.years + 1))))
    episode(record, "family-doctor", earlier, doctor, team=team)
    return doctor


def episode(
    record: Record,
    kind: str,
    start: date,
    doctor: Worker,
    *,
    team: str = "",
    end: date | None = None,
    problem: str = "",
) -> str:
    """Write an EpisodeOfCare. kind: of `TITLES`; problem: id of the Condition that it is about."""
    centre = centre_of()[record.person.village.town]
    period = {"start": start.isoformat()}
    if end is not None:
        period["end"] = end.isoformat()
    made: Json = {
        "status": "active" if end is None else "finished",
        "type": [concept(system("episode"), kind, TITLES[kind])],
        "patient": record.subject,
        "managingOrganization": reference("Organization", centre.id, centre.name),
        "period": period,
        "careManager": reference("Practitioner", doctor.id, doctor.name),
    }
    if team:
        made["team"] = [reference("CareTeam", team)]
    if problem:
        made["diagnosis"] = [
            {"condition": reference("Condition", problem), "role": concept(f"{HL7}/diagnosis-role", "CC")}
        ]
    record.episodes[kind] = record.add("EpisodeOfCare", **made)
    return record.episodes[kind]


def managed(stream: Stream, age: int) -> bool:
    """Draw whether a chronic disease is managed by the centre; of 35 and over (HT-01, DM-01)."""
    return age >= 35 and stream.chance(MANAGED)


def _team(record: Record, doctor: Worker) -> tuple[Worker, ...]:
    nurse = next(one for one in workers() if one.institution.id == doctor.institution.id and one.role == "nurse")
    return (doctor, nurse, public_health(record))


def _participant(one: Worker, centre: Institution) -> Json:
    return {
        "role": [concept(system("role"), one.role, _ROLES[one.role])],
        "member": reference("Practitioner", one.id, one.name),
        "onBehalfOf": reference("Organization", centre.id, centre.name),
    }
