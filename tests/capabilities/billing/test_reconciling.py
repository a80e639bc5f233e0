"""Days of channels: what agrees, what does not, and how the desk closes it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.capabilities.billing import places
from tests.capabilities.billing.places import Till
from tests.capabilities.insurance.places import put, read
from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.contract import Closing, Reconciling
from xinglin.capabilities.billing.rules import differences, reconciling
from xinglin.capabilities.billing.rules.differences import Open
from xinglin.capabilities.billing.rules.documents import value
from xinglin.capabilities.billing.rules.payments import Payment
from xinglin.capabilities.billing.rules.reconciling import Row
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM

PAID = Payment("P1", "b1", "Organization/h1", "alipay", 1500, state="done", at="2026-11-20T10:00:00+08:00")
BACK = replace(PAID, number="R1", kind="refund", fen=500, of="P1")
ROW = Row("P1", 1500, "42")
ROW_BACK = Row("P1", 500, "50", refund="R1")


@pytest.mark.rule("R5-030")
def test_a_day_that_agrees_three_ways_has_no_difference() -> None:
    found = reconciling.compare([PAID, BACK], [ROW, ROW_BACK], {}, "alipay", 1000)
    assert (found.matched, found.total, found.differences) == (2, 1000, ())


@pytest.mark.rule("R5-030")
@pytest.mark.parametrize(
    ("ours", "theirs", "known", "booked", "kind"),
    [
        ([PAID], [], {}, 1500, "platform-only"),
        ([], [ROW], {}, 0, "channel-only"),
        ([], [ROW], {"P1": replace(PAID, state="closed", at="")}, 0, "status"),
        ([PAID], [Row("P1", 1499, "42")], {}, 1500, "amount"),
        ([replace(PAID, arrived=1499)], [Row("P1", 1499, "42")], {}, 1499, "amount"),
        ([PAID], [ROW], {}, 1400, "books"),
    ],
)
def test_what_differs_has_its_class(
    ours: list[Payment], theirs: list[Row], known: dict[str, Payment], booked: int, kind: str
) -> None:
    found = reconciling.compare(ours, theirs, known, "alipay", booked)
    assert [one.kind for one in found.differences] == [kind]


@pytest.mark.rule("R5-032")
def test_a_difference_needs_owner_reason_and_entry() -> None:
    one = Open("D1", "amount", "alipay", "2026-11-20", "P1", 1500, 1499, owner="Practitioner/k1")
    assert differences.closing_issues(one, "Practitioner/k1", "少付一分", "booked") == ()
    keys = [issue.key for issue in differences.closing_issues(one, "Practitioner/k2", " ", "none")]
    assert keys == ["difference-owner", "difference-reason", "difference-entry"]
    assert [i.key for i in differences.close_issues(1, "", is_closed=False)] == ["day-differences"]
    assert differences.close_issues(1, "次日到账", is_closed=False) == ()


async def test_yesterday_is_begun_once_a_day(till: Till) -> None:
    for _ in range(2):
        await till.run(contract.EVERY_DAY, {})
    row = await till.door.store.fetch("SELECT count(*) AS n FROM procrastinate_jobs")
    assert row[0]["n"] == 3  # two channels and the insurer
    await till.work()
    page = await till.door.auto(places.CASHIER).find("PaymentReconciliation", _profile=contract.DAY.url)
    assert [value(document_of(row.body()), differences.STATE) for row in page.matches] == ["open"] * 3


async def reconciled(till: Till, channel: str) -> date:
    day = (till.door.store.clock.now() + timedelta(hours=8)).date()
    await till.door.auto(places.CASHIER).operate(contract.RECONCILE_DAY, Reconciling(channel, day))
    await till.work()
    return day


async def found(till: Till, day: date) -> list[Open]:
    """Differences of this day that the cashier sees, but for those of the books: they keep what other tests booked."""
    page = await till.door.auto(places.CASHIER).find("Task", _profile=contract.DIFFERENCE.url)
    every = [differences.read(document_of(row.body())) for row in page.matches]
    return [one for one in every if one.day == day.isoformat() and one.kind != "books"]


@pytest.mark.parametrize("channel", ["wechat-pay", "alipay"])
async def test_the_file_of_a_channel_agrees_with_what_was_paid_and_refunded(till: Till, channel: str) -> None:
    bill = await till.charge("Appointment/a1")
    await till.paid(bill, channel)
    given = contract.Refunding(bill, "Appointment/a1", "session-stopped")
    await till.door.auto(SYSTEM).operate(contract.REFUND, given)
    await till.paid(await till.charge("Appointment/a2"), channel)
    day = await reconciled(till, channel)
    assert await found(till, day) == []
    page = await till.door.auto(places.CASHIER).find("PaymentReconciliation", _profile=contract.DAY.url)
    [document] = [document_of(row.body()) for row in page.matches]
    assert document["paymentAmount"]["value"] == 15
    assert value(document, differences.MATCHED) == 3


@pytest.mark.rule("R5-032")
async def test_another_sum_is_given_back_and_the_day_closed(till: Till) -> None:
    bill = await till.charge()
    await till.begin(bill)
    payment = await till.pay(bill, "alipay")
    till.town.alipay.till.faults.switch("wrong-amount", 1, 0)
    till.town.alipay.till.pay(payment.number)
    await till.mail()
    day = await reconciled(till, "alipay")
    [one] = await found(till, day)
    assert (one.kind, one.ours, one.theirs) == ("amount", 1500, 1499)
    cashier = till.door.auto(places.CASHIER)
    with pytest.raises(OutcomeError) as refused:
        await cashier.operate(contract.CLOSE_DAY, Reconciling("alipay", day))
    assert refused.value.issues[0].key == "day-differences"
    with pytest.raises(OutcomeError) as refused:
        await cashier.operate(contract.CLOSE, Closing(one.id, "少付", "give-back"))
    assert refused.value.issues[0].key == "difference-owner"
    await cashier.operate(contract.TAKE, Closing(one.id))
    await cashier.operate(contract.CLOSE, Closing(one.id, "少付一分，退回重付", "give-back"))
    await till.work()
    assert (await till.bill(bill)).state == "to-pay"
    assert await till.balances(bill) == {}
    await till.paid(bill, "wechat-pay")
    assert till.told == [("Appointment/a1", "paid")]
    await cashier.operate(contract.CLOSE_DAY, Reconciling("alipay", day, "账簿由其他测试留下"))
    with pytest.raises(OutcomeError) as refused:
        await cashier.operate(contract.CLOSE_DAY, Reconciling("alipay", day))
    assert refused.value.issues[0].key == "day-closed"


async def test_a_large_refund_by_a_person_needs_another(till: Till) -> None:
    bill = await till.charge("RequestGroup/r1", contract.Line("D0001", "drug", unit_fen=60_000))
    await till.begin(bill)
    desk = till.door.auto(places.CASHIER)
    await desk.operate(contract.PAY, contract.Pay(bill, "cash"))
    given = contract.Refunding(bill, "RequestGroup/r1", "complaint", None, "Practitioner/k1")
    assert await desk.operate(contract.REFUND, given) == "paid"
    [waiting] = (await till.bill(bill)).withdrawals
    with pytest.raises(OutcomeError) as refused:
        await desk.operate(contract.APPROVE, contract.Handing(bill, waiting.number))
    assert refused.value.issues[0].key == "refund-second"
    other = till.door.auto(replace(places.CASHIER, id="k2", practitioner="Practitioner/k2"))
    assert await other.operate(contract.APPROVE, contract.Handing(bill, waiting.number)) == "refunding"
    # Cash is handed back by hand.
    assert await desk.operate(contract.HAND_BACK, contract.Handing(bill, waiting.number)) == "refunded"
    assert await till.balances(bill) == {}


@pytest.mark.rule("R5-031")
async def test_a_day_is_compared_with_the_insurer_by_sums_then_one_by_one(insured: Till) -> None:
    drug = contract.Line("D0001", "drug", unit_fen=10_000)
    bills = [await insured.paid(await insured.charge(f"RequestGroup/r{n}", drug)) for n in (1, 2)]
    day = await reconciled(insured, contract.INSURANCE)
    assert await found(insured, day) == []
    # Of one of them we know nothing any more.
    answer = await read(insured.door, "ClaimResponse", bills[0].claim)
    await put(insured.door, answer | {"status": "entered-in-error"})
    await reconciled(insured, contract.INSURANCE)
    [one] = await found(insured, day)
    assert (one.channel, one.kind, one.number) == ("insurance", "channel-only", answer["identifier"][0]["value"])
