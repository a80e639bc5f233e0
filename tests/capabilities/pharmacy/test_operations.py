"""One supply only: chosen, claimed, reviewed again, paid, dispensed by two, handed over by a code."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.capabilities.pharmacy.shop import ALL, ANNE, BELL, CARD, OTHER, act, documents, released
from tests.capabilities.prescriptions.clinic import (
    DOCTOR,
    RESIDENT,
    Stopped,
    document,
    line,
    open_door,
    put,
    signed_in,
)
from xinglin.capabilities.pharmacy import contract, jobs
from xinglin.capabilities.pharmacy.contract import (
    Answering,
    Asking,
    Choosing,
    Claiming,
    Dispensing,
    Handing,
    Keyed,
    One,
    Releasing,
    Returning,
    Reviewing,
)
from xinglin.capabilities.pharmacy.rules import supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.prescriptions.contract import Cancelling
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store.door import Door
from xinglin.store.store import Store

TRACE = "8100000000000000000"


@pytest.fixture
async def place(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *documents())
    return door, clock


async def refused(door: Door, who: Principal, operation: Any, given: Any) -> set[str]:
    with pytest.raises(OutcomeError) as error:
        await act(door, who, operation, given)
    assert 400 <= error.value.status < 500
    assert "shop" not in json.dumps([issue.text for issue in error.value.issues])  # who holds it is not said
    return {issue.key for issue in error.value.issues}


async def state(door: Door, id: str) -> tuple[str, str]:
    group = await document(door, "RequestGroup", id)
    return supplies.state_of(group), group["status"]


async def chosen(door: Door, id: str, key: str = "choose-1") -> str:
    task: str = await act(door, RESIDENT, contract.CHOOSE, Choosing(id, "shop1", "pharmacy-pickup", key))
    return task


async def paid(door: Door, id: str, anne: Principal) -> str:
    task = await chosen(door, id)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    await act(door, anne, contract.PHARMACY_REVIEW, Reviewing(task, "review-1", "pass", checked=ALL))
    await act(door, anne, contract.TAKE_PAYMENT, Keyed(task, "payment-1"))
    return task


@pytest.mark.rule("R3-080", "R3-081", "R3-084", "R3-086", "R3-087", "R3-088", "R3-089", "R3-055")
async def test_from_the_choice_to_the_hand(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    id = await released(door)
    anne, bell = await signed_in(door, ANNE), await signed_in(door, BELL)
    task = await chosen(door, id)
    assert await refused(door, anne, contract.SHEET, One(task)) == {"not-found"}  # before the claim, nothing is seen
    assert await refused(door, OTHER, contract.CLAIM, Claiming("claim-00", task)) == {"not-found"}
    for _ in range(2):  # a lost answer: the same call again
        assert await act(door, anne, contract.CLAIM, Claiming("claim-01", task)) == task
    assert await state(door, id) == ("claimed", "active")
    sheet = await act(door, anne, contract.SHEET, One(task))
    assert (sheet.name, sheet.fen, sheet.line[0].packs, sheet.diagnosis) == ("李秀兰", 1250, 1, ("高血压",))
    assert await refused(door, anne, contract.TAKE_PAYMENT, Keyed(task, "payment-1")) == {"supply-state"}
    some = Reviewing(task, "review-1", "pass", checked=ALL[:2])
    assert await refused(door, anne, contract.PHARMACY_REVIEW, some) == {"supply-checks"}
    for _ in range(2):
        await act(door, anne, contract.PHARMACY_REVIEW, Reviewing(task, "review-1", "pass", checked=ALL))
        await act(door, anne, contract.TAKE_PAYMENT, Keyed(task, "payment-1"))
    alone = Dispensing(task, "dispense", "Practitioner/s2", ALL)
    assert await refused(door, bell, contract.GIVE_OUT, alone) == {"preparer-checks"}
    stranger = Dispensing(task, "dispense", "Practitioner/s3", ALL, trace=("1=12",))
    assert await refused(door, bell, contract.GIVE_OUT, stranger) == {"preparer-missing", "trace-code"}
    good = Dispensing(task, "dispense", "Practitioner/s1", ALL, trace=(f"1={TRACE}1",))
    for _ in range(2):
        assert await act(door, bell, contract.GIVE_OUT, good) == task
    assert await state(door, id) == ("dispensed", "active")
    stock = await document(door, "Basic", next(one for one in await stocks(door) if one.startswith("shop1")))
    assert supplies_left(stock) == 28  # 5 packages of 7 less one
    given = await door.auto(SYSTEM).find("MedicationDispense", patient="Patient/p1")
    assert len(given.matches) == 1
    assert await refused(door, bell, contract.HAND_OVER, Handing(task, "hand-over", "0000000000")) == {"supply-code"}
    code = await act(door, RESIDENT, contract.SHOW_CODE, One(id))
    assert CARD[-4:] not in code.text
    assert await act(door, bell, contract.HAND_OVER, Handing(task, "hand-over", code.text)) == task
    assert await state(door, id) == ("closed", "completed")
    assert await refused(door, bell, contract.SHEET, One(task)) == {"not-found"}  # access ends with the supply
    doctor = await signed_in(door, DOCTOR)
    assert await refused(door, doctor, prescriptions.CANCEL, Cancelling(id, "换药")) == {"prescription-state"}
    again = Choosing(id, "shop2", "pharmacy-pickup", "choose-2")
    assert await refused(door, RESIDENT, contract.CHOOSE, again) == {"prescription-used"}


async def stocks(door: Door) -> list[str]:
    return [
        row.id for row in (await door.auto(SYSTEM).find("Basic", code=f"{contract.STOCK_CODES.system}|stock")).matches
    ]


def supplies_left(stock: dict[str, Any]) -> int:
    return int(next(one["valueQuantity"]["value"] for one in stock["extension"] if one["url"] == contract.ON_HAND))


@pytest.mark.rule("R3-081", "R3-084")
async def test_two_pharmacies_that_scan_the_same_prescription_and_one_gets_it(place: tuple[Door, Stopped]) -> None:
    door, clock = place
    id = await released(door)
    codes = [await act(door, RESIDENT, contract.SHOW_CODE, One(id)) for _ in range(2)]
    people = [await signed_in(door, ANNE), await signed_in(door, OTHER)]
    calls = [
        act(door, who, contract.CLAIM, Claiming(f"claim-{n}-key", code=code.digits))
        for n, (who, code) in enumerate(zip(people, codes, strict=True))
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    won = [one for one in answers if isinstance(one, str)]
    lost = [one for one in answers if isinstance(one, OutcomeError)]
    assert len(won) == len(lost) == 1
    assert lost[0].status == 409
    assert {issue.key for issue in lost[0].issues} == {"prescription-taken"}
    # a code serves once, and for some minutes
    spent = codes[answers.index(won[0])]
    assert await refused(door, people[1], contract.CLAIM, Claiming("claim-3-key", code=spent.text)) == {"supply-code"}
    late = await act(door, RESIDENT, contract.SHOW_CODE, One(id))
    clock.pass_(minutes=11)
    assert await refused(door, people[1], contract.CLAIM, Claiming("claim-4-key", code=late.text)) == {"supply-code"}


async def test_without_a_telephone_the_paper_and_the_identity_card_do(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    id = await released(door)
    number = (await document(door, "RequestGroup", id))["identifier"][0]["value"]
    anne = await signed_in(door, ANNE)
    wrong = Claiming("claim-01", number=number, identity="0000")
    assert await refused(door, anne, contract.CLAIM, wrong) == {"supply-code"}
    task = await act(door, anne, contract.CLAIM, Claiming("claim-01", number=number, identity=CARD[-4:]))
    assert (await document(door, "Task", task))["status"] == "accepted"


@pytest.mark.rule("R3-082", "R3-020")
async def test_what_is_not_paid_in_time_is_free_again(place: tuple[Door, Stopped]) -> None:
    door, clock = place
    id = await released(door)
    anne = await signed_in(door, ANNE)
    task = await chosen(door, id)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    clock.pass_(minutes=29)
    await lapsed(door, task)
    assert (await state(door, id))[0] == "claimed"
    clock.pass_(minutes=2)
    for _ in range(2):
        await lapsed(door, task)
    assert await state(door, id) == ("released", "active")
    second = await chosen(door, id, "choose-2")
    assert second != task
    await act(door, anne, contract.CLAIM, Claiming("claim-02", second))
    clock.pass_(hours=20)  # the last day is over
    await lapsed(door, second)
    assert await state(door, id) == ("expired", "revoked")


async def lapsed(door: Door, task: str, stage: str = "claimed") -> None:
    async with door.work(SYSTEM) as work:
        await jobs.lapse(work, task, stage)


@pytest.mark.rule("R3-081")
async def test_the_physician_takes_it_back_before_the_claim_and_not_after(place: tuple[Door, Stopped]) -> None:
    door, clock = place
    doctor, anne = await signed_in(door, DOCTOR), await signed_in(door, ANNE)
    first = await released(door)
    task = await chosen(door, first)
    results = await asyncio.gather(
        act(door, anne, contract.CLAIM, Claiming("claim-01", task)),
        act(door, doctor, prescriptions.CANCEL, Cancelling(first, "换药")),
        return_exceptions=True,
    )
    assert sum(isinstance(one, OutcomeError) for one in results) == 1
    assert (await state(door, first))[0] == ("claimed" if isinstance(results[0], str) else "cancelled")
    second = await released(door)
    waiting = await chosen(door, second, "choose-2")
    await act(door, doctor, prescriptions.CANCEL, Cancelling(second, "换药"))
    assert await refused(door, anne, contract.CLAIM, Claiming("claim-02", waiting)) == {"supply-state"}
    clock.pass_(hours=3)
    await lapsed(door, waiting, "requested")
    assert (await document(door, "Task", waiting))["status"] == "cancelled"
    assert (await state(door, second))[0] == "cancelled"


async def test_the_patient_and_the_pharmacy_let_go(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    task = await chosen(door, id)
    moved = await act(door, RESIDENT, contract.CHOOSE, Choosing(id, "shop2", "pharmacy-pickup", "choose-2"))
    assert (await document(door, "Task", task))["status"] == "cancelled"
    assert await refused(door, anne, contract.CLAIM, Claiming("claim-01", task)) == {"supply-state"}
    for _ in range(2):
        assert await act(door, RESIDENT, contract.WITHDRAW, Keyed(id, "withdraw")) == moved
    third = await chosen(door, id, "choose-3")
    await act(door, anne, contract.CLAIM, Claiming("claim-01", third))
    none = Releasing(third, "release-1", "other")
    assert await refused(door, anne, contract.RELEASE, none) == {"release-note"}
    await act(door, anne, contract.RELEASE, Releasing(third, "release-1", "no-stock"))
    assert (await state(door, id))[0] == "released"
    assert await refused(door, RESIDENT, contract.WITHDRAW, Keyed(id, "withdraw-2")) == {"not-found"}


@pytest.mark.rule("R3-086")
async def test_a_pharmacist_of_the_shop_may_refuse_what_the_hospital_passed(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    task = await chosen(door, id)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    no = Reviewing(task, "review-1", "reject", reason=("2-5",))
    assert await refused(door, anne, contract.PHARMACY_REVIEW, no) == {"supply-reason"}
    await act(
        door,
        anne,
        contract.PHARMACY_REVIEW,
        Reviewing(task, "review-1", "reject", ("2-5",), note="剂量偏大，已联系医生"),
    )
    assert await state(door, id) == ("rejected", "revoked")
    assert (await document(door, "Task", task))["status"] == "rejected"


@pytest.mark.rule("R3-083", "R3-089")
async def test_less_is_given_with_the_prescribers_yes_and_the_rest_is_void(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne, doctor = await signed_in(door, ANNE), await signed_in(door, DOCTOR)
    id = await released(door, line(frequency="bid", packs=2))
    task = await chosen(door, id)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    assert await refused(door, anne, contract.ASK, Asking(task, "asking-1", 1, packs=2)) == {"question-packs"}
    assert await refused(door, anne, contract.ASK, Asking(task, "asking-1", 1, "D0002")) == {"question-drug"}
    question = await act(door, anne, contract.ASK, Asking(task, "asking-1", 1, packs=1, note="仅剩一盒"))
    assert await act(door, anne, contract.ASK, Asking(task, "asking-1", 1, packs=1, note="仅剩一盒")) == question
    review = Reviewing(task, "review-1", "pass", checked=ALL)
    assert await refused(door, anne, contract.PHARMACY_REVIEW, review) == {"question-open"}
    assert await refused(door, anne, contract.ANSWER, Answering(question, "yes")) == {"forbidden"}
    for _ in range(2):
        await act(door, doctor, contract.ANSWER, Answering(question, "yes"))
    assert await refused(door, doctor, contract.ANSWER, Answering(question, "no")) == {"question-stays"}
    await act(door, anne, contract.PHARMACY_REVIEW, review)
    assert supplies.fen_of(await document(door, "Task", task)) == 1250  # one package is charged
    await act(door, anne, contract.TAKE_PAYMENT, Keyed(task, "payment-1"))
    more = Dispensing(task, "dispense", "Practitioner/s2", ALL, given=(2,))
    assert await refused(door, anne, contract.GIVE_OUT, more) == {"given-amount"}
    none = Dispensing(task, "dispense", "Practitioner/s2", ALL, given=(0,))
    assert await refused(door, anne, contract.GIVE_OUT, none) == {"given-nothing"}
    part = Dispensing(task, "dispense", "Practitioner/s2", ALL, (f"1={TRACE}2",))
    await act(door, anne, contract.GIVE_OUT, part)
    row = (await door.auto(SYSTEM).find("MedicationDispense", patient="Patient/p1")).matches[0]
    given = await document(door, "MedicationDispense", row.id)
    void = next(one["valueQuantity"]["value"] for one in given["extension"] if one["url"] == contract.VOID)
    assert (given["quantity"]["value"], void) == (7, 7)


@pytest.mark.rule("R3-080", "R3-082")
async def test_money_takes_it_on_and_comes_back_before_it_is_dispensed(place: tuple[Door, Stopped]) -> None:
    door, clock = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    task = await chosen(door, id)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    await act(door, anne, contract.PHARMACY_REVIEW, Reviewing(task, "review-1", "pass", checked=ALL))
    kept = await document(door, "Task", task)
    assert supplies.term_of(kept) == (clock.moment + timedelta(minutes=30)).isoformat()  # of the claim
    bill = supplies.bill_of(kept)
    invoice = await document(door, "Invoice", bill)
    assert invoice["totalNet"]["value"] == 12.5
    for _ in range(2):  # billing may tell twice
        await told(door, bill, task, "paid")
    assert (await state(door, id))[0] == "paid"
    for _ in range(2):
        await act(door, RESIDENT, contract.WITHDRAW, Keyed(id, "withdraw"))
    good = Dispensing(task, "dispense", "Practitioner/s2", ALL)
    assert await refused(door, anne, contract.GIVE_OUT, good) == {"supply-state"}  # the money is on its way back
    for _ in range(2):
        await told(door, bill, task, "refunded")
    assert await state(door, id) == ("released", "active")
    assert (await document(door, "Task", task))["status"] == "cancelled"


@pytest.mark.rule("R3-082")
async def test_a_bill_that_lapses_frees_it_and_money_that_comes_too_late_goes_back(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    task = await chosen(door, id)
    await act(door, anne, contract.CLAIM, Claiming("claim-01", task))
    await act(door, anne, contract.PHARMACY_REVIEW, Reviewing(task, "review-1", "pass", checked=ALL))
    bill = supplies.bill_of(await document(door, "Task", task))
    await told(door, bill, task, "void")
    assert (await state(door, id))[0] == "released"
    await told(door, bill, task, "paid")
    assert (await state(door, id))[0] == "released"
    assert (await document(door, "Invoice", bill))["totalNet"]["value"] == 0


@pytest.mark.rule("R3-088")
async def test_medicine_comes_back_for_its_quality_and_stays_used(place: tuple[Door, Stopped]) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    task = await paid(door, id, anne)
    early = Returning(task, "back-0001", "quality", "受潮")
    assert await refused(door, anne, contract.TAKE_BACK, early) == {"supply-state"}
    await act(door, anne, contract.GIVE_OUT, Dispensing(task, "dispense", "Practitioner/s2", ALL))
    await act(door, anne, contract.HAND_OVER, Handing(task, "hand-over", identity=CARD[-4:]))
    other = Returning(task, "back-0001", "changed-mind")
    assert await refused(door, anne, contract.TAKE_BACK, other) == {"return-quality", "return-note"}
    for _ in range(2):
        await act(door, anne, contract.TAKE_BACK, Returning(task, "back-0001", "quality", "受潮"))
    assert await state(door, id) == ("closed", "completed")
    again = Choosing(id, "shop2", "pharmacy-pickup", "choose-2")
    assert await refused(door, RESIDENT, contract.CHOOSE, again) == {"prescription-used"}


async def told(door: Door, bill: str, task: str, what: str) -> None:
    async with door.work(SYSTEM) as work:
        await jobs.settled(work, bill=bill, about=f"Task/{task}", state=what)


@pytest.mark.rule("R3-081")
async def test_at_every_step_a_lost_question_changes_nothing_and_a_lost_answer_is_given_again(
    place: tuple[Door, Stopped],
) -> None:
    door, _ = place
    anne = await signed_in(door, ANNE)
    id = await released(door)
    choice = Choosing(id, "shop1", "pharmacy-pickup", "choose-1")
    task = ""
    steps = (
        (RESIDENT, contract.CHOOSE, lambda: choice, "released"),
        (anne, contract.CLAIM, lambda: Claiming("claim-01", task), "claimed"),
        (anne, contract.PHARMACY_REVIEW, lambda: Reviewing(task, "review-1", "pass", checked=ALL), "pharmacy-reviewed"),
        (anne, contract.TAKE_PAYMENT, lambda: Keyed(task, "payment-1"), "paid"),
        (anne, contract.GIVE_OUT, lambda: Dispensing(task, "dispense", "Practitioner/s2", ALL), "dispensed"),
        (anne, contract.HAND_OVER, lambda: Handing(task, "hand-over", identity=CARD[-4:]), "closed"),
    )
    before = "released"
    for who, operation, given, after in steps:
        with pytest.raises(ConnectionError):
            await broken(door, who, operation, given())
        assert (await state(door, id))[0] == before
        answers = {await act(door, who, operation, given()) for _ in range(3)}
        assert len(answers) == 1
        task = answers.pop()
        assert (await state(door, id))[0] == after
        before = after
    assert await door.auto(SYSTEM).count("MedicationDispense", patient="Patient/p1") == 1
    kind = f"{contract.TASKS.system}|{contract.DISPENSE_CODE}"
    assert await door.auto(SYSTEM).count("Task", focus=f"RequestGroup/{id}", code=kind) == 1
    kept = await document(door, "Basic", next(one for one in await stocks(door) if one.startswith("shop1")))
    assert supplies_left(kept) == 28


async def broken(door: Door, who: Principal, operation: Any, given: Any) -> None:
    """The process dies when all was done and nothing was committed."""
    async with door.work(who) as work:
        await work.fhir.operate(operation, given)
        raise ConnectionError
