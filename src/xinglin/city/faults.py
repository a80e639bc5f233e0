"""Prescriptions that break a rule on purpose, each with a tag that names the rule: work for the review, tests for it.

The tag is ``CodeSystem/synthetic-fault``; `RULES` says what each code means. Everything else in the city keeps them.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from xinglin.city.prescriptions import Line, marked, prescribe
from xinglin.city.record import Record
from xinglin.city.visits import doctor, number

RULES: Final[Mapping[str, str]] = {
    "R3-003": "six kinds of drugs on one prescription",
    "R3-006": "twice the most of a day, without a second signature",
    "R3-007": "the words 遵医嘱 in place of the usage",
    "R3-008": "no diagnosis",
    "R3-022": "thirty days for an illness that passes, without a reason",
    "R3-031": "a sedative (精二) in a long prescription",
    "R3-040": "an antibiotic of special use for an outpatient, by who may not",
    "R3-054-A5": "two anti-inflammatory drugs of the same action",
    "R3-054-A7": "an amoxicillin for somebody allergic to penicillin",
    "R3-054-A1": "an antidiabetic without diabetes",
}
SHARE: Final = 0.06  # of adults, over the years; of those allergic to penicillin more
_COLD: Final = ("J06.900", "急性上呼吸道感染")
_LINES: Final[Mapping[str, tuple[Line, ...]]] = {
    "R3-003": (
        *(Line("复方氨酚烷胺片", 3), Line("盐酸氨溴索片", 3), Line("氯雷他定片", 3), Line("头孢呋辛酯片", 3)),
        *(Line("奥美拉唑肠溶胶囊", 3), Line("右佐匹克隆片", 3)),
    ),
    "R3-006": (Line("布洛芬缓释胶囊", 3, "tid", 800),),
    "R3-007": (Line("盐酸氨溴索片", 5),),
    "R3-008": (Line("头孢呋辛酯片", 5),),
    "R3-022": (Line("复方氨酚烷胺片", 30),),
    "R3-031": (Line("艾司唑仑片", 28),),
    "R3-040": (Line("注射用美罗培南", 3),),
    "R3-054-A5": (Line("双氯芬酸钠缓释片", 5), Line("布洛芬缓释胶囊", 5)),
    "R3-054-A7": (Line("阿莫西林胶囊", 5),),
    "R3-054-A1": (Line("格列美脲片", 7),),
}


def faults(record: Record) -> None:
    """Write one faulty prescription for a few people."""
    stream, spec, person = record.stream, record.spec, record.person
    if not stream.chance(0.3 if record.allergic else SHARE):
        return
    adult = person.age(spec.since) >= 18
    if not adult or person.left is not None:
        return
    rule = "R3-054-A7" if record.allergic and stream.chance(0.6) else stream.pick(list(RULES))
    if not _fits(record, rule):
        return
    day = spec.since + timedelta(days=stream.below(spec.years * 365 - 1))
    made = record.visit(day, doctor(record, "county", "03.01"), number=number(record))
    if rule == "R3-008":
        made.resource["meta"] = marked(rule)
    diagnosis = None if rule == "R3-008" else record.diagnose(made, *_COLD, days=10)
    reason = "chronic" if rule == "R3-031" else ""
    before = len(record.out)
    prescribe(record, made, _LINES[rule], diagnosis=diagnosis, reason=reason, fault=rule)
    if rule == "R3-007":
        for one in record.out[before:]:
            one["dosageInstruction"] = [{"text": "遵医嘱"}]


def _fits(record: Record, rule: str) -> bool:
    if rule == "R3-054-A7":
        return record.allergic
    return rule != "R3-054-A1" or not {"diabetes", "diabetes-1"} & record.ill.keys()
