"""Reading and writing bills and payments, as the platform."""

from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.billing.contract import NO_BILL
from xinglin.capabilities.billing.rules import bills, payments
from xinglin.capabilities.billing.rules.bills import Bill
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork

CHINA: Final = ZoneInfo("Asia/Shanghai")
MOST: Final = 100  # payments and refunds of one bill


async def document(work: UnitOfWork, reference: str) -> dict[str, Any]:
    """Read what ``Type/id`` names, as the platform."""
    type, _, id = reference.partition("/")
    found: dict[str, Any] = document_of((await work.platform.read(type, id)).body())
    return found


async def bill_of(work: UnitOfWork, id: str) -> Bill:
    """Read a bill under its lock: until the end of the transaction nobody else moves it."""
    await work.lock(f"bill/{id}")
    bill = bills.read(await document(work, f"Invoice/{id}"))
    if not bill.state:
        raise OutcomeError(NO_BILL)
    return bill


async def own_bill(work: UnitOfWork, id: str) -> Bill:
    """Read a bill that the caller reaches."""
    await work.fhir.read("Invoice", id)  # not found is not yours
    return await bill_of(work, id)


async def keep(work: UnitOfWork, bill: Bill) -> None:
    """Write a bill, and tell open pages."""
    await work.platform.update(bytes_of(bills.write(bill)), type="Invoice", id=bill.id)
    await work.announce(f"bill/{bill.id}")


async def payment_of(work: UnitOfWork, number: str) -> Payment | None:
    """Read a payment by its number; None when there is none."""
    try:
        return payments.read(await document(work, f"PaymentNotice/{number}"))
    except OutcomeError as refused:
        if refused.status != 404:
            raise
        return None


async def payments_of(work: UnitOfWork, bill: str) -> tuple[Payment, ...]:
    """Give the payments and refunds of a bill, the first first."""
    found = await work.platform.find("PaymentNotice", request=f"Invoice/{bill}", _count=str(MOST), _sort="created")
    return tuple(payments.read(document_of(row.body())) for row in found.matches)


async def keep_payment(work: UnitOfWork, payment: Payment) -> None:
    """Write a payment."""
    await work.platform.update(bytes_of(payments.write(payment)), type="PaymentNotice", id=payment.number)
    await work.announce(f"bill/{payment.bill}")


def today(now: datetime) -> date:
    """Give the Beijing day."""
    return now.astimezone(CHINA).date()


def spoken(now: datetime) -> str:
    """Write an instant with the offset of China."""
    return now.astimezone(CHINA).isoformat(timespec="seconds")
