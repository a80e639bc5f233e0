"""Where people go: to the village, the township, the county or the city, and to which physician."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from xinglin.city.institutions import Institution, by_id, centre_of, clinic_of, institutions
from xinglin.city.record import Record
from xinglin.city.staff import Worker, physicians
from xinglin.city.stream import Stream, Weighted
from xinglin.city.terms import OUTPATIENT_NUMBER, Json, identifier

DISTRICTS: Final = frozenset({"410802", "410803", "410804", "410811"})
_CITY: Final = Weighted((("jz-renmin", 0.42), ("jz-second", 0.28), ("jz-jiaomei", 0.22), ("jz-third", 0.08)))
# Departments that small institutions have instead of the one asked for, in order.
_INSTEAD: Final = {"01": ("02",), "50": ("50", "50.01", "02"), "07": ("07", "02"), "15": ("15", "02")}


def doctor(record: Record, level: str, department: str) -> Worker:
    """Choose a physician. level: ``primary``, ``county`` or ``city``; of districts the county's are the city's."""
    return _of(record.stream, _institution(record, level, department), department)


def family_doctor(record: Record) -> Worker:
    """Give the family doctor of the household: of the centre that keeps its records."""
    centre = centre_of()[record.person.village.town]
    found = physicians()[centre.id, "02"]
    return found[record.house.number % len(found)]


def public_health(record: Record) -> Worker:
    """Give who vaccinates and sees children at the centre."""
    return physicians()[centre_of()[record.person.village.town].id, "01"][0]


def number(record: Record) -> Json:
    """Write the number of an outpatient visit."""
    return identifier(OUTPATIENT_NUMBER, f"MZ{record.person.next_id()}")


def _institution(record: Record, level: str, department: str) -> Institution:
    stream, person = record.stream, record.person
    centre = centre_of()[person.village.town]
    if level == "primary":
        clinic = clinic_of().get(centre.id)
        return clinic if clinic is not None and department == "02" and stream.chance(0.4) else centre
    if department[:2] in {"05", "06", "09"} and (level == "city" or person.village.county in DISTRICTS):
        return by_id()["jz-maternity"] if stream.chance(0.6) else by_id()["jz-renmin"]
    if department[:2] == "15":
        return by_id()["jz-third"]
    if department[:2] == "50":
        return by_id()["jz-tcm"] if level == "city" else _county(person.village.county, "A210")
    if level == "city" or person.village.county in DISTRICTS:
        return by_id()[_CITY.draw(stream)]
    return _county(person.village.county, "A100")


@cache
def _county(county: str, kind: str) -> Institution:
    for one in institutions():
        if one.county == county and one.kind == kind and one.level[:1] == "2":
            return one
    return by_id()["jz-tcm" if kind == "A210" else "jz-second"]


def _of(stream: Stream, one: Institution, department: str) -> Worker:
    return stream.pick(_physicians(one.id, department))


@cache
def _physicians(institution: str, department: str) -> tuple[Worker, ...]:
    """Give the physicians of the department, else of the one above, else of what stands in for it."""
    known: Mapping[tuple[str, str], tuple[Worker, ...]] = physicians()
    for code in (department, department[:2], *_INSTEAD.get(department[:2], ()), "03.01", "02", "03", "50.01", "05.01"):
        if found := known.get((institution, code)):
            return found
    raise LookupError(f"{institution} has no physicians")
