"""Deliver a message: the next step of it, by the gateway of its channel, and its receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import structlog

from xinglin.capabilities.notifications import rules
from xinglin.capabilities.notifications.contract import CALL_TASK, CALLS, CONFIRM, DELIVER, MESSAGE
from xinglin.capabilities.notifications.gateways import Gateway, GatewayRefused, GatewaySilent
from xinglin.capabilities.notifications.operations.preferences import refused_by
from xinglin.capabilities.notifications.rules import Circumstances, Step, Try
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork


@dataclass(frozen=True, slots=True)
class Terms:
    """How messages go out: quiet hours, time zone, how many a person gets in a day, and the ways out."""

    quiet: tuple[time, time]
    zone: str
    daily: int
    gateways: Mapping[str, Gateway]


async def deliver(work: UnitOfWork, message: str, terms: Terms) -> None:
    """Do what comes next for a message; doing it again delivers nothing twice."""
    await work.lock(f"Communication/{message}")  # a second run waits, and finds it done
    document = await message_of(work, message)
    kind = work.door.rulebook.notices.get(rules.kind_of(document)) if document else None
    if document is None or kind is None:
        return
    recipient = document["recipient"][0]["reference"]
    at = Circumstances(
        now=work.now,
        quiet=rules.quiet_until(work.now, terms.quiet, terms.zone),
        refused=kind.code in await refused_by(work, recipient),
        sent=await _sent_today(work, recipient, terms.zone),
        most=terms.daily,
    )
    await _do(work, document, rules.next_step(document["status"], rules.tries_of(document), kind, at), terms)


async def confirm(work: UnitOfWork, message: str, asked: int, terms: Terms) -> None:
    """Ask whether a message arrived; what did not goes on by the next channel. asked: how often before."""
    await work.lock(f"Communication/{message}")
    document = await message_of(work, message)
    if document is None or document["status"] != "in-progress":
        return
    tries = rules.tries_of(document)
    channel = next(one.channel for one in reversed(tries) if one.outcome == "sent")
    try:
        state = await terms.gateways[channel].receipt(rules.key_of(message, channel, tries))
    except (GatewaySilent, GatewayRefused) as silent:
        structlog.get_logger().warning("notifications.no-receipt", message=message, why=str(silent))
        state = "unknown"
    if state == "delivered":
        await _note(work, document, Try(channel, "delivered", work.now), status="completed")
    elif state == "failed" or asked + 1 >= rules.RECEIPTS_MOST:
        await _note(work, document, Try(channel, "undelivered", work.now), status="preparation")
        await work.defer(DELIVER, message=message)
    else:
        await work.defer_at(work.now + rules.RECEIPT_WAIT * (1 << asked), CONFIRM, message=message, asked=asked + 1)


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


async def _do(work: UnitOfWork, document: dict[str, Any], step: Step, terms: Terms) -> None:
    message = str(document["id"])
    match step.act:
        case "wait":
            await work.defer_at(step.until or work.now, DELIVER, message=message)
        case "page":
            note = [Try("page", step.why, work.now)] if step.why else []
            await _note(work, document, *note, status="completed")
        case "person":
            await _note(work, document, Try("person", "listed", work.now), status="stopped")
            await work.platform.create(msgspec.json.encode(_call(document, work.now)), type="Task")
        case "send":
            await _send(work, document, step.channel, terms)
        case "nothing":
            pass


async def _send(work: UnitOfWork, document: dict[str, Any], channel: str, terms: Terms) -> None:
    message, tries = str(document["id"]), rules.tries_of(document)
    phone = rules.phone_of(await person_of(work, document["recipient"][0]["reference"]))
    text = rules.short_of(document)
    outcome = "sent"
    try:
        if phone:
            await terms.gateways[channel].send(rules.key_of(message, channel, tries), phone, text)
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
        media = [*document.get("medium", ()), *rules.medium(channel)]
        await _note(work, document, one, status="in-progress", medium=media)
        await work.defer_at(work.now + rules.RECEIPT_WAIT, CONFIRM, message=message)
        return
    await _note(work, document, one)
    again = rules.later((*tries, one), channel, work.now) if outcome == "silent" else work.now
    await work.defer_at(again, DELIVER, message=message)


async def _note(work: UnitOfWork, document: dict[str, Any], *tries: Try, **members: Any) -> None:
    def apply(before: dict[str, Any]) -> dict[str, Any]:
        for one in tries:
            before = rules.tried(before, one)
        return before | members

    await work.platform.patch(apply, type="Communication", id=str(document["id"]))


async def _sent_today(work: UnitOfWork, recipient: str, zone: str) -> int:
    """Count the text messages of today to a person."""
    local = work.now.astimezone(ZoneInfo(zone))
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    return await work.platform.count(
        "Communication",
        recipient=recipient,
        medium=f"{rules.MEDIA}|{rules.MEDIUM['sms']}",
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
