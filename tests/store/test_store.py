"""The store on real PostgreSQL: versions, refusals, index rows, concurrency."""

import asyncio
import json

import pytest

from tests.conftest import key_store
from tests.store.records import change, tail
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search import keys
from xinglin.store.clock import Clock
from xinglin.store.executor import Change, Written
from xinglin.store.store import Store


async def refused(call: object) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        await call  # type: ignore[misc]
    return error.value


async def test_a_created_resource_is_read_back_byte_for_byte(store: Store) -> None:
    written = await store.write(change("create", "Observation", "a", "1.00"))
    row = await store.get("Observation", "a")
    assert row is not None
    assert (written.vid, written.created, row.vid, row.op, row.tail) == (1, True, 1, "C", tail("1.00"))
    body = json.loads(row.body())
    assert body["meta"] == {"versionId": "1", "lastUpdated": written.ts.isoformat(timespec="milliseconds")[:23] + "Z"}


async def test_what_was_never_there_is_none(store: Store) -> None:
    assert await store.get("Observation", "none") is None
    assert await store.get_many([("Observation", "none"), ("Patient", "none")]) == [None, None]


async def test_versions_count_up_and_a_deleted_resource_revives_with_the_next(store: Store) -> None:
    outcomes = [
        await store.write(change("update", "Patient", "p", "1")),
        await store.write(change("update", "Patient", "p", "2")),
        await store.write(change("delete", "Patient", "p")),
        await store.write(change("delete", "Patient", "p")),
        await store.write(change("update", "Patient", "p", "3")),
    ]
    assert [(w.vid, w.created, w.unchanged) for w in outcomes] == [
        (1, True, False), (2, False, False), (3, False, False), (3, False, True), (4, True, False),
    ]  # fmt: skip
    assert [r["vid"] for r in await store.fetch("SELECT vid FROM hist ORDER BY vid")] == [1, 2, 3]
    assert [r["op"] for r in await store.fetch("SELECT op FROM hist ORDER BY vid")] == [b"C", b"U", b"D"]
    assert [w.ts for w in outcomes] == sorted(w.ts for w in outcomes)


async def test_a_delete_of_nothing_is_no_version(store: Store) -> None:
    written = await store.write(change("delete", "Patient", "nobody"))
    assert (written.vid, written.unchanged) == (0, True)
    assert await store.get("Patient", "nobody") is None


async def test_an_update_that_changes_nothing_makes_no_version(store: Store, postgres_dsn: str) -> None:
    first = await store.write(change("update", "Patient", "p"))
    same = await store.write(change("update", "Patient", "p"))
    assert (same.vid, same.ts, same.unchanged) == (1, first.ts, True)
    keeping = await Store.open(postgres_dsn, noop_updates="keep", keys=key_store())
    assert (await keeping.write(change("update", "Patient", "p"))).vid == 2
    await keeping.close()


@pytest.mark.parametrize(
    ("before", "after", "unchanged"),
    [
        ('1,"a":[1,2],"b":"\u674e"', ' 1, "b":"\\u674e",\n"a": [1, 2]', True),
        ("1.0", "1.00", False),
        ("1.0", "1", False),
        ("100", "1e2", False),
        ('[1,{"a":1}]', '[{"a":1},1]', False),
        ("true", "1", False),
    ],
)
async def test_only_what_says_something_else_makes_a_version(
    store: Store,
    before: str,
    after: str,
    unchanged: bool,  # noqa: FBT001
) -> None:
    await store.write(change("update", "Patient", "p", before))
    written = await store.write(change("update", "Patient", "p", after))
    assert (written.vid, written.unchanged) == (1 if unchanged else 2, unchanged)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (change("update", "Patient", "alive", "9", expect=7), 412),
        (change("update", "Patient", "never", "9", expect=1), 412),
        (change("delete", "Patient", "alive", expect=7), 412),
        (change("create", "Patient", "alive", "9"), 409),
        (change("update", "Patient", "alive", "9", must="new"), 412),
        (change("update", "Patient", "never", "9", must="exists"), 404),
        (change("update", "Patient", "gone", "9", must="exists"), 410),
        (change("update", "Patient", "gone", "9", expect=1), 412),
    ],
)
async def test_refusals_leave_everything_as_it_was(store: Store, given: Change, status: int) -> None:
    await store.write(change("update", "Patient", "alive"))
    await store.write(change("update", "Patient", "gone"))
    await store.write(change("delete", "Patient", "gone"))
    before = await store.fetch("SELECT rid, vid, keys FROM res ORDER BY rid")
    assert (await refused(store.write(given))).status == status
    async with store.begin() as transaction:
        assert (await refused(transaction.write(given))).status == status
    assert await store.fetch("SELECT rid, vid, keys FROM res ORDER BY rid") == before


async def index(store: Store, rid: int) -> dict[str, object]:
    tables = {"ix": "key, ord, pat, c", "dx": "key, lo, hi", "sx": "key, norm", "qx": "key, val", "tx": "doc"}
    found: dict[str, object] = {}
    for table, columns in tables.items():
        records = await store.fetch(f"SELECT {columns} FROM {table} WHERE rid = $1", rid)
        found[table] = {tuple(record.values()) for record in records}  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_index_rows_follow_the_current_version(store: Store, *, in_transaction: bool) -> None:
    async def write(given: Change) -> Written:
        if not in_transaction:
            return await store.write(given)
        async with store.begin() as transaction:
            return await transaction.write(given)

    versions = [
        change("update", "Observation", "o", "1", codes=("a", "b"), name="li", day=3, value=1.5, text="'one':1"),
        change("update", "Observation", "o", "2", codes=("b", "c"), name="wang", day=3, value=1.5, text="'two':1"),
        change("update", "Observation", "o", "3", codes=("b", "c"), day=4, patient="p"),
        change("update", "Observation", "o", "4", codes=("c",), name="li", day=4, value=2, patient="q", text="'x':2A"),
    ]
    for version in versions:
        await write(version)
        entry = version.entry
        assert entry is not None
        assert await index(store, entry.rid) == {
            "ix": {(key, entry.ord, entry.pat, coded) for key, coded in entry.ix},
            "dx": set(entry.dx), "sx": set(entry.sx), "qx": set(entry.qx), "tx": {(entry.tx,)} if entry.tx else set(),
        }  # fmt: skip
        row = (await store.fetch("SELECT keys, ord, pat FROM res WHERE rid = $1", entry.rid))[0]
        assert (set(row["keys"]), row["ord"], row["pat"]) == (set(entry.keys), entry.ord, entry.pat)
    assert versions[0].entry is not None
    await write(change("delete", "Observation", "o"))
    assert await index(store, versions[0].entry.rid) == {
        "ix": set(),
        "dx": set(),
        "sx": set(),
        "qx": set(),
        "tx": set(),
    }
    row = (await store.fetch("SELECT keys, pat, body FROM res"))[0]
    assert (row["keys"], row["pat"], row["body"]) == ([], keys.rid_of("Patient", "q"), b"")
    await write(versions[1])
    assert len((await index(store, versions[0].entry.rid))["ix"]) == 3  # type: ignore[arg-type]


async def test_an_undated_resource_keeps_the_place_of_its_first_writing(store: Store) -> None:
    first = change("update", "Basic", "b", "1")
    await store.write(first)
    second = change("update", "Basic", "b", "2")
    assert first.entry is not None
    assert second.entry is not None
    second.entry.ord += 1_000
    await store.write(second)
    assert [r["ord"] for r in await store.fetch("SELECT ord FROM res UNION SELECT ord FROM ix")] == [first.entry.ord]


async def test_terms_are_written_once(store: Store) -> None:
    await asyncio.gather(*(store.write(change("create", "Observation", f"t{n}", codes=("x", "y"))) for n in range(20)))
    found = await store.fetch("SELECT system, code, display FROM term ORDER BY code")
    assert [tuple(r.values()) for r in found] == [("s", "x", "X"), ("s", "y", "Y")]  # type: ignore[attr-defined]


async def test_transactions_with_the_same_new_terms_do_not_wait_for_each_other(store: Store) -> None:
    async with store.begin() as first, store.begin() as second:
        await first.write(change("create", "Observation", "u1", codes=("x",)))
        await second.write(change("create", "Observation", "u2", codes=("y",)))
        await asyncio.wait_for(first.write(change("create", "Observation", "u3", codes=("y",))), 5)
        await asyncio.wait_for(second.write(change("create", "Observation", "u4", codes=("x",))), 5)
    assert len(await store.fetch("SELECT FROM term")) == 2


async def test_many_concurrent_writers_each_get_their_own_answer(store: Store) -> None:
    writes = [store.write(change("create", "Observation", f"m{n}", str(n))) for n in range(300)]
    writes += [store.write(change("create", "Observation", "m7", "other"))]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    refusals = [o for o in outcomes if isinstance(o, OutcomeError)]
    assert [r.status for r in refusals] == [409]
    rows = await store.get_many([("Observation", f"m{n}") for n in range(300)])
    assert [row.tail for row in rows if row is not None] == [tail(str(n)) for n in range(300)]


async def test_concurrent_puts_of_one_new_id_make_one_create_and_then_updates(postgres_dsn: str, store: Store) -> None:
    others = [await Store.open(postgres_dsn, connections=4, keys=key_store()) for _ in range(2)]
    stores = [store, *others]
    for turn in range(10):
        outcomes = await asyncio.gather(
            *(stores[n % 3].write(change("update", "Patient", f"race{turn}", str(n))) for n in range(12)),
            return_exceptions=True,
        )
        written = [o for o in outcomes if isinstance(o, Written)]
        assert all(o.status in {409, 412} for o in outcomes if isinstance(o, OutcomeError))
        assert len(written) + sum(isinstance(o, OutcomeError) for o in outcomes) == 12
        assert sum(o.created for o in written) == 1
        assert sorted(o.vid for o in written) == list(range(1, len(written) + 1))
    for other in others:
        await other.close()


async def test_of_concurrent_updates_of_one_version_one_wins(postgres_dsn: str, store: Store) -> None:
    other = await Store.open(postgres_dsn, connections=4, keys=key_store())
    await store.write(change("update", "Patient", "p"))
    outcomes = await asyncio.gather(
        *((store, other)[n % 2].write(change("update", "Patient", "p", str(n + 10), expect=1)) for n in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(o, Written) for o in outcomes) == 1
    assert {o.status for o in outcomes if isinstance(o, OutcomeError)} == {412}
    await other.close()


async def test_reads_that_arrive_together_share_statements(store: Store) -> None:
    await asyncio.gather(*(store.write(change("create", "Observation", f"r{n}", str(n))) for n in range(50)))
    asked = 0
    read = store._read

    async def counted(*given: object) -> None:
        nonlocal asked
        asked += 1
        await read(*given)  # type: ignore[arg-type]

    store._reads._work = counted
    rows = await asyncio.gather(*(store.get("Observation", f"r{n % 60}") for n in range(200)))
    assert [row is not None for row in rows] == [n % 60 < 50 for n in range(200)]
    assert asked <= 3


async def test_a_write_is_seen_by_the_read_that_follows_it(store: Store) -> None:
    async def one(n: int) -> bool:
        await store.write(change("update", "Basic", f"w{n % 5}", str(n)))
        row = await store.get("Basic", f"w{n % 5}")
        return row is not None

    assert all(await asyncio.gather(*(one(n) for n in range(100))))


async def test_a_value_that_cannot_be_stored_fails_alone(store: Store) -> None:
    good = [store.write(change("create", "Patient", f"g{n}")) for n in range(5)]
    bad = store.write(change("create", "Patient", "bad", name="nul\x00"))
    outcomes = await asyncio.gather(*good, bad, return_exceptions=True)
    assert [isinstance(o, Written) for o in outcomes] == [True] * 5 + [False]
    assert isinstance(outcomes[-1], OutcomeError)
    assert outcomes[-1].status == 400


async def test_a_value_too_long_for_an_index_is_413(store: Store) -> None:
    long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(5_000))
    error = await refused(store.write(change("create", "Patient", "long", name=long)))
    assert (error.status, error.issues[0].key) == (413, "value-too-long")


async def test_concurrent_transactions_that_make_one_resource_end_in_409_at_worst(store: Store) -> None:
    async def put(n: int) -> int:
        try:
            async with store.begin() as transaction:
                await transaction.get("Patient", "one", lock=True)
                written = await transaction.write(change("update", "Patient", "one", str(n)))
        except OutcomeError as refusal:
            return refusal.status
        return 201 if written.created else 200

    statuses = await asyncio.gather(*(put(n) for n in range(8)))
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 409}


async def test_a_deadlock_ends_in_409_for_one_of_the_two(store: Store) -> None:
    await store.write_many([change("create", "Patient", "left"), change("create", "Patient", "right")])
    both = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> int:
        try:
            async with store.begin() as transaction:
                await transaction.get("Patient", first, lock=True)
                await both.wait()
                await transaction.get("Patient", second, lock=True)
        except OutcomeError as refusal:
            return refusal.status
        return 200

    assert sorted(await asyncio.gather(lock("left", "right"), lock("right", "left"))) == [200, 409]


async def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.begin() as transaction:
            await transaction.write_many([change("create", "Patient", "x"), change("update", "Patient", "y")])
            assert (await transaction.get("Patient", "x")) is not None
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await store.get_many([("Patient", "x"), ("Patient", "y")]) == [None, None]
    assert [r["n"] for r in await store.fetch("SELECT count(*) AS n FROM ix")] == [0]


async def test_a_transaction_refuses_one_resource_twice(store: Store) -> None:
    error = await refused(store.write_many([change("update", "Patient", "x"), change("delete", "Patient", "x")]))
    assert error.status == 400


async def test_a_locked_row_waits_for_its_holder(store: Store) -> None:
    await store.write(change("update", "Patient", "p", "0"))

    async def add_one() -> None:
        async with store.begin() as transaction:
            row = await transaction.get("Patient", "p", lock=True)
            assert row is not None
            number = int(row.tail[len(b'},"valueInteger":') : -1])
            await transaction.write(change("update", "Patient", "p", str(number + 1)))

    await asyncio.gather(*(add_one() for _ in range(20)))
    row = await store.get("Patient", "p")
    assert row is not None
    assert row.tail == tail("20")


async def test_named_locks_are_held_until_the_end(store: Store) -> None:
    order: list[str] = []

    async def hold(name: str) -> None:
        async with store.begin() as transaction:
            await transaction.lock(["b", "a"])
            order.append(f"{name} in")
            await asyncio.sleep(0.05)
            order.append(f"{name} out")

    await asyncio.gather(hold("1"), hold("2"))
    assert [step.split()[1] for step in order] == ["in", "out", "in", "out"]


async def test_the_sql_time_limit_answers_503(postgres_dsn: str) -> None:
    store = await Store.open(postgres_dsn, sql_timeout_ms=100, keys=key_store())
    error = await refused(store.fetch("SELECT pg_sleep(5)"))
    assert (error.status, error.issues[0].code) == (503, "timeout")
    assert [r["n"] for r in await store.fetch("SELECT 1 AS n FROM pg_sleep(0.2)", timeout_ms=2_000)] == [1]
    error = await refused(store.fetch("SELECT pg_sleep(5)"))
    assert error.status == 503
    async with store.begin() as transaction:
        error = await refused(transaction.fetch("SELECT pg_sleep(5)", timeout_ms=50))
    assert error.status == 503
    await store.close()


async def test_server_made_ids_carry_bucket_and_time() -> None:
    clock = Clock()
    made = [clock.new_id(bucket) for bucket in (0, 31, 32, 1023)]
    assert [keys.bucket_of(one) for one in made] == [0, 31, 32, 1023]
    assert [one[:3] for one in made] == ["00-", "0v-", "10-", "vv-"]
    assert len({clock.new_id() for _ in range(1000)}) == 1000
