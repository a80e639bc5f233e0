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
from xinglin.store import channels
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import contacts

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


async def deliver(work: UnitOfWork, message: str, terms: Terms) -> None:
    """Do what comes next for a message; doing it again delivers nothing twice."""
    await hold(work, message)
    document = await message_of(work, message)
    kind = work.door.rulebook.notices.get(rules.kind_of(document)) if document else None
    if document is None or kind is None:
        return
    recipient = document["recipient"][0]["reference"]
    refused = await refused_by(work, recipient)
    addresses = await _addresses(work, recipient)
    at = Circumstances(
        now=work.now,
        quiet=rules.quiet_until(work.now, terms.quiet, terms.zone),
        refused=kind.code in refused.kinds,
        sent=await _sent_today(work, recipient, terms.zone),
        most=terms.daily,
        reach=rules.reach_of(terms.gateways, addresses, addresses.get("sms", ""), refused.channels),
    )
    step = rules.next_step(document["status"], rules.tries_of(document), kind, at)
    await _do(work, document, step, terms, addresses)


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


async def _addresses(work: UnitOfWork, recipient: str) -> dict[str, str]:
    """Give where somebody is told by each channel: what was bound, and the phone of the record."""
    found = dict(await contacts.of_holder(work.executor, work.vault, recipient))
    phone = rules.phone_of(await person_of(work, recipient))
    return found | ({"sms": phone, "voice": phone} if phone else {})


async def _do(
    work: UnitOfWork, document: dict[str, Any], step: Step, terms: Terms, addresses: Mapping[str, str]
) -> None:
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
            await _send(work, document, step.channel, terms, addresses.get(step.channel, ""))
        case "nothing":
            pass


async def _send(work: UnitOfWork, document: dict[str, Any], channel: str, terms: Terms, address: str) -> None:
    message, tries = str(document["id"]), rules.tries_of(document)
    outcome, number = "sent", ""
    try:
        if address:
            number = await terms.gateways[channel].send(_letter(document, channel, address, terms.site))
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


def _letter(document: Mapping[str, Any], channel: str, address: str, site: str) -> Letter:
    short, language = rules.short_of(document), str(document.get("language", "zh"))
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
