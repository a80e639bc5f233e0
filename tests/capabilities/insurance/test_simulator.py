"""The simulated platform: what it keeps, what it reconciles, and its faults, by the gateway of ours."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.capabilities.insurance.places import CARD, HOSPITAL, Platform
from xinglin.capabilities.insurance.gateways import InsurerRefused, InsurerSilent, Sender, insurer_of, message_number
from xinglin.capabilities.insurance.rules import messages
from xinglin.capabilities.insurance.rules.claims import Site
from xinglin.care.insurable import Item
from xinglin.settings import Settings
from xinglin.simulators import insurer as simulator
from xinglin.simulators.insurer_book import Book

AT = datetime(2026, 11, 20, 2, tzinfo=UTC)
SENDER = Sender(HOSPITAL, "焦作市示范医院", "410800")
SITE = Site(HOSPITAL, "焦作市示范医院", "01", "2")
ITEMS = (Item(1, "drug", "D0001", "苯磺酸氨氯地平片", Decimal(1), 20_000),)


async def ask(platform: Platform, act: str, given: dict[str, Any], *, at: datetime = AT) -> Any:
    return await platform.insurer.ask(act, SENDER, given, message="", at=at)


async def settled(platform: Platform, visit: str = "v1") -> tuple[str, str, str]:
    """Settle a bill of 200 yuan; gives the person, the visit and the settlement."""
    person = messages.insured(await ask(platform, "person", messages.person(CARD, "王杏", "310")), "310").number
    given = messages.register(visit, person, CARD, "310", SITE, AT, internet=False)
    medium = (await ask(platform, "register", given))["data"]["mdtrt_id"]
    await ask(platform, "visit", messages.visit(medium, person, "11", AT, [("I10.x00", "高血压")]))
    await ask(platform, "fees", messages.fees(medium, person, ITEMS, AT))
    found = messages.result(await ask(platform, "settle", messages.settle(medium, person, CARD, "310", "11", 20_000)))
    assert found is not None
    return person, medium, found.settlement


def term(count: int, total: str, fund: str) -> dict[str, Any]:
    return {
        "fixmedins_setl_cnt": count,
        "medfee_sumamt": total,
        "fund_pay_sumamt": fund,
        "stmt_begndate": "2000-01-01",
        "stmt_enddate": "2099-12-31",
    }


@pytest.fixture
def platform() -> Platform:
    return Platform(simulator.application())


async def test_what_it_knows_outlives_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(simulator.FILE, str(tmp_path / "insurer.sqlite"))
    person, _, _ = await settled(Platform(simulator.application()))
    again = Platform(simulator.application())
    assert len(await again.settlements()) == 1
    asked = messages.accumulators(person, date(2026, 11, 20))
    # A process that was started anew counts its messages anew, but not within the same second.
    used = messages.used(await ask(again, "accumulators", asked, at=AT + timedelta(seconds=1)), 2026)
    # 150.00 above the deductible at 50 %
    assert used.outpatient == 7_500


async def test_totals_and_details_are_reconciled(platform: Platform) -> None:
    _, _, number = await settled(platform)
    same = await ask(platform, "reconcile", {"data": term(1, "200.00", "75.00")})
    assert same["stmtinfo"]["stmt_rslt"] == "0"
    other = await ask(platform, "reconcile", {"data": term(2, "300.00", "75.00")})
    assert other["stmtinfo"]["stmt_rslt"] == "1"
    detail = [{"setl_id": number, "medfee_sumamt": "200.01"}, {"setl_id": "J9", "medfee_sumamt": "1.00"}]
    found = await ask(platform, "reconcile-detail", {"data": term(2, "", ""), "detail": detail})
    assert {one["setl_id"]: one["stmt_rslt"] for one in found["result"]} == {number: "amount", "J9": "institution-only"}


async def test_a_credential_is_decoded(platform: Platform) -> None:
    found = await ask(platform, "credential", {"data": {"ecToken": f"EC{CARD}"}})
    assert found["idNo"] == CARD
    with pytest.raises(InsurerRefused):
        await ask(platform, "credential", {"data": {"ecToken": "x"}})


@pytest.mark.rule("R4-026")
async def test_a_settlement_is_reversed_once_and_by_nobody_else(platform: Platform) -> None:
    person, medium, number = await settled(platform)
    given = messages.visit_data(medium, person, setl_id=number)
    stranger = Sender("H41080200009", "x", "410800")
    with pytest.raises(InsurerRefused, match="结算机构"):
        await platform.insurer.ask("reverse", stranger, given, message="", at=AT)
    await ask(platform, "reverse", given)
    with pytest.raises(InsurerRefused, match="已撤销"):
        await ask(platform, "reverse", given)
    used = messages.used(await ask(platform, "accumulators", messages.accumulators(person, date(2026, 11, 20))), 2026)
    assert used.outpatient == 0


async def test_a_settled_visit_takes_no_fees_and_is_not_taken_back(platform: Platform) -> None:
    person, medium, _ = await settled(platform)
    for act, given in (
        ("fees", messages.fees(medium, person, ITEMS, AT)),
        ("withdraw-fees", messages.visit_data(medium, person)),
        ("unregister", messages.visit_data(medium, person)),
        ("settle", messages.settle(medium, person, CARD, "310", "11", 20_000)),
    ):
        with pytest.raises(InsurerRefused, match="已结算"):
            await ask(platform, act, given)


async def test_what_it_cannot_read_is_refused_and_changes_nothing(platform: Platform) -> None:
    for act in ("person", "register", "visit", "fees", "settle", "reverse", "undo", "settlement", "accumulators"):
        with pytest.raises(InsurerRefused):
            await ask(platform, act, {"data": {}})
    assert await platform.settlements() == []


@pytest.mark.parametrize("kind", ["down", "refuse", "slow", "time-out", "duplicate"])
async def test_each_fault_can_be_switched_on(platform: Platform, kind: str) -> None:
    await platform.faults(kind, of="1101", seconds=0.01)
    given = messages.person(CARD, "王杏", "310")
    if kind in {"down", "refuse"}:
        with pytest.raises(InsurerSilent if kind == "down" else InsurerRefused):
            await ask(platform, "person", given)
    assert messages.insured(await ask(platform, "person", given), "310").person.insurance == "310"


def test_a_number_of_a_message_is_made_again_the_same() -> None:
    first = message_number(HOSPITAL, AT, "settle 1")
    assert first == message_number(HOSPITAL, AT, "settle 1") != message_number(HOSPITAL, AT, "settle 2")
    assert len(first) == 30
    assert first.startswith(f"{HOSPITAL}20261120100000")


async def test_without_a_platform_nothing_is_sent() -> None:
    with pytest.raises(InsurerRefused, match="no insurer is set"):
        await insurer_of(Settings()).ask("person", SENDER, {}, message="m", at=AT)


def test_a_book_makes_things_whole_or_not_at_all() -> None:
    book = Book("", today=lambda: date(2026, 11, 20))

    def broken() -> None:
        with book.whole():
            book.keep("a", "b", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert book.get("a", "b") is None
