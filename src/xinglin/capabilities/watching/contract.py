"""Alerts, their states, and the desk's portal."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Task
from xinglin.registry import Portal
from xinglin.security.anomalies import RULES
from xinglin.security.assessments import KINDS

# Task.code of an alert: the rule that somebody's activity broke, or the assessment that is due.
ALERTS: Final = CodeSet(
    url=valueset("alert"),
    system=canonical("alert", "CodeSystem"),
    codes={one.code: Text(one.zh, one.en) for one in (*RULES, *KINDS)},
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
# What the security officer is told.
ALERTED: Final = NoticeKind(
    code="security-alert",
    title=Text("有新的安全告警", "There is a new alert"),
    text=Text(
        "安全监测发现一项异常访问，请尽快在“安全告警”中查看和处理。",
        "Watching found an unusual access. Please look at it soon, at “Alerts”.",
    ),
    sms=Text("【杏林】有新的安全告警，请登录处理。", "[Xinglin] There is a new security alert. Please sign in."),
    channels=("wechat", "mail", "sms"),
    urgent=True,
    to="staff",
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
REMIND: Final = "watching.remind"

SECURITY: Final = Portal(
    "security", "/security", frozenset({"security-admin"}), Text("安全管理员工作台", "Security desk")
)
