"""Deliver a message: the next step of it, by the gateway of its channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import structlog

from xinglin.capabilities.notifications.contract import (
    CALL_TASK,
    CALLS,
    CONFIRM,
    DELIVER,
    MESSAGE,
    NUMBERS,
    OWN,
)
from xinglin.capabilities.notifications.gateways import Gateway, GatewayRefused, GatewaySilent, Letter
from xinglin.capabilities.notifications.operations.preferences import refused_by
from xinglin.capabilities.notifications.rules import messages as rules
from xinglin.capabilities.notifications.rules.messages import Circumstances, Step, Try
from xinglin.fhir.declarations import CHANNELS, Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store import channels
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import contacts, dependants

# Mail and WeChat have a line above the text; like the text it says nothing of health.
TITLE: Final = Text("【杏林】您有一条新消息", "[Xinglin] You have a new message")


@dataclass(frozen=True, slots=True)
class Terms:
    """How messages go out: quiet hours, time zone, how many a person gets in a day, the ways out, and the site."""

    quiet: tuple[time, time]
    zone: str
    daily: int
    gateways: Mapping[str, Gateway]
    site: str = ""


@dataclass(frozen=True, slots=True)
class Hearer:
    """Who is told: the recipient, or who acts for them. addresses: by channel. about: whom a guardian is told about."""

    reference: str
    addresses: Mapping[str, str]
    about: str = ""


async def deliver(work: UnitOfWork, message: str, terms: Terms) -> None:
    """Do what comes next for a message; doing it again delivers nothing twice."""
    await hold(work, message)
    document = await message_of(work, message)
    kind = work.door.rulebook.notices.get(rules.kind_of(document)) if document else None
    if document is None or kind is None:
        return
    recipient = document["recipient"][0]["reference"]
    hearer = await hearer_of(work, document)
    addresses = hearer.addresses
    refused = (await refused_by(work, recipient)).kinds
    unwanted = (await refused_by(work, hearer.reference)).channels
    at = Circumstances(
        now=work.now,
        quiet=rules.quiet_until(work.now, terms.quiet, terms.zone),
        refused=kind.code in refused,
        sent=await _sent_today(work, recipient, terms.zone),
        most=terms.daily,
        reach=rules.reach_of(terms.gateways, addresses, addresses.get("sms", ""), unwanted),
    )
    step = rules.next_step(document["status"], rules.tries_of(document), kind, at)
    await _do(work, document, step, terms, hearer)


async def hold(work: UnitOfWork, message: str) -> None:
    """Let a second run on the same message wait, and find it done."""
    await work.lock(f"Communication/{message}")


async def message_of(work: UnitOfWork, id: str) -> dict[str, Any] | None:
    """Read a message whole; None when there is none of that id."""
    try:
        document = document_of((await work.platform.read("Communication", id)).body())
    except OutcomeError as missing:
        if missing.status not in {404, 410}:
            raise
        return None
    return document if MESSAGE.url in document.get("meta", {}).get("profile", ()) else None


async def person_of(work: UnitOfWork, reference: str) -> dict[str, Any]:
    """Read whom a message goes to."""
    type_name, _, id = reference.partition("/")
    person: dict[str, Any] = document_of((await work.platform.read(type_name, id)).body())
    return person


async def note(work: UnitOfWork, document: Mapping[str, Any], *tries: Try, **members: Any) -> None:
    """Write tries down, and what they change; count them for the health of their channels."""

    def apply(before: dict[str, Any]) -> dict[str, Any]:
        for one in tries:
            before = rules.tried(before, one)
        return before | members

    await work.platform.patch(apply, type="Communication", id=str(document["id"]))
    for one in tries:
        if one.channel in CHANNELS:
            await channels.counted(work.executor, one.channel, one.outcome, one.at)


@cites("R6-042")
async def hearer_of(work: UnitOfWork, document: Mapping[str, Any]) -> Hearer:
    """Say who is told, and where: what was bound, and the phone of the record.

    For a child, and whoever else an account acts for, that is the guardian, and the message says whom it is about.
    """
    first = document["recipient"][0]
    recipient, about = str(first["reference"]), ""
    reference = await dependants.guardian(work.executor, recipient, work.now) or recipient
    phone = rules.phone_of(await person_of(work, reference))
    if reference != recipient:
        about = str(first.get("display", ""))
        phone = phone or rules.phone_of(await person_of(work, recipient))
    found = dict(await contacts.of_holder(work.executor, work.vault, reference))
    return Hearer(reference, found | ({"sms": phone, "voice": phone} if phone else {}), about)


async def _do(work: UnitOfWork, document: dict[str, Any], step: Step, terms: Terms, hearer: Hearer) -> None:
    message = str(document["id"])
    match step.act:
        case "wait":
            await work.defer_at(step.until or work.now, DELIVER, message=message)
        case "page":
            tries = [Try("page", step.why, work.now)] if step.why else []
            await note(work, document, *tries, status="completed")
        case "person":
            await note(work, document, Try("person", "listed", work.now), status="stopped")
            await work.platform.create(msgspec.json.encode(_call(document, work.now)), type="Task")
        case "send":
            await _send(work, document, step.channel, terms, hearer)
        case "nothing":
            pass


async def _send(work: UnitOfWork, document: dict[str, Any], channel: str, terms: Terms, hearer: Hearer) -> None:
    address = hearer.addresses.get(channel, "")
    message, tries = str(document["id"]), rules.tries_of(document)
    outcome, number = "sent", ""
    try:
        if address:
            letter = _letter(document, channel, address, terms.site, hearer.about)
            number = await terms.gateways[channel].send(letter)
        else:
            outcome = "no-address"
    except GatewaySilent as silent:
        structlog.get_logger().warning("notifications.silent", message=message, channel=channel, why=str(silent))
        outcome = "silent"
    except GatewayRefused as refused:
        structlog.get_logger().warning("notifications.refused", message=message, channel=channel, why=str(refused))
        outcome = "refused"
    one = Try(channel, outcome, work.now)
    if outcome == "sent":
        members: dict[str, Any] = {"medium": [*document.get("medium", ()), *rules.medium(channel)]}
        if number:
            named = {"system": NUMBERS, "value": f"{channel}-{number}"}
            members["identifier"] = [*document["identifier"], named]
        await note(work, document, one, status="in-progress", **members)
        await work.defer_at(work.now + rules.RECEIPT_WAIT, CONFIRM, message=message)
        return
    await note(work, document, one)
    again = rules.later((*tries, one), channel, work.now) if outcome == "silent" else work.now
    await work.defer_at(again, DELIVER, message=message)


def _letter(document: Mapping[str, Any], channel: str, address: str, site: str, about: str) -> Letter:
    language = str(document.get("language", "zh"))
    short = rules.about(rules.short_of(document), about, language)
    return Letter(
        key=rules.key_of(str(document["id"]), channel, rules.tries_of(document)),
        address=address,
        title=TITLE.en if language == "en" else TITLE.zh,
        text=rules.spoken(short) if channel == "voice" else short,
        language=language,
        link=f"{site}{OWN}/{document['id']}" if site else "",
    )


async def _sent_today(work: UnitOfWork, recipient: str, zone: str) -> int:
    """Count what went out to a person today."""
    local = work.now.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    return await work.platform.count(
        "Communication",
        recipient=recipient,
        medium=",".join(f"{rules.MEDIA}|{rules.MEDIUM[channel]}" for channel in CHANNELS),
        sent=f"ge{midnight.isoformat()}",
    )


def _call(document: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Ask the service desk to call somebody whom no message reached."""
    task: dict[str, Any] = {
        "resourceType": "Task",
        "meta": {"profile": [CALL_TASK.url]},
        "status": "requested",
        "intent": "order",
        "priority": document.get("priority", "routine"),
        "code": {"coding": [{"system": CALLS.system, "code": "message-call"}]},
        "focus": {"reference": f"Communication/{document['id']}"},
        "authoredOn": now.isoformat(),
    }
    if "subject" in document:
        task["for"] = document["subject"]
    if "sender" in document:
        task["owner"] = document["sender"]
    return task
