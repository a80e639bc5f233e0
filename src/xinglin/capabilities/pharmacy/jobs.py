"""Choices that nobody took up, locks that were not paid, codes that are over."""

from datetime import timedelta
from typing import Final

from xinglin.capabilities.pharmacy.contract import FREED
from xinglin.capabilities.pharmacy.operations import paying, reading, supplying
from xinglin.capabilities.pharmacy.rules import supplies
from xinglin.care import dispensing
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store import supply_codes
from xinglin.store.door import UnitOfWork

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


async def forget_codes(work: UnitOfWork) -> None:
    """Drop codes that are over."""
    await supply_codes.forget(work.executor, work.now - KEEP)
