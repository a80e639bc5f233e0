"""Anomalies in the use of the record, as data: what is counted of one user in a while, and when it is too much.

Source: R7-042. The limits are settings; the list below says which of them, and since when.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.fhir.sources import cites

# Who treats patients: they reach a record by a relation, at any hour of the day.
CARING: Final = frozenset({"physician", "village-doctor", "nurse", "family-doctor"})
# Whose work has hours: nobody of these needs records at night.
DAYTIME: Final = frozenset(
    {"public-health", "receptionist", "insurer", "regulator", "researcher", "retail-pharmacist"}
    | {"system-admin", "security-admin", "audit-admin"}
)
# The platform's own jobs, developers of a demonstration, and people about their own record.
NOT_WATCHED: Final = frozenset({"system", "developer", "anonymous", "resident", "guardian"})

# Labels of patients whose record draws curious eyes: http://terminology.hl7.org/CodeSystem/v3-ActCode
WATCHED_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
WATCHED_LABELS: Final = ("VIP", "CEL", "EMP")
# Parameters by which a person is sought by name.
NAMES: Final = frozenset({"name", "family", "given", "phonetic"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of something is usual in an hour; what goes beyond is an anomaly. night: (from, to), local time."""

    patients: int = 100
    refused: int = 20
    rows: int = 1_000
    by_name: int = 10
    at_night: int = 0
    watched: int = 0
    unrelated: int = 0
    night: tuple[time, time] = (time(22), time(6))


@dataclass(frozen=True, slots=True)
class Activity:
    """What one user did in a while, in one role; counts, and no word of whom it was about.

    patients: different ones. rows: resources that searches and histories gave. by_name: searches for patients by name.
    refused: acts that were refused. at_night: acts on patients' records out of hours. watched: patients with a label of
    WATCHED_LABELS. unrelated: patients without a relation to the user.
    """

    who: str
    role: str
    practitioner: str = ""
    organization: str = ""
    patients: int = 0
    rows: int = 0
    by_name: int = 0
    refused: int = 0
    at_night: int = 0
    watched: int = 0
    unrelated: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One anomaly. count: what is counted. roles: to whom it applies; none named: to everybody who is watched."""

    code: str
    zh: str
    en: str
    count: Callable[[Activity], int]
    limit: Callable[[Limits], int]
    roles: frozenset[str] = frozenset()
    source: str = "R7-042"
    since: date = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that somebody's activity breaks: how much there was, and how much is usual."""

    rule: str
    activity: Activity
    count: int
    limit: int


RULES: Final = cites("R7-042")(
    (
        Rule("many-patients", "一小时内查看过多患者", "Many patients in an hour",
             lambda a: a.patients, lambda most: most.patients),
        Rule("no-relation", "查看无诊疗关系的患者", "Records without a relation",
             lambda a: a.unrelated, lambda most: most.unrelated, CARING),
        Rule("watched-patient", "查看重点保护人员或同事", "Records of colleagues or well-known people",
             lambda a: a.watched, lambda most: most.watched),
        Rule("off-hours", "非工作时间查看档案", "Records out of hours",
             lambda a: a.at_night, lambda most: most.at_night, DAYTIME),
        Rule("many-rows", "一次或多次取出大量记录", "A large number of records taken out",
             lambda a: a.rows, lambda most: most.rows),
        Rule("by-name", "反复按姓名查找患者", "Repeated searches by name",
             lambda a: a.by_name, lambda most: most.by_name),
        Rule("refused-often", "多次被拒绝访问", "Refused many times",
             lambda a: a.refused, lambda most: most.refused, source="R7-042, R7-041"),
    )
)  # fmt: skip


def findings(activity: Activity, limits: Limits) -> Iterator[Finding]:
    """Give what is unusual in an activity, in the order of RULES."""
    if set(activity.role.split()) & NOT_WATCHED:
        return
    for rule in RULES:
        if rule.roles and not rule.roles & set(activity.role.split()):
            continue
        count, limit = rule.count(activity), rule.limit(limits)
        if count > limit:
            yield Finding(rule.code, activity, count, limit)


def key_of(finding: Finding, until: datetime, zone: str) -> str:
    """Name an alert: the same user, rule and local hour raise one, however often one looks."""
    return f"{finding.rule}.{finding.activity.who}.{until.astimezone(ZoneInfo(zone)):%Y%m%dT%H}"


def night_of(text: str) -> tuple[time, time]:
    """Read ``22:00-06:00``; ValueError for anything else."""
    begin, dash, end = text.partition("-")
    if not dash:
        raise ValueError("two times of day with a hyphen between, such as 22:00-06:00")
    found = time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    if found[0] == found[1] or any(one.tzinfo for one in found):
        raise ValueError("two different times of day, without a zone")
    return found
