"""Profiles, codes, operations and addresses of feedback that others may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Task
from xinglin.fhir.sources import cites

# -- ratings ----------------------------------------------------------------------------------------------------------
QUESTIONNAIRE: Final = canonical("rating", "Questionnaire")
# Items by linkId: stars (valueInteger 1 to 5), solved (valueBoolean), text (valueString).
RATING: Final = Profile(
    url=canonical("rating"),
    on="QuestionnaireResponse",
    required=("questionnaire", "subject", "encounter", "authored", "item"),
)
STARS: Final = (5, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Rating:
    """How a visit was. id: of the Encounter. stars: 1 to 5. solved: whether what one came for was dealt with."""

    id: str
    stars: int
    solved: bool = False
    text: str = ""


# Answers the id of the QuestionnaireResponse.
RATE: Final = Operation(
    "rate-visit", "Encounter", Rating, str, level="instance", title=Text("评价就诊", "Rate a visit")
)

# -- complaints -------------------------------------------------------------------------------------------------------
TASKS: Final = CodeSet(
    url=valueset("feedback-task"),
    system=canonical("feedback-task", "CodeSystem"),
    codes={"complaint": Text("投诉", "Complaint")},
)
STATES: Final = CodeSet(
    url=valueset("complaint-state"),
    system=canonical("complaint-state", "CodeSystem"),
    codes={
        "received": Text("已受理，待处理", "Received"),
        "investigating": Text("调查中", "Being looked into"),
        "answered": Text("已答复", "Answered"),
        "closed": Text("已办结", "Closed"),
        "declined": Text("不予受理", "Not taken up"),
    },
)
OPEN: Final = ("received", "investigating")
CATEGORIES: Final = CodeSet(
    url=valueset("complaint-category"),
    system=canonical("complaint-category", "CodeSystem"),
    codes={
        "quality": Text("诊疗质量", "Quality of care"),
        "manner": Text("服务态度", "Manner"),
        "waiting": Text("等候和流程", "Waiting and procedure"),
        "medicine": Text("药品和配送", "Medicine and delivery"),
        "refund": Text("收费和退费", "Charges and refunds"),
        "privacy": Text("个人信息和隐私", "Privacy"),
        "system": Text("平台故障", "Fault of the platform"),
        "other": Text("其他", "Other"),
    },
)
# Why a complaint is not taken up (R8-007); a threat goes to the police.
DECLINED: Final = cites("R8-007")(
    CodeSet(
        url=valueset("complaint-declined"),
        system=canonical("complaint-declined", "CodeSystem"),
        codes={
            "court": Text("已经法院或仲裁处理", "With a court already"),
            "police": Text("公安机关正在处理", "With the police already"),
            "mediation": Text("正在人民调解或行政调解", "In mediation already"),
            "unclear": Text("没有明确的对象和事实", "No clear object and facts"),
            "labour": Text("医务人员劳动争议", "A dispute of staff about work"),
            "threat": Text("涉及人身安全或犯罪，已报警", "A threat or a crime: the police was called"),
        },
    )
)
# Extensions of a complaint (R8-005). SEVERAL: several departments look into it (10 working days). BILL: of a dispute
# about money. ANSWER: text, by, at. SATISFIED: what the complainant made of the answer. MENDED: what was changed.
CATEGORY: Final = canonical("complaint-category")  # valueCode
RELATION: Final = canonical("complaint-relation")  # valueString: to the patient
CONTACT: Final = canonical("complaint-contact")  # valueString
DEMANDS: Final = canonical("complaint-demands")  # valueString
SEVERAL: Final = canonical("complaint-several")  # valueBoolean
FIRST: Final = canonical("complaint-first")  # valueReference: the first receiver (首诉负责)
ANSWER: Final = canonical("complaint-answer")
MENDED: Final = canonical("complaint-mended")  # valueString
SATISFIED: Final = canonical("complaint-satisfied")  # valueBoolean
WARNED: Final = canonical("complaint-warned")  # valueDate: on which it was last told that the term ends
REFUNDED: Final = canonical("complaint-refunded")  # valueInteger: percent that goes back on the complaint
ASKED: Final = canonical("complaint-refund-asked")  # valueInstant: when billing was asked to give it back
COMPLAINT: Final = Profile(
    url=canonical("complaint"),
    on="Task",
    required=("code", "for", "owner", "description", "businessStatus", "restriction.period.end"),
    bindings={"code": TASKS.url, "businessStatus": STATES.url},
)


@dataclass(frozen=True, slots=True)
class Complaining:
    """A complaint. id: of the patient. about: ``Encounter/…``, ``RequestGroup/…``, ``Invoice/…`` or ``Organization/…``.

    category: of CATEGORIES. relation: of whoever complains to the patient; empty: the patient.
    """

    id: str
    about: str
    category: str
    text: str
    demands: str = ""
    contact: str = ""
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Taking:
    """What the first receiver makes of a complaint. several: several departments have to look into it.

    declined: of DECLINED, when it is not taken up; note: why, or where to turn.
    """

    id: str
    several: bool = False
    declined: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """The answer. mended: what was changed (整改). percent: of the bill that goes back, in a dispute about money."""

    id: str
    text: str
    mended: str = ""
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Confirming:
    """What the complainant makes of the answer."""

    id: str
    satisfied: bool


COMPLAIN: Final = Operation(
    "complain", "Patient", Complaining, str, level="instance", title=Text("提交投诉", "Complain")
)
TAKE: Final = Operation(
    "take-complaint", "Task", Taking, Task, level="instance", title=Text("受理投诉", "Take up a complaint")
)
REPLY: Final = Operation(
    "answer-complaint", "Task", Answering, Task, level="instance", title=Text("答复投诉", "Answer a complaint")
)
CONFIRM: Final = Operation(
    "confirm-answer", "Task", Confirming, Task, level="instance", title=Text("确认答复", "Say what one thinks of it")
)

RECEIVED: Final = NoticeKind(
    code="complaint-received",
    title=Text("收到新的投诉", "There is a complaint"),
    text=Text("请在 {until} 前答复投诉人。", "Please answer by {until}."),
    sms=Text("【杏林】收到新的投诉，请登录处理。", "[Xinglin] There is a complaint. Please sign in."),
    parameters=frozenset({"until"}),
    urgent=True,
    to="staff",
)
DUE: Final = NoticeKind(
    code="complaint-due",
    title=Text("投诉答复期限将至或已过", "The term of a complaint ends"),
    text=Text("投诉应在 {until} 前答复，请尽快处理。", "A complaint has to be answered by {until}."),
    sms=Text("【杏林】有投诉即将到期或已超期，请登录处理。", "[Xinglin] A complaint is due. Please sign in."),
    parameters=frozenset({"until"}),
    urgent=True,
    to="staff",
)
ANSWERED: Final = NoticeKind(
    code="complaint-answered",
    title=Text("您的投诉有新进展", "There is news of your complaint"),
    text=Text("{place}：{text}", "{place}: {text}"),
    sms=Text("【杏林】您的投诉有新进展，请登录查看。", "[Xinglin] There is news of your complaint. Please sign in."),
    parameters=frozenset({"place", "text"}),
)
REMIND: Final = "feedback.remind"
GIVE_BACK: Final = "feedback.give-back"  # complaint: logical id

OWN: Final = "/my/feedback"  # /new?about=Encounter/ID, /rate/ENCOUNTER, /ID
DESK: Final = "/institution/complaints"
COMMISSION_LIST: Final = "/commission/complaints"
