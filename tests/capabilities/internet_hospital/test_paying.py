"""The fee of a visit: nothing begins before it is paid, a broken promise gives it back; and a hospital's own terms."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door
from tests.capabilities.internet_hospital import clinic
from tests.capabilities.internet_hospital.clinic import DOCTOR, MEI, asking, put
from xinglin.capabilities.billing import contract as billing
from xinglin.capabilities.internet_hospital import contract, jobs
from xinglin.capabilities.internet_hospital.contract import Ending, OwnTerms, Visit
from xinglin.capabilities.internet_hospital.rules import forms
from xinglin.capabilities.internet_hospital.rules.states import OWN, Terms, own_faults, refund_reason
from xinglin.care import refunds
from xinglin.care.revisit import CODES
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

KEEPER = Principal(
    "keeper", frozenset({"system-admin"}), organization="Organization/h1", purpose="HSYSADMIN", strong=True
)
SHORT = Terms(promise=timedelta(minutes=20))


@pytest.fixture
async def clock_and_door(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *clinic.documents(clock.moment))
    await do(door, KEEPER, contract.SET_TERMS, OwnTerms("i1"))  # as the price list has it
    return door, clock


@pytest.fixture
def door(clock_and_door: tuple[Door, Stopped]) -> Door:
    return clock_and_door[0]


@pytest.fixture
def clock(clock_and_door: tuple[Door, Stopped]) -> Stopped:
    return clock_and_door[1]


async def do(door: Door, who: Principal, operation: Any, given: Any) -> Any:
    async with door.work(who) as work:
        return await work.fhir.operate(operation, given)


async def refused(call: Any) -> list[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    return [issue.key for issue in error.value.issues]


async def visit_of(door: Door, id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await door.auto(SYSTEM).read("Encounter", id)).body())
    return found


async def bill_of(door: Door, id: str) -> tuple[str, str, float]:
    """Give id, state and amount of the bill of a visit."""
    bill = forms.value(await visit_of(door, id), contract.BILL)["reference"][8:]
    document = json.loads((await door.auto(SYSTEM).read("Invoice", bill)).body())
    return bill, forms.value(document, billing.STATE), document["totalNet"]["value"]


async def give_back(door: Door, id: str, reason: str) -> None:
    async with door.work(SYSTEM) as work:
        for _ in range(2):
            await jobs.give_back(work, id, reason)


async def tell(door: Door, id: str, state: str) -> None:
    """Let the job hear what billing tells."""
    bill = (await bill_of(door, id))[0]
    async with door.work(SYSTEM) as work:
        await jobs.settled(work, bill, f"Encounter/{id}", state, terms=SHORT)


@pytest.mark.rule("R5-010", "R1-071")
async def test_nothing_begins_before_the_fee_is_paid(door: Door, clock: Stopped) -> None:
    id = str((await do(door, MEI, contract.REQUEST, asking())).id)
    assert (await bill_of(door, id))[1:] == ("open", 9.6)
    assert forms.paid_of(await visit_of(door, id)) == "due"
    assert await refused(do(door, DOCTOR, contract.ACCEPT, Visit(id))) == ["visit-unpaid"]
    for _ in range(2):  # told twice
        await tell(door, id, billing.PAID)
    paid = await visit_of(door, id)
    promised = forms.moment(forms.value(paid, contract.PROMISED))
    assert isinstance(promised, datetime)
    assert promised - clock.moment == SHORT.promise  # the promise begins with the money
    assert (await do(door, DOCTOR, contract.ACCEPT, Visit(id))).status == "arrived"


@pytest.mark.rule("R5-015", "R1-046")
async def test_a_fee_that_was_not_paid_in_time_cancels_the_visit(door: Door) -> None:
    id = str((await do(door, MEI, contract.REQUEST, asking())).id)
    await tell(door, id, billing.VOID)
    assert forms.state_of(await visit_of(door, id)) == "cancelled"


@pytest.mark.rule("R5-015", "R1-046")
async def test_a_broken_promise_and_a_refusal_give_the_fee_back(door: Door, clock: Stopped) -> None:
    id = str((await do(door, MEI, contract.REQUEST, asking())).id)
    clock.moment += timedelta(hours=2)
    async with door.work(SYSTEM) as work:
        await jobs.expire(work, id)
    assert forms.state_of(await visit_of(door, id)) == "requested"  # nothing was promised before it is paid
    await tell(door, id, billing.PAID)
    clock.moment += timedelta(hours=2)
    async with door.work(SYSTEM) as work:
        await jobs.expire(work, id)
    assert forms.state_of(await visit_of(door, id)) == "no-answer"
    await give_back(door, id, "not-accepted")
    assert (await bill_of(door, id))[1:] == ("void", 0)

    other = str((await do(door, MEI, contract.REQUEST, asking())).id)
    await tell(door, other, billing.PAID)
    await do(door, DOCTOR, contract.ACCEPT, Visit(other))
    await do(door, DOCTOR, contract.REFUSE, Ending(other, "FIRST_VISIT", "请到心内科门诊就诊"))
    await give_back(door, other, "not-suitable")
    assert (await bill_of(door, other))[1:] == ("void", 0)


@pytest.mark.rule("R5-015")
@pytest.mark.parametrize("act", ["cancel", "refuse", "terminate", "expire"])
@pytest.mark.parametrize("code", ["", *CODES])
def test_every_end_has_a_reason_that_the_platform_may_decide(act: str, code: str) -> None:
    rule = refunds.rule_on(refund_reason(act, code), datetime(2026, 11, 22).date())  # noqa: DTZ001  a day alone
    assert rule is not None
    assert rule.automatic
    assert rule.percent == 100 or (act, rule.reason) == ("terminate", "condition-changed")


async def test_a_hospital_has_terms_of_its_own(door: Door) -> None:
    own = OwnTerms("i1", promise_minutes=15, follow_up_hours=48, questions=5, fee=500)
    await do(door, KEEPER, contract.SET_TERMS, own)
    id = str((await do(door, MEI, contract.REQUEST, asking())).id)
    assert (await bill_of(door, id))[2] == 5.0
    assert await refused(do(door, KEEPER, contract.SET_TERMS, replace(own, fee=961, questions=99))) == [
        "terms-questions",
        "terms-fee",
    ]
    stranger = replace(KEEPER, organization="Organization/other")
    assert await refused(do(door, stranger, contract.SET_TERMS, own)) == ["not-found"]
    assert Terms().with_own({"promise-minutes": 15}).promise == timedelta(minutes=15)
    assert [one.key for one in own_faults(dict.fromkeys(OWN, -1), 0)] == [f"terms-{name}" for name in OWN]
