"""Roles, operations and codes of access control: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Task
from xinglin.registry import CLINIC, Portal
from xinglin.security import labels
from xinglin.security.accounts import STAFF_ROLES
from xinglin.security.relations import BREAK_GLASS as BREAK_GLASS_CODE
from xinglin.security.relations import REQUESTS as REQUESTS_SYSTEM
from xinglin.security.relations import TASK_CODES

__all__ = ["STAFF_ROLES"]

TASKS: Final = CodeSet(
    url=valueset("task"), system=TASK_CODES, codes={BREAK_GLASS_CODE: Text("紧急访问", "Emergency access")}
)
REQUESTS: Final = CodeSet(
    url=valueset("request"),
    system=REQUESTS_SYSTEM,
    codes={"referral": Text("转诊", "Referral"), "consult": Text("会诊", "Request for advice")},
)
SPECIAL: Final = CodeSet(
    url=valueset("sensitive-class"),
    system=labels.SPECIAL,
    codes={code: Text(zh, en) for code, (zh, en) in labels.SPECIAL_CODES.items()},
)
DATA_CLASSES: Final = CodeSet(
    url=valueset("data-class"),
    system=labels.CLASS,
    codes={code: Text(zh, en) for code, (zh, en) in labels.CLASSES.items()},
)
LEVELS: Final = CodeSet(
    url=valueset("security-level"),
    system=labels.LEVEL,
    codes={
        "1": Text("1 级 可公开", "1, may be public"),
        "2": Text("2 级 去标识统计", "2, statistics without persons"),
        "3": Text("3 级 受限数据", "3, limited data"),
        "4": Text("4 级 可识别个人", "4, names persons"),
        "5": Text("5 级 特殊敏感", "5, of few hands"),
    },
)
# What the security officer found of an emergency access: Task.businessStatus.
REVIEWS: Final = CodeSet(
    url=valueset("break-glass-review"),
    system=canonical("break-glass-review", "CodeSystem"),
    codes={
        "awaiting": Text("待复核", "To be reviewed"),
        "justified": Text("理由成立", "Justified"),
        "unjustified": Text("理由不成立", "Not justified"),
    },
)
EMERGENCY: Final = Profile(
    url=canonical("break-glass"),
    on="Task",
    required=("code", "for", "requester", "executionPeriod.start", "executionPeriod.end", "reasonCode.text"),
    bindings={"code": TASKS.url, "businessStatus": REVIEWS.url},
)
# What the patient is told.
OPENED: Final = NoticeKind(
    code="break-glass",
    title=Text("您的档案被紧急查阅", "Your record was opened in an emergency"),
    text=Text(
        "{who}因紧急情况查阅了您的健康档案。理由：{reason}。"
        "安全管理员将在 {days} 个工作日内复核；如有异议，请在“谁看过我的档案”中提出。",
        "{who} opened your record in an emergency. Reason given: {reason}."
        " The security officer reviews it within {days} working days; you may object at “Who looked”.",
    ),
    sms=Text(
        "【杏林】您的健康档案被紧急查阅，详情请登录后在“我的消息”中查看。",
        "[Xinglin] Your record was opened in an emergency. Sign in and see your messages.",
    ),
    parameters=frozenset({"who", "reason", "days"}),
)


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """What opening a record in an emergency takes: the patient's logical id, and why."""

    id: str
    reason: str


BREAK_GLASS: Final = Operation(
    code="break-glass",
    on="Patient",
    takes=BreakGlass,
    gives=Task,
    level="instance",
    title=Text("紧急访问", "Emergency access"),
)


@dataclass(frozen=True, slots=True)
class Review:
    """What a review says. id: of the Task. outcome: ``justified`` or ``unjustified``. note: why."""

    id: str
    outcome: str
    note: str


REVIEW: Final = Operation(
    code="review-break-glass",
    on="Task",
    takes=Review,
    gives=Task,
    level="instance",
    title=Text("复核紧急访问", "Review an emergency access"),
)


@dataclass(frozen=True, slots=True)
class May:
    """May somebody do this to that? The somebody is described, not logged in.

    type, id: of the resource; without id: of the type in general. practitioner, practitioner_role, organization,
    patient: references. purpose: v3-ActReason; level: of proofing; strong: signed in by two factors.
    """

    role: str
    interaction: str
    type: str
    id: str | None = None
    practitioner: str | None = None
    practitioner_role: str | None = None
    organization: str | None = None
    patient: str | None = None
    purpose: str = "TREAT"
    level: str = ""
    strong: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether, and why: one line a grant, scope, consent or label, as ``kind: name: outcome``."""

    allowed: bool
    why: tuple[str, ...]


MAY: Final = Operation(
    code="may",
    on="Patient",
    takes=May,
    gives=Answer,
    level="type",
    affects_state=False,
    title=Text("可否访问及原因", "May they, and why"),
)

CARE: Final = Portal(
    "care",
    "/emergency",
    frozenset({"physician", "village-doctor", "nurse", "family-doctor"}),
    Text("诊疗", "Care"),
    part_of=CLINIC,
)
PAGE: Final = "/emergency"
