"""Reports of notifiable diseases (传染病报告卡, IDR-01): who diagnoses first reports, within 2 or 24 hours.

A few come late and a few are forgotten, each with the tag of a fault (`SV-12`, `SV-10`), for the quality of reporting.
Draws come from a stream of their own.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from xinglin.city.forms import Answer, fill
from xinglin.city.people import Person
from xinglin.city.prescriptions import marked
from xinglin.city.record import Record, Visit
from xinglin.city.stream import Stream
from xinglin.city.terms import META, Json, coding, system
from xinglin.tables.codes import rows

FORM: Final = "IDR-01"
LATE: Final = 0.03  # design
FORGOTTEN: Final = 0.02  # design
NOT_REPORTED: Final = "SV-10"
TOO_LATE: Final = "SV-12"
_CONFIRMED: Final = frozenset({"A15"})  # by the laboratory; all others clinically
_ONCE: Final = frozenset({"17"})  # of a course, not at each visit (SV-16)


@cache
def disease_of(code: str) -> str | None:
    """Give the number of the notifiable disease that a code of ICD-10 belongs to; None: it need not be reported."""
    return next((number for number, spans in _spans().items() if any(_within(code, span) for span in spans)), None)


@cache
def _spans() -> Mapping[str, tuple[str, ...]]:
    return {row["code"]: tuple(row["icd10"].replace(" ", "").split(";")) for row in rows("notifiable_diseases.csv")}


def _within(code: str, span: str) -> bool:
    """Tell whether a code lies in a span such as ``A15-A16`` or ``B08.4``."""
    low, _, high = span.partition("-")
    return low <= code[: len(low)] <= (high or low)


def reports(record: Record, visits: Mapping[str, Visit]) -> None:
    """Write the cards for the diagnoses of the visits. visits: those of the record, by id."""
    seen: set[str] = set()
    stream: Stream | None = None
    for one in tuple(record.out):
        if one["resourceType"] != "Condition" or "encounter" not in one:
            continue
        code = one["code"]["coding"][0]["code"]
        number = disease_of(code)
        visit = visits.get(one["encounter"]["reference"].partition("/")[2])
        if number is None or visit is None or number in seen:
            continue
        if number in _ONCE:
            seen.add(number)
        stream = stream or Stream(record.spec.seed, "reports", record.person.id)
        _report(record, stream, one, number, visit)


def _report(record: Record, stream: Stream, diagnosis: Json, number: str, visit: Visit) -> None:
    draw = stream.unit()
    if draw < FORGOTTEN:
        diagnosis["meta"] = marked(NOT_REPORTED)
        return
    limit = _limit(number)
    late = draw < FORGOTTEN + LATE
    hours = limit + 1 + stream.below(48) if late else stream.unit() * 0.6 * limit
    told = datetime.fromisoformat(visit.at) + timedelta(minutes=int(hours * 60) + 5)
    if told.date() >= record.spec.until:
        return  # it is still to be written
    code = diagnosis["code"]["coding"][0]["code"]
    fill(
        record,
        FORM,
        _answers(record, stream, code, number, visit),
        at=told.isoformat(),
        author=visit.doctor,
        visit=visit,
        meta=marked(TOO_LATE) if late else META,
    )


def _answers(record: Record, stream: Stream, code: str, number: str, visit: Visit) -> dict[int, Answer]:
    person, day = record.person, visit.day
    group, place = _group(person, day)
    name = next(row["name"] for row in rows("notifiable_diseases.csv") if row["code"] == number)
    answers: dict[int, Answer] = {
        1: f"{person.village.county}{day:%Y}{person.key[3:]}{len(record.out):05d}",
        2: "1",
        3: person.name,
        6: "男" if person.male else "女",
        7: person.born,
        10: person.phone,
        11: _named("report-belong", "report_belong", "1"),
        12: f"{person.village.county_name}{person.village.town_name}{record.house.line}",
        13: _named("report-group", "report_group", group),
        14: _named("report-case-class", "report_case_class", "3" if code[:3] in _CONFIRMED else "2"),
        16: max(person.born, day - timedelta(days=stream.below(3) if number != "17" else 20)),
        17: datetime.fromisoformat(visit.at),
        19: coding(system("notifiable-disease"), number, name),
        22: visit.institution.name,
        24: visit.doctor.name,
    }
    if place:
        answers[9] = place
    if person.number:
        answers[5] = person.number
    parent = person.mother or person.father
    if person.age(day) <= 14:
        answers[4] = parent.name if parent is not None else record.house.people[0].name
    return answers


def _group(person: Person, day: date) -> tuple[str, str]:
    """Give the group of the card, and the school of who goes to one."""
    age, town = person.age(day), person.village.town_name
    if age < 3:
        return "2", ""
    if age < 6:
        return "1", f"{town}中心幼儿园"
    if age < 18:
        return "3", f"{town}{'中心小学' if age < 12 else '初级中学' if age < 15 else '高级中学'}"
    if age >= 60:
        return ("15" if person.village.urban else "11"), ""
    return ("17" if person.village.urban else "11"), ""


@cache
def _limit(number: str) -> int:
    """Give the hours within which a disease is reported (SV-11, SV-12)."""
    return int(next(row["hours"] for row in rows("notifiable_diseases.csv") if row["code"] == number))


@cache
def _named(table: str, file: str, code: str) -> Json:
    return coding(system(table), code, next(row["name"] for row in rows(f"{file}.csv") if row["code"] == code))
