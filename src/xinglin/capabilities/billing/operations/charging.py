"""Lines are put on a bill."""

from typing import Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.operations.reading import CHINA, document, keep, today
from xinglin.capabilities.billing.rules import bills, payments
from xinglin.capabilities.billing.rules.bills import Bill
from xinglin.capabilities.billing.rules.documents import TAGS, reference
from xinglin.care import prices
from xinglin.care.prices import Wanted
from xinglin.fhir.declarations import canonical
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

LEVEL: Final = canonical("level")
MOST_LINES: Final = 200
MOST_TIMES: Final = 20


@cites("R5-010", "R5-011")
async def charge(work: UnitOfWork, given: contract.Charge) -> str:
    """Invoice/$charge: put lines on the open bill of the visit, or on a new one; what was charged before stays."""
    await work.lock(f"charges of Patient/{given.patient}")
    first, known = await _known(work, given)
    if known:
        return known
    refuse(_faults(given))
    level = await _level(work, given.payee)
    day = today(work.now)
    wanted = [Wanted(one.code, one.system, one.quantity, one.unit_fen, one.text) for one in given.lines]
    refuse(tuple(prices.issues(wanted, level, day, internet=given.internet)))
    bill = await _open_bill(work, given)
    lines = []
    for number, line in enumerate(prices.priced(wanted, level, day), 1):
        item = bills.charge_item(f"{first}-{number}", given, line, bill.id, work.now)
        await work.platform.update(bytes_of(item), type="ChargeItem", id=item["id"], must="new")
        lines.append(bills.line_of(item["id"], given.about, line))
    bill = bills.added(bill, given.about, given.told, lines)
    await keep(work, bill)
    if given.until is not None:
        await work.defer_at(given.until, contract.LAPSE, bill=bill.id, about=given.about)
    return bill.id


def _faults(given: contract.Charge) -> tuple[Issue, ...]:
    if not 1 <= len(given.lines) <= MOST_LINES:
        return (Issue("value", "charge-lines", "lines", f"A charge has 1 to {MOST_LINES} lines."),)
    if not given.about.partition("/")[2] or not given.payee.startswith("Organization/"):
        return (Issue("value", "charge-about", "about", "A charge says what is paid for, and who is paid."),)
    return ()


async def _open_bill(work: UnitOfWork, given: contract.Charge) -> Bill:
    """Find the open bill of the visit and payee; else begin one."""
    patient = f"Patient/{given.patient}"
    if given.visit:
        found = await work.platform.find(
            "Invoice", subject=patient, issuer=given.payee, _tag=f"{TAGS}|open", _count="20"
        )
        for row in found.matches:
            bill = bills.read(document_of(row.body()))
            if bill.visit == given.visit and not bill.waiting and len(bill.lines) + len(given.lines) <= MOST_LINES:
                await work.lock(f"bill/{bill.id}")
                bill = bills.read(await document(work, f"Invoice/{bill.id}"))
                if bill.state == "open" and not bill.waiting:
                    return bill
    at = work.now.astimezone(CHINA).isoformat()
    return Bill(work.new_id(), patient, given.payee, "open", at, visit=given.visit)


async def _known(work: UnitOfWork, given: contract.Charge) -> tuple[str, str]:
    """Give the number of the charge, and the bill it stands on; what was taken off or refunded is charged anew."""
    for time in range(MOST_TIMES):
        first = payments.number("c", given.about, given.payee, time)
        try:
            item = await document(work, f"ChargeItem/{first}-1")
        except OutcomeError as missing:
            if missing.status != 404:
                raise
            return first, ""
        if item["subject"]["reference"] != f"Patient/{given.patient}":
            text = f"{given.about} is on another person's bill."
            raise OutcomeError(Issue("conflict", "charged-otherwise", text=text), status=409)
        if item["status"] != "aborted":
            return first, reference(item, bills.BILL).partition("/")[2]
    raise OutcomeError(Issue("business-rule", "charge-times", text=f"{given.about} was charged {MOST_TIMES} times."))


async def _level(work: UnitOfWork, payee: str) -> str:
    """Give the level (1, 2, 3) of who is paid: its own, or of what it is part of; empty when neither has one."""
    for _ in range(2):
        organization = await document(work, payee)
        for ext in organization.get("extension", ()):
            if ext["url"] == LEVEL:
                return str(ext["valueCoding"]["code"])[:1]
        payee = organization.get("partOf", {}).get("reference", "")
        if not payee:
            break
    return ""
