"""History of instances, types and everything."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.store.records import change, tail
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search import keys
from xinglin.store import history
from xinglin.store.clock import Clock
from xinglin.store.executor import Executor, SqlFragment
from xinglin.store.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)


class Ticking(Clock):
    """A clock that is one minute later at each reading."""

    def __init__(self) -> None:
        super().__init__()
        self.minutes = -1

    def now(self) -> datetime:
        self.minutes += 1
        return START + timedelta(minutes=self.minutes)


@pytest.fixture
async def filled(store: Store) -> Store:
    """Minute 0: p1 v1, 1: p1 v2, 2: obs v1, 3: p1 deleted, 4: p2 v1, 5: p1 v4."""
    store.clock = Ticking()
    await store.write(change("update", "Patient", "p1", "1", patient="p1"))
    await store.write(change("update", "Patient", "p1", "2", patient="p1"))
    await store.write(change("update", "Observation", "o", "3", patient="p1"))
    await store.write(change("delete", "Patient", "p1"))
    await store.write(change("update", "Patient", "p2", "4", patient="p2"))
    await store.write(change("update", "Patient", "p1", "5", patient="p1"))
    return store


async def seen(executor: Executor, *of: str, **asked: object) -> list[str]:
    page = await history.page(executor, *of, **asked)  # type: ignore[arg-type]
    return [f"{row.id}.{row.vid}{row.op}" for row in page.rows]


async def test_an_instance_shows_every_version_newest_first(filled: Store) -> None:
    assert await seen(filled, "Patient", "p1") == ["p1.4U", "p1.3D", "p1.2U", "p1.1C"]
    page = await history.page(filled, "Patient", "p1")
    assert page.total == 4
    assert [row.tail for row in page.rows] == [tail("5"), b"", tail("2"), tail("1")]
    assert [row.deleted for row in page.rows] == [False, True, False, False]
    async with filled.begin() as transaction:
        assert await seen(transaction, "Patient", "p1") == ["p1.4U", "p1.3D", "p1.2U", "p1.1C"]


async def test_types_and_everything_are_merged_by_time(filled: Store) -> None:
    assert await seen(filled, "Patient") == ["p1.4U", "p2.1C", "p1.3D", "p1.2U", "p1.1C"]
    assert await seen(filled) == ["p1.4U", "p2.1C", "p1.3D", "o.1C", "p1.2U", "p1.1C"]
    assert await seen(filled, "Basic") == []


@pytest.mark.parametrize("of", [("Patient", "p1"), ("Patient",), ()])
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_pages_join_to_the_whole(filled: Store, of: tuple[str, ...], count: int) -> None:
    whole = await seen(filled, *of)
    joined: list[str] = []
    token = None
    for _ in range(10):
        page = await history.page(filled, *of, count=count, token=token)
        joined += [f"{row.id}.{row.vid}{row.op}" for row in page.rows]
        token = page.next_token
        if token is None:
            break
    assert joined == whole


async def test_since_includes_its_instant(filled: Store) -> None:
    since = START + timedelta(minutes=3)
    assert await seen(filled, "Patient", "p1", since=since) == ["p1.4U", "p1.3D"]
    assert await seen(filled, since=since) == ["p1.4U", "p2.1C", "p1.3D"]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0.5, 0.6, ["p1.1C"]),
        (1.5, 3.5, ["p1.3D", "p1.2U"]),
        (9, 10, ["p1.4U"]),
        (None, 0.5, ["p1.1C"]),
        (4, None, ["p1.4U", "p1.3D"]),
    ],
)
async def test_at_gives_what_was_current_then(
    filled: Store, first: float | None, last: float | None, expected: list[str]
) -> None:
    period = tuple(None if m is None else START + timedelta(minutes=m) for m in (first, last))
    assert await seen(filled, "Patient", "p1", at=period) == expected
    of_type = await seen(filled, "Patient", at=period)
    assert [row for row in of_type if row.startswith("p1.")] == expected


async def test_the_reach_is_part_of_the_statement(filled: Store) -> None:
    mine = SqlFragment("r.pat = $1", (keys.rid_of("Patient", "p1"),))
    assert await seen(filled, predicate=mine, count=3) == ["p1.4U", "p1.3D", "o.1C"]
    page = await history.page(filled, predicate=mine, count=0)
    assert (page.rows, page.total) == ((), 5)


async def test_single_versions(filled: Store) -> None:
    found = [await history.version(filled, "Patient", "p1", vid) for vid in (0, 1, 3, 4, 5, 2**40)]
    assert [row and (row.vid, row.deleted) for row in found] == [None, (1, False), (3, True), (4, False), None, None]


@pytest.mark.parametrize("token", ["", "x", "é", "MTIz", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5Ljk", "MS4yLjM"])
async def test_a_token_that_is_none_is_refused(filled: Store, token: str) -> None:
    with pytest.raises(OutcomeError) as error:
        await history.page(filled, "Patient", token=token)
    assert error.value.status == 400
