"""A bill goes to the insurer and back, on a real store and the simulated platform, with kills and silence between."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.capabilities.insurance import places
from tests.capabilities.insurance.places import Deaf, Killed, Mortal, Platform, billed, read
from xinglin.capabilities.insurance import capability, contract, jobs
from xinglin.capabilities.insurance.contract import Presettling, Reversing, Settling
from xinglin.capabilities.insurance.gateways import InsurerRefused, InsurerSilent
from xinglin.capabilities.insurance.rules import claims, results
from xinglin.capabilities.records import capability as records
from xinglin.fhir.outcome import OutcomeError
from xinglin.registry import Registry
from xinglin.security.principal import SYSTEM, Principal
from xinglin.settings import Settings
from xinglin.simulators import insurer as simulator
from xinglin.store.door import Door
from xinglin.store.store import Store

TOLD = "insurance.sweep"  # a job that is there, in place of the asker's


@pytest.fixture
def platform() -> Platform:
    return Platform(simulator.application())


@pytest.fixture
def day(store: Store) -> str:
    return store.clock.now().date().isoformat()


@pytest.fixture
async def door(store: Store, platform: Platform) -> Door:
    settings = Settings()
    registry = Registry((records.declare(settings), capability.made(settings, platform.insurer)))
    made = Door(store, registry.rulebook)
    await places.put(made, *places.world())
    return made


async def run(door: Door, job: Callable[..., Any], claim: str, insurer: Any) -> None:
    """Run a job in a unit of work of its own, as the worker does."""
    async with door.work(SYSTEM) as work:
        await job(work, claim, insurer=insurer, area="410800")


async def presettled(door: Door, platform: Platform, bill: str = "b1") -> str:
    claim = await door.auto(SYSTEM).operate(contract.PRESETTLE, Presettling(bill, TOLD))
    await run(door, jobs.presettle, claim, platform.insurer)
    return claim


async def settled(door: Door, platform: Platform, bill: str = "b1", agreed: tuple[int, ...] = ()) -> str:
    claim = await presettled(door, platform, bill)
    await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim, agreed))
    await run(door, jobs.settle, claim, platform.insurer)
    return claim


async def state(door: Door, claim: str) -> str:
    return claims.state_of(await read(door, "Claim", claim))


async def shown(door: Door, claim: str) -> results.Shown:
    return results.shown(await read(door, "ClaimResponse", claim))


@pytest.mark.rule("R4-050", "R4-022")
async def test_a_bill_is_reckoned_settled_and_reversed(door: Door, platform: Platform, day: str) -> None:
    await platform.insure(insutype="310", account_fen=2000)
    await billed(door, "b1", day)
    claim = await presettled(door, platform)
    assert await state(door, claim) == "presettled"
    before = await shown(door, claim)
    # 115.00 in scope, 50.00 deductible, 50 % at level 3; 20.00 from the account
    assert (before.total, before.amounts["funds"], before.amounts["account"]) == (11500, 3250, 2000)
    assert before.amounts["cash"] == 6250
    assert await platform.settlements() == []
    assert results.agrees(before) is not None

    assert await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim)) == "settling"
    await run(door, jobs.settle, claim, platform.insurer)
    assert await state(door, claim) == "settled"
    assert (await shown(door, claim)).amounts == before.amounts
    [kept] = await platform.standing()
    assert (await read(door, "ClaimResponse", claim))["identifier"][0]["value"] == kept["setl_id"]

    await door.auto(SYSTEM).operate(contract.REVERSE, Reversing(claim, "退费"))
    await run(door, jobs.reverse, claim, platform.insurer)
    assert await state(door, claim) == "reversed"
    assert (await read(door, "ClaimResponse", claim))["status"] == "cancelled"
    assert await platform.standing() == []
    # Everything is as it was: the same bill is reckoned the same again.
    await billed(door, "b2", day)
    assert (await shown(door, await presettled(door, platform, "b2"))).amounts == before.amounts


async def test_a_second_bill_counts_what_the_first_has_used(door: Door, platform: Platform, day: str) -> None:
    await platform.insure(insutype="390")
    await places.put(door, *places.world("resident"))
    for bill in ("b1", "b2", "b3"):
        await billed(door, bill, day, (("drug", "D0001", 1, "800.00"),))
    # 40 % of 740.00 is 296.00; of 420.00 in the year 124.00 are left, then nothing
    found = [(await shown(door, await settled(door, platform, bill))).amounts["funds"] for bill in ("b1", "b2", "b3")]
    assert found == [29600, 12400, 0]


@pytest.mark.rule("R4-047")
async def test_what_insurance_does_not_pay_needs_consent(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day, (*places.LINES, places.DELIVERY), "VR")
    claim = await presettled(door, platform)
    with pytest.raises(OutcomeError) as refused:
        await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim))
    assert [issue.key for issue in refused.value.issues] == ["self-pay-agreement"]
    await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim, (3,)))
    await run(door, jobs.settle, claim, platform.insurer)
    assert await state(door, claim) == "settled"
    document = await read(door, "Claim", claim)
    assert [contract.AGREED in str(item.get("extension")) for item in document["item"]] == [False, False, True]


@pytest.mark.rule("R4-043", "R4-045")
async def test_an_online_bill_is_marked_and_its_delivery_is_not_paid(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day, (*places.LINES, places.DELIVERY), "VR")
    claim = await presettled(door, platform)
    found = await shown(door, claim)
    assert found.portions[2].full_self == 800
    assert claims.one(await read(door, "Claim", claim), contract.INTERNET, "valueBoolean") is True
    assert found.basis is not None
    assert found.basis.bill.internet


async def test_who_has_no_cover_pays_himself(door: Door, day: str) -> None:
    await billed(door, "b1", day)
    cover = next(one for one in places.world() if one["resourceType"] == "Coverage")
    await places.put(door, cover | {"status": "cancelled"})
    with pytest.raises(OutcomeError) as refused:
        await door.auto(SYSTEM).operate(contract.PRESETTLE, Presettling("b1"))
    assert [issue.key for issue in refused.value.issues] == ["insurance-none"]
    assert refused.value.status == 422


async def test_a_bill_has_one_settlement_however_often_it_is_asked_for(
    door: Door, platform: Platform, day: str
) -> None:
    await billed(door, "b1", day)
    claim = await settled(door, platform)
    assert await door.auto(SYSTEM).operate(contract.PRESETTLE, Presettling("b1")) == claim
    assert await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim)) == "settled"
    for job in (jobs.presettle, jobs.settle, jobs.reverse):
        await run(door, job, claim, platform.insurer)
    assert await state(door, claim) == "settled"
    assert len(await platform.settlements()) == 1


@pytest.mark.rule("R4-050")
@pytest.mark.parametrize("after", [False, True], ids=["before-it-is-sent", "after-the-answer"])
async def test_a_kill_at_any_question_changes_nothing_in_the_end(
    door: Door, platform: Platform, day: str, *, after: bool
) -> None:
    await platform.insure(insutype="310")
    kills = 0
    for number in range(1, 14):
        bill = f"b{number}"
        await billed(door, bill, day)
        claim = await door.auto(SYSTEM).operate(contract.PRESETTLE, Presettling(bill, TOLD))
        kills += await survived(door, jobs.presettle, claim, Mortal(platform.insurer, number, after=after), platform)
        await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim))
        kills += await survived(door, jobs.settle, claim, Mortal(platform.insurer, number, after=after), platform)
        assert await state(door, claim) == "settled"
        assert len(await platform.standing()) == 1
        await door.auto(SYSTEM).operate(contract.REVERSE, Reversing(claim, "退费"))
        kills += await survived(door, jobs.reverse, claim, Mortal(platform.insurer, number, after=after), platform)
        assert await state(door, claim) == "reversed"
        assert await platform.standing() == []
    assert kills >= 13


async def survived(door: Door, job: Callable[..., Any], claim: str, mortal: Mortal, platform: Platform) -> int:
    """Run a job that dies, and run it again; gives 1 when it died."""
    try:
        await run(door, job, claim, mortal)
    except Killed:
        await run(door, job, claim, platform.insurer)
        return 1
    return 0


@pytest.mark.rule("R4-050")
async def test_a_lost_answer_to_the_settlement_is_found_out(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    claim = await presettled(door, platform)
    await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim))
    await run(door, jobs.settle, claim, Deaf(platform.insurer, "settle"))
    assert await state(door, claim) == "settled"
    assert len(await platform.settlements()) == 1


@pytest.mark.rule("R4-050")
async def test_what_went_astray_is_undone_and_sent_again_under_another_number(
    door: Door, platform: Platform, day: str
) -> None:
    await billed(door, "b1", day)
    claim = await presettled(door, platform)
    await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim))
    await platform.faults("down", of="2207")
    await run(door, jobs.settle, claim, platform.insurer)
    waiting = await read(door, "Claim", claim)
    assert (claims.state_of(waiting), claims.attempt_of(waiting)) == ("settling", 2)
    await run(door, jobs.settle, claim, platform.insurer)
    assert await state(door, claim) == "settled"
    assert len(await platform.standing()) == 1


async def test_a_settlement_that_comes_late_has_no_effect_any_more(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    claim = await presettled(door, platform)
    await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim))
    sent: list[dict[str, Any]] = []

    class Late:
        """Keeps the settlement back, as a network that delivers it later."""

        async def ask(self, act: str, *given: Any, **more: Any) -> Any:
            if act == "settle":
                sent.append({"act": act, "given": given, "more": more})
                raise InsurerSilent("late")
            return await platform.insurer.ask(act, *given, **more)

    await run(door, jobs.settle, claim, Late())
    [late] = sent
    with pytest.raises(InsurerRefused, match="冲正"):
        await platform.insurer.ask(late["act"], *late["given"], **late["more"])
    assert await platform.settlements() == []
    await run(door, jobs.settle, claim, platform.insurer)
    assert len(await platform.standing()) == 1


@pytest.mark.rule("R4-053")
async def test_what_the_insurers_review_finds_stands_with_the_claim(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    await platform.client.put("/reviews", json=[{"rule_name": "重复开药", "vola_cont": "同类药两种"}])
    document = await read(door, "Claim", await presettled(door, platform))
    assert claims.state_of(document) == "presettled"
    assert claims.one(document, contract.REASON, "valueString") == "重复开药：同类药两种"


async def test_a_message_that_comes_twice_settles_once(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    await platform.faults("duplicate", of="2207")
    await settled(door, platform)
    assert len(await platform.settlements()) == 1


async def test_a_refusal_is_told_and_ends_the_settlement(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    await platform.faults("refuse", of="2206")
    claim = await presettled(door, platform)
    document = await read(door, "Claim", claim)
    assert (claims.state_of(document), document["status"]) == ("refused", "cancelled")
    assert "refused by the simulator" in str(claims.one(document, contract.REASON, "valueString"))


async def test_a_day_without_rules_is_refused(door: Door, platform: Platform) -> None:
    await billed(door, "b1", "2021-05-01")
    claim = await presettled(door, platform)
    assert await state(door, claim) == "refused"


async def test_a_platform_that_stays_silent_refuses_in_the_end(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    await platform.faults("down", times=0)
    claim = await presettled(door, platform)
    for _ in range(jobs.ATTEMPTS):
        await run(door, jobs.presettle, claim, platform.insurer)
    assert await state(door, claim) == "refused"


@pytest.mark.rule("R4-052")
async def test_a_settlement_that_differs_by_a_fen_is_reversed(door: Door, platform: Platform, day: str) -> None:
    await platform.insure(insutype="310")
    await billed(door, "b1", day)
    claim = await presettled(door, platform)
    # Somebody settled elsewhere in between: the account has changed, so has what is left in cash.
    await platform.insure(insutype="310", account_fen=1)
    await door.auto(SYSTEM).operate(contract.SETTLE, Settling(claim))
    await run(door, jobs.settle, claim, platform.insurer)
    assert await state(door, claim) == "reversing"
    await run(door, jobs.reverse, claim, platform.insurer)
    assert await state(door, claim) == "reversed"
    assert await platform.standing() == []


@pytest.mark.rule("R4-051")
async def test_fees_that_did_not_all_arrive_stop_the_settlement(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)

    class Losing:
        """Loses the last line of the fees."""

        async def ask(self, act: str, sender: Any, given: dict[str, Any], **more: Any) -> Any:
            if act == "fees":
                given = {"feedetail": given["feedetail"][:-1]}
            return await platform.insurer.ask(act, sender, given, **more)

    claim = await door.auto(SYSTEM).operate(contract.PRESETTLE, Presettling("b1"))
    await run(door, jobs.presettle, claim, Losing())
    assert await state(door, claim) == "refused"


@pytest.mark.rule("R4-026")
async def test_only_the_institution_that_settled_reverses(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    claim = await settled(door, platform)
    stranger = Principal("c2", frozenset({"receptionist"}), organization="Organization/h2")
    with pytest.raises(OutcomeError) as refused:
        await door.auto(stranger).operate(contract.REVERSE, Reversing(claim, "x"))
    assert refused.value.status == 404
    own = Principal("c1", frozenset({"receptionist"}), organization="Organization/h1")
    assert await door.auto(own).operate(contract.REVERSE, Reversing(claim, "x")) == "reversing"


async def test_a_settlement_does_not_jump(door: Door, platform: Platform, day: str) -> None:
    await billed(door, "b1", day)
    claim = await presettled(door, platform)
    document = claims.moved(await read(door, "Claim", claim), "settled")
    with pytest.raises(OutcomeError) as refused:
        await places.put(door, document)
    assert [issue.key for issue in refused.value.issues] == ["settlement-move"]
