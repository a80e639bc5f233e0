"""Profiles, codes, operations and addresses of supervision that others may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites

NAME: Final = "supervision"


def _set(name: str, **codes: Text) -> CodeSet:
    written = {code.replace("_", "-"): text for code, text in codes.items()}
    return CodeSet(url=valueset(name), system=canonical(name, "CodeSystem"), codes=written)


# Task.code
TASKS: Final = _set(
    "supervision-task",
    upload=Text("监管上报", "Upload to the province"),
    finding=Text("监管发现的问题", "Finding of supervision"),
)
# -- uploads ----------------------------------------------------------------------------------------------------------
# Task.businessStatus of an upload.
UPLOAD_STATES: Final = _set(
    "upload-state",
    waiting=Text("待上报", "Waiting"),
    held=Text("校验未通过", "Held by the checks"),
    taken=Text("已接收", "Taken"),
    refused=Text("监管平台拒收", "Refused by the province"),
)
# What is told, in one message each: which tables it fills.
ACTS: Final = _set(
    "upload-act",
    registration=Text("复诊申请（T1）", "Visit asked for (T1)"),
    cancellation=Text("复诊取消（T1）", "Visit taken back (T1)"),
    reception=Text("在线复诊记录（T2）", "Online visit (T2)"),
    prescription=Text("电子处方（T3、T4、T5）", "Prescription (T3, T4, T5)"),
    delivery=Text("药品配送（T6）", "Delivery (T6)"),
    charge=Text("收费（T7、T8）", "Charge (T7, T8)"),
    refund=Text("退费（T7、T8）", "Refund (T7, T8)"),
)
# Task.identifier: act and what it is about, ``reception Encounter/1``; there is one upload of each.
KEYS: Final = canonical("upload-key", "NamingSystem")
# Extensions of an upload. ACT: valueCode. DIGEST: SM3 of the records that were taken. RECEIPT: number of the province.
# FAULT: code, zh, en of what keeps it back, repeats. ATTEMPT: how often it was sent. TIMELY: taken in time.
ACT: Final = canonical("upload-act")
DIGEST: Final = canonical("upload-digest")
RECEIPT: Final = canonical("upload-receipt")
FAULT: Final = canonical("upload-fault")
ATTEMPT: Final = canonical("upload-attempt")
TIMELY: Final = canonical("upload-timely")
UPLOAD: Final = Profile(
    url=canonical("upload"),
    on="Task",
    required=("code", "identifier", "focus", "for", "owner", "businessStatus", "restriction.period.end"),
    bindings={"code": TASKS.url, "businessStatus": UPLOAD_STATES.url},
)
LOOK: Final = "supervision.look"
SEND: Final = "supervision.send"
SWEEP: Final = "supervision.sweep"


@dataclass(frozen=True, slots=True)
class One:
    """Something by its logical id."""

    id: str


# Sends an upload again that was held or refused; answers the state it is in now.
RESEND: Final = Operation(
    "resend-upload", "Task", One, str, level="instance", title=Text("重新上报", "Send an upload again")
)

# -- the trace --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tracing:
    """What to trace from: ``Type/id`` of a visit, a booking, an order, a bill … ; or a number or name of it."""

    about: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided: its id, the values it had before it, the result, and the document that says so."""

    rule: str
    values: str
    result: str
    text: Text
    source: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry of the audit ledger with its place in the tree. holds: the path leads from the leaf to the root.

    index -1: the entry has no place yet.
    """

    entry: str
    at: str
    what: str
    who: str
    index: int = -1
    size: int = 0
    leaf: str = ""
    root: str = ""
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain. kind: of `STEPS`. reference: versioned. signatures: a line each, as of Task/$verify."""

    kind: str
    reference: str
    at: str
    state: str
    text: str
    facts: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    signatures: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The chain of one visit or booking, in the order of time. patient: reference. lacking: kinds that are missing."""

    about: str
    patient: str
    steps: tuple[Step, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """What a query found: references of visits and bookings to trace, the newest first."""

    found: tuple[str, ...]
    more: bool = False


STEPS: Final = _set(
    "trace-step",
    triage=Text("智能导诊", "Triage"),
    booking=Text("预约挂号", "Booking"),
    visit=Text("就诊", "Visit"),
    evidence=Text("复诊依据", "Evidence of the diagnosis"),
    conversation=Text("诊疗过程记录", "Conversation"),
    diagnosis=Text("诊断", "Diagnosis"),
    note=Text("病历", "Note"),
    prescription=Text("处方", "Prescription"),
    order=Text("医嘱", "Order"),
    review=Text("药师审方", "Review by the pharmacist"),
    supply=Text("处方调配", "Supply"),
    dispensed=Text("发药", "Dispensed"),
    decoction=Text("中药煎煮", "Decoction"),
    delivery=Text("配送", "Delivery"),
    bill=Text("账单", "Bill"),
    payment=Text("支付", "Payment"),
    settlement=Text("医保结算", "Settlement"),
    upload=Text("监管上报", "Upload"),
    rating=Text("评价", "Rating"),
    complaint=Text("投诉", "Complaint"),
)
TRACE: Final = Operation(
    "trace", "Encounter", Tracing, Trace, affects_state=False, title=Text("全程追溯", "Trace the whole course")
)
SEEK: Final = Operation(
    "seek-trace",
    "Encounter",
    Tracing,
    Sought,
    affects_state=False,
    title=Text("查找可追溯的诊疗", "Find to trace"),
)

# -- findings and what is made of them (R2-041) -----------------------------------------------------------------------
FINDING_STATES: Final = _set(
    "finding-state",
    lead=Text("待核实线索", "Lead, not judged yet"),
    open=Text("待整改", "To be rectified"),
    answered=Text("已反馈，待复核", "Answered, to be judged"),
    returned=Text("退回整改", "Returned"),
    accepted=Text("已销号", "Accepted"),
    dismissed=Text("线索排除", "Lead dismissed"),
)
FINDING_KEYS: Final = canonical("finding-key", "NamingSystem")
RULE: Final = canonical("finding-rule")  # valueString: id or code of the rule
EVIDENCE: Final = canonical("finding-evidence")  # valueReference, repeats
ESCALATED: Final = canonical("finding-escalated")  # valueInstant: the deadline passed without an answer
FINDING: Final = Profile(
    url=canonical("supervision-finding"),
    on="Task",
    required=("code", "identifier", "owner", "businessStatus", "description"),
    bindings={"code": TASKS.url, "businessStatus": FINDING_STATES.url},
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A lead that becomes a finding. deadline: day by which the institution answers; empty: by the policy."""

    id: str
    text: str = ""
    deadline: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """What the institution has done about a finding (整改). done: the day."""

    id: str
    measures: str
    done: str


@dataclass(frozen=True, slots=True)
class Judging:
    """What the commission makes of a lead or of an answer. accept: it is settled, else it goes back. note: why."""

    id: str
    accept: bool
    note: str = ""


OPEN: Final = Operation(
    "open-finding", "Task", Opening, Task, level="instance", title=Text("下发整改", "Ask for rectification")
)
ANSWER: Final = Operation(
    "answer-finding", "Task", Answering, Task, level="instance", title=Text("反馈整改", "Answer a finding")
)
JUDGE: Final = Operation(
    "judge-finding", "Task", Judging, Task, level="instance", title=Text("复核整改", "Judge a lead or an answer")
)
LEADS: Final = "supervision.leads"
ESCALATE: Final = "supervision.escalate"

FOUND: Final = NoticeKind(
    code="supervision-finding",
    title=Text("监管部门下发整改要求", "The commission asks for rectification"),
    text=Text("请在 {until} 前反馈整改情况：{text}", "Please answer by {until}: {text}"),
    sms=Text(
        "【杏林】监管部门有新的整改要求，请登录处理。", "[Xinglin] The commission asks something. Please sign in."
    ),
    parameters=frozenset({"until", "text"}),
    urgent=True,
    to="staff",
)

# -- spot checks (8.6) ------------------------------------------------------------------------------------------------
SAMPLES: Final = _set("spot-check", sample=Text("抽检样本", "Sample of a spot check"))
# Extensions of a sample. SEED: published. POPULATION: SM3 of what was drawn from. COUNTED: how many that were.
# WHY (of an entry): the stratum that drew it. PERIOD: month that was looked at. SIZE: ratio, least, most.
SEED: Final = canonical("spot-check-seed")
POPULATION: Final = canonical("spot-check-population")
COUNTED: Final = canonical("spot-check-counted")
PERIOD: Final = canonical("spot-check-period")
WHY: Final = canonical("spot-check-why")
INSTITUTION_OF: Final = canonical("spot-check-institution")
SAMPLE: Final = Profile(
    url=canonical("spot-check"), on="List", required=("code", "date", "title"), bindings={"code": SAMPLES.url}
)
QUESTIONNAIRE: Final = canonical("check-sheet", "Questionnaire")
SHEET_KEYS: Final = canonical("check-sheet", "NamingSystem")
SHEET: Final = Profile(
    url=canonical("check-sheet"),
    on="QuestionnaireResponse",
    required=("questionnaire", "identifier", "encounter", "author", "authored"),
)
# Grades (R8-043).
GRADES: Final = cites("R8-043")(
    _set(
        "check-grade",
        A=Text("A 无缺陷", "A no defect"),
        B=Text("B 轻微缺陷", "B minor"),
        C=Text("C 严重缺陷", "C serious"),
        D=Text("D 违法违规", "D unlawful"),
    )
)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sample to draw: institution (``Organization/id``), month (``2026-11``), seed as published."""

    institution: str
    month: str
    seed: str


@dataclass(frozen=True, slots=True)
class Checking:
    """A check sheet of one drawn visit. sample: id of the List. answers: ``ITEM=yes|no|na`` each. note: in words."""

    sample: str
    visit: str
    answers: tuple[str, ...]
    note: str = ""


DRAW: Final = Operation("draw-sample", "List", Drawing, str, title=Text("抽取样本", "Draw a sample"))
CHECK: Final = Operation("check-visit", "List", Checking, str, title=Text("填写检查表", "Fill in a check sheet"))

# -- pages ------------------------------------------------------------------------------------------------------------
LIVE: Final = "/commission/live"
TRACED: Final = "/commission/trace"
CHECKS: Final = "/commission/checks"
FINDINGS: Final = "/commission/findings"
UPLOADS: Final = "/commission/uploads"
OWN_UPLOADS: Final = "/institution/uploads"
OWN_FINDINGS: Final = "/institution/findings"


def topic(organization: str) -> str:
    """Name what pages about an institution's uploads and figures listen to. organization: reference."""
    return f"supervision/{organization.rpartition('/')[2]}"
