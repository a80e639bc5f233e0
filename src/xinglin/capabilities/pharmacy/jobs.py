"""Choices that nobody took up, locks that were not paid, codes that are over."""

from datetime import timedelta
from typing import Final

import structlog

from xinglin.capabilities.pharmacy.contract import FOLLOW_COURIER, FREED, ORDER_COURIER, Tracking
from xinglin.capabilities.pharmacy.gateways import Courier, CourierRefused, CourierSilent, Parcel, Seen
from xinglin.capabilities.pharmacy.operations import paying, reading, sending, supplying
from xinglin.capabilities.pharmacy.rules import supplies
from xinglin.care import dispensing
from xinglin.care.delivering import CUSTODY, ENDS
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store import supply_codes
from xinglin.store.door import UnitOfWork

_LOG: Final = structlog.get_logger()
PATIENCE: Final = timedelta(minutes=2)
KEEP: Final = timedelta(days=1)
STAGES: Final = {"requested": ("requested", "no-answer"), "claimed": ("accepted", "not-paid")}


@cites("R3-082")
async def lapse(work: UnitOfWork, task: str, stage: str) -> None:
    """Free a prescription whose pharmacy did not answer, or was not paid, in time; what has gone on stays."""
    try:
        known = document_of((await work.platform.read("Task", task)).body())
    except OutcomeError as refused:
        if refused.status in {404, 410}:
            return
        raise
    supply = await reading.held(work, task, known["focus"]["reference"].removeprefix("RequestGroup/"))
    status, why = STAGES[stage]
    if supply.task["status"] != status or supply.state not in {"released", "expired", "cancelled", *dispensing.LOCKED}:
        return
    if supplies.term_of(supply.task) > work.now.isoformat():
        return
    if supplies.bill_of(supply.task):
        return  # billing tells when the bill has lapsed (`settled`)
    why = "cancelled" if supply.state == "cancelled" else why
    await supplying.free(work, supply, why, key=f"lapse-{stage}-{task}", act="lapse")
    over = supply.state != "released"
    await supplying.tell(
        work,
        supply,
        FREED.code,
        f"freed {task}",
        reason=supplies.acts(supply.task)[-1]["detail"],
        next="处方已失效，请联系医生" if over else "请重新选择药店",
    )


async def settled(work: UnitOfWork, bill: str, about: str, state: str) -> None:
    """Hear from billing what became of a bill; the same may be told twice."""
    id = about.removeprefix("Task/")
    task = document_of((await work.platform.read("Task", id)).body())
    supply = await reading.held(work, id, task["focus"]["reference"].removeprefix("RequestGroup/"))
    if supplies.bill_of(supply.task) == bill:
        await paying.settled(work, supply, state)


@cites("R3-088")
async def order_courier(work: UnitOfWork, task: str, *, courier: Courier) -> None:
    """Ask the courier to bring a parcel; after silence it is asked again for the same (its number is the Task's)."""
    delivery = await reading.delivery(work, task)
    if delivery is None or supplies.custody_of(delivery) != "packed":
        return
    whom = supplies.recipient_of(delivery)
    cold = any(one.get("celsius") for one in supplies.custody(delivery))
    place = delivery["supplier"].get("display", "")
    parcel = Parcel(task, place, whom["name"], whom["phone"], whom["address"], cold)
    try:
        seen = await courier.order(parcel)
    except CourierRefused as refused:
        _LOG.info("pharmacy.courier_refused", task=task, why=str(refused)[:80])
        return  # the pharmacy's own people bring it, and record the steps at the desk
    except CourierSilent:
        await work.defer_at(work.now + PATIENCE, ORDER_COURIER, task=task)
        return
    await _step(work, task, seen, "handed-over")
    await work.defer_at(work.now + PATIENCE, FOLLOW_COURIER, task=task)


@cites("R3-088")
async def follow_courier(work: UnitOfWork, task: str, *, courier: Courier) -> None:
    """Ask how far a parcel is, until it is delivered, returned or lost. A code that is not good changes nothing."""
    before = supplies.custody_of(await reading.delivery(work, task))
    if before in ENDS:
        return
    try:
        seen = await courier.ask(task)
    except CourierRefused:
        return
    except CourierSilent:
        seen = None
    state = "" if seen is None else "delivered" if seen.code and before == "arrived" else seen.state
    if seen is not None and state in CUSTODY.get(before, frozenset()):
        await _step(work, task, seen, state)
    if supplies.custody_of(await reading.delivery(work, task)) not in ENDS:
        await work.defer_at(work.now + PATIENCE, FOLLOW_COURIER, task=task)


async def _step(work: UnitOfWork, task: str, seen: Seen, state: str) -> None:
    """Record what the courier said, if it still can be; nothing is locked before the courier was asked."""
    known = document_of((await work.platform.read("Task", task)).body())
    supply = await reading.held(work, task, known["focus"]["reference"].removeprefix("RequestGroup/"))
    if supply.state != "delivering":
        return
    try:
        await sending.step(work, supply, _told(task, seen, state), waybill=seen.waybill)
    except OutcomeError as refused:
        _LOG.warning("pharmacy.courier_step_refused", task=task, keys=[one.key for one in refused.issues])


def _told(task: str, seen: Seen, state: str) -> Tracking:
    celsius = "" if seen.celsius is None else str(seen.celsius)
    return Tracking(task, f"courier-{state}-{task}", state, celsius, seen.code)


async def forget_codes(work: UnitOfWork) -> None:
    """Drop codes that are over."""
    await supply_codes.forget(work.executor, work.now - KEEP)
