"""Days are reconciled, differences get an owner, a reason and an entry, days are closed (5.6)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.operations import moving
from xinglin.capabilities.billing.operations.reading import (
    bill_of,
    document,
    keep_payment,
    payment_of,
    spoken,
    today,
)
from xinglin.capabilities.billing.rules import differences, payments, reconciling
from xinglin.capabilities.billing.rules.differences import Open
from xinglin.capabilities.billing.rules.documents import TAGS
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.capabilities.billing.rules.reconciling import Compared, Difference, Row
from xinglin.capabilities.insurance import contract as insurance
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.sources import cites
from xinglin.store import books
from xinglin.store.books import Event, Line
from xinglin.store.door import UnitOfWork

RECONCILED: Final = frozenset({"wechat-pay", "alipay", contract.INSURANCE})
PAGE: Final = 500
PAGES: Final = 400  # of payments of a day


async def ask(work: UnitOfWork, given: contract.Reconciling) -> str:
    """PaymentReconciliation/$reconcile-day: have a day reconciled; a job fetches the file."""
    if given.channel not in RECONCILED or given.day > today(work.now):
        raise OutcomeError(Issue("value", "day-channel", "day", "Choose a channel and a day that has been."))
    await begin(work, given.channel, given.day)
    return differences.day_id(given.channel, given.day.isoformat())


async def begin(work: UnitOfWork, channel: str, day: date) -> None:
    """Have a day reconciled: with the file of a channel, or with the insurer, who tells us what came of it."""
    if channel == contract.INSURANCE:
        await work.defer(insurance.RECONCILE, day=day.isoformat(), told=contract.INSURED)
    else:
        await work.defer(contract.RECONCILE, channel=channel, day=day.isoformat())


async def begin_once(work: UnitOfWork, channel: str, day: date) -> None:
    """Have a day reconciled, unless it was begun."""
    on = day.isoformat()
    if await _day(work, channel, on) is None:
        asked = differences.asked(channel, on, spoken(work.now))
        await work.platform.update(bytes_of(asked), type="PaymentReconciliation", id=asked["id"])
        await begin(work, channel, day)


def day_of(text: str) -> date:
    """Read a day; OutcomeError (422) for what is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise OutcomeError(Issue("value", "day-channel", "day", f"{text} is no day.")) from fault


@cites("R5-030", "R5-031")
def insured(settled: int, funds: int, found: Iterable[Sequence[Any]]) -> Compared:
    """Read what insurance tells of a day: each difference with its kind, number, our sum and provider."""
    kinds = {"institution-only": reconciling.PLATFORM_ONLY, "insurer-only": reconciling.CHANNEL_ONLY}
    made = tuple(
        Difference(kinds.get(kind, reconciling.AMOUNT), number, ours, 0, provider)
        for kind, number, ours, provider in found
    )
    ours = sum(1 for one in made if one.kind != reconciling.CHANNEL_ONLY)
    return Compared(settled - ours, funds, made)


@cites("R5-030")
async def compared(work: UnitOfWork, channel: str, day: date, file: tuple[Row, ...]) -> Compared:
    """Compare a day three ways: our orders, the channel's file, the books."""
    ours = await _of_day(work, channel, day)
    mine = {one.number for one in ours}
    known = {}
    for number in {row.refund or row.number for row in file} - mine:
        found = await payment_of(work, number)
        if found is not None:
            known[number] = found
    name = f"channel/{channel}"
    booked = (await books.trial(work.executor, day, day, name)).get(name, 0)
    return reconciling.compare(ours, file, known, channel, booked)


async def keep_day(work: UnitOfWork, channel: str, day: date, found: Compared) -> None:
    """Write what a day came to, and its differences; a day that was closed stays closed."""
    on = day.isoformat()
    before = await _day(work, channel, on)
    if before is not None and differences.is_closed(before):
        return
    written = differences.day(channel, on, found, spoken(work.now))
    await work.platform.update(bytes_of(written), type="PaymentReconciliation", id=written["id"])
    await keep_differences(work, channel, on, found.differences)


async def keep_differences(work: UnitOfWork, channel: str, day: str, found: Iterable[Difference]) -> None:
    """Put differences on the desk; those that stand there keep their owner and reason."""
    for one in found:
        made = differences.of(channel, day, one)
        if await _task(work, made.id) is None:
            task = differences.write(made, spoken(work.now))
            await work.platform.update(bytes_of(task), type="Task", id=made.id)


@cites("R5-032")
async def take(work: UnitOfWork, given: contract.Closing) -> str:
    """Task/$take-difference: from now on it is the caller's to find out."""
    one = await _own(work, given.task)
    if one.status == "completed":
        raise OutcomeError(Issue("business-rule", "difference-closed", "Task.status", "It is closed already."))
    await _keep(work, replace(one, owner=_who(work), status="in-progress"))
    return "in-progress"


@cites("R5-032")
async def close(work: UnitOfWork, given: contract.Closing) -> str:
    """Task/$close-difference: with a reason and an entry, by its owner."""
    one = await _own(work, given.task)
    refuse(differences.closing_issues(one, _who(work), given.reason, given.entry))
    if given.entry == "booked":
        await _book(work, one, given.reason)
    elif given.entry == "give-back":
        await _give_back(work, one)
    await _keep(work, replace(one, status="completed", reason=given.reason.strip()[:300], entry=given.entry))
    return "completed"


@cites("R5-032")
async def close_day(work: UnitOfWork, given: contract.Reconciling) -> str:
    """PaymentReconciliation/$close-day: when nothing is open, or with a reason to carry it over."""
    on = given.day.isoformat()
    await work.lock(f"day {given.channel} {on}")
    document = await _day(work, given.channel, on)
    if document is None or differences.is_asked(document):
        raise OutcomeError(Issue("business-rule", "day-none", text="The day was not reconciled yet."))
    open_items = sum(1 for one in await _open(work) if (one.channel, one.day) == (given.channel, on))
    refuse(differences.close_issues(open_items, given.carried, is_closed=differences.is_closed(document)))
    after = differences.closed(document, given.carried.strip()[:300])
    await work.platform.update(bytes_of(after), type="PaymentReconciliation", id=after["id"])
    return "closed"


async def wrong_amount(work: UnitOfWork, payment: Payment, arrived: int) -> None:
    """Put a payment of another sum on the desk at once."""
    day = payment.at[:10]
    found = Difference(reconciling.AMOUNT, payment.number, payment.fen, arrived, payment.payee)
    await keep_differences(work, payment.channel, day, (found,))


async def _book(work: UnitOfWork, one: Open, reason: str) -> None:
    """Book what moved by the channel and stands in no order, or the other way round."""
    fen = one.theirs - one.ours
    if fen and one.channel != contract.INSURANCE:
        lines = (Line(f"channel/{one.channel}", fen), Line(f"differences/{one.channel}", -fen))
        event = Event(f"difference/{one.id}", date.fromisoformat(one.day), f"Task/{one.id}", reason[:200], lines)
        await books.book(work.executor, event)


async def _give_back(work: UnitOfWork, one: Open) -> None:
    """Give another sum back as it came; the bill can then be paid anew."""
    payment = await payment_of(work, one.number)
    if payment is None or payment.state != "differs":
        raise OutcomeError(Issue("business-rule", "difference-give-back", "entry", "There is nothing to give back."))
    await bill_of(work, payment.bill)
    refund = Payment(
        payments.number("R", payment.number, "surplus"),
        *(payment.bill, payment.payee, payment.channel, reconciling.moved(payment), "refund"),
        created=spoken(work.now),
        of=payment.number,
        reason="surplus",
    )
    await keep_payment(work, refund)
    await work.defer(contract.GIVE_BACK, payment=refund.number)
    await keep_payment(work, replace(payment, state="closed"))
    await moving.advance(work, payment.bill)


async def _of_day(work: UnitOfWork, channel: str, day: date) -> list[Payment]:
    """Give what moved on a day by our record."""
    asked = {"_tag": f"{TAGS}|{payments.day_tag(channel, day.isoformat())}", "_count": str(PAGE), "_sort": "created"}
    found: list[Payment] = []
    token = ""
    for _ in range(PAGES):
        page = await work.platform.find("PaymentNotice", **asked, **({TOKEN: token} if token else {}))
        found += (payments.read(document_of(row.body())) for row in page.matches)
        token = page.next_token or ""
        if not token:
            return found
    raise OverflowError(f"more than {PAGE * PAGES} payments on {day}")


async def _open(work: UnitOfWork) -> list[Open]:
    code = f"{contract.TASKS.system}|billing-difference"
    found = await work.fhir.find("Task", code=code, status="requested,in-progress", _count=str(PAGE))
    return [differences.read(document_of(row.body())) for row in found.matches]


async def _own(work: UnitOfWork, id: str) -> Open:
    await work.fhir.read("Task", id)  # not found is not yours
    await work.lock(f"Task/{id}")
    task = await document(work, f"Task/{id}")
    if contract.DIFFERENCE.url not in task["meta"].get("profile", ()):
        raise OutcomeError(Issue("not-found", "no-difference", "Task", "There is no such difference."))
    return differences.read(task)


async def _keep(work: UnitOfWork, one: Open) -> None:
    before = await document(work, f"Task/{one.id}")
    task = differences.write(one, before["authoredOn"])
    await work.platform.update(bytes_of(task), type="Task", id=one.id)


async def _task(work: UnitOfWork, id: str) -> dict[str, Any] | None:
    found = await work.platform.find("Task", _id=id)
    return document_of(found.matches[0].body()) if found.matches else None


async def _day(work: UnitOfWork, channel: str, day: str) -> dict[str, Any] | None:
    found = await work.platform.find("PaymentReconciliation", _id=differences.day_id(channel, day))
    return document_of(found.matches[0].body()) if found.matches else None


def _who(work: UnitOfWork) -> str:
    return work.principal.practitioner or f"Practitioner/{work.principal.id}"
