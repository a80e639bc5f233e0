"""Alerts, their states, and the desk's portal."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Task
from xinglin.registry import Portal
from xinglin.security.anomalies import RULES

# Task.code of an alert: the rule that somebody's activity broke.
ALERTS: Final = CodeSet(
    url=valueset("alert"),
    system=canonical("alert", "CodeSystem"),
    codes={rule.code: Text(rule.zh, rule.en) for rule in RULES},
)
# Task.businessStatus of an alert.
STATES: Final = CodeSet(
    url=valueset("alert-state"),
    system=canonical("alert-state", "CodeSystem"),
    codes={
        "new": Text("新告警", "New"),
        "seen": Text("处理中", "Being looked into"),
        "closed": Text("已关闭", "Closed"),
    },
)
# Task.identifier: rule, user and hour; the same never makes two.
KEYS: Final = canonical("alert-key", "NamingSystem")
# Task.owner's and requester's identifier: an account, which is no FHIR resource.
ACCOUNTS: Final = canonical("account", "NamingSystem")
ALERT: Final = Profile(
    url=canonical("alert"),
    on="Task",
    required=("code", "identifier", "businessStatus", "executionPeriod.start", "executionPeriod.end"),
    bindings={"code": ALERTS.url, "businessStatus": STATES.url},
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an alert. id: of the Task. state: ``seen`` or ``closed``. note: why, when it is closed."""

    id: str
    state: str
    note: str = ""


DECIDE: Final = Operation(
    code="decide-alert",
    on="Task",
    takes=Decision,
    gives=Task,
    level="instance",
    title=Text("处理安全告警", "Deal with an alert"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a resident who objected is told. id: of the Task."""

    id: str
    note: str


ANSWER: Final = Operation(
    code="answer-objection",
    on="Task",
    takes=Answer,
    gives=Task,
    level="instance",
    title=Text("答复对访问的异议", "Answer an objection to an access"),
)

LOOK: Final = "watching.look"

SECURITY: Final = Portal(
    "security", "/security", frozenset({"security-admin"}), Text("安全管理员工作台", "Security desk")
)
