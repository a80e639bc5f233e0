"""What a supply costs is put on a bill; what billing tells takes it on, or lets it go (R3-080, R3-082)."""

from datetime import datetime
from typing import Any

from xinglin.capabilities.billing.contract import CHARGE, PAID, REFUND, Charge, Line, Refunding
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Keyed
from xinglin.capabilities.pharmacy.operations import asking, decocting, reading, supplying
from xinglin.capabilities.pharmacy.operations.reading import Supply
from xinglin.capabilities.pharmacy.rules import questions, sheets, supplies
from xinglin.care import dispensing
from xinglin.care.dispensing import POLICY
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

Json = dict[str, Any]


async def charge(work: UnitOfWork, supply: Supply, task: Json) -> Json:
    """Put the lines on a bill of the pharmacy; where it has no price for something, its counter takes the money."""
    written = [sheets.ordered(one) for one in await reading.lines(work, supply.prescription)]
    ordered = questions.effective(written, await asking.agreed(work, supply.id))
    here = (await reading.stocks(work, (one.code for one in ordered), supply.owner)).get(supply.owner, {})
    if sheets.cost(ordered, here) is None:
        return task
    term = supplies.term_of(supply.task)
    until = work.now + POLICY.pay
    if term:
        until = max(until, datetime.fromisoformat(term))
    lines: tuple[Line, ...] = sheets.charges(ordered, here)
    task = supplies.priced(task, sheets.cost(ordered, here) or 0)
    bill = await work.platform.operate(
        CHARGE,
        Charge(
            patient=supply.task["for"]["reference"].removeprefix("Patient/"),
            about=f"Task/{supply.id}",
            lines=lines,
            payee=supply.owner,
            visit=supply.prescription.get("encounter", {}).get("reference", ""),
            told=contract.SETTLED,
            until=until,
        ),
    )
    return supplies.billed(supplies.termed(task, until.isoformat()), bill)


async def paid(work: UnitOfWork, supply: Supply, key: str, how: str) -> None:
    """Note that it is paid: the lock has no term any more."""
    by = work.principal.practitioner or ""
    at = work.now.isoformat()
    task = supplies.acted(supply.task, "pay", key=key, at=at, by=by, status="in-progress", detail=how)
    await reading.keep(work, supply, supplies.termed(task, ""))
    await reading.move(work, supply, "paid")
    await decocting.begin(work, supply)


async def off_the_bill(work: UnitOfWork, supply: Supply, reason: str) -> bool:
    """Take a supply off its bill, or ask the money back; False when it never stood on one."""
    bill = supplies.bill_of(supply.task)
    if not bill:
        return False
    by = work.principal.practitioner or ""
    await work.platform.operate(REFUND, Refunding(bill, f"Task/{supply.id}", reason, by=by))
    return True


@cites("R3-080", "R3-082")
async def settled(work: UnitOfWork, supply: Supply, state: str) -> None:
    """Take a supply on by what billing tells. Money for what is no more goes back."""
    key = f"bill-{state}-{supply.id}"
    if supplies.answered(supply.task, key, "pay") or supplies.answered(supply.task, key, "end"):
        return
    if state == PAID:
        if supply.state == "pharmacy-reviewed" and supply.task["status"] == "accepted":
            await paid(work, supply, key, "bill")
        elif supply.task["status"] in {"cancelled", "rejected"}:
            await off_the_bill(work, supply, "not-dispensed")
        return
    if supply.state == "paid" and supplies.refunding(supply.task):
        await reading.move(work, supply, "refunded")
        await supplying.free(work, supply, "withdrawn", key=key, act="end")
    elif supply.state == "pharmacy-reviewed" and supply.task["status"] == "accepted":
        await supplying.free(work, supply, "not-paid", key=key, act="end")
        over = dispensing.freed(reading.until_of(supply.prescription), work.now) == "expired"
        words = "处方已失效，请联系医生" if over else "请重新选择药店"
        reason = contract.RELEASES.codes["not-paid"].zh
        await supplying.tell(work, supply, contract.FREED.code, f"freed {supply.id}", reason=reason, next=words)


async def give_back(work: UnitOfWork, supply: Supply, why: str, *, key: str, act: str, note: str = "") -> None:
    """Let a supply go at any time before it is dispensed; what was paid goes back first (R3-080)."""
    if supply.state != "paid":
        await off_the_bill(work, supply, "cancelled-before-acceptance")
        await supplying.free(work, supply, why, key=key, act=act, note=note)
        return
    if await decocting.started(work, supply.id):
        text = "It is being decocted: it is not given back any more."
        raise OutcomeError(Issue("business-rule", "decoction-started", text=text))
    by = work.principal.practitioner or work.principal.patient or ""
    at = work.now.isoformat()
    task = supplies.acted(supply.task, act, key=key, at=at, by=by, detail=note or why)
    task = supplies.acted(task, "refund", key=f"refund-{supply.id}", at=at, by=by, detail=why)
    await reading.keep(work, supply, task)
    if not await off_the_bill(work, supply, "not-dispensed"):  # the counter gives it back at once
        await reading.move(work, supply, "refunded")
        await supplying.free(work, supply, why, key=f"counter-{supply.id}", act="end")


async def withdraw(work: UnitOfWork, given: Keyed) -> str:
    """RequestGroup/$withdraw: the patient takes the choice back, as long as nothing was dispensed."""
    await work.fhir.read("RequestGroup", given.id)
    prescription = await reading.prescription(work, given.id)
    known = await _withdrawn(work, given)
    if known:
        return known
    task = await reading.standing(work, given.id)
    if task is None:
        raise OutcomeError(not_found("Task", given.id))
    supply = Supply(task, int(task["meta"]["versionId"]), prescription)
    if supplies.answered(task, given.key, "withdraw"):
        return supply.id
    if supply.state not in supplying.BEFORE_DISPENSING or supplies.refunding(task):
        refuse(dispensing.refusals(supply.state, "claimed"))
    refuse(supplies.misused(task, given.key, "withdraw"))
    await give_back(work, supply, "withdrawn", key=given.key, act="withdraw")
    return supply.id


async def _withdrawn(work: UnitOfWork, given: Keyed) -> str:
    """Give the supply that this very call has taken back."""
    page = await work.platform.find("Task", focus=f"RequestGroup/{given.id}", code=reading.KIND, status="cancelled")
    found = [document_of(row.body()) for row in page.matches]
    return next((one["id"] for one in found if supplies.answered(one, given.key, "withdraw")), "")
