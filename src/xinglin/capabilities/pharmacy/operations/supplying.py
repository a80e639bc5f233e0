"""The patient's side: choose a pharmacy, take the choice back, show a code; and what ends by itself."""

from typing import Any, Final

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Choosing, Code, One
from xinglin.capabilities.pharmacy.operations import reading
from xinglin.capabilities.pharmacy.operations.reading import Supply
from xinglin.capabilities.pharmacy.rules import counters, sheets, supplies
from xinglin.care import dispensing
from xinglin.care.dispensing import POLICY
from xinglin.care.prescribing.supply import ways_of
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store import supply_codes
from xinglin.store.door import UnitOfWork

Json = dict[str, Any]
# What can still be taken back: nothing has left the shelf.
BEFORE_DISPENSING: Final = frozenset({"released", *dispensing.LOCKED, "paid"})


@cites("R3-085", "R3-076", "R3-077", "R3-081")
async def choose(work: UnitOfWork, given: Choosing) -> str:
    """RequestGroup/$choose-pharmacy: ask one pharmacy, freely chosen; a choice nobody took up yet is replaced."""
    await work.fhir.read("RequestGroup", given.id)
    prescription = await reading.prescription(work, given.id)
    known = await _same(work, given)
    if known:
        return known
    pharmacy = await reading.organization(work, _reference(given.pharmacy))
    lines = await reading.lines(work, prescription)
    open_ = frozenset[str](ways_of(sheets.code_of(one) for one in lines).whole)
    refuse(
        (
            *dispensing.claimable(supplies.state_of(prescription), reading.until_of(prescription), work.now),
            *counters.choice_faults(
                given,
                open_,
                retail=reading.is_retail(pharmacy),
                slices=all(not sheets.ordered(one).drug for one in lines),
            ),
        )
    )
    before = await reading.standing(work, given.id)
    if before is not None:
        supply = Supply(before, int(before["meta"]["versionId"]), prescription)
        await free(work, supply, "withdrawn", key=given.key, act="end")
    owner = {"reference": _reference(given.pharmacy), "display": pharmacy.get("name", "")}
    id = await begun(work, given, prescription, owner, lines)
    await work.defer_at(work.now + POLICY.answer, contract.LAPSE, task=id, stage="requested")
    return id


async def begun(
    work: UnitOfWork, given: Choosing, prescription: Json, owner: Json, lines: list[Json], *, status: str = "requested"
) -> str:
    """Write a supply with what it costs there."""
    until = work.now + POLICY.answer
    at = work.now.isoformat()
    made = supplies.begun(given, prescription, owner, at=at)
    ordered = [sheets.ordered(one) for one in lines]
    here = (await reading.stocks(work, (one.code for one in ordered), owner["reference"])).get(owner["reference"], {})
    fen = sheets.cost(ordered, here)
    if fen is not None:
        made = supplies.priced(made, fen)
    by = work.principal.practitioner or work.principal.patient or ""
    made = supplies.acted(made, "choose", key=given.key, at=at, by=by, status=status)
    written = await work.platform.create(bytes_of(supplies.termed(made, until.isoformat())), type="Task")
    if given.way in contract.SENT:
        sent = supplies.delivery(given, written.id, prescription, owner)
        await work.platform.create(bytes_of(sent), type="SupplyDelivery")
    await work.announce(contract.desk_topic(owner["reference"]))
    return written.id


async def _same(work: UnitOfWork, given: Choosing) -> str:
    """Give the supply that was begun under this key; OutcomeError when it is of another prescription."""
    refuse(supplies.misused({"extension": []}, given.key, "choose"))
    page = await work.platform.find("Task", identifier=f"{contract.KEYS}|{given.key}", _count="1")
    for row in page.matches:
        task = document_of(row.body())
        if task["focus"]["reference"] != f"RequestGroup/{given.id}":
            raise OutcomeError(Issue("conflict", "supply-key-used", "key", "This key was used for something else."))
        return row.id
    return ""


@cites("R3-082", "R3-081")
async def free(work: UnitOfWork, supply: Supply, why: str, *, key: str, act: str, note: str = "") -> None:
    """Let a prescription go that was not used: for another pharmacy, or over with its days."""
    by = work.principal.practitioner or work.principal.patient or ""
    at = work.now.isoformat()
    task = supplies.acted(supply.task, act, key=key, at=at, by=by, status="cancelled", detail=note or why)
    reason = {"coding": [{"system": contract.RELEASES.system, "code": why}], "text": contract.RELEASES.codes[why].zh}
    await reading.keep(work, supply, supplies.termed(task | {"statusReason": reason}, ""))
    if supply.state in {*dispensing.LOCKED, "refunded"}:
        await reading.move(work, supply, dispensing.freed(reading.until_of(supply.prescription), work.now))


async def tell(work: UnitOfWork, supply: Supply, kind: str, key: str, **parameters: str) -> None:
    """Tell the patient."""
    given = {"number": supply.number, "pharmacy": supply.task["owner"].get("display", ""), **parameters}
    notice = Notice(
        kind,
        supply.task["for"]["reference"],
        parameters=tuple(f"{name}={value}" for name, value in given.items()),
        about=f"RequestGroup/{supply.prescription_id}",
        key=key,
    )
    await work.platform.operate(NOTIFY, notice)


@cites("R3-084")
async def show_code(work: UnitOfWork, given: One) -> Code:
    """RequestGroup/$show-code: a code that serves once, at any pharmacy; of the prescription nothing stands in it."""
    await work.fhir.read("RequestGroup", given.id)
    prescription = document_of((await work.platform.read("RequestGroup", given.id)).body())
    state = supplies.state_of(prescription)
    if state not in {"released", *dispensing.LOCKED, "paid", "dispensed", "delivering"}:
        refuse(dispensing.refusals(state, "claimed"))
    digits = str(int.from_bytes(work.vault.chance(8)) % 10**counters.DIGITS).zfill(counters.DIGITS)
    expires = work.now + POLICY.code
    await supply_codes.show(work.executor, digest(work, digits), given.id, now=work.now, expires=expires)
    work.note("supply-code-shown", type="RequestGroup", refs=(f"RequestGroup/{given.id}",))
    return Code(counters.shown(digits, mark(work)), digits, expires.isoformat())


def digest(work: UnitOfWork, digits: str) -> bytes:
    """Give what is kept of a code."""
    return work.vault.digest("supply-code", digits)


def mark(work: UnitOfWork) -> counters.Mark:
    """Give what marks a code as ours."""
    return lambda text: work.vault.digest("supply-code-mark", text)


def _reference(pharmacy: str) -> str:
    return f"Organization/{pharmacy.removeprefix('Organization/')}"
