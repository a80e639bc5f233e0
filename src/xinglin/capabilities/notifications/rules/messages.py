"""Decisions about messages: what they say, what comes next for one, when it is quiet. All pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from xinglin.capabilities.notifications.contract import NOTICES, SHORT, TRY
from xinglin.fhir.declarations import CHANNELS, NoticeKind, Text
from xinglin.fhir.outcome import Issue

# A gateway that does not answer is asked so often by one channel, ever later.
SILENT_MOST: Final = 4
# WeChat knows a message again for ten minutes: a fourth try could be a second message.
SILENT_BY: Final[Mapping[str, int]] = {"wechat": 3}
BACKOFF: Final = timedelta(minutes=2)
# How long a receipt is waited for, and how often it is asked for.
RECEIPT_WAIT: Final = timedelta(minutes=1)
RECEIPTS_MOST: Final = 6
MEDIA: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
MEDIUM: Final[Mapping[str, str]] = {
    "wechat": "ELECTRONIC",
    "mail": "EMAILWRIT",
    "sms": "SMSWRIT",
    "voice": "PHONE",
    "person": "PHONE",
    "page": "ONLINEWRIT",
}
# What one may refuse; text messages stay, so that whoever has to be told is.
CHOICES: Final = ("wechat", "mail", "voice")
ADDRESS_MOST: Final = 254
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)+", re.ASCII)
# Channels whose address its holder binds and confirms; the phone is that of the record.
BOUND: Final = ("wechat", "mail")

# Status of the Communication, and state of the message.
STATES: Final[Mapping[str, str]] = {
    "preparation": "queued",
    "in-progress": "sent",
    "completed": "delivered",
    "stopped": "failed",
}


@dataclass(frozen=True, slots=True)
class Try:
    """One try to reach somebody.

    outcome: ``sent`` (a receipt is due), ``silent`` (no answer: perhaps sent), ``refused``, ``no-address``,
    ``delivered``, ``undelivered``; of channel ``person`` ``listed``, ``told``, ``again`` (a new round begins); of
    channel ``page`` ``opted-out``, ``limit``.
    """

    channel: str
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: ``send`` by a channel, ``wait`` until a moment, leave it on the ``page`` (why), a ``person``."""

    act: Literal["send", "wait", "page", "person", "nothing"]
    channel: str = ""
    until: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a step depends on besides the message.

    quiet: end of the quiet hours that run. sent: to them today. reach: channels that are open here, that reach the
    recipient, and that the recipient has not refused.
    """

    now: datetime
    quiet: datetime | None = None
    refused: bool = False
    sent: int = 0
    most: int = 5
    reach: frozenset[str] = frozenset(CHANNELS)


def next_step(status: str, tries: Sequence[Try], kind: NoticeKind, at: Circumstances) -> Step:
    """Decide what is done with a message now; nothing unless it is queued."""
    if status != "preparation":
        return Step("nothing")
    if kind.optional and at.refused:
        return Step("page", why="opted-out")
    if not kind.channels:
        return Step("page")
    channel = next((one for one in kind.channels if one in at.reach and not ended(this_round(tries), one)), None)
    if channel is None:
        return Step("person")
    if not kind.urgent and at.quiet is not None:
        return Step("wait", until=at.quiet)
    if not kind.urgent and at.sent >= at.most:
        return Step("page", why="limit")
    return Step("send", channel)


def ended(tries: Sequence[Try], channel: str) -> bool:
    """Tell whether a channel has failed for good."""
    outcomes = [one.outcome for one in tries if one.channel == channel]
    return bool({"refused", "no-address", "undelivered"}.intersection(outcomes)) or outcomes.count(
        "silent"
    ) >= SILENT_BY.get(channel, SILENT_MOST)


def this_round(tries: Sequence[Try]) -> Sequence[Try]:
    """Give the tries since the message was last sent again by hand."""
    begun = [place for place, one in enumerate(tries) if one.outcome == "again"]
    return tries[begun[-1] + 1 :] if begun else tries


def key_of(message: str, channel: str, tries: Sequence[Try]) -> str:
    """Name a delivery for the gateway: tries of one round have one key, so that none is delivered twice."""
    return f"{message}-{channel}-{sum(one.outcome == 'again' for one in tries) + 1}"


def awaited(tries: Sequence[Try], channel: str) -> bool:
    """Tell whether a receipt by a channel still means this round: it was sent, or perhaps was, by it."""
    return any(one.channel == channel and one.outcome in {"sent", "silent"} for one in this_round(tries))


def later(tries: Sequence[Try], channel: str, now: datetime) -> datetime:
    """Say when a silent gateway is asked again."""
    silent = sum(one.channel == channel and one.outcome == "silent" for one in this_round(tries))
    return now + BACKOFF * (1 << max(silent - 1, 0))


def quiet_until(now: datetime, hours: tuple[time, time], zone: str) -> datetime | None:
    """Give the end of the quiet hours in which *now* lies; None when it lies in none. They may run over midnight."""
    local = now.astimezone(ZoneInfo(zone))
    begin, end = hours
    clock = local.time()
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not inside:
        return None
    until = datetime.combine(local.date(), end, local.tzinfo)
    return until if until > local else until + timedelta(days=1)


def state_of(document: Mapping[str, Any]) -> str:
    """Give the state of a message: queued sent delivered read failed told."""
    told = any(one.outcome == "told" for one in tries_of(document))
    if told:
        return "told"
    if document.get("received"):
        return "read"
    return STATES.get(str(document.get("status")), "queued")


def tries_of(document: Mapping[str, Any]) -> tuple[Try, ...]:
    """Read the tries of a message, in their order."""
    return tuple(_try(one) for one in document.get("extension", ()) if one.get("url") == TRY)


def _try(extension: Mapping[str, Any]) -> Try:
    parts = {one["url"]: one for one in extension.get("extension", ())}
    at = datetime.fromisoformat(str(parts["at"]["valueDateTime"]))
    return Try(parts["channel"]["valueCode"], parts["outcome"]["valueCode"], at)


def tried(document: dict[str, Any], one: Try, **members: Any) -> dict[str, Any]:
    """Write a try down, and what it changes besides."""
    extension = {
        "url": TRY,
        "extension": [
            {"url": "channel", "valueCode": one.channel},
            {"url": "outcome", "valueCode": one.outcome},
            {"url": "at", "valueDateTime": one.at.isoformat()},
        ],
    }
    return document | {"extension": [*document.get("extension", ()), extension]} | members


def reach_of(
    open_ways: Collection[str], bound: Collection[str], phone: str, refused: Collection[str]
) -> frozenset[str]:
    """Say which channels reach somebody. open_ways: those with a gateway; bound: those with a confirmed address.

    Text messages are always tried, so that a missing number is seen.
    """
    usable = {"wechat": "wechat" in bound, "mail": "mail" in bound, "sms": True, "voice": bool(phone)}
    return frozenset(one for one in open_ways if usable[one] and not (one in refused and one in CHOICES))


def medium(channel: str) -> list[dict[str, Any]]:
    """Say by what a message went, as Communication.medium."""
    return [{"coding": [{"system": MEDIA, "code": MEDIUM[channel]}]}]


def kind_of(document: Mapping[str, Any]) -> str:
    """Give the code of the kind of a message."""
    codings = (one for category in document.get("category", ()) for one in category.get("coding", ()))
    return next((str(one.get("code")) for one in codings if one.get("system") == NOTICES), "")


def short_of(document: Mapping[str, Any]) -> str:
    """Give the text of a message for phones; empty when it has none."""
    return next((str(one["valueString"]) for one in document.get("extension", ()) if one.get("url") == SHORT), "")


def values_of(kind: NoticeKind, parameters: Sequence[str]) -> dict[str, str]:
    """Read ``name=value`` each."""
    return {name: value for name, _, value in (one.partition("=") for one in parameters)}


def notice_faults(kind: NoticeKind | None, parameters: Sequence[str], recipient: str) -> Iterator[Issue]:
    """Reasons why a message is not taken."""
    if kind is None:
        yield Issue("code-invalid", "notice-kind", "kind", "No capability declares this kind of message.")
        return
    if set(values_of(kind, parameters)) != set(kind.parameters):
        yield Issue("value", "notice-parameters", "parameters", f"It takes {', '.join(sorted(kind.parameters))}.")
    if recipient.partition("/")[0] not in {"Patient", "Practitioner"}:
        yield Issue("value", "notice-recipient", "recipient", "Messages go to a Patient or a Practitioner.")


def rendered(text: Text, language: str, values: Mapping[str, str]) -> str:
    """Fill in a template; values are not templates themselves."""
    return (text.en if language == "en" else text.zh).format_map(values)


def language_of(person: Mapping[str, Any]) -> str:
    """Give the language in which a person is told: English when it is preferred or the only one, else Chinese."""
    spoken = [
        (bool(one.get("preferred")), str((one.get("language") or one).get("coding", [{}])[0].get("code", "")))
        for one in person.get("communication", ())
    ]
    codes = [code for preferred, code in spoken if preferred] or [code for _, code in spoken]
    return "en" if codes and all(code.startswith("en") for code in codes) else "zh"


def phone_of(person: Mapping[str, Any]) -> str:
    """Give the number that takes text messages, digits alone; empty when there is none."""
    for one in person.get("telecom", ()):
        if one.get("system") in {"phone", "sms"} and one.get("value"):
            return "".join(sign for sign in str(one["value"]).removeprefix("+86") if sign.isdigit())
    return ""


def about(short: str, name: str, language: str) -> str:
    """Give a short text that says whom it is about, after who writes; as it is without a name."""
    if not name:
        return short
    sender, mark, text = short.partition("]" if language == "en" else "】")
    said = f" About {name}:" if language == "en" else f"关于{name}："
    return f"{sender}{mark}{said}{text}" if mark else f"{said.strip()}{short}"


def spoken(text: str) -> str:
    """Give a short text as it is said aloud: who calls in words, not in brackets, and the key that confirms it."""
    if text.startswith("["):
        return f"This is {text[1:].replace(']', '.', 1)} Press 1 to confirm that you have heard this."
    said = text.removeprefix("【").replace("】", "。", 1).replace("*", "某")  # of a covered name
    return f"您好，这里是{said}听清请按1。"


def is_mail_address(text: str) -> bool:
    """Tell whether a text may be a mail address; whether it is somebody's, the code that is sent there shows."""
    return len(text) <= ADDRESS_MOST and _ADDRESS.fullmatch(text) is not None


def resend_faults(status: str) -> Iterator[Issue]:
    """Reasons why a message is neither sent again nor told by telephone."""
    if status != "stopped":
        yield Issue(
            "business-rule", "message-not-failed", "Communication.status", "Only what failed is dealt with by hand."
        )
