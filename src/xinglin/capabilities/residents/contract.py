"""Profiles, codes and operations of residents: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Bundle, Patient, Task
from xinglin.matching.persons import HEALTH_CARD, HEALTH_RECORD, NEWBORN
from xinglin.registry import Portal

__all__ = ["HEALTH_CARD", "HEALTH_RECORD", "NEWBORN"]

# -- health records ---------------------------------------------------------------------------------------------------

RECORD_OPENED: Final = canonical("record-opened")
# Of a Patient: date, reason (of CLOSED), place (where the person moved), note.
RECORD_CLOSED: Final = canonical("record-closed")
CLOSED: Final = CodeSet(
    url=valueset("record-closed"),
    system=canonical("record-closed", "CodeSystem"),
    codes={"death": Text("死亡", "Death"), "moved": Text("迁出", "Moved away"), "lost": Text("失访", "Lost")},
)


@dataclass(frozen=True, slots=True)
class Opening:
    """A health record to open. id: of the Patient. village: 12 digits, else that of the address. opened: a date."""

    id: str
    village: str = ""
    opened: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """A health record to close. reason: of CLOSED. date: of the event. place: where the person moved."""

    id: str
    reason: str
    date: str
    place: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reopening:
    """A closed health record to open again: it keeps its number. note: why."""

    id: str
    note: str


OPEN_RECORD: Final = Operation(
    "open-record", "Patient", Opening, Patient, level="instance", title=Text("建立健康档案", "Open a health record")
)
CLOSE_RECORD: Final = Operation(
    "close-record", "Patient", Closing, Patient, level="instance", title=Text("终止健康档案", "Close a health record")
)
REOPEN_RECORD: Final = Operation(
    "reopen-record", "Patient", Reopening, Patient, level="instance", title=Text("恢复健康档案", "Reopen a record")
)

# -- registering and matching -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Registration:
    """A person to register. confirmed: those shown as probably the same were looked at, and are somebody else."""

    resource: Patient
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Newborn:
    """A newborn without a number (CD-06).

    mother: logical id of her Patient. born: date and time of birth with zone. order: among those of one birth, from 1.
    gender: FHIR's. name: as given, else that of the mother with 之子, 之女 or 之婴. confirmed: as of Registration.
    """

    mother: str
    born: str
    gender: str
    order: int = 1
    name: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Who may be the same person (http://hl7.org/fhir/R4/patient-operation-match.html). count: the most to give."""

    resource: Patient
    only_certain_matches: bool = False
    count: int = 20


REGISTER: Final = Operation(
    "register", "Patient", Registration, Patient, title=Text("实名登记", "Register a person by the real name")
)
REGISTER_NEWBORN: Final = Operation(
    "register-newborn", "Patient", Newborn, Patient, title=Text("新生儿登记", "Register a newborn by the mother")
)
MATCH: Final = Operation(
    "match", "Patient", Match, Bundle, affects_state=False, title=Text("查找同一人", "Find the same person")
)
MATCH_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"

# -- duplicates -------------------------------------------------------------------------------------------------------

TASK_CODES: Final = canonical("task", "CodeSystem")
DUPLICATE: Final = "duplicate"
# Task.identifier: both ids in order; the same pair never makes two.
PAIRS: Final = canonical("duplicate-pair", "NamingSystem")
# focus: the one; input candidate (Reference): the other; input score, grade. requested; completed: merged;
# rejected: different persons.
DUPLICATE_CANDIDATE: Final = Profile(
    url=canonical("duplicate-candidate"), on="Task", required=("code", "focus", "identifier", "input")
)

# -- handing over -----------------------------------------------------------------------------------------------------

HANDOVER: Final = "record-handover"
# for: whose record; requester: the institution that asks; owner: the one that keeps the record; input asker (who asks),
# note. requested; accepted: handed over, with output number and how it had been closed; rejected; cancelled.
RECORD_HANDOVER: Final = Profile(
    url=canonical("record-handover"), on="Task", required=("code", "for", "requester", "owner", "authoredOn")
)
# partOf: the hand-over; owner: who asked for it and may read the record in executionPeriod.
HANDED_OVER: Final = "handed-over"


@dataclass(frozen=True, slots=True)
class Handover:
    """A record to be asked for where it was kept. number: identity number. agreed: by the resident. note: for them."""

    number: str
    agreed: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class HandoverDecision:
    """What becomes of it. id: of the Task. decision: ``hand-over``, ``refuse``, ``withdraw`` (by who asked)."""

    id: str
    decision: str
    reason: str = ""


REQUEST_HANDOVER: Final = Operation(
    "request-handover", "Patient", Handover, Task, title=Text("申请移交健康档案", "Ask for a health record")
)
DECIDE_HANDOVER: Final = Operation(
    "decide-handover",
    "Task",
    HandoverDecision,
    Task,
    level="instance",
    title=Text("答复档案移交", "Answer a request for a health record"),
)
# Who asks goes on to treat the resident; whoever keeps records answers.
ASKING_ROLES: Final = frozenset({"village-doctor", "family-doctor"})
_STAFF_SMS: Final = Text(
    "【杏林】有一条档案移交的消息，请登录处理。", "[Xinglin] A record is asked for. Please sign in."
)
HANDOVER_ASKED: Final = NoticeKind(
    code="handover-asked",
    title=Text("有机构申请移交健康档案", "A health record is asked for"),
    text=Text(
        "一位居民已迁居，现居住地的机构申请移交其健康档案。请在“档案移交”中核对并答复。",
        "A resident has moved, and the institution there asks for the health record. Please answer at “Hand-overs”.",
    ),
    sms=_STAFF_SMS,
    to="staff",
)
HANDOVER_ANSWERED: Final = NoticeKind(
    code="handover-answered",
    title=Text("档案移交已答复", "Your request for a health record was answered"),
    text=Text(
        "贵机构申请移交的健康档案已有答复，请在“档案移交”中查看。",
        "Your institution asked for a health record. The answer stands at “Hand-overs”.",
    ),
    sms=_STAFF_SMS,
    to="staff",
)
RECORD_MOVED: Final = NoticeKind(
    code="record-moved",
    title=Text("您的健康档案已移交", "Your health record was handed over"),
    text=Text(
        "您的健康档案已由原建档机构移交到现居住地的机构，档案编号不变，内容没有删减。如果您没有同意过，请告知服务台。",
        "The institution where you live now keeps your health record. It has the same number, and nothing was left out."
        " If you did not agree to this, tell the service desk.",
    ),
    sms=Text(
        "【杏林】您有一条关于档案的新消息，请登录查看。",
        "[Xinglin] There is a message about your record. Please sign in.",
    ),
)

# -- health card ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardRequest:
    """A card to show. id: of the Patient. static: the printed code, which gives identity only."""

    id: str
    static: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows. number: index id of 64 characters. code: what the QR says. until: instant, "" when static."""

    number: str
    code: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scanner read, as text."""

    code: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a scanned code says.

    state: of CHECKS; only ``valid`` authorises. patient: reference; name, number covered: of ``valid`` and ``static``
    codes alone. used: instant at which it was used before.
    """

    state: str
    authorises: bool = False
    patient: str = ""
    name: str = ""
    gender: str = ""
    born: str = ""
    number: str = ""
    used: str = ""


CHECKS: Final = CodeSet(
    url=valueset("card-check"),
    system=canonical("card-check", "CodeSystem"),
    codes={
        "valid": Text("有效", "Valid"),
        "static": Text("静态码:仅供识别身份", "Printed code: tells who, allows nothing"),
        "used": Text("已使用过", "Used before"),
        "expired": Text("已过期", "Expired"),
        "unknown": Text("无法识别", "Not known"),
        "forged": Text("校验不通过", "Does not verify"),
        "identity-number": Text("不得使用含身份证号的二维码", "Codes with an identity number are not taken"),
    },
)
SHOW_CARD: Final = Operation(
    "show-card", "Patient", CardRequest, Card, level="instance", title=Text("出示健康卡", "Show the health card")
)
VERIFY_CARD: Final = Operation("verify-card", "Patient", Scan, Checked, title=Text("核验健康卡", "Check a health card"))

# -- portals and jobs -------------------------------------------------------------------------------------------------

DESK_ROLES: Final = frozenset({"receptionist", "village-doctor", "family-doctor", "public-health"})
SCANNING_ROLES: Final = DESK_ROLES | {"physician", "nurse", "pharmacist", "retail-pharmacist", "technician"}
DESK: Final = Portal("desk", "/desk", DESK_ROLES | {"developer"}, Text("登记台", "Registration desk"))
SCANNING: Final = Portal("scanning", "/desk", SCANNING_ROLES | {"developer"}, Text("健康卡", "Health card"))
OWN_CARD: Final = "/my/card"
CHECK_CARD: Final = "/desk/card"
REGISTER_PAGE: Final = "/desk/register"
NEWBORN_PAGE: Final = "/desk/newborn"
PERSON_PAGE: Final = "/desk/persons/{id}"

HANDOVERS: Final = "/handovers"
NEW_HANDOVER: Final = "/handovers/new"
HANDING: Final = Portal(
    "handovers", "/handovers", DESK_ROLES | {"developer"}, Text("档案移交", "Hand-overs"), part_of=DESK
)

FIND_DUPLICATES: Final = "residents.find-duplicates"
FORGET_CARDS: Final = "residents.forget-cards"
