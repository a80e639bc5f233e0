"""The last day: appointments and encounters that go on, so that who signs in finds work.

Residents with hypertension among the first households come to the physician `SHOWN`; others as they would.
"""

from datetime import timedelta
from functools import cache
from typing import Final

from xinglin.city import vitals
from xinglin.city.institutions import Department
from xinglin.city.people import SHOWN_TOWN
from xinglin.city.record import Record
from xinglin.city.staff import Worker, physicians
from xinglin.city.terms import HL7, concept, instant, reference, system
from xinglin.city.visits import doctor, family_doctor, number

FIRST: Final = 60  # so many households have their appointments with the one who is shown
SHARE: Final = 0.006
_START: Final = 8 * 60


@cache
def shown() -> Worker:
    """Give the physician of cardiology who has something to show."""
    return physicians()["jz-renmin", "03.04"][0]


def today(record: Record) -> None:
    """Write an appointment or an open encounter of the last day, or an appointment of the days after."""
    person, stream, spec = record.person, record.stream, record.spec
    if person.left is not None:
        return
    if record.house.number < FIRST and "hypertension" in record.ill and person.role in {"head", "mother"}:
        # The whole day through, so that some are still to come whenever one looks; those who are there came early.
        minute = _START + 10 * record.house.number
        _appoint(record, shown(), 0, minute)
        if record.house.number % 6 == 0:
            _begin(record, shown(), _START + record.house.number // 6)
    elif family_doctor(record).institution.town == SHOWN_TOWN and stream.chance(0.08):
        _appoint(record, family_doctor(record), 0, stream.between(8 * 60, 18 * 60))
    elif stream.chance(SHARE):
        level = "county"
        who = doctor(record, level, "03.04" if person.age(spec.until) >= 14 else "07")
        if stream.chance(0.3):
            _begin(record, who, stream.between(8 * 60, 11 * 60))
        else:
            _appoint(record, who, stream.between(0, 6), stream.between(8 * 60, 11 * 60))


def _begin(record: Record, who: Worker, minute: int) -> None:
    made = record.visit(record.spec.until, who, number=number(record), minute=minute, open_=True)
    if "hypertension" in record.ill:
        made.resource["reasonReference"] = [reference("Condition", record.problems["hypertension"])]
    vitals.pressure(record, made)
    vitals.pulse(record, made)


def _appoint(record: Record, who: Worker, days: int, minute: int) -> None:
    day = record.spec.until + timedelta(days=days)
    department = Department(who.institution, who.department)
    record.add(
        "Appointment",
        status="booked",
        serviceType=[concept(system("department"), who.department, department.title)],
        specialty=[concept(system("department"), who.department, department.title)],
        appointmentType=concept(f"{HL7}/v2-0276", "ROUTINE"),
        start=instant(day, minute),
        end=instant(day, minute + 10),
        created=instant(record.spec.until - timedelta(days=2), 9 * 60),
        participant=[
            {"actor": record.subject, "status": "accepted"},
            {"actor": reference("Practitioner", who.id, who.name), "status": "accepted"},
            {
                "actor": reference("HealthcareService", f"{department.id}-service", department.title),
                "status": "accepted",
            },
            {
                "actor": reference("Location", f"{who.institution.id}-main", who.institution.name),
                "status": "accepted",
            },
        ],
    )
