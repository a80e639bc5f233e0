"""Profiles, codes and operations of privacy that others may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset
from xinglin.registry import Portal
from xinglin.security.accounts import EVERYBODY

NOTICE: Final = "/privacy"
# The version of the notice of processing: raise it with every change of what the notice says.
NOTICE_VERSION: Final = "2026-11"
PUBLIC: Final = Portal("privacy", NOTICE, EVERYBODY, Text("个人信息处理告知", "How your data is used"))

TASKS: Final = CodeSet(
    url=valueset("privacy-task"),
    system=canonical("privacy-task", "CodeSystem"),
    codes={
        "security-incident": Text("安全事件", "Security incident"),
        "rights-request": Text("个人信息权利请求", "Request of a right over one's data"),
        "de-identification": Text("去标识化申请", "Request of a copy without identity"),
    },
)
INCIDENT_CODE: Final = f"{TASKS.system}|security-incident"
RIGHTS_CODE: Final = f"{TASKS.system}|rights-request"

# Classes of 国家网络安全事件报告管理办法.
LEVELS: Final = CodeSet(
    url=valueset("incident-level"),
    system=canonical("incident-level", "CodeSystem"),
    codes={
        "general": Text("一般", "General"),
        "larger": Text("较大", "Relatively large"),
        "major": Text("重大", "Major"),
        "extreme": Text("特别重大", "Extremely large"),
    },
)
# Task.businessStatus of an incident.
STATES: Final = CodeSet(
    url=valueset("incident-state"),
    system=canonical("incident-state", "CodeSystem"),
    codes={
        "open": Text("处置中", "Being handled"),
        "handled": Text("已处置", "Handled"),
        "closed": Text("已结案", "Closed"),
    },
)
INCIDENT: Final = Profile(
    url=canonical("security-incident"),
    on="Task",
    required=("code", "reasonCode", "businessStatus", "executionPeriod.start", "description"),
    bindings={"code": TASKS.url, "reasonCode": LEVELS.url, "businessStatus": STATES.url},
)


@dataclass(frozen=True, slots=True)
class Incident:
    """What was found. found: instant of the discovery, with its zone. level: of `LEVELS`.

    kinds to advice: what the persons concerned are told (个保法 Art. 57); needed as soon as there are any.
    persons: logical ids of the Patients concerned.
    """

    level: str
    found: str
    what: str
    kinds: str = ""
    cause: str = ""
    harm: str = ""
    measures: str = ""
    advice: str = ""
    persons: tuple[str, ...] = ()


# Gives the id of the Task.
REPORT: Final = Operation(
    code="report-incident", on="Task", takes=Incident, gives=str, title=Text("登记安全事件", "Record an incident")
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an incident that was taken. id: of the Task. step: of `rules.incidents.STEPS`. note: how, or why."""

    id: str
    step: str
    note: str = ""


# Gives the state of the incident.
ADVANCE: Final = Operation(
    code="advance-incident",
    on="Task",
    takes=Step,
    gives=str,
    title=Text("记录事件处置", "Record a step of an incident"),
)

RIGHTS: Final = CodeSet(
    url=valueset("personal-right"),
    system=canonical("personal-right", "CodeSystem"),
    codes={
        "access": Text("查阅", "See my data"),
        "copy": Text("复制", "A copy"),
        "transfer": Text("转移至其他处理者", "Move it to another service"),
        "correct": Text("更正", "Correct"),
        "supplement": Text("补充", "Complete"),
        "delete": Text("删除", "Delete"),
        "restrict": Text("限制处理", "Restrict its use"),
        "withdraw": Text("撤回同意", "Withdraw a consent"),
        "explain": Text("解释处理规则或自动化决定", "Explain a rule or an automated decision"),
        "close": Text("注销账户", "Close the account"),
    },
)
RIGHTS_REQUEST: Final = Profile(
    url=canonical("rights-request"),
    on="Task",
    required=("code", "reasonCode", "for", "requester", "restriction.period.end"),
    bindings={"code": TASKS.url, "reasonCode": RIGHTS.url},
)


@dataclass(frozen=True, slots=True)
class Asking:
    """A right that somebody asks for. patient: whose data, logical id. right: of `RIGHTS`. text: what exactly."""

    patient: str
    right: str
    text: str


# Gives the id of the Task.
ASK: Final = Operation(
    code="request-right", on="Task", takes=Asking, gives=str, title=Text("提出个人信息权利请求", "Ask for a right")
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. id: of the Task. outcome: ``granted restricted refused``. note: what was done, or why not."""

    id: str
    outcome: str
    note: str


ANSWER: Final = Operation(
    code="answer-right", on="Task", takes=Answer, gives=str, title=Text("答复个人信息权利请求", "Answer a request")
)

# Task.requester of a request: an account, which is no FHIR resource.
ACCOUNTS: Final = canonical("account", "NamingSystem")
COPY_CODE: Final = f"{TASKS.system}|de-identification"
DEIDENTIFICATION: Final = Profile(
    url=canonical("de-identification"),
    on="Task",
    required=("code", "focus", "requester", "description"),
    bindings={"code": TASKS.url},
)


@dataclass(frozen=True, slots=True)
class Copying:
    """A copy without identity to ask for. resource: ``Type/id``. project: in it one person has one pseudonym."""

    resource: str
    project: str
    reason: str


# Gives the id of the Task.
ASK_COPY: Final = Operation(
    code="ask-deidentified",
    on="Task",
    takes=Copying,
    gives=str,
    title=Text("申请去标识化副本", "Ask for a copy without identity"),
)


@dataclass(frozen=True, slots=True)
class Judging:
    """What the reviewer decides. id: of the Task. approved: whether the copy is made. note: why."""

    id: str
    approved: bool
    note: str


# Gives the status of the Task.
JUDGE_COPY: Final = Operation(
    code="review-deidentified",
    on="Task",
    takes=Judging,
    gives=str,
    title=Text("复核去标识化申请", "Review a request of a copy without identity"),
)


@dataclass(frozen=True, slots=True)
class Fetching:
    """A copy that was approved. id: of the Task."""

    id: str


# Gives the copy as JSON text, to whoever asked for it.
FETCH_COPY: Final = Operation(
    code="deidentified",
    on="Task",
    takes=Fetching,
    gives=str,
    affects_state=False,
    title=Text("取得去标识化副本", "Get a copy without identity"),
)

REGISTER: Final = CodeSet(
    url=valueset("processing-record"),
    system=canonical("processing-record", "CodeSystem"),
    codes={
        "impact-assessment": Text("个人信息保护影响评估", "Impact assessment"),
        "entrusted-processor": Text("委托处理", "Entrusted processor"),
        "provision": Text("向其他处理者提供", "Provision to another processor"),
    },
)
# On a Basic: what was recorded, a part each field of `Entry`.
ENTRY: Final = canonical("processing-record")
# … and how an entrusted processing ended.
ENDED: Final = canonical("processing-ended")
RECORD: Final = Profile(
    url=canonical("processing-record"), on="Basic", required=("code", "created"), bindings={"code": REGISTER.url}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the registers. kind: of `REGISTER`, says what is needed (`rules.registers`). since, until: days."""

    kind: str
    title: str
    party: str = ""
    contact: str = ""
    purpose: str = ""
    mode: str = ""
    kinds: str = ""
    measures: str = ""
    duties: str = ""
    risks: str = ""
    result: str = ""
    since: str = ""
    until: str = ""


# Gives the id of the Basic.
ENTER: Final = Operation(
    code="record-processing", on="Basic", takes=Entry, gives=str, title=Text("登记处理活动", "Record a processing")
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an entrusted processing ended. id: of the Basic. note: how the data was returned or deleted."""

    id: str
    note: str


END: Final = Operation(
    code="end-entrusting",
    on="Basic",
    takes=Ending,
    gives=str,
    title=Text("结束委托处理", "End an entrusted processing"),
)

LEAKED: Final = NoticeKind(
    code="data-incident",
    title=Text("个人信息安全事件告知", "Your data: a security incident"),
    text=Text(
        "您的个人信息可能受到一起安全事件影响。涉及的信息：{kinds}。原因：{cause}。可能造成的危害：{harm}。"
        "已采取的措施：{measures}。您可以采取的措施：{advice}。联系方式：{contact}。",
        "A security incident may have affected your data. Which data: {kinds}. Cause: {cause}. Possible harm: {harm}."
        " What was done: {measures}. What you can do: {advice}. Whom to ask: {contact}.",
    ),
    sms=Text(
        "【杏林】有一条关于您个人信息安全的重要告知，请登录查看。",
        "[Xinglin] There is an important notice about the security of your data. Please sign in.",
    ),
    parameters=frozenset({"kinds", "cause", "harm", "measures", "advice", "contact"}),
    urgent=True,
)
ANSWERED: Final = NoticeKind(
    code="right-answered",
    title=Text("权利请求已答复", "Your request was answered"),
    text=Text(
        "您提出的个人信息权利请求已有答复，请在“我的个人信息”中查看。",
        "Your request about your data was answered. See it at “My data”.",
    ),
    sms=Text("【杏林】您的请求已有答复，请登录查看。", "[Xinglin] Your request was answered. Please sign in."),
)
DUE: Final = NoticeKind(
    code="privacy-due",
    title=Text("个人信息保护事项临近期限", "A term of data protection is near"),
    text=Text(
        "{what}：期限 {due}。请在安全管理员工作台处理。", "{what}: due {due}. Please see to it at the security desk."
    ),
    sms=Text("【杏林】有个人信息保护事项临近期限，请登录处理。", "[Xinglin] A term is near. Please sign in."),
    parameters=frozenset({"what", "due"}),
    urgent=True,
    to="staff",
)

TELL: Final = "privacy.tell"
REMIND: Final = "privacy.remind"
