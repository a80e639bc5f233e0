"""The books: they balance, whatever is written, and nothing leaves them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import key_store
from xinglin.fhir.outcome import OutcomeError
from xinglin.store import books
from xinglin.store.books import Event, Line
from xinglin.store.store import Store

DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
async def kept(postgres_dsn: str) -> AsyncIterator[Store]:
    store = await Store.open(postgres_dsn, keys=key_store())
    yield store
    await store.close()


def event(name: str, *lines: tuple[str, int], undoes: str = "") -> Event:
    return Event(name, DAY, "Invoice/1", "挂号费", tuple(Line(*line) for line in lines), undoes)


PAID = (("channel/wechat-pay", 1_500), ("income/jz-renmin", -1_500))


async def booked(store: Store, one: Event) -> bool:
    async with store.begin() as transaction:
        return await books.book(transaction, one)


@pytest.mark.rule("R5-024")
async def test_what_is_booked_twice_is_booked_once(kept: Store) -> None:
    before = await books.balance(kept, "income/jz-renmin")
    done = await asyncio.gather(*(booked(kept, event("pay/1", *PAID)) for _ in range(8)))
    assert sum(done) == 1
    assert await books.balance(kept, "income/jz-renmin") == before - 1_500
    assert [(line.account, line.fen) for line in await books.lines_of(kept, "pay/1")] == list(PAID)
    assert {line.event for line in await books.about(kept, "Invoice/1")} >= {"pay/1"}


async def test_something_else_by_the_same_name_is_refused(kept: Store) -> None:
    await booked(kept, event("pay/2", *PAID))
    with pytest.raises(OutcomeError) as refused:
        await booked(kept, event("pay/2", ("channel/wechat-pay", 1_400), ("income/jz-renmin", -1_400)))
    assert refused.value.status == 409


@pytest.mark.rule("R5-024")
async def test_a_mistake_is_booked_back_once(kept: Store) -> None:
    before = await books.balance(kept, "income/jz-renmin")
    await booked(kept, event("pay/3", *PAID))
    for first in (True, False):
        async with kept.begin() as transaction:
            assert await books.book_back(transaction, "undo/3", "pay/3", DAY, "重复收费") is first
    assert await books.balance(kept, "income/jz-renmin") == before
    async with kept.begin() as transaction:
        with pytest.raises(OutcomeError):
            await books.book_back(transaction, "undo/x", "never", DAY, "")


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (("a", 1),),
        (("a", 1), ("b", -2)),
        (("a", 0), ("b", 0)),
        tuple((str(n), 1 - 2 * (n % 2)) for n in range(502)),
    ],
    ids=["none", "one", "unbalanced", "nothing", "too-many"],
)
async def test_what_is_no_event_is_refused(kept: Store, lines: tuple[tuple[str, int], ...]) -> None:
    with pytest.raises(ValueError, match=r"event has|says nothing|out of balance"):
        await booked(kept, event("bad", *lines))


@pytest.mark.rule("R5-024")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE book_line SET fen = fen + 1",
        "DELETE FROM book_line",
        "TRUNCATE book_line",
        "UPDATE book_event SET text = ''",
        "DELETE FROM book_event",
        "INSERT INTO book_line VALUES (1, 'by hand', 1, 'a', '2026-11-22', 5)",
        "INSERT INTO book_line VALUES (1, 'x', 1, 'a', '2026-11-22', 5), (1, 'x', 2, 'b', '2026-11-22', -4)",
        "INSERT INTO book_line SELECT bucket, event, 9, account, day, fen FROM book_line LIMIT 1",
    ],
)
async def test_the_database_itself_refuses_what_does_not_balance(kept: Store, statement: str) -> None:
    await booked(kept, event("pay/4", *PAID))
    connection = await asyncpg.connect(kept.dsn)
    try:
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.InsufficientPrivilegeError)):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.rule("R5-024")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(-(10**9), 10**9).filter(bool)), min_size=1, max_size=9)
)
async def test_the_trial_balance_is_zero(kept: Store, lines: list[tuple[str, int]]) -> None:
    rest = -sum(fen for _, fen in lines)
    whole = [*lines, ("rest", rest)] if rest else lines
    if len(whole) > 1:
        await booked(kept, event(f"any/{hashlib.sha256(repr(whole).encode()).hexdigest()}", *whole))
    assert sum((await books.trial(kept, date.min, date.max)).values()) == 0
