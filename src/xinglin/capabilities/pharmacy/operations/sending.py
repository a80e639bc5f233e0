"""Delivery: packed and sealed, handed to a courier or the pharmacy's own people, received by whoever shows the code."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Keyed, Sending, Tracking
from xinglin.capabilities.pharmacy.operations import counter, reading, supplying
from xinglin.capabilities.pharmacy.operations.reading import Supply
from xinglin.capabilities.pharmacy.rules import counters, sheets, supplies
from xinglin.care import delivering, dispensing
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store import supply_codes
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import today

Json = dict[str, Any]
# What a step makes of the prescription; medicine that came back was used all the same (R3-081).
STATES: Final[Mapping[str, str]] = {"delivered": "delivered", "returned": "closed", "lost": "closed"}


@cites("R3-088")
async def send(work: UnitOfWork, given: Sending) -> str:
    """Task/$send: packed and sealed; a courier is asked to bring it, or the pharmacy's own people do."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "send"):
        return supply.id
    delivery = await _delivery(work, supply)
    cold = await is_cold(work, supply)
    celsius = degrees(given.celsius)
    refuse(
        (
            *dispensing.refusals(supply.state, "delivering"),
            *delivering.step_faults("", "packed", cold=cold, celsius=celsius, sealed=given.sealed),
        )
    )
    packed = supplies.stepped(delivery, "packed", at=work.now.isoformat(), celsius=celsius, by=_by(work))
    await _keep(work, packed)
    task = supplies.acted(supply.task, "send", key=given.key, at=work.now.isoformat(), by=_by(work))
    await reading.keep(work, supply, task)
    await reading.move(work, supply, "delivering")
    work.note("medicine-sent", type="Task", refs=(f"Task/{supply.id}",))
    await work.defer(contract.ORDER_COURIER, task=supply.id)
    return supply.id


@cites("R3-088")
async def track(work: UnitOfWork, given: Tracking) -> str:
    """Task/$track: the pharmacy records a step of the way; whoever receives it shows the code or the identity card."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "track"):
        return supply.id
    refuse(supplies.misused(supply.task, given.key, "track"))
    await step(work, supply, given)
    return supply.id


async def step(work: UnitOfWork, supply: Supply, given: Tracking, *, waybill: str = "") -> None:
    """Record a step, said at the desk or by the courier."""
    delivery = await _delivery(work, supply)
    before = supplies.custody_of(delivery)
    cold = await is_cold(work, supply)
    celsius = degrees(given.celsius)
    refuse(delivering.step_faults(before, given.state, cold=cold, celsius=celsius))
    if supply.state != "delivering":
        refuse(dispensing.refusals(supply.state, "delivered"))
    measured = [*supplies.temperatures_of(delivery), *([celsius] if celsius is not None else [])]
    if given.state == "delivered":
        if delivering.spoiled(measured, cold=cold):
            text = "The cold chain was broken: take it back."
            raise OutcomeError(Issue("business-rule", "cold-chain-broken", "celsius", text))
        await _shown(work, supply, given)
    at = work.now.isoformat()
    made = supplies.stepped(delivery, given.state, at=at, celsius=celsius, by=_by(work), waybill=waybill)
    await _keep(work, made)
    to = STATES.get(given.state)
    status = "completed" if to else ""
    task = supplies.acted(supply.task, "track", key=given.key, at=at, by=_by(work), status=status, detail=given.state)
    await reading.keep(work, supply, task)
    if to:
        await reading.move(work, supply, to)
        work.note(f"medicine-{'delivered' if to == 'delivered' else 'returned'}", type="Task",
                  refs=(f"Task/{supply.id}",))  # fmt: skip
    if given.state == "arrived":
        await supplying.tell(work, supply, contract.READY.code, f"arrived {supply.id}", next="已送到，请出示取药码签收")


async def _shown(work: UnitOfWork, supply: Supply, given: Tracking) -> None:
    """Check who receives it (R3-088)."""
    digits = counters.digits_of(given.code, supplying.mark(work)) if given.code else ""
    found = await supply_codes.take(work.executor, supplying.digest(work, digits), work.now) if digits else None
    good = found == supply.prescription_id if given.code else await counter.is_of(
        work, supply.task["for"]["reference"], given.identity
    )  # fmt: skip
    if not good:
        text = "This code is not valid, or was used: ask for another."
        raise OutcomeError(Issue("business-rule", "supply-code", "code", text))


@cites("R3-088")
async def receive(work: UnitOfWork, given: Keyed) -> str:
    """RequestGroup/$receive: the patient confirms what was left at the door."""
    await work.fhir.read("RequestGroup", given.id)
    known = await reading.standing(work, given.id)
    if known is None:
        raise OutcomeError(not_found("RequestGroup", given.id))
    supply = await reading.held(work, known["id"], given.id)
    if reading.ready(supply, given.key, "receive"):
        return supply.id
    refuse(dispensing.refusals(supply.state, "delivered"))
    delivery = await _delivery(work, supply)
    if supplies.custody_of(delivery) != "arrived":
        text = "It has not arrived yet."
        raise OutcomeError(Issue("business-rule", "not-arrived", text=text))
    at = work.now.isoformat()
    if delivering.spoiled(supplies.temperatures_of(delivery), cold=await is_cold(work, supply)):
        text = "The cold chain was broken: take it back."
        raise OutcomeError(Issue("business-rule", "cold-chain-broken", "celsius", text))
    await _keep(work, supplies.stepped(delivery, "delivered", at=at, celsius=None, by=_by(work)))
    task = supplies.acted(supply.task, "receive", key=given.key, at=at, by=_by(work), status="completed")
    await reading.keep(work, supply, task)
    await reading.move(work, supply, "delivered")
    work.note("medicine-delivered", type="Task", refs=(f"Task/{supply.id}",))
    return supply.id


async def is_cold(work: UnitOfWork, supply: Supply) -> bool:
    """Tell whether anything of it is kept cold."""
    lines = await reading.lines(work, supply.prescription)
    return delivering.kept_cold(map(sheets.code_of, lines), today(work.now))


def degrees(text: str) -> Decimal | None:
    """Read a temperature; OutcomeError 422 when it is none."""
    if not text.strip():
        return None
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not -50 < found < 60 if found.is_finite() else True:
        raise OutcomeError(Issue("value", "temperature", "celsius", "Write degrees Celsius."), status=422)
    return found


async def _delivery(work: UnitOfWork, supply: Supply) -> Json:
    found = await reading.delivery(work, supply.id)
    if found is None:
        text = "This is picked up, not sent."
        raise OutcomeError(Issue("business-rule", "not-sent", "way", text))
    return found


async def _keep(work: UnitOfWork, delivery: Json) -> None:
    version = int(delivery["meta"]["versionId"])
    await work.platform.update(bytes_of(delivery), type="SupplyDelivery", id=delivery["id"], if_match=version)


def _by(work: UnitOfWork) -> str:
    return work.principal.practitioner or work.principal.patient or ""
