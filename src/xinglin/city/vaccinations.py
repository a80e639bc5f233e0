"""Vaccinations of children by the national schedule (section 3.1), with the delays of life.

Doses keep minimum ages and intervals; injectable live vaccines are given on one day or 28 days apart (VX-05).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from xinglin.city.record import Record
from xinglin.city.spec import months_after
from xinglin.city.staff import Worker
from xinglin.city.stream import Weighted
from xinglin.city.terms import HL7, UCUM, Json, concept, reference, system
from xinglin.city.visits import public_health

# Of doses, the delay in days: most on time, some late, few never (design; 及时接种率 of about nine in ten).
_DELAY: Final = Weighted((((0, 6), 0.55), ((7, 20), 0.28), ((21, 60), 0.12), ((61, 200), 0.035), (None, 0.015)))
_SITES: Final = {"IM": ("LT", "左侧大腿外侧"), "SC": ("LA", "左上臂"), "ID": ("LA", "左上臂"), "PO": ("", "")}
_ROUTES: Final = {"IM": "肌内注射", "SC": "皮下注射", "ID": "皮内注射", "PO": "口服"}
_MAKERS: Final = ("太行生物制品厂（合成）", "云台疫苗有限公司（合成）", "怀川生物股份（合成）")
WHOLE_UNTIL: Final = (
    8  # years of age: of younger children all doses are in the record, of older ones those of the years
)


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose of the schedule. months: least age; after: days since the dose before; live: injectable and live."""

    code: str
    title: str
    number: int
    months: int
    after: int
    route: str
    live: bool = False
    millilitres: float = 0.5
    girls: bool = False


SCHEDULE: Final = (
    Dose("0201", "重组乙型肝炎疫苗(酿酒酵母)", 1, 0, 0, "IM"),
    Dose("0101", "卡介苗", 1, 0, 0, "ID", live=True, millilitres=0.1),
    Dose("0201", "重组乙型肝炎疫苗(酿酒酵母)", 2, 1, 28, "IM"),
    Dose("0303", "脊髓灰质炎灭活疫苗", 1, 2, 0, "IM"),
    Dose("0402", "吸附无细胞百白破联合疫苗", 1, 2, 0, "IM"),
    Dose("0303", "脊髓灰质炎灭活疫苗", 2, 3, 28, "IM"),
    Dose("0311", "口服Ⅰ型Ⅲ型脊髓灰质炎减毒活疫苗(人二倍体细胞)", 3, 4, 28, "PO"),
    Dose("0402", "吸附无细胞百白破联合疫苗", 2, 4, 28, "IM"),
    Dose("0201", "重组乙型肝炎疫苗(酿酒酵母)", 3, 6, 60, "IM"),
    Dose("0402", "吸附无细胞百白破联合疫苗", 3, 6, 28, "IM"),
    Dose("1601", "A群脑膜炎球菌多糖疫苗", 1, 6, 0, "SC"),
    Dose("1201", "麻疹腮腺炎风疹联合减毒活疫苗", 1, 8, 0, "SC", live=True),
    Dose("1801", "乙型脑炎减毒活疫苗", 1, 8, 0, "SC", live=True),
    Dose("1601", "A群脑膜炎球菌多糖疫苗", 2, 9, 92, "SC"),
    Dose("0402", "吸附无细胞百白破联合疫苗", 4, 18, 183, "IM"),
    Dose("1201", "麻疹腮腺炎风疹联合减毒活疫苗", 2, 18, 28, "SC", live=True),
    Dose("1901", "甲型肝炎减毒活疫苗", 1, 18, 0, "SC", live=True),
    Dose("1801", "乙型脑炎减毒活疫苗", 2, 24, 366, "SC", live=True),
    Dose("1701", "A+C群脑膜炎球菌多糖疫苗", 1, 36, 366, "SC"),
    Dose("0311", "口服Ⅰ型Ⅲ型脊髓灰质炎减毒活疫苗(人二倍体细胞)", 4, 48, 28, "PO"),
    Dose("0402", "吸附无细胞百白破联合疫苗", 5, 72, 366, "IM"),
    Dose("1701", "A+C群脑膜炎球菌多糖疫苗", 2, 72, 1096, "SC"),
    Dose("5501", "二价人乳头瘤病毒疫苗", 1, 156, 0, "IM", girls=True),
    Dose("5501", "二价人乳头瘤病毒疫苗", 2, 162, 183, "IM", girls=True),
)
HPV_SINCE: Final = date(2025, 11, 10)  # VX-22: girls of 13 from this day on
DTAP_SINCE: Final = date(2025, 1, 1)  # VX-15: five doses; before, children of six years got DT
DT: Final = ("0601", "吸附白喉破伤风联合疫苗")


def vaccinations(record: Record) -> None:
    """Write the doses that a child has had."""
    person, spec = record.person, record.spec
    age = person.age(spec.until)
    if age >= 15:
        return
    since = person.born if age < WHOLE_UNTIL else spec.since
    given: dict[str, date] = {}
    shots: list[date] = []  # days of injectable live vaccines
    worker = public_health(record)
    for dose in SCHEDULE:
        if dose.girls and (person.male or person.born <= date(2011, 11, 10)):
            continue
        day = _day(record, dose, given.get(dose.code[:2]), shots)
        if day is None:
            continue
        if dose.girls and day < HPV_SINCE:
            day = HPV_SINCE + timedelta(days=record.stream.below(120))
        if day > person.last(spec.until):
            continue
        given[dose.code[:2]] = day
        if dose.live:
            shots.append(day)
        if day >= since:
            _write(record, dose, day, worker)


def _day(record: Record, dose: Dose, before: date | None, shots: list[date]) -> date | None:
    """Draw the day of a dose; None when it is never given."""
    least = months_after(record.person.born, dose.months)
    if before is not None:
        least = max(least, before + timedelta(days=dose.after))
    elif dose.number > 1 and dose.code != "1701":
        return None
    delay = _DELAY.draw(record.stream)
    if delay is None and dose.months > 0:
        return None
    day = least if delay is None or dose.months == 0 else least + timedelta(days=record.stream.between(*delay))
    if dose.live:
        for shot in sorted(shots):
            if 0 < abs((day - shot).days) < 28:
                day = max(least, shot) if least <= shot else shot + timedelta(days=28)
    return day


def _write(record: Record, dose: Dose, day: date, worker: Worker) -> None:
    code, title = dose.code, dose.title
    if code == "0402" and dose.number == 5 and day < DTAP_SINCE:
        code, title = DT
    site, where = _SITES[dose.route]
    batch = f"{day.year}{(day.month - 1) // 3 + 1:02d}{dose.code}"
    made: Json = {
        "status": "completed",
        "vaccineCode": concept(system("vaccine"), code, title),
        "patient": record.subject,
        "occurrenceDateTime": day.isoformat(),
        "primarySource": True,
        "location": reference("Location", f"{worker.institution.id}-main", worker.institution.name),
        "manufacturer": {"display": _MAKERS[int(code[:2]) % len(_MAKERS)]},
        "lotNumber": batch,
        "expirationDate": f"{day.year + 2}-{day.month:02d}-28",
        "route": concept(system("route"), _ROUTES[dose.route], _ROUTES[dose.route]),
        "doseQuantity": {"value": dose.millilitres, "unit": "mL", "system": UCUM, "code": "mL"}
        if dose.route != "PO"
        else {"value": 1, "unit": "粒", "system": UCUM, "code": "{tbl}"},
        "performer": [{"actor": reference("Practitioner", worker.id, worker.name)}],
        "fundingSource": concept(f"{HL7}/immunization-funding-source", "public"),
        "protocolApplied": [{"series": title, "doseNumberPositiveInt": dose.number}],
    }
    if site:
        made["site"] = concept(f"{HL7}/v3-ActSite", site, where)
    record.add("Immunization", **made)
