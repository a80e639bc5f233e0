"""Rosters: a Schedule for each of the staff who receives patients, and the Slots of the week from the last day.

When somebody works stands in `PractitionerRole.availableTime` (`hours`); a Slot is an hour of reception of it.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from xinglin.city.hours import periods, receives, weekdays
from xinglin.city.institutions import Department
from xinglin.city.staff import Worker, workers
from xinglin.city.terms import HL7, META, Json, concept, extension, instant, reference, system

DAYS: Final = 7
_QUOTA: Final = 6


def resources(until: date) -> Iterator[Json]:
    """Yield Schedules and Slots."""
    for one in workers():
        if receives(one):
            yield _schedule(one, until)
            yield from _slots(one, until)


def _schedule(one: Worker, until: date) -> Json:
    department = Department(one.institution, one.department)
    return {
        "resourceType": "Schedule",
        "id": f"{one.id}-schedule",
        "meta": META,
        "active": True,
        "serviceType": [concept(system("department"), one.department, department.title)],
        "specialty": [concept(system("department"), one.department, department.title)],
        "actor": [
            reference("Practitioner", one.id, one.name),
            reference("PractitionerRole", f"{one.id}-role"),
            reference("HealthcareService", f"{department.id}-service", department.title),
            reference("Location", f"{one.institution.id}-main", one.institution.name),
        ],
        "planningHorizon": {
            "start": instant(until, 0),
            "end": instant(until + timedelta(days=DAYS), 0),
        },
    }


def _slots(one: Worker, until: date) -> Iterator[Json]:
    """Yield the periods of the days of reception within the week."""
    department = Department(one.institution, one.department)
    for days in range(DAYS):
        day = until + timedelta(days=days)
        if day.weekday() not in weekdays(one):
            continue
        for number, (minute, length) in enumerate(periods(one), 1):
            yield {
                "resourceType": "Slot",
                "id": f"{one.id}-slot-{days}-{number}",
                "meta": META,
                "serviceType": [concept(system("department"), one.department, department.title)],
                "specialty": [concept(system("department"), one.department, department.title)],
                "appointmentType": concept(f"{HL7}/v2-0276", "ROUTINE"),
                "schedule": reference("Schedule", f"{one.id}-schedule"),
                "status": "free",
                "start": instant(day, minute),
                "end": instant(day, minute + length),
                "extension": [extension("slot-quota", valuePositiveInt=_QUOTA)],
            }
