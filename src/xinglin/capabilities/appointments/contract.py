"""Profiles, codes, operations, jobs and addresses of appointments: what other capabilities may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.registry import CLINIC, INSTITUTION, Portal
from xinglin.security.accounts import EVERYBODY

# -- records ----------------------------------------------------------------------------------------------------------

SESSION_STATES: Final = CodeSet(
    url=valueset("session-state"),
    system=canonical("session-state", "CodeSystem"),
    codes={
        "planned": Text("待开诊", "Planned"),
        "open": Text("接诊中", "Open"),
        "stopped": Text("已停诊", "Stopped"),
        "ended": Text("已结束", "Ended"),
    },
)
CHANNELS: Final = CodeSet(
    url=valueset("booking-channel"),
    system=canonical("booking-channel", "CodeSystem"),
    codes={
        "any": Text("不限渠道", "Any"),
        "phone-page": Text("手机", "Phone page"),
        "web": Text("网页", "Web"),
        "desk": Text("窗口", "Desk"),
        "operator": Text("电话", "Telephone operator"),
        "partner": Text("合作平台", "Partner system"),
    },
)
ENDINGS: Final = CodeSet(
    url=valueset("booking-ending"),
    system=canonical("booking-ending", "CodeSystem"),
    codes={
        "hold-expired": Text("未在时限内确认", "Not confirmed in time"),
        "given-back": Text("本人退号", "Given back"),
        "stopped": Text("医生停诊", "Session stopped"),
        "moved": Text("停诊后改约", "Moved to another session"),
        "not-served": Text("诊次结束时仍未就诊", "Not seen when the session ended"),
    },
)
SESSION: Final = Profile(url=canonical("session"), on="Schedule", required=("actor", "planningHorizon.start"))
NUMBER: Final = Profile(url=canonical("number"), on="Slot", required=("schedule", "start", "end"))
BOOKING: Final = Profile(
    url=canonical("booking"), on="Appointment", required=("participant.actor", "supportingInformation", "start", "end")
)
GIVEN_BACK: Final = Profile(url=canonical("give-back"), on="List", required=("identifier", "code"))
LISTS: Final = CodeSet(
    url=valueset("booking-list"),
    system=canonical("booking-list", "CodeSystem"),
    codes={"give-back": Text("退号公示", "Log of numbers given back")},
)
# List.identifier of the log of a session: its id.
LOG_OF: Final = canonical("session-log", "NamingSystem")
CALL_TASK: Final = Profile(
    url=canonical("booking-call"),
    on="Task",
    required=("code", "for", "focus"),
    bindings={"code": valueset("booking-task")},
)
TASKS: Final = CodeSet(
    url=valueset("booking-task"),
    system=canonical("booking-task", "CodeSystem"),
    codes={"booking-call": Text("停诊电话告知", "Call about a stopped session")},
)


POLICY: Final = Profile(url=canonical("booking-policy"), on="Library", required=("type", "identifier"))
# Library.identifier of what an institution decides: its id.
POLICY_OF: Final = canonical("booking-policy", "NamingSystem")
POLICIES: Final = CodeSet(
    url=valueset("booking-library"),
    system=canonical("booking-library", "CodeSystem"),
    codes={"booking-policy": Text("号源规则", "Rules of numbers")},
)


CODE_SETS: Final = (SESSION_STATES, CHANNELS, ENDINGS, LISTS, TASKS, POLICIES)
PROFILES: Final = (SESSION, NUMBER, BOOKING, GIVEN_BACK, CALL_TASK, POLICY)


def extension(name: str) -> str:
    """Give the address of one of our extensions."""
    return canonical(name)


# -- operations -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hold:
    """A number to take. id: of the Slot. patient: logical id. channel: of `CHANNELS`; empty: as the role has it."""

    id: str
    patient: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class HoldNext:
    """The first number of a session that the channel may take. id: of the Schedule; the others as of `Hold`."""

    id: str
    patient: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class One:
    """A booking or a session by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class CheckIn:
    """Somebody has come. id: of the Appointment, as its QR says. place: what the call screen shows; staff need none."""

    id: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody without a number. id: of the Schedule. kind: ``walk-in`` or ``referred``."""

    id: str
    patient: str
    kind: str = "walk-in"


@dataclass(frozen=True, slots=True)
class Call:
    """Call the next of a session, or *booking*. id: of the Schedule."""

    id: str
    booking: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a session. id: of the Schedule. reason: what patients are told."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Overbook:
    """One number more, for one patient. id: of the Schedule. reason: why."""

    id: str
    patient: str
    reason: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the paper says: both must agree. number: of the identity card."""

    name: str
    number: str


@dataclass(frozen=True, slots=True)
class MakeSessions:
    """Make sessions of the rosters. organization: logical id. since: first day; days: how many."""

    organization: str
    since: str = ""
    days: int = 7


@dataclass(frozen=True, slots=True)
class Decided:
    """What an institution decides. id: of the Organization. values: ``per_day=2`` (`rules.policies.BOUNDS`)."""

    id: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """What came of rosters: sessions made, numbers in them, and how many sessions stood there or overlap elsewhere."""

    sessions: int
    numbers: int
    there: int
    overlapping: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the bookings of a stopped session."""

    moved: int
    ended: int
    to_call: int


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a log follows from its seed. seed: empty while the session has not ended. faults: what does not."""

    commitment: str
    seed: str
    lines: int
    faults: tuple[str, ...] = ()


# They give the id of the Appointment.
HOLD: Final = Operation("hold", "Slot", Hold, str, level="instance", title=Text("占号", "Hold a number"))
HOLD_NEXT: Final = Operation(
    "hold-next", "Schedule", HoldNext, str, level="instance", title=Text("占下一个号", "Hold the next number")
)
WAIT: Final = Operation(
    "wait", "Schedule", HoldNext, str, level="instance", title=Text("候补", "Join the waiting list")
)
CONFIRM: Final = Operation("confirm", "Appointment", One, str, level="instance", title=Text("确认预约", "Confirm"))
# Gives ``released``, ``offered`` or ``kept``; ``left`` for who leaves the waiting list.
GIVE_BACK: Final = Operation("give-back", "Appointment", One, str, level="instance", title=Text("退号", "Give back"))
# Gives the ticket.
CHECK_IN: Final = Operation("check-in", "Appointment", CheckIn, str, level="instance", title=Text("报到", "Check in"))
WALK_IN: Final = Operation(
    "walk-in", "Schedule", WalkIn, str, level="instance", title=Text("现场排队", "Queue a walk-in")
)
CALL: Final = Operation("call", "Schedule", Call, str, level="instance", title=Text("叫号", "Call the next"))
PASS: Final = Operation("pass", "Appointment", One, str, level="instance", title=Text("过号", "Pass over"))
RECALL: Final = Operation("recall", "Appointment", One, str, level="instance", title=Text("再次呼叫", "Call again"))
DONE: Final = Operation("done", "Appointment", One, str, level="instance", title=Text("就诊结束", "Done"))
STOP: Final = Operation(
    "stop-session", "Schedule", Stop, Stopped, level="instance", title=Text("停诊", "Stop a session")
)
OVERBOOK: Final = Operation("overbook", "Schedule", Overbook, str, level="instance", title=Text("加号", "Overbook"))
IDENTIFY: Final = Operation(
    "identify-for-booking", "Patient", Person, str, affects_state=False, title=Text("实名核对", "Identify a person")
)
MAKE: Final = Operation(
    "make-sessions", "Schedule", MakeSessions, Made, title=Text("按排班放号", "Make sessions of rosters")
)
DECIDE: Final = Operation(
    "decide-booking-policy",
    "Organization",
    Decided,
    str,
    level="instance",
    title=Text("设定号源规则", "Decide the rules of numbers"),
)
VERIFY: Final = Operation(
    "verify-give-back",
    "Schedule",
    One,
    Verified,
    level="instance",
    affects_state=False,
    title=Text("核验退号公示", "Verify the log of numbers given back"),
)

# -- jobs -------------------------------------------------------------------------------------------------------------

PLAN: Final = "appointments.plan"
EXPIRE: Final = "appointments.expire"
RELEASE: Final = "appointments.release"
REMIND: Final = "appointments.remind"
CLOSE: Final = "appointments.close"
REFUND: Final = "appointments.refund"

# -- messages ---------------------------------------------------------------------------------------------------------

_WHEN: Final = frozenset({"when", "doctor", "place"})
CONFIRMED: Final = NoticeKind(
    code="booking-confirmed",
    title=Text("预约成功", "Your booking stands"),
    text=Text(
        "您已预约 {when} {doctor}，{place}。请提前 15 分钟到院报到；不能来时请尽早退号。",
        "You have a number for {when} with {doctor}, {place}. Check in 15 minutes before, or give it back.",
    ),
    sms=Text("【杏林】您的预约已确认：{when}。", "[Xinglin] Your booking stands: {when}."),
    parameters=_WHEN,
    outside=frozenset({"when"}),
    optional=True,
)
REMINDER: Final = NoticeKind(
    code="booking-reminder",
    title=Text("就诊提醒", "Your visit is near"),
    text=Text(
        "您预约的 {when} {doctor} 即将开诊，{place}。不能来时请退号，让给其他患者。",
        "Your visit on {when} with {doctor} is near, {place}. Give the number back if you cannot come.",
    ),
    sms=Text("【杏林】就诊提醒：{when}。", "[Xinglin] Reminder: {when}."),
    parameters=_WHEN,
    outside=frozenset({"when"}),
    optional=True,
)
OFFERED: Final = NoticeKind(
    code="booking-offered",
    title=Text("候补到号", "A number for you"),
    text=Text(
        "您候补的 {when} {doctor} 有号了，已为您保留到 {until}，请及时确认，过时将转给下一位。",
        "A number for {when} with {doctor} is held for you until {until}: confirm it, or it goes to the next.",
    ),
    sms=Text(
        "【杏林】候补到号，请在 {until} 前登录确认。", "[Xinglin] A number is held for you until {until}. Sign in."
    ),
    parameters=frozenset({"when", "doctor", "until"}),
    outside=frozenset({"until"}),
    urgent=True,
)
MOVED: Final = NoticeKind(
    code="booking-moved",
    title=Text("停诊改约", "Your visit was moved"),
    text=Text(
        "{doctor} {when} 停诊：{reason}。已为您改约 {new}。如不合适，可免费退号。",
        "{doctor} does not see patients on {when}: {reason}. You now have {new}. You may give it back for free.",
    ),
    sms=Text(
        "【杏林】您 {when} 的预约因停诊已改约，请登录查看。",
        "[Xinglin] Your visit on {when} was moved. Sign in and look.",
    ),
    parameters=frozenset({"doctor", "when", "reason", "new"}),
    outside=frozenset({"when"}),
    urgent=True,
)
STOPPED: Final = NoticeKind(
    code="booking-stopped",
    title=Text("停诊通知", "Your visit cannot take place"),
    text=Text(
        "{doctor} {when} 停诊：{reason}。近期没有可改约的号源，您的预约已取消，工作人员会与您电话联系。",
        "{doctor} does not see patients on {when}: {reason}. There is no other number soon; we shall call you.",
    ),
    sms=Text(
        "【杏林】您 {when} 的预约因停诊已取消，请登录查看。", "[Xinglin] Your visit on {when} was cancelled. Sign in."
    ),
    parameters=frozenset({"doctor", "when", "reason"}),
    outside=frozenset({"when"}),
    urgent=True,
)
NOTICES: Final = (CONFIRMED, REMINDER, OFFERED, MOVED, STOPPED)

# -- pages ------------------------------------------------------------------------------------------------------------

OWN: Final = "/my/booking"
TICKET: Final = "/my/booking/{id}"
LOG: Final = "/booking-log/{id}"
DESK_PAGE: Final = "/desk/booking"
DESK_QUEUE: Final = "/desk/queue"
SESSIONS: Final = "/clinic/sessions"
QUEUE: Final = "/clinic/queue"
SCREEN: Final = "/screen/{id}"
CALL_SOUND: Final = "/screen/{id}/call"
PLANNING: Final = "/institution/sessions"
RULES: Final = "/institution/booking-rules"
DESK: Final = Portal("booking-desk", "/desk", frozenset({"receptionist"}), Text("挂号", "Booking"), part_of=INSTITUTION)
HALL: Final = Portal(
    "waiting-hall",
    "/screen",
    CLINIC.roles | frozenset({"receptionist", "system-admin", "developer"}),
    Text("候诊大屏", "Call screens"),
)
PUBLIC: Final = Portal("booking-log", "/booking-log", EVERYBODY, Text("退号公示", "Log of numbers given back"))


# What a call says; the name is covered.
SPOKEN: Final = Text("请 {ticket} 号 {name} 到 {place} 就诊", "Number {ticket}, {name}, please come to {place}")


def topic(session: str) -> str:
    """Name what open pages hear of when the queue of a session changes."""
    return f"session/{session}"
