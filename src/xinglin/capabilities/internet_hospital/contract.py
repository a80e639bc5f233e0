"""Online visits: profiles, codes, operations and addresses that others may rely on. Records: docs/care.md."""

from dataclasses import dataclass
from typing import Final

from xinglin.care.revisit import CODES as REASONS_OF_THE_BOOK
from xinglin.care.revisit import KINDS as KINDS_OF_THE_BOOK
from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.r4.resources import Binary, Composition, DocumentReference, Encounter, Organization

NAME: Final = "internet_hospital"


def _set(name: str, **codes: Text) -> CodeSet:
    written = {code.replace("_", "-"): text for code, text in codes.items()}
    return CodeSet(url=valueset(name), system=canonical(name, "CodeSystem"), codes=written)


# Encounter extension visit-state.
STATES: Final = _set(
    "visit-state",
    requested=Text("待接诊", "Requested"),
    accepted=Text("已接诊", "Accepted"),
    waiting=Text("候诊中", "Waiting"),
    in_progress=Text("诊疗中", "In progress"),
    interrupted=Text("暂时中断", "Interrupted"),
    finished=Text("已完成", "Finished"),
    terminated=Text("已终止", "Ended early"),
    no_answer=Text("超时未接诊", "Not answered in time"),
    cancelled=Text("已取消", "Cancelled"),
)
OPEN: Final = ("requested", "accepted", "waiting", "in-progress", "interrupted")
# Encounter extension medium: how the two speak.
MEDIA: Final = _set(
    "visit-medium",
    video=Text("视频", "Video"),
    audio=Text("语音", "Audio"),
    text=Text("图文", "Text and pictures"),
    call_back=Text("电话回拨", "Call back"),
)
# Why a visit was refused or ended (R1-047).
REASONS: Final = CodeSet(valueset("visit-end"), canonical("visit-end", "CodeSystem"), REASONS_OF_THE_BOOK)
KINDS: Final = CodeSet(valueset("evidence-kind"), canonical("evidence-kind", "CodeSystem"), KINDS_OF_THE_BOOK)
DECISIONS: Final = _set(
    "evidence-decision", reviewed=Text("已核对，有效", "Reviewed"), refused=Text("不予采用", "Not taken")
)
ORIGINS: Final = CodeSet(
    valueset("evidence-origin"),
    canonical("evidence-origin", "CodeSystem"),
    {
        "regional-platform": Text("区域健康档案", "Record of the region"),
        "hospital-HIS": Text("医院信息系统", "System of the hospital"),
        "patient-upload": Text("患者上传", "Sent by the patient"),
    },
)
# Who speaks in a message, so that nobody takes a system's or an AI's words for the doctor's (R2-010).
VOICES: Final = _set(
    "visit-voice",
    patient=Text("患者", "Patient"),
    doctor=Text("医生", "Doctor"),
    system=Text("系统", "System"),
    ai=Text("智能助手", "AI program"),
)

# Extensions of an Encounter. MOVE: state, at, by (account). ENDED: code, advice, referred-to. GUARDIAN: name, number,
# relation, verified, present. LINE: medium, at, quality, reason. DEVICE of a message: the system that speaks.
STATE: Final = canonical("visit-state")
MOVE: Final = canonical("visit-move")
PROMISED: Final = canonical("promised-until")
FEE: Final = canonical("fee")
# The Invoice of the fee, and what became of it: due, then paid, refunded or void as billing tells. No fee: neither.
BILL: Final = canonical("visit-bill")
PAYMENT: Final = canonical("visit-payment")
# Of an internet hospital, its own terms: promise-minutes, follow-up-hours, questions, fee (fen).
TERMS: Final = canonical("visit-terms")
MEDIUM: Final = canonical("medium")
CONSENT: Final = canonical("visit-consent")
ENDED: Final = canonical("visit-end")
GUARDIAN: Final = canonical("visit-guardian")
REFUND: Final = canonical("visit-refund")
FOLLOW_UP: Final = canonical("follow-up-until")
LINE: Final = canonical("line-quality")
# The VerificationResult by which the doctor was verified in person before this reception.
VERIFIED: Final = canonical("visit-verification")
# Extensions of evidence. DECISION: code, by, at, reason, and what the doctor read: diagnosis (several), dated.
DECISION: Final = canonical("evidence-decision")
ORIGIN: Final = canonical("evidence-origin")
HASH: Final = canonical("evidence-hash")
DIAGNOSES: Final = canonical("evidence-diagnosis")
# Extension of a Consent (R1-073): version, hash (SHA-256 of the text), language, account, level, device, guardian.
WORDING: Final = canonical("consent-wording")
# Identifier of a message: the platform's seal over who said what, where and when.
SEAL: Final = canonical("visit-seal", "NamingSystem")
# Until when a message is kept at least (R2-023).
KEPT: Final = canonical("kept-until")

VISIT: Final = Profile(
    url=canonical("online-visit"), on="Encounter", required=("subject", "serviceType", "serviceProvider", "reasonCode")
)
MESSAGE: Final = Profile(
    url=canonical("visit-message"),
    on="Communication",
    required=("subject", "encounter", "sender", "sent", "payload", "category"),
    bindings={"category": VOICES.url},
)
EVIDENCE: Final = Profile(
    url=canonical("revisit-evidence"),
    on="DocumentReference",
    required=("subject", "type", "context.encounter"),
    bindings={"type": KINDS.url},
)
# A piece of what was seen and heard; several of them are one recording of a side (identifier: visit/series/number).
RECORDINGS: Final = canonical("visit-recording", "NamingSystem")
RECORDING: Final = Profile(
    url=canonical("visit-recording"), on="Media", required=("subject", "encounter", "identifier", "operator")
)
NOTE: Final = Profile(url=canonical("visit-note"), on="Composition", required=("subject", "encounter"))

# -- operations -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """A visit that is asked for.

    id: logical id of the patient. hospital: reference of the internet hospital. department: code (诊疗科目). doctor:
    reference of the Practitioner; empty: any of the department. complaint: in the patient's words. medium: of MEDIA.
    encounters: ids of visits in the region's record that show the diagnosis. files: pictures or papers of it, with
    kind: of KINDS. agreed: of AGREEMENTS, what was agreed to now in the wording of *version*. guardian_*: of a child.
    """

    id: str
    hospital: str
    department: str
    complaint: str
    medium: str = "text"
    doctor: str = ""
    encounters: tuple[str, ...] = ()
    files: tuple[Binary, ...] = ()
    kind: str = "diagnosis-certificate"
    agreed: tuple[str, ...] = ()
    version: str = ""
    language: str = "zh"
    guardian_name: str = ""
    guardian_number: str = ""
    guardian_relation: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """An online visit by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Ending:
    """A visit that is refused or ended early. code: of REASONS. advice: where to go and what to do."""

    id: str
    code: str
    advice: str
    referred_to: str = ""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A line that broke or was made simpler. medium: what is left. quality: e.g. ``rtt=300 loss=12``."""

    id: str
    reason: str = ""
    medium: str = ""
    quality: str = ""


@dataclass(frozen=True, slots=True)
class Judging:
    """What the doctor makes of one evidence. id: of the DocumentReference. decision: of DECISIONS.

    diagnoses: codes that the paper shows (ICD-10; gbt-15657), dated: its date, source: who made it; of evidence from
    the record they are known. physical: the doctor confirms that a physical institution made it.
    """

    id: str
    decision: str
    reason: str = ""
    diagnoses: tuple[str, ...] = ()
    dated: str = ""
    source: str = ""
    physical: bool = False


@dataclass(frozen=True, slots=True)
class Saying:
    """A message in a visit: words, or a file (picture, voice)."""

    id: str
    text: str = ""
    file: Binary | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A piece of a recording. series: chosen by the page when it began; number: from 0. file: WebM."""

    id: str
    series: str
    number: int
    file: Binary


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """Terms of one internet hospital; None: as the platform has it. id: of its Organization. fee: fen of a re-visit."""

    id: str
    promise_minutes: int | None = None
    follow_up_hours: int | None = None
    questions: int | None = None
    fee: int | None = None


@dataclass(frozen=True, slots=True)
class Inviting:
    """A colleague who is asked to join. doctor: reference of the Practitioner."""

    id: str
    doctor: str


@dataclass(frozen=True, slots=True)
class Noting:
    """The doctor's note. diagnoses: ``system|code|display`` each, the main one first. guardian_present: of a child."""

    id: str
    complaint: str
    history: str
    diagnoses: tuple[str, ...]
    advice: str
    guardian_present: bool = False


@dataclass(frozen=True, slots=True)
class Gating:
    """A question to the gate: whether the doctor may diagnose and prescribe for these diagnoses (codes) in a visit."""

    id: str
    diagnoses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate answered (R1-043). code: of R1-047. findings: ``CODE RULE zh`` each; blocking first."""

    passed: bool
    code: str = ""
    findings: tuple[str, ...] = ()


REQUEST: Final = Operation(
    "request-visit",
    "Patient",
    Request,
    Encounter,
    level="instance",
    title=Text("申请在线复诊", "Ask for an online visit"),
)
ACCEPT: Final = Operation(
    "accept", "Encounter", Visit, Encounter, level="instance", title=Text("接诊", "Accept an online visit")
)
ENTER: Final = Operation(
    "enter", "Encounter", Visit, Encounter, level="instance", title=Text("进入候诊", "Enter the waiting room")
)
START: Final = Operation(
    "start", "Encounter", Visit, Encounter, level="instance", title=Text("开始诊疗", "Start the visit")
)
REFUSE: Final = Operation(
    "refuse", "Encounter", Ending, Encounter, level="instance", title=Text("拒诊并引导线下就医", "Refuse a visit")
)
TERMINATE: Final = Operation(
    "terminate", "Encounter", Ending, Encounter, level="instance", title=Text("终止诊疗", "End a visit early")
)
CANCEL: Final = Operation(
    "cancel-visit", "Encounter", Visit, Encounter, level="instance", title=Text("取消复诊", "Cancel a visit")
)
INTERRUPT: Final = Operation(
    "interrupt", "Encounter", Interruption, Encounter, level="instance", title=Text("中断", "Interrupt a visit")
)
RESUME: Final = Operation(
    "resume", "Encounter", Visit, Encounter, level="instance", title=Text("恢复", "Resume a visit")
)
DEGRADE: Final = Operation(
    "change-medium",
    "Encounter",
    Interruption,
    Encounter,
    level="instance",
    title=Text("切换沟通方式", "Change the line"),
)
FINISH: Final = Operation(
    "finish",
    "Encounter",
    Noting,
    Composition,
    level="instance",
    title=Text("书写病历并结束", "Write the note and finish"),
)
SAY: Final = Operation("say", "Encounter", Saying, str, level="instance", title=Text("发送消息", "Say something"))
SET_TERMS: Final = Operation(
    "set-visit-terms",
    "Organization",
    OwnTerms,
    Organization,
    level="instance",
    title=Text("设置在线复诊条款", "Set the terms of online visits"),
)
INVITE: Final = Operation(
    "invite-doctor", "Encounter", Inviting, Encounter, level="instance", title=Text("邀请医生", "Invite a doctor")
)
KEEP: Final = Operation(
    "keep-recording", "Encounter", Recording, str, level="instance", title=Text("保存录制", "Keep a recording")
)
JUDGE: Final = Operation(
    "judge-evidence",
    "DocumentReference",
    Judging,
    DocumentReference,
    level="instance",
    title=Text("核对复诊资料", "Judge evidence"),
)
# For whoever writes orders in a visit: prescriptions ask before they sign.
GATE: Final = Operation(
    "revisit-gate",
    "Encounter",
    Gating,
    Gated,
    level="instance",
    affects_state=False,
    title=Text("复诊条件核验", "Judge a re-visit"),
)

# The four consents (R1-072); the first two have to be given before care, the others may be refused.
AGREEMENTS: Final = ("care", "sensitive", "sharing", "research")
NEEDED: Final = ("care", "sensitive")

# -- jobs and notices -------------------------------------------------------------------------------------------------

EXPIRE: Final = "internet_hospital.expire"
GIVE_BACK: Final = "internet_hospital.give-back"
SWEEP: Final = "internet_hospital.sweep"
SETTLED: Final = "internet_hospital.settled"  # what billing tells of the fee
ACCEPTED: Final = NoticeKind(
    code="visit-accepted",
    title=Text("医生已接诊", "A doctor has accepted your visit"),
    text=Text("医生已接诊您的在线复诊，请进入复诊页面沟通。", "A doctor has accepted your online visit."),
    sms=Text("【杏林】医生已接诊，请登录查看。", "[Xinglin] A doctor has accepted. Please sign in."),
    urgent=True,
)
REFUSED: Final = NoticeKind(
    code="visit-ended",
    title=Text("在线复诊已结束", "Your online visit has ended"),
    text=Text("本次在线复诊已结束：{reason}。{advice}", "Your online visit has ended: {reason}. {advice}"),
    sms=Text("【杏林】您的在线复诊有新进展，请登录查看。", "[Xinglin] There is news of your visit. Please sign in."),
    parameters=frozenset({"reason", "advice"}),
    urgent=True,
)
UNANSWERED: Final = NoticeKind(
    code="visit-unanswered",
    title=Text("医生未能按时接诊", "No doctor answered in time"),
    text=Text(
        "医生未能在承诺时间内接诊，本次复诊已关闭，诊查费全额退回。您可重新申请，或到实体医院就诊。",
        "No doctor answered in the promised time. The visit is closed and its fee goes back in full.",
    ),
    sms=Text("【杏林】复诊超时未接诊，费用全额退回。", "[Xinglin] Your visit was not answered; its fee goes back."),
    urgent=True,
)
ASKED: Final = NoticeKind(
    code="visit-asked",
    title=Text("有新的在线复诊申请", "There is a new online visit"),
    text=Text(
        "有患者向您申请在线复诊，请在 {until} 前接诊。", "A patient asks for an online visit; answer by {until}."
    ),
    sms=Text("【杏林】有新的在线复诊申请，请登录接诊。", "[Xinglin] There is a new online visit. Please sign in."),
    parameters=frozenset({"until"}),
    urgent=True,
    to="staff",
)

INVITED: Final = NoticeKind(
    code="visit-invited",
    title=Text("有医生邀请您加入在线复诊", "A doctor asks you to join an online visit"),
    text=Text("有医生邀请您加入一次在线复诊。", "A doctor asks you to join an online visit."),
    sms=Text("【杏林】有医生邀请您加入在线复诊，请登录。", "[Xinglin] A doctor asks you to join. Please sign in."),
    urgent=True,
    to="staff",
)
# The web socket by which the browsers of a visit find a way to each other.
LINE_SOCKET: Final = "/visit/{id}/line"

# -- pages ------------------------------------------------------------------------------------------------------------

MINE: Final = "/my/visits"  # the list of all visits there is the portal's; below it each online visit has its page
ONLINE: Final = "/my/visits/online"
NEW: Final = "/my/visits/new"
DESK: Final = "/clinic/visits"
TERMS_PAGE: Final = "/institution/online"
DOCTORS: Final = frozenset({"physician"})


def topic(id: str) -> str:
    """Name what pages of a visit listen to."""
    return f"visit/{id}"


def desk_topic(hospital: str) -> str:
    """Name what the worklists of an internet hospital listen to. hospital: reference."""
    return f"visits/{hospital.rpartition('/')[2]}"
