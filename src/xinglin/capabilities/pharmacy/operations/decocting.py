"""The decoction room: a work order for what was paid, and each of its steps."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Stepping
from xinglin.capabilities.pharmacy.operations import reading
from xinglin.capabilities.pharmacy.operations.reading import Supply
from xinglin.capabilities.pharmacy.rules import decoctions, supplies
from xinglin.care import decoction
from xinglin.care.decoction import Formula, Given
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import today

Json = dict[str, Any]
KIND: Final = f"{contract.WORK_ORDERS.system}|decoction"


async def begin(work: UnitOfWork, supply: Supply) -> None:
    """Make the work order of a supply that was paid, when its formula is to be decocted."""
    if not decoctions.wanted(supply.task) or await order_of(work, supply.id) is not None:
        return
    number = f"JY{int.from_bytes(work.vault.chance(8)) % 10**10:010d}"
    made = decoctions.begun(supply.task, number, at=work.now.isoformat())
    await work.platform.create(bytes_of(made), type="Task")
    await work.announce(contract.desk_topic(supply.owner))


async def order_of(work: UnitOfWork, supply: str) -> Json | None:
    """Give the work order of a supply (logical id); None when nothing is decocted."""
    page = await work.platform.find("Task", focus=f"Task/{supply}", code=KIND, _count="1")
    return next((document_of(row.body()) for row in page.matches), None)


@cites("R3-100", "R3-092")
async def step(work: UnitOfWork, given: Stepping) -> str:
    """Task/$decoction-step: record the next step of a work order, or the end of the one that runs."""
    order, supply, formula = await opened(work, given.id)
    refuse(supplies.misused({"extension": []}, given.key, "step"))
    if decoctions.answered(order, given.key):
        return given.id
    if given.category and given.category not in contract.CATEGORIES.codes:
        raise OutcomeError(Issue("code-invalid", "decoction-category", "category", "There is no such kind."))
    if supply.state != "paid" or supplies.refunding(supply.task):
        raise OutcomeError(Issue("conflict", "supply-state", text="This is not to be decocted any more."), status=409)
    by = work.principal.practitioner or ""
    known = decoctions.done(order)
    measured = Given(
        by=by,
        at=work.now,
        device=given.device,
        weights=_weights(given),
        packs=given.packs,
        ml=given.ml,
        note=given.note,
    )
    refuse(decoction.step_faults(given.step, formula, known, measured))
    _, ends = decoction.following(formula, known)
    one = next(each for each in decoction.STEPS if each.code == given.step)
    made = decoctions.stepped(
        order,
        given,
        timed=one.timed,
        ends=ends,
        at=work.now.isoformat(),
        by=by,
        last=given.step == decoction.STEPS[-1].code,
    )
    version = int(order["meta"]["versionId"])
    await work.platform.update(bytes_of(made), type="Task", id=given.id, if_match=version)
    await work.announce(contract.desk_topic(supply.owner))
    work.note("decoction-step", type="Task", refs=(f"Task/{given.id}",), detail=given.step)
    return given.id


async def opened(work: UnitOfWork, id: str) -> tuple[Json, Supply, Formula]:
    """Read a work order of the caller's own pharmacy with its supply, both held; OutcomeError 404 of another's."""
    order = document_of((await work.platform.read("Task", id)).body())
    here = work.principal.organization or "none"
    if contract.WORK_ORDER.url not in order["meta"].get("profile", ()) or order["owner"]["reference"] != here:
        raise OutcomeError(not_found("Task", id))
    supply = await reading.own(work, order["focus"]["reference"].removeprefix("Task/"))
    order = document_of((await work.platform.read("Task", id, lock=True)).body())
    lines = await reading.lines(work, supply.prescription)
    patient = document_of(
        (await work.platform.read("Patient", order["for"]["reference"].removeprefix("Patient/"))).body()
    )
    born, day = date.fromisoformat((f"{patient.get('birthDate', '1900')}-01-01")[:10]), today(work.now)
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return order, supply, decoctions.formula_of(order, lines, supply.prescription, years)


async def open_order(work: UnitOfWork, supply: str) -> bool:
    """Tell whether something is still being decocted for a supply: nothing is given out before it is done."""
    order = await order_of(work, supply)
    return order is not None and order["status"] != "completed"


async def started(work: UnitOfWork, supply: str) -> bool:
    """Tell whether the room has begun: then nothing is given back any more (5.4 of the book)."""
    order = await order_of(work, supply)
    return order is not None and bool(decoctions.steps(order))


def _weights(given: Stepping) -> tuple[Decimal, ...]:
    try:
        found = tuple(Decimal(one.strip()) for one in given.weights)
    except InvalidOperation:
        found = (Decimal("NaN"),)
    if any(not one.is_finite() for one in found):
        raise OutcomeError(Issue("value", "weights-missing", "weights", "Write grams."), status=422)
    return found
