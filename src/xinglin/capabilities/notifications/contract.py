"""Messages: how a capability sends one, and the codes that others may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset
from xinglin.registry import Portal
from xinglin.security.accounts import SIGNED_IN

# Communication.category: the kind of a message (`NoticeKind.code`).
NOTICES: Final = canonical("notice", "CodeSystem")
# Communication.identifier: the key under which a message is made once.
KEYS: Final = canonical("message-key", "NamingSystem")
# … and the numbers by which gateways name it in their receipts: ``wechat-200228332``.
NUMBERS: Final = canonical("message-number", "NamingSystem")
# Extensions of a Communication: the text for phones, and one for each try to reach the recipient.
SHORT: Final = canonical("message-short")
TRY: Final = canonical("message-try")
MESSAGE: Final = Profile(
    url=canonical("message"), on="Communication", required=("identifier", "category", "recipient", "payload", "sent")
)
CALLS: Final = CodeSet(
    url=valueset("message-task"),
    system=canonical("message-task", "CodeSystem"),
    codes={"message-call": Text("电话告知", "Tell by telephone")},
)
CALL_TASK: Final = Profile(
    url=canonical("message-call"), on="Task", required=("code", "focus"), bindings={"code": CALLS.url}
)
# What somebody does not want to be sent, as a Basic about that person.
PREFERENCES: Final = CodeSet(
    url=valueset("preference"),
    system=canonical("preference", "CodeSystem"),
    codes={"messages": Text("消息设置", "Messages wanted")},
)
PREFERENCE: Final = Profile(
    url=canonical("message-preference"), on="Basic", required=("code", "subject"), bindings={"code": PREFERENCES.url}
)
REFUSED: Final = canonical("message-refused")
REFUSED_CHANNEL: Final = canonical("message-channel-refused")


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to send.

    kind: code of a declared `NoticeKind`. recipient, about, sender: references. parameters: ``name=value`` each.
    key: the same makes no second message; empty: it is always a new one. sender: the organization whose service desk
    answers for it; empty: that of who acts.
    """

    kind: str
    recipient: str
    parameters: tuple[str, ...] = ()
    about: str = ""
    key: str = ""
    sender: str = ""


# Gives the id of the Communication. For the platform itself: `work.platform.operate(NOTIFY, …)`.
NOTIFY: Final = Operation(
    code="notify", on="Communication", takes=Notice, gives=str, title=Text("发送消息", "Send a message")
)


@dataclass(frozen=True, slots=True)
class RoleNotice:
    """A message to everybody who may act in a role, such as the administrators of an institution.

    role: e.g. ``system-admin``. organization: whose; empty: of any. The others as of `Notice`; each gets the key with
    the own reference behind it.
    """

    kind: str
    role: str
    organization: str = ""
    parameters: tuple[str, ...] = ()
    about: str = ""
    key: str = ""
    sender: str = ""


# Gives how many were told: accounts without a Practitioner cannot be.
NOTIFY_ROLE: Final = Operation(
    code="notify-role",
    on="Communication",
    takes=RoleNotice,
    gives=int,
    title=Text("向角色发送消息", "Send a message to a role"),
)


@dataclass(frozen=True, slots=True)
class One:
    """A message by its id. note: what was said, when somebody was told by telephone."""

    id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Called:
    """Whom to call, and what to say."""

    name: str
    phone: str
    text: str


@dataclass(frozen=True, slots=True)
class Refusing:
    """The kinds that one does not want to be sent from now on, and by what not; all others are sent."""

    kinds: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mine:
    """The messages of whoever asks."""


# How many messages of whoever asks were not opened yet.
UNREAD: Final = Operation(
    code="unread",
    on="Communication",
    takes=Mine,
    gives=int,
    affects_state=False,
    title=Text("未读消息数", "Count of new messages"),
)
# Marks them all; gives how many there were.
READ_ALL: Final = Operation(
    code="mark-all-read", on="Communication", takes=Mine, gives=int, title=Text("全部标为已读", "Mark all as read")
)
READ: Final = Operation(
    code="mark-read",
    on="Communication",
    takes=One,
    gives=bool,
    level="instance",
    title=Text("标记为已读", "Mark as read"),
)
RESEND: Final = Operation(
    code="resend", on="Communication", takes=One, gives=bool, level="instance", title=Text("重新发送", "Send again")
)
CALL: Final = Operation(
    code="call",
    on="Communication",
    takes=One,
    gives=Called,
    level="instance",
    title=Text("查看联系方式", "Whom to call"),
)
TOLD: Final = Operation(
    code="told",
    on="Communication",
    takes=One,
    gives=bool,
    level="instance",
    title=Text("已电话告知", "Told by telephone"),
)
REFUSE: Final = Operation(
    code="refuse-notices",
    on="Communication",
    takes=Refusing,
    gives=bool,
    title=Text("设置消息提醒", "Choose what to be sent"),
)

ACCOUNT: Final = Portal("contacts", "/account", SIGNED_IN, Text("我的账户", "My account"))
# Staff who live in none of the four portals have messages too.
OTHERS: Final = Portal(
    "messages",
    "/my",
    frozenset({"security-admin", "audit-admin", "insurer", "researcher"}),
    Text("消息", "Messages"),
)
OWN: Final = "/my/messages"
SETTINGS: Final = "/my/messages/settings"
OUTBOX: Final = "/messages"
CONTACTS: Final = "/account/contacts"
CALLBACKS: Final = "/callbacks"

DELIVER: Final = "notifications.deliver"
CONFIRM: Final = "notifications.confirm"
SEND_CODE: Final = "notifications.send-code"
FORGET: Final = "notifications.forget"
