"""Lasting diseases over the years: follow-ups of the centre, visits to the hospital, and the drugs that go on.

Follow-up of hypertension and diabetes: every three months, two weeks after a visit that was not controlled, and to a
hospital after two of those (HT-08 to HT-11, DM-05). Both diseases are followed on one sheet (PH-03).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from xinglin.city import contracts, labs, vitals
from xinglin.city.people import SHOWN_DIZZY
from xinglin.city.prescriptions import CHRONIC, Line, prescribe
from xinglin.city.record import Record, Visit
from xinglin.city.terms import concept, reference, system
from xinglin.city.visits import doctor, family_doctor, number

FOLLOWED: Final = ("hypertension", "diabetes")
_TITLES: Final = {"hypertension": "高血压患者随访", "diabetes": "2型糖尿病患者随访"}
_AGAIN_DAYS: Final = 14
_HELPED: Final = 0.6
_SEEN_BEFORE: Final = 40  # days before the last one on which the resident who asks online was at the hospital
_MAJOR: Final = 28  # days of a long prescription; stable patients get three times as many (R3-034)
# For each disease the treatments to choose from, with "+" between drugs; times a day where they are not the usual ones.
_LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "hypertension": (
        "苯磺酸氨氯地平片",
        "缬沙坦胶囊",
        "硝苯地平控释片",
        "厄贝沙坦氢氯噻嗪片",
        "苯磺酸氨氯地平片+缬沙坦胶囊",
    ),
    "diabetes": ("盐酸二甲双胍片", "盐酸二甲双胍片+格列美脲片", "盐酸二甲双胍片+阿卡波糖片"),
    "diabetes-1": ("门冬胰岛素注射液",),
    "copd": ("噻托溴铵吸入粉雾剂", "布地奈德福莫特罗吸入粉雾剂(Ⅱ)", "茶碱缓释片"),
    "coronary": ("阿司匹林肠溶片+阿托伐他汀钙片", "硫酸氢氯吡格雷片+瑞舒伐他汀钙片"),
    "stroke": ("阿司匹林肠溶片+阿托伐他汀钙片",),
    "lipids": ("阿托伐他汀钙片", "瑞舒伐他汀钙片"),
    "kidney": ("碳酸氢钠片:tid",),
    "gastritis": ("奥美拉唑肠溶胶囊", "雷贝拉唑钠肠溶片"),
    "depression": ("盐酸舍曲林片", "草酸艾司西酞普兰片"),
    "severe-mental": ("利培酮片", "奥氮平片", "富马酸喹硫平片", "阿立哌唑片"),
    "asthma": ("布地奈德福莫特罗吸入粉雾剂(Ⅱ)", "孟鲁司特钠片"),
    "prostate": ("盐酸特拉唑嗪片",),
    "fibrillation": ("富马酸比索洛尔片",),
}
# Visits a year to a hospital for what the centre does not follow.
_VISITS: Final = {
    "hypertension": 2.2,
    "diabetes": 2.5,
    "diabetes-1": 4.0,
    "copd": 1.8,
    "coronary": 1.8,
    "stroke": 1.5,
    "kidney": 2.5,
    "lipids": 0.8,
    "gastritis": 1.2,
    "depression": 3.0,
    "severe-mental": 4.0,
    "asthma": 1.5,
    "prostate": 1.0,
    "fibrillation": 2.5,
    "spine": 0.8,
    "cataract": 0.5,
    "lung-cancer": 3.0,
}


def chronic(record: Record) -> None:
    """Write the problem list, the follow-ups and the visits for what lasts."""
    for name, ill in record.ill.items():
        record.problem(name, ill.disease.code, ill.disease.title, ill.since)
    age = record.person.age(record.spec.until)
    followed: list[str] = [name for name in FOLLOWED if name in record.ill]
    if followed and contracts.managed(record.stream, age):
        lead = family_doctor(record)
        for name in followed:
            contracts.episode(record, name, record.ill[name].since, lead, problem=record.problems[name])
        _follow(record, followed)
        rest = [name for name in record.ill if name not in followed]
    else:
        rest = list(record.ill)
    for name in rest:
        _attend(record, name)
    if record.house.number == SHOWN_DIZZY and record.person.role == "head":
        hospital(record, "hypertension", record.spec.until - timedelta(days=_SEEN_BEFORE))


def drugs(record: Record, name: str, days: int) -> tuple[Line, ...]:
    """Give the lines of a disease; a patient keeps the drugs."""
    choices = _LINES.get(name, ())
    if not choices:
        return ()
    chosen = (one.partition(":") for one in choices[record.pick % len(choices)].split("+"))
    return tuple(Line(drug, days, times) for drug, _, times in chosen)


def together(lines: list[Line]) -> list[Line]:
    """Leave out what would be given twice, and what is more than five kinds (R3-003)."""
    seen: dict[str, Line] = {}
    for line in lines:
        group = "statin" if "他汀" in line.name else line.name
        seen.setdefault(group, line)
    return list(seen.values())[:5]


def _follow(record: Record, names: list[str]) -> None:
    """Write the follow-ups by the interval rules."""
    stream, spec = record.stream, record.spec
    lead = family_doctor(record)
    last = record.person.last(spec.until)
    due = max(spec.since, min(record.ill[name].since for name in names)) + timedelta(days=stream.between(5, 90))
    misses = 0
    while due <= last:
        now = [name for name in names if record.ill[name].since <= due]
        visit = record.visit(
            due,
            lead,
            kind="HH" if stream.chance(0.12) else "AMB",
            type_=concept(system("follow-up"), now[0], _TITLES[now[0]]),
            episode=record.episodes[now[0]],
        )
        if len(now) > 1:
            visit.resource["type"].append(concept(system("follow-up"), now[1], _TITLES[now[1]]))
            visit.resource["episodeOfCare"].append(reference("EpisodeOfCare", record.episodes[now[1]]))
        controlled = _measured(record, visit, now)
        lines = together([line for name in now for line in drugs(record, name, 3 * _MAJOR if controlled else _MAJOR)])
        prescribe(record, visit, lines, diagnosis=record.problems[now[0]], reason=CHRONIC)
        misses = 0 if controlled else misses + 1
        if misses == 2:
            _refer(record, now, due + timedelta(days=stream.between(2, 12)), last)
            misses = 0
            due += timedelta(days=_MAJOR - stream.between(0, 2))
        else:
            due += timedelta(
                days=stream.between(80, 95) if controlled else stream.between(_AGAIN_DAYS - 3, _AGAIN_DAYS)
            )


def _measured(record: Record, visit: Visit, names: list[str]) -> bool:
    """Measure what the form asks for; tells whether all is controlled (HT-07, DM-05)."""
    high, low = vitals.pressure(record, visit)
    vitals.pulse(record, visit)
    if record.stream.chance(0.5):
        vitals.weigh(record, visit)
    visit.resource["reasonReference"] = [reference("Condition", record.problems[name]) for name in names]
    limit = 150 if record.person.age(visit.day) >= 65 else 140
    controlled = "hypertension" not in names or (high < limit and low < 90)
    if "diabetes" in names:
        value = labs.sugar(record, visit)
        controlled = controlled and 3.9 < value < 7.0
    return controlled


def _refer(record: Record, names: list[str], day: date, last: date) -> None:
    """Write the visit to the hospital after two visits that were not controlled; other drugs are given there.

    They help more often than not, so that the trend turns.
    """
    if day > last:
        return
    hospital(record, names[0], day)
    record.pick += 1
    for name in names:
        if record.stream.chance(_HELPED):
            record.ill[name].controlled = True


def _attend(record: Record, name: str) -> None:
    """Write the visits to a hospital, spread over the time."""
    stream, spec, ill = record.stream, record.spec, record.ill[name]
    last = record.person.last(spec.until)
    first = max(spec.since, ill.since)
    days = (last - first).days
    for _ in range(stream.count(_VISITS.get(name, 1.0) * max(0, days) / 365 * (0.4 + 1.2 * stream.unit()))):
        hospital(record, name, first + timedelta(days=stream.below(days)))


def hospital(record: Record, name: str, day: date) -> Visit:
    """Write a visit to the physician of a disease."""
    stream, disease = record.stream, record.ill[name].disease
    made = record.visit(
        day, doctor(record, "city" if stream.chance(0.3) else "county", disease.department), number=number(record)
    )
    diagnosis = record.diagnose(made, disease.code, disease.title)
    if record.person.age(day) >= 35:
        vitals.pressure(record, made)
    if name in {"diabetes", "diabetes-1"}:
        labs.panel(record, made, labs.SUGAR_LONG)
    elif name in {"lipids", "coronary", "stroke"} and stream.chance(0.6):
        labs.panel(record, made, labs.LIPIDS)
    elif name == "kidney":
        labs.panel(record, made, labs.KIDNEY)
    elif name == "copd":
        vitals.saturation(record, made, 93)
    elif name == "hypertension" and stream.chance(0.3):
        labs.panel(record, made, labs.KIDNEY)
    lines = drugs(record, name, _MAJOR)
    if lines:
        prescribe(record, made, lines, diagnosis=diagnosis, reason=CHRONIC)
    return made
