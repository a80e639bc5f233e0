"""Messages: how a capability sends one, and the codes that others may rely on."""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset

# Communication.category: the kind of a message (`NoticeKind.code`).
NOTICES: Final = canonical("notice", "CodeSystem")
# Communication.identifier: the key under which a message is made once.
KEYS: Final = canonical("message-key", "NamingSystem")
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
    """The kinds that one does not want to be sent from now on; all others are sent."""

    kinds: tuple[str, ...] = ()


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

OWN: Final = "/my/messages"
SETTINGS: Final = "/my/messages/settings"
OUTBOX: Final = "/messages"

DELIVER: Final = "notifications.deliver"
CONFIRM: Final = "notifications.confirm"
