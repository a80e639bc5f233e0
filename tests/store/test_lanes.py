"""Gathering work: one statement for what waits, order kept for one name, refusals when too many wait."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from xinglin.fhir.outcome import OutcomeError
from xinglin.store.lanes import Lanes, Order
from xinglin.store.pool import Pool


def lanes(dsn: str, work: Any, **limits: int) -> Lanes[int, int]:
    given: dict[str, Any] = {"lanes": 2, "most": 10, "waiting_max": 100, **limits}
    return Lanes(Pool(dsn, 0, timeout_ms=1_000), work, **given)


async def test_what_waits_goes_together_but_never_two_of_one_name(postgres_dsn: str) -> None:
    groups: list[list[int]] = []
    running: set[int] = set()

    async def work(_: object, orders: Sequence[Order[int, int]]) -> None:
        items = [order.item for order in orders]
        names = {item // 100 for item in items}
        assert len(names) == len(items)
        assert not names & running
        running.update(names)
        groups.append(items)
        await asyncio.sleep(0.01)
        running.difference_update(names)
        for order in orders:
            order.answer.set_result(order.item)

    made = lanes(postgres_dsn, work)
    wishes = [name * 100 + turn for turn in range(3) for name in range(20)]
    assert await asyncio.gather(*(made.ask(wish, wish // 100) for wish in wishes)) == wishes
    assert len(groups) < 20
    assert max(len(group) for group in groups) == 10
    for name in range(20):
        assert [item for group in groups for item in group if item // 100 == name] == [name * 100 + n for n in range(3)]
    await made.close()


async def test_beyond_the_limit_callers_are_refused_at_once(postgres_dsn: str) -> None:
    go = asyncio.Event()

    async def work(_: object, orders: Sequence[Order[int, int]]) -> None:
        await go.wait()
        for order in orders:
            order.answer.set_result(order.item)

    made = lanes(postgres_dsn, work, lanes=1, most=1, waiting_max=5)
    asked = [asyncio.create_task(made.ask(n)) for n in range(20)]
    await asyncio.sleep(0.3)
    go.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, OutcomeError)]
    assert {refusal.status for refusal in refused} == {429}
    assert len(refused) in {14, 15}
    await made.close()


async def test_a_bug_reaches_the_callers_and_the_lane_goes_on(postgres_dsn: str) -> None:
    async def work(_: object, orders: Sequence[Order[int, int]]) -> None:
        for order in orders:
            if order.item < 0:
                raise LookupError(order.item)
            order.answer.set_result(order.item)

    made = lanes(postgres_dsn, work)
    with pytest.raises(LookupError):
        await made.ask(-1)
    assert await made.ask(1) == 1
    await made.close()


async def test_a_caller_that_gives_up_leaves_the_others_alone(postgres_dsn: str) -> None:
    async def work(_: object, orders: Sequence[Order[int, int]]) -> None:
        await asyncio.sleep(0.05)
        for order in orders:
            if not order.answer.done():
                order.answer.set_result(order.item)

    made = lanes(postgres_dsn, work, lanes=1)
    first, second = asyncio.create_task(made.ask(1)), asyncio.create_task(made.ask(2))
    await asyncio.sleep(0.01)
    first.cancel()
    assert await second == 2
    await made.close()
    with pytest.raises(OutcomeError) as error:
        await made.ask(3)
    assert error.value.status == 503


async def test_a_pool_that_is_used_up_answers_503_and_a_broken_connection_is_replaced(postgres_dsn: str) -> None:
    pool = Pool(postgres_dsn, 1, timeout_ms=1_000)
    async with pool.link() as held:
        with pytest.raises(OutcomeError) as error:
            async with pool.link():
                pass
        assert error.value.status == 503
        held.connection.terminate()
    async with pool.link() as link:
        assert await link.connection.fetchval("SELECT 1") == 1
        await link.connection.execute("BEGIN")  # forgotten by its borrower
    async with pool.link() as other:
        assert not other.connection.is_in_transaction()
    await pool.close()
