"""Receipts: asked for by a job, or told by a call-back; what did not arrive goes on by the next channel."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from xinglin.capabilities.notifications.contract import CALLS, CONFIRM, DELIVER, NUMBERS
from xinglin.capabilities.notifications.gateways import GatewayRefused, GatewaySilent
from xinglin.capabilities.notifications.operations.deliver import Terms, hold, message_of, note
from xinglin.capabilities.notifications.rules import messages as rules
from xinglin.capabilities.notifications.rules.messages import Try
from xinglin.capabilities.notifications.rules.receipts import Receipt, delivery_of
from xinglin.store.door import UnitOfWork


async def confirm(work: UnitOfWork, message: str, asked: int, terms: Terms) -> None:
    """Ask whether a message arrived; after so many silences it did not. asked: how often before."""
    await hold(work, message)
    document = await message_of(work, message)
    if document is None or document["status"] != "in-progress":
        return
    tries = rules.tries_of(document)
    channel = next(one.channel for one in reversed(tries) if one.outcome == "sent")
    gateway = terms.gateways.get(channel)
    try:
        state = await gateway.receipt(rules.key_of(message, channel, tries)) if gateway else ""
    except (GatewaySilent, GatewayRefused) as silent:
        structlog.get_logger().warning("notifications.no-receipt", message=message, why=str(silent))
        state = ""
    if state not in {"delivered", "failed"}:
        if asked + 1 < rules.RECEIPTS_MOST:
            await work.defer_at(work.now + rules.RECEIPT_WAIT * (1 << asked), CONFIRM, message=message, asked=asked + 1)
            return
        state = "failed"
    await _settle(work, document, channel, state)


async def receive(work: UnitOfWork, channel: str, receipts: Iterable[Receipt]) -> int:
    """Take what a call-back says; gives how many changed something. One that comes again changes nothing.

    A failure counts while the message waits for this very delivery. An arrival also counts late, when another channel
    is being tried or a person listed; but only of the round that runs.
    """
    changed = 0
    for receipt in receipts:
        key = receipt.key or await _key_of(work, channel, receipt.number)
        delivery = delivery_of(key)
        if delivery is None or delivery.channel != channel:
            continue
        await hold(work, delivery.message)
        document = await message_of(work, delivery.message)
        if document is not None and _counts(document, channel, key, receipt.state):
            await _settle(work, document, channel, receipt.state)
            changed += 1
    return changed


async def close(work: UnitOfWork, message: str, status: str) -> None:
    """Close the calls that a message still asks for."""
    code = f"{CALLS.system}|message-call"
    page = await work.platform.find("Task", code=code, focus=f"Communication/{message}", status="requested", _count="9")
    for row in page.matches:
        await work.platform.patch(lambda task: task | {"status": status}, type="Task", id=row.id)


def _counts(document: Mapping[str, Any], channel: str, key: str, state: str) -> bool:
    tries = rules.tries_of(document)
    if document["status"] == "completed" or key != rules.key_of(str(document["id"]), channel, tries):
        return False
    if state == "delivered":
        return rules.awaited(tries, channel)
    last = next((one.channel for one in reversed(tries) if one.outcome == "sent"), "")
    return document["status"] == "in-progress" and last == channel


async def _settle(work: UnitOfWork, document: Mapping[str, Any], channel: str, state: str) -> None:
    message = str(document["id"])
    if state == "delivered":
        await note(work, document, Try(channel, "delivered", work.now), status="completed")
        if document["status"] == "stopped":
            await close(work, message, "cancelled")
        return
    await note(work, document, Try(channel, "undelivered", work.now), status="preparation")
    await work.defer(DELIVER, message=message)


async def _key_of(work: UnitOfWork, channel: str, number: str) -> str:
    """Give the key of the delivery that a gateway names by a number of its own; empty when nobody knows it."""
    if not number:
        return ""
    page = await work.platform.find("Communication", identifier=f"{NUMBERS}|{channel}-{number}", _count="1")
    document = await message_of(work, page.matches[0].id) if page.matches else None
    if document is None:
        return ""
    numbers = [one["value"] for one in document["identifier"] if one.get("system") == NUMBERS]
    # A message sent again by hand has a number of each round: only the last one means the round that runs.
    of_channel = [one for one in numbers if one.startswith(f"{channel}-")]
    current = of_channel and of_channel[-1] == f"{channel}-{number}"
    return rules.key_of(str(document["id"]), channel, rules.tries_of(document)) if current else ""
