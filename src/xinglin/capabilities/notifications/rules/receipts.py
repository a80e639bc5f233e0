"""What call-backs of gateways say, and whether they are theirs. All pure.

Our own form is signed: header ``x-signature: t=SECONDS,v1=HEX``, the HMAC-SHA-256 of ``SECONDS.BODY``. WeChat signs its
token, the time and a number (SHA-1, as its interface has it). Both count for `FRESH`; a receipt that comes again
changes nothing, because it only means the round in which its message still waits.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any, Final

import msgspec

from xinglin.fhir.outcome import Issue

FRESH: Final = timedelta(minutes=5)
MOST: Final = 200  # receipts in one call-back
HEADER: Final = "x-signature"
_ROUND: Final = re.compile(r"(?P<message>[A-Za-z0-9\-.]{1,64})-(?P<channel>[a-z]+)-(?P<round>\d{1,6})", re.ASCII)
_TAG: Final = re.compile(r"<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</\1>", re.DOTALL)
_STATES: Final = frozenset({"delivered", "failed"})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery, named by our key, or by the gateway's number. state: ``delivered``, ``failed``."""

    state: str
    key: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a key names: a message, the channel, and the round of it."""

    message: str
    channel: str
    round: int


def delivery_of(key: str) -> Delivery | None:
    """Read a key; None when it is none of ours."""
    found = _ROUND.fullmatch(key)
    return Delivery(found["message"], found["channel"], int(found["round"])) if found else None


# -- whose they are ---------------------------------------------------------------------------------------------------


def signature(secret: str, seconds: int, body: bytes) -> str:
    """Sign a call-back as our gateways do."""
    made = hmac.new(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={made}"


def signature_faults(given: str, secret: str | None, body: bytes, now: datetime) -> Iterator[Issue]:
    """Reasons why a call-back is not taken."""
    seconds = re.match(r"t=(\d{1,12}),v1=", given, re.ASCII)
    if secret is None or seconds is None:
        yield Issue("forbidden", "callback-unsigned", text="A call-back is signed, by a secret that both sides know.")
    elif not hmac.compare_digest(signature(secret, int(seconds[1]), body).encode(), given.encode()):
        yield Issue("forbidden", "callback-signature", text="The signature does not belong to this body.")
    elif not _fresh(int(seconds[1]), now):
        yield Issue("forbidden", "callback-stale", text="The call-back was signed too long ago.")


def wechat_signature(token: str, timestamp: str, nonce: str) -> str:
    """Sign as WeChat does: SHA-1 of the three, sorted and joined."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce))).encode()).hexdigest()  # noqa: S324  WeChat's form


def wechat_faults(asked: Mapping[str, str], token: str | None, now: datetime) -> Iterator[Issue]:
    """Reasons why a call-back is not WeChat's."""
    timestamp, nonce = asked.get("timestamp", ""), asked.get("nonce", "")
    if token is None or not re.fullmatch(r"\d{1,12}", timestamp, re.ASCII):
        yield Issue("forbidden", "callback-unsigned", text="A call-back of WeChat names time and signature.")
    elif not hmac.compare_digest(
        wechat_signature(token, timestamp, nonce).encode(), asked.get("signature", "").encode()
    ):
        yield Issue("forbidden", "callback-signature", text="The signature does not belong to the token.")
    elif not _fresh(int(timestamp), now):
        yield Issue("forbidden", "callback-stale", text="The call-back was signed too long ago.")


def _fresh(seconds: int, now: datetime) -> bool:
    return abs(now.timestamp() - seconds) <= FRESH.total_seconds()


# -- what they say ----------------------------------------------------------------------------------------------------


def message_receipts(body: bytes) -> tuple[Receipt, ...] | None:
    """Read ``[{"key", "state"}]`` of text messages; None when it is something else."""
    said = _list(body)
    if said is None:
        return None
    return tuple(Receipt(str(one["state"]), str(one.get("key", ""))) for one in said if one.get("state") in _STATES)


def call_receipts(body: bytes) -> tuple[Receipt, ...] | None:
    """Read ``[{"callId", "outId", "status", "dtmf"}]`` of calls; None when it is something else."""
    said = _list(body)
    if said is None:
        return None
    read = ((call_state(one), str(one.get("outId", ""))) for one in said)
    return tuple(Receipt(state, key) for state, key in read if state in _STATES)


def call_state(call: Mapping[str, Any]) -> str:
    """Say what a call comes to: heard is what the listener confirmed by a key; a voice box confirms nothing."""
    status = call.get("status")
    if status in {None, "", "queued", "ringing", "talking", "unknown"}:
        return ""
    return "delivered" if status == "answered" and call.get("dtmf") == "1" else "failed"


def mail_receipts(body: bytes) -> tuple[Receipt, ...] | None:
    """Read a delivery status notification (RFC 3464); None when it is another message.

    ``relayed`` and ``delayed`` say nothing yet: the mail is with somebody who does not report.
    """
    report = message_from_bytes(body, policy=default)
    if report.get_content_type() != "multipart/report":
        return None
    groups = [group for part in report.walk() for group in _status_of(part)]
    key = next((str(one["original-envelope-id"]) for one in groups if one["original-envelope-id"]), "")
    actions = [str(one["action"]).strip().lower() for one in groups if one["action"]]
    states = {"delivered": "delivered", "expanded": "delivered", "failed": "failed"}
    return tuple(Receipt(states[one], key.strip()) for one in actions if one in states)


def _status_of(part: Message) -> Sequence[Message]:
    inside = part.get_payload() if part.get_content_type() == "message/delivery-status" else ()
    return [one for one in inside if isinstance(one, Message)]


def wechat_event(body: bytes) -> Mapping[str, str]:
    """Read the flat XML that WeChat pushes: the members of its root, without an XML parser and what it may fetch."""
    text = body.decode(errors="replace").strip()
    inside = re.fullmatch(r"<xml>(.*)</xml>", text, re.DOTALL)
    return {name: data or plain for name, data, plain in _TAG.findall(inside[1])} if inside else {}


def wechat_receipts(event: Mapping[str, str]) -> tuple[Receipt, ...]:
    """Read the event that follows a template message; others say nothing of one."""
    if event.get("Event") != "TEMPLATESENDJOBFINISH" or not event.get("MsgID"):
        return ()
    return (Receipt("delivered" if event.get("Status") == "success" else "failed", number=event["MsgID"]),)


def _list(body: bytes) -> list[dict[str, Any]] | None:
    try:
        said = msgspec.json.decode(body, type=list[dict[str, Any]])
    except msgspec.DecodeError:
        return None
    return said if len(said) <= MOST else None
