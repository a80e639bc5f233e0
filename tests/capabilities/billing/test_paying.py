"""A bill is charged, reckoned, paid and refunded, on a real store with simulated channels, with kills in between."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.capabilities.billing import places
from tests.capabilities.billing.places import KilledError, Till
from tests.capabilities.insurance.places import put, read
from xinglin.capabilities.billing import contract, jobs
from xinglin.capabilities.billing.contract import Line
from xinglin.capabilities.billing.operations import arriving
from xinglin.capabilities.insurance.rules import claims
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.web.view import Heard


@pytest.mark.rule("R5-033", "R5-034")
@pytest.mark.parametrize("channel", ["wechat-pay", "alipay"])
async def test_who_has_no_insurance_pays_all_by_a_channel(till: Till, channel: str) -> None:
    bill = await till.charge()
    assert await till.begin(bill) == "to-pay"
    payment = await till.pay(bill, channel)
    assert (payment.state, payment.fen, payment.link.startswith("http")) == ("asked", 1500, True)
    till.town.till(channel).pay(payment.number)
    await till.mail()
    await till.work()
    found = await till.bill(bill)
    assert (found.state, found.receipt[:4]) == ("paid", "TEST")
    # The day is that of China, whatever the server's.
    day = f"{till.door.store.clock.now() + timedelta(hours=8):%Y-%m-%d}"
    assert f"{channel}.{day}" in {tag["code"] for tag in (await till.payment(bill)).meta["tag"]}
    assert till.told == [("Appointment/a1", contract.PAID)]
    assert await till.balances(bill) == {f"channel/{channel}": 1500, "income/service/h1": -1500}


@pytest.mark.rule("R4-050", "R5-024")
async def test_insurance_settles_first_and_the_rest_is_paid(insured: Till) -> None:
    bill = await insured.charge("RequestGroup/r1", Line("F0006"), Line("D0001", "drug", unit_fen=10000))
    found = await insured.paid(bill)
    assert found.state == "paid"
    assert found.share is not None
    # 115.00 in scope, 50.00 deductible, 50 % at level 3; 20.00 from the account
    assert (found.share.funds, found.share.account, found.share.cash) == (3250, 2000, 6250)
    assert await insured.balances(bill) == {
        "channel/wechat-pay": 6250,
        "insurer/funds/h1": 3250,
        "insurer/account/h1": 2000,
        "income/service/h1": -1500,
        "income/drug/h1": -10000,
    }


@pytest.mark.rule("R5-011")
async def test_several_charges_of_a_visit_stand_on_one_bill(till: Till) -> None:
    bill = await till.charge("Appointment/a1")
    assert await till.charge("RequestGroup/r1", Line("D0001", "drug", Decimal(2), 1500)) == bill
    assert await till.charge("Appointment/a1") == bill  # the same once
    found = await till.bill(bill)
    assert [(line.about, line.fen) for line in found.lines] == [("Appointment/a1", 1500), ("RequestGroup/r1", 3000)]
    await till.paid(bill)
    assert sorted(till.told) == [("Appointment/a1", "paid"), ("RequestGroup/r1", "paid")]
    # What comes later is another bill.
    assert await till.charge("Task/t1", Line("delivery", "fee")) != bill


async def test_nobody_else_sees_or_pays_a_bill(till: Till) -> None:
    bill = await till.charge()
    other = replace(places.RESIDENT, id="r2", patient="Patient/p2", patients=("Patient/p2",))
    fhir = till.door.auto(other)
    for call in (
        fhir.operate(contract.BEGIN, contract.Begin(bill)),
        fhir.operate(contract.PAY, contract.Pay(bill, "alipay")),
        fhir.operate(contract.STOP, contract.Stop(bill)),
    ):
        with pytest.raises(OutcomeError) as refused:
            await call
        assert refused.value.status == 404


@pytest.mark.rule("R5-008")
async def test_nothing_is_paid_before_the_shares_were_shown(till: Till) -> None:
    bill = await till.charge()
    with pytest.raises(OutcomeError) as refused:
        await till.door.auto(places.RESIDENT).operate(contract.PAY, contract.Pay(bill, "alipay"))
    assert refused.value.issues[0].key == "bill-not-ready"


async def test_cash_is_taken_at_the_desk_only(till: Till) -> None:
    bill = await till.charge()
    await till.begin(bill)
    with pytest.raises(OutcomeError) as refused:
        await till.door.auto(places.RESIDENT).operate(contract.PAY, contract.Pay(bill, "cash"))
    assert refused.value.issues[0].key == "payment-at-desk"
    assert await till.door.auto(places.CASHIER).operate(contract.PAY, contract.Pay(bill, "cash")) == "paid"
    assert await till.balances(bill) == {"channel/cash/h1": 1500, "income/service/h1": -1500}


# -- faults of channels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["wechat-pay", "alipay"])
@pytest.mark.parametrize("fault", ["duplicate", "no-receipt", "wrong-amount"])
async def test_a_payment_is_taken_once_and_only_as_it_was_asked_for(till: Till, channel: str, fault: str) -> None:
    bill = await till.charge()
    await till.begin(bill)
    payment = await till.pay(bill, channel)
    till.town.till(channel).faults.switch(fault, 1, 0)
    till.town.till(channel).pay(payment.number)
    await till.mail()
    await till.work(later=True)  # asks what became of it
    state = "paying" if fault == "wrong-amount" else "paid"
    assert (await till.bill(bill)).state == state
    if fault == "wrong-amount":
        assert (await till.payment(bill)).state == "differs"
        assert await till.balances(bill) == {f"channel/{channel}": 1499, "clearing/h1": -1499}
        assert till.told == []
    else:
        assert till.told == [("Appointment/a1", "paid")]
        assert await till.balances(bill) == {f"channel/{channel}": 1500, "income/service/h1": -1500}


async def test_call_backs_and_questions_at_once_book_once(till: Till) -> None:
    bill = await till.charge()
    await till.begin(bill)
    payment = await till.pay(bill)
    till.town.wechat.till.pay(payment.number)
    await till.town.wechat.till.heard()
    [(address, body, headers)] = till.town.mail
    till.town.mail = []

    async def told() -> None:
        async with till.door.work(SYSTEM) as work:
            heard = Heard("POST", {}, headers, body)
            await arriving.heard(work, heard, name="wechat-pay", channel=till.channels["wechat-pay"])

    looks = (till.run(contract.LOOK, {"payment": payment.number}) for _ in range(3))
    await asyncio.gather(*(told() for _ in range(3)), *looks)
    await till.work()
    assert address.endswith("/wechat-pay")
    assert till.told == [("Appointment/a1", "paid")]
    assert await till.balances(bill) == {"channel/wechat-pay": 1500, "income/service/h1": -1500}


@pytest.mark.parametrize("channel", ["wechat-pay", "alipay"])
@pytest.mark.parametrize("fault", ["time-out", "down"])
async def test_silence_when_a_payment_is_asked_for_is_asked_again(till: Till, channel: str, fault: str) -> None:
    bill = await till.charge()
    await till.begin(bill)
    till.town.till(channel).faults.switch(fault, 1, 0.5)
    payment = await till.pay(bill, channel)
    assert payment.state == "asked"
    assert len(till.town.till(channel).all()) == 1


async def test_a_channel_that_refuses_leaves_the_bill_to_be_paid_otherwise(till: Till) -> None:
    bill = await till.charge()
    await till.begin(bill)
    till.town.wechat.till.faults.switch("refuse", 1, 0)
    await till.door.auto(places.RESIDENT).operate(contract.PAY, contract.Pay(bill, "wechat-pay"))
    await till.work()
    found = await till.bill(bill)
    assert (found.state, bool(found.note)) == ("to-pay", True)
    await till.paid(bill, "alipay")
    assert till.told == [("Appointment/a1", "paid")]


async def test_a_call_back_that_is_not_the_channels_changes_nothing(till: Till) -> None:
    bill = await till.charge()
    await till.begin(bill)
    for channel in ("wechat-pay", "alipay"):
        payment = await till.pay(bill, channel)
        till.town.till(channel).pay(payment.number)
        await till.town.till(channel).heard()
        [(address, body, headers)] = till.town.mail
        till.town.mail = [
            (address, body.replace(b"SUCCESS", b"SUCCES5").replace(b"15.00", b"99.00"), headers),
            (address, body, headers | {"wechatpay-signature": "AAAA"})
            if channel == "wechat-pay"
            else (address, body.replace(b"sign=", b"sign=A"), headers),
        ]
        await till.mail()
        assert (await till.payment(bill)).state == "asked"
        break_off = channel == "wechat-pay"
        if break_off:
            await till.work(later=True)
            assert (await till.bill(bill)).state == "paid"
            bill = await till.charge("Appointment/a2")
            await till.begin(bill)


async def test_what_was_given_up_can_be_paid_otherwise_and_surplus_goes_back(till: Till) -> None:
    bill = await till.charge()
    await till.begin(bill)
    first = await till.pay(bill, "wechat-pay")
    await till.door.auto(places.RESIDENT).operate(contract.STOP, contract.Stop(bill))
    await till.work()
    assert (await till.bill(bill)).state == "to-pay"
    await till.paid(bill, "alipay")
    # The channel says late that the first was paid all the same.
    channel = till.town.wechat.till
    channel.keep((channel.get(first.number) or {}) | {"state": "unpaid"})
    channel.pay(first.number)
    await till.mail()
    await till.work()
    assert till.told == [("Appointment/a1", "paid")]
    assert await till.balances(bill) == {"channel/alipay": 1500, "income/service/h1": -1500}
    assert [one["fen"] for one in (channel.get(first.number) or {})["refunds"].values()] == [1500]


@pytest.mark.rule("R4-050")
async def test_what_is_settled_and_not_paid_in_time_is_reversed(insured: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = await insured.charge("RequestGroup/r1", Line("D0001", "drug", unit_fen=10000))
    await insured.begin(bill)
    await insured.pay(bill)
    assert len(await insured.town.insurer.standing()) == 1
    monkeypatch.setattr(jobs, "PAY_WITHIN", timedelta(0))
    await insured.work(later=True)
    assert (await insured.bill(bill)).state == "open"
    assert await insured.town.insurer.standing() == []
    assert await insured.balances(bill) == {}
    monkeypatch.undo()
    assert (await insured.paid(bill, "alipay")).state == "paid"


async def test_a_settlement_without_any_answer_of_the_insurer_can_be_given_up(insured: Till) -> None:
    bill = await insured.charge("RequestGroup/r1", Line("D0001", "drug", unit_fen=10000))
    await insured.begin(bill)
    await insured.door.auto(places.RESIDENT).operate(contract.PAY, contract.Pay(bill, "alipay"))
    claim = (await insured.bill(bill)).claim
    document = await read(insured.door, "Claim", claim)
    await put(insured.door, claims.moved(document, "stopped", "没有应答"))
    await insured.work()
    assert (await insured.bill(bill)).state == "paying"
    await insured.door.auto(places.RESIDENT).operate(contract.STOP, contract.Stop(bill))
    await insured.work()
    assert (await insured.bill(bill)).state == "open"
    assert await insured.town.insurer.standing() == []
    assert (await insured.paid(bill)).state == "paid"


# -- refunds ----------------------------------------------------------------------------------------------------------


async def refund(till: Till, bill: str, about: str, reason: str = "not-dispensed") -> None:
    await till.door.auto(SYSTEM).operate(contract.REFUND, contract.Refunding(bill, about, reason))
    await till.work()


@pytest.mark.parametrize("channel", ["wechat-pay", "alipay"])
@pytest.mark.rule("R5-015")
async def test_a_refund_goes_back_to_where_it_came_from_once(till: Till, channel: str) -> None:
    bill = await till.charge("Appointment/a1")
    await till.charge("RequestGroup/r1", Line("D0001", "drug", unit_fen=3000))
    await till.paid(bill, channel)
    till.town.till(channel).faults.switch("time-out", 1, 0.5)
    for _ in range(2):
        await refund(till, bill, "RequestGroup/r1")
    await till.work(later=True)
    found = await till.bill(bill)
    assert (found.state, found.gone, [line.about for line in found.lines]) == ("paid", 3000, ["Appointment/a1"])
    [order] = till.town.till(channel).all()
    assert [one["fen"] for one in order["refunds"].values()] == [3000]
    assert await till.balances(bill) == {f"channel/{channel}": 1500, "income/service/h1": -1500}
    await refund(till, bill, "Appointment/a1", "session-stopped")
    assert (await till.bill(bill)).state == "refunded"
    assert await till.balances(bill) == {}
    assert till.told[2:] == [("RequestGroup/r1", "refunded"), ("Appointment/a1", "refunded")]


@pytest.mark.rule("R5-016", "R4-026")
async def test_insurance_is_reversed_first_and_the_rest_settled_anew(insured: Till) -> None:
    bill = await insured.charge("Appointment/a1", Line("F0006"))
    await insured.charge("RequestGroup/r1", Line("D0001", "drug", unit_fen=10000))
    await insured.paid(bill)
    before = (await insured.bill(bill)).share
    assert before is not None
    await refund(insured, bill, "RequestGroup/r1")
    found = await insured.bill(bill)
    assert found.share is not None
    # 15.00 are below the deductible: all from the account
    assert (found.state, found.share.funds, found.share.account, found.share.cash) == ("paid", 0, 1500, 0)
    assert found.gone == before.cash
    assert len(await insured.town.insurer.standing()) == 1
    assert await insured.balances(bill) == {"insurer/account/h1": 1500, "income/service/h1": -1500}
    await refund(insured, bill, "Appointment/a1", "session-stopped")
    assert (await insured.bill(bill)).state == "refunded"
    assert await insured.town.insurer.standing() == []
    assert await insured.balances(bill) == {}


async def test_what_was_not_paid_is_only_taken_off(insured: Till) -> None:
    bill = await insured.charge("Appointment/a1")
    await insured.charge("RequestGroup/r1", Line("D0001", "drug", unit_fen=10000))
    await insured.begin(bill)
    await refund(insured, bill, "RequestGroup/r1")
    found = await insured.bill(bill)
    assert (found.state, len(found.lines)) == ("open", 1)
    await refund(insured, bill, "Appointment/a1", "session-stopped")
    assert (await insured.bill(bill)).state == "void"
    assert [state for _, state in insured.told] == ["void", "void"]
    # It can be charged again.
    assert await insured.charge("Appointment/a1") != bill


async def test_lines_lapse_when_they_are_not_paid_in_time(till: Till) -> None:
    bill = await till.charge("Appointment/a1", until=till.door.store.clock.now())
    await till.work()
    assert (await till.bill(bill)).state == "void"
    assert till.told == [("Appointment/a1", "void")]


# -- kills ------------------------------------------------------------------------------------------------------------


class Mortal:
    """A channel in a process that dies at one question: before it is sent, or when it was answered."""

    def __init__(self, inner: Any, at: int, *, after: bool) -> None:
        self.inner, self.left, self.after = inner, at, after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.inner, name)
        if name == "heard":
            return call

        async def asked(*given: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise KilledError
            answer = await call(*given)
            if self.left == 0:
                raise KilledError
            return answer

        return asked


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_kill_at_any_question_leaves_nobody_charged_twice(
    insured: Till, at: int, *, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pays without call-backs, so that ask, query and refund are all asked; the sweep takes up what died."""
    monkeypatch.setattr(jobs, "PATIENCE", timedelta(seconds=-5))
    mortal = Mortal(insured.town.channels["wechat-pay"], at, after=after)
    insured.channels["wechat-pay"] = mortal

    async def lived() -> None:
        for _ in range(6):
            try:
                await insured.work(later=True)
            except KilledError:
                await insured.swept()
                continue
            return

    bill = await insured.charge("RequestGroup/r1", Line("D0001", "drug", unit_fen=10000))
    await insured.begin(bill)
    await insured.door.auto(places.RESIDENT).operate(contract.PAY, contract.Pay(bill, "wechat-pay"))
    await lived()
    payment = await insured.payment(bill)
    insured.town.wechat.till.faults.switch("no-receipt", 1, 0)
    insured.town.wechat.till.pay(payment.number)
    await insured.swept()
    await lived()
    assert (await insured.bill(bill)).state == "paid"
    assert insured.told == [("RequestGroup/r1", "paid")]
    await insured.door.auto(SYSTEM).operate(
        contract.REFUND, contract.Refunding(bill, "RequestGroup/r1", "not-dispensed")
    )
    await lived()
    assert (await insured.bill(bill)).state == "refunded"
    [order] = insured.town.wechat.till.all()
    assert [one["fen"] for one in order["refunds"].values()] == [order["paid"]]
    assert await insured.balances(bill) == {}
    assert await insured.town.insurer.standing() == []
    assert mortal.left <= 0, "nothing was asked so often: this dies nowhere"
