"""The pharmacy's side: claim, review again, take payment, dispense, hand over, give back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import (
    Choosing,
    Claiming,
    Dispensing,
    Handing,
    Keyed,
    One,
    Releasing,
    Reviewing,
    Sheet,
)
from xinglin.capabilities.pharmacy.operations import asking, decocting, paying, reading, supplying
from xinglin.capabilities.pharmacy.operations.reading import Supply
from xinglin.capabilities.pharmacy.rules import counters, questions, sheets, supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.signatures.contract import SIGN, Sign
from xinglin.care import dispensing
from xinglin.care.dispensing import POLICY
from xinglin.care.prescribing.supply import ways_of
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security import masks
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.store import supply_codes
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web import format as show_as
from xinglin.web.cells import named
from xinglin.web.format import today

Json = dict[str, Any]
LAST: Final = 4  # characters of the identity number that are asked for


@cites("R3-081", "R3-084", "R3-071")
async def claim(work: UnitOfWork, given: Claiming) -> str:
    """Task/$claim: one pharmacy takes a prescription; who comes second is told that it is taken, and not by whom."""
    refuse(supplies.misused({"extension": []}, given.key, "claim"))
    if given.id:
        supply = await reading.own(work, given.id)
        if reading.ready(supply, given.key, "claim"):
            return supply.id
    else:
        id, done = await _begun(work, given)
        if done:
            return id
        supply = await reading.own(work, id)
    refuse(dispensing.claimable(supply.state, reading.until_of(supply.prescription), work.now))
    if supply.task["status"] != "requested":
        refuse(dispensing.refusals("claimed", "claimed"))
    at, until = work.now.isoformat(), work.now + POLICY.lock
    by = work.principal.practitioner or ""
    task = supplies.acted(supply.task, "claim", key=given.key, at=at, by=by, status="accepted")
    await reading.keep(work, supply, supplies.termed(task, until.isoformat()))
    await reading.move(work, supply, "claimed")
    work.note("prescription-claimed", type="Task", refs=(f"Task/{supply.id}", supply.task["focus"]["reference"]))
    await work.defer_at(until, contract.LAPSE, task=supply.id, stage="claimed")
    return supply.id


async def _begun(work: UnitOfWork, given: Claiming) -> tuple[str, bool]:
    """Begin a supply by what the patient shows; gives its id, and whether this call was answered before."""
    page = await work.platform.find("Task", identifier=f"{contract.KEYS}|{given.key}", _count="1")
    for row in page.matches:
        known = await reading.own(work, row.id)
        return row.id, supplies.answered(known.task, given.key, "claim")
    id = await _shown(work, given)
    prescription = await reading.prescription(work, id)
    refuse(dispensing.claimable(supplies.state_of(prescription), reading.until_of(prescription), work.now))
    before = await reading.standing(work, id)
    here = work.principal.organization or ""
    if before is not None and before["owner"]["reference"] == here:
        return str(before["id"]), False
    if before is not None:  # the patient asked another pharmacy before, and stands here now
        supply = Supply(before, int(before["meta"]["versionId"]), prescription)
        await supplying.free(work, supply, "withdrawn", key=given.key, act="end")
    pharmacy = await reading.organization(work, here)
    lines = await reading.lines(work, prescription)
    retail = reading.is_retail(pharmacy)
    way = "pharmacy-pickup" if retail else "hospital-window"
    choosing = Choosing(id, here, way, given.key)
    open_ = frozenset[str](ways_of(sheets.code_of(one) for one in lines).whole)
    refuse(counters.choice_faults(choosing, open_, retail=retail, slices=True))
    owner = {"reference": here, "display": pharmacy.get("name", "")}
    return await supplying.begun(work, choosing, prescription, owner, lines), False


async def _shown(work: UnitOfWork, given: Claiming) -> str:
    """Find the prescription that a patient shows: by a code, else by its number and the identity card."""
    refused = OutcomeError(
        Issue("business-rule", "supply-code", "code", "This code is not valid, or was used: ask for another.")
    )
    if given.code:
        digits = counters.digits_of(given.code, supplying.mark(work))
        found = await supply_codes.take(work.executor, supplying.digest(work, digits), work.now) if digits else None
        if found is None:
            raise refused
        return found
    number = given.number.strip()
    if not number or len(given.identity.strip()) != LAST:
        raise OutcomeError(Issue("required", "supply-shown", "code", "Scan the code, or type number and identity."))
    page = await work.platform.find("RequestGroup", identifier=f"{prescriptions.NUMBERS}|{number}", _count="1")
    for row in page.matches:
        header = document_of(row.body())
        if await is_of(work, header["subject"]["reference"], given.identity):
            return row.id
    raise refused


async def is_of(work: UnitOfWork, patient: str, identity: str) -> bool:
    """Tell whether the last characters of an identity number are a patient's."""
    document = document_of((await work.platform.read("Patient", patient.removeprefix("Patient/"))).body())
    numbers = (one.get("value", "") for one in document.get("identifier", ()) if one.get("system") == IDENTITY_CARD)
    wanted = identity.strip().upper()
    return len(wanted) == LAST and any(number.upper().endswith(wanted) for number in numbers)


@cites("R3-086")
async def review(work: UnitOfWork, given: Reviewing) -> str:
    """Task/$pharmacy-review: a pharmacist of the pharmacy reviews again and signs (R3-086)."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "review"):
        return supply.id
    to = "pharmacy-reviewed" if given.outcome == "pass" else "rejected"
    refuse((*counters.review_faults(given), *await may_check(work, supply)) or dispensing.refusals(supply.state, to))
    reasons = "；".join([*(prescriptions.REASONS.codes[one].zh for one in given.reason), given.note.strip()])
    task = supplies.acted(
        supply.task,
        "review",
        key=given.key,
        at=work.now.isoformat(),
        by=work.principal.practitioner or "",
        status="accepted" if given.outcome == "pass" else "rejected",
        detail=reasons.strip("；") or "pass",
    )
    if given.outcome == "pass":
        await asking.refuse_open(work, supply.id)
        task = await paying.charge(work, supply, task)
    await reading.keep(work, supply, task)
    await sign(work, supply)
    await reading.move(work, supply, to)
    work.note("pharmacy-reviewed", type="Task", refs=(f"Task/{supply.id}",), detail=given.outcome)
    if given.outcome != "pass":
        await _tell_prescriber(work, supply, reasons)
    return supply.id


async def may_check(work: UnitOfWork, supply: Supply) -> tuple[Issue, ...]:
    """Say why the caller may not review or check here."""
    who = work.principal.practitioner
    if who is None:
        return (Issue("forbidden", "not-a-pharmacist", text="A pharmacist does this."),)
    standing, sites = await reading.credentials(work, who)
    retail = reading.is_retail(await reading.organization(work, supply.owner))
    return counters.pharmacist_faults(standing, sites, supply.owner, today(work.now), retail=retail)


async def sign(work: UnitOfWork, supply: Supply) -> None:
    """Sign the supply as it is now; signing writes no new version of it."""
    await work.fhir.operate(SIGN["Task"], Sign(supply.id))


async def take_payment(work: UnitOfWork, given: Keyed) -> str:
    """Task/$take-payment: paid at the pharmacy's own counter."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "pay"):
        return supply.id
    refuse(dispensing.refusals(supply.state, "paid"))
    if await paying.off_the_bill(work, supply, "cancelled-before-acceptance"):
        supply.task = supplies.billed(supply.task, "")
    await paying.paid(work, supply, given.key, "counter")
    return supply.id


@cites("R3-055", "R3-081", "R3-083", "R3-089")
async def dispense(work: UnitOfWork, given: Dispensing) -> str:
    """Task/$dispense: checked by a second person, taken off the stock, signed; from now on it is used."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "dispense"):
        return supply.id
    lines = await reading.lines(work, supply.prescription)
    agreed = await asking.agreed(work, supply.id)
    ordered = questions.effective([sheets.ordered(one) for one in lines], agreed)
    packs = [one.packs for one in ordered]
    people = await reading.colleagues(work, supply.owner)
    checker = work.principal.practitioner or ""
    refuse(
        (*counters.dispensing_faults(given, packs, checker, people), *await may_check(work, supply))
        or dispensing.refusals("refunded" if supplies.refunding(supply.task) else supply.state, "dispensed")
    )
    if await decocting.open_order(work, supply.id):
        text = "It is still being decocted."
        raise OutcomeError(Issue("business-rule", "decoction-open", text=text))
    amounts = [_part(one.amount, one.packs, some) for one, some in zip(ordered, given.given or packs, strict=True)]
    await _off_the_shelf(work, supply, [(one.code, some) for one, some in zip(ordered, amounts, strict=True)])
    at = work.now.isoformat()
    about: Mapping[str, Any] = {
        "patient": supply.task["for"],
        "pharmacy": {name: value for name, value in supply.task["owner"].items() if name in {"reference", "display"}},
        "checker": checker,
        "preparer": given.preparer,
        "prescriber": supply.prescription.get("author", {}),
        "at": at,
    }
    for number, (line, amount) in enumerate(zip(lines, amounts, strict=True), 1):
        if amount:
            traces = [one.partition("=")[2] for one in given.trace if one.partition("=")[0] == str(number)]
            instead = agreed[number].drug if number in agreed else ""
            made = sheets.dispensed(line, supply.number, amount, about=about, traces=traces, instead=instead)
            await work.platform.create(bytes_of(made), type="MedicationDispense")
    preparer = {"url": contract.PREPARER, "valueReference": {"reference": given.preparer}}
    task = supplies.acted(supply.task, "dispense", key=given.key, at=at, by=checker)
    await reading.keep(work, supply, task | {"extension": [*task["extension"], preparer]})
    await sign(work, supply)
    await reading.move(work, supply, "dispensed")
    work.note("prescription-dispensed", type="Task", refs=(f"Task/{supply.id}", supply.task["focus"]["reference"]))
    sent = supplies.way_of(supply.task) in contract.SENT
    await supplying.tell(
        work, supply, contract.READY.code, f"ready {supply.id}", next="正在安排配送" if sent else "请凭取药码领取"
    )
    return supply.id


def _part(amount: Decimal, packs: int, given: int) -> Decimal:
    return amount if given == packs else amount * given / packs if packs else Decimal(0)


async def _off_the_shelf(work: UnitOfWork, supply: Supply, given: list[tuple[str, Decimal]]) -> None:
    """Take what is given out off the stock; a pharmacy that keeps no stock here is believed."""
    known = (await reading.stocks(work, (code for code, _ in given), supply.owner)).get(supply.owner, {})
    for code, amount in sorted(given):
        stock = known.get(code)
        if stock is None or not amount:
            continue
        row = await work.platform.read("Basic", stock.id, lock=True)
        document = document_of(row.body())
        if sheets.stock_of(document)[1].on_hand < amount:
            raise OutcomeError(Issue("business-rule", "stock-short", "given", "There is not enough in stock."))
        await work.platform.update(
            bytes_of(sheets.taken(document, amount)), type="Basic", id=stock.id, if_match=row.vid
        )


@cites("R3-084", "R3-088")
async def hand_over(work: UnitOfWork, given: Handing) -> str:
    """Task/$hand-over: to whom shows the code, or the identity card; the supply is done."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "hand-over"):
        return supply.id
    refuse(dispensing.refusals(supply.state, "closed"))
    how = "code"
    if given.code:
        digits = counters.digits_of(given.code, supplying.mark(work))
        found = await supply_codes.take(work.executor, supplying.digest(work, digits), work.now) if digits else None
        good = found == supply.prescription_id
    else:
        how, good = "identity-card", await is_of(work, supply.task["for"]["reference"], given.identity)
    if not good:
        raise OutcomeError(
            Issue("business-rule", "supply-code", "code", "This code is not valid, or was used: ask for another.")
        )
    by = work.principal.practitioner or ""
    task = supplies.acted(
        supply.task, "hand-over", key=given.key, at=work.now.isoformat(), by=by, status="completed", detail=how
    )
    await reading.keep(work, supply, task)
    await reading.move(work, supply, "closed")
    return supply.id


async def release(work: UnitOfWork, given: Releasing) -> str:
    """Task/$release: the pharmacy cannot fill it; the patient chooses another."""
    supply = await reading.own(work, given.id)
    if reading.ready(supply, given.key, "release"):
        return supply.id
    refuse(counters.release_faults(given))
    if supply.state not in supplying.BEFORE_DISPENSING or supply.task["status"] not in {"requested", *supplies.OPEN}:
        refuse(dispensing.refusals(supply.state, "released") or dispensing.refusals("closed", "released"))
    if supplies.refunding(supply.task):
        refuse(dispensing.refusals("closed", "released"))
    await paying.give_back(work, supply, given.reason, key=given.key, act="release", note=given.note.strip())
    reason = given.note.strip() or contract.RELEASES.codes[given.reason].zh
    await supplying.tell(work, supply, contract.FREED.code, f"freed {supply.id}", reason=reason, next="请重新选择药店")
    return supply.id


async def _tell_prescriber(work: UnitOfWork, supply: Supply, reasons: str) -> None:
    parameters = {"number": supply.number, "pharmacy": supply.task["owner"].get("display", ""), "reason": reasons}
    author = supply.prescription.get("author", {}).get("reference", "")
    notice = Notice(
        contract.REJECTED.code,
        author,
        parameters=tuple(f"{name}={value}" for name, value in parameters.items()),
        about=f"RequestGroup/{supply.prescription_id}",
        key=f"rejected {supply.id}",
    )
    await work.platform.operate(NOTIFY, notice)


@cites("R3-087")
async def sheet(work: UnitOfWork, given: One) -> Sheet:
    """Task/$sheet: what the pharmacy needs of a prescription, while it has it; before and after, nothing."""
    supply = await reading.own(work, given.id)
    if supply.task["status"] not in supplies.OPEN:
        raise OutcomeError(not_found("Task", given.id))
    one = supply.prescription
    patient = document_of(
        (await work.platform.read("Patient", one["subject"]["reference"].removeprefix("Patient/"))).body()
    )
    lines = await reading.lines(work, one)
    stock = (await reading.stocks(work, map(sheets.code_of, lines), supply.owner)).get(supply.owner, {})
    born = patient.get("birthDate", "")
    recipient = supplies.recipient_of(await reading.delivery(work, supply.id))
    work.note("supply-sheet", type="Task", refs=(f"Task/{supply.id}", supply.task["for"]["reference"]))
    return Sheet(
        number=supply.number,
        state=supply.state,
        way=supplies.way_of(supply.task),
        name=named(patient),
        gender=str(patient.get("gender", "")),
        age=show_as.age(born, today(work.now), "zh") if born else "",
        prescriber=one.get("author", {}).get("display", ""),
        institution=await _institution(work, one),
        until=sheets.value(one, prescriptions.VALID_UNTIL, "") or "",
        phone=masks.phone(recipient.get("phone", "")) if recipient else "",
        fen=supplies.fen_of(supply.task),
        diagnosis=await _diagnoses(work, one),
        line=tuple(sheets.line_of(each, stock) for each in lines),
        finding=sheets.findings_of(await _first_review(work, supply)),
        doses=int(sheets.value(one, prescriptions.DOSES, 0) or 0),
        usage=str(sheets.value(one, prescriptions.USAGE, "") or ""),
        term=supplies.term_of(supply.task),
    )


async def _institution(work: UnitOfWork, prescription: Json) -> str:
    id = prescription.get("encounter", {}).get("reference", "").removeprefix("Encounter/")
    found = (await work.platform.find("Encounter", _id=id or "none")).matches
    return next((document_of(row.body()).get("serviceProvider", {}).get("display", "") for row in found), "")


async def _diagnoses(work: UnitOfWork, prescription: Json) -> tuple[str, ...]:
    ids = [one["reference"].removeprefix("Condition/") for one in prescription.get("reasonReference", ())]
    if not ids:
        return ()
    found = (await work.platform.find("Condition", _id=",".join(ids))).matches
    return tuple(document_of(row.body()).get("code", {}).get("text", "") for row in found)


async def _first_review(work: UnitOfWork, supply: Supply) -> Json | None:
    kind = f"{prescriptions.REVIEWS.system}|{prescriptions.REVIEW}"
    page = await work.platform.find(
        "Task", focus=f"RequestGroup/{supply.prescription_id}", code=kind, _sort="-authored-on", _count="1"
    )
    return next((document_of(row.body()) for row in page.matches), None)
