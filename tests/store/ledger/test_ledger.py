"""The ledger on a real PostgreSQL: every act is there before its answer, in one order, and no change stays unseen."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from tests.conftest import key_store
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.registry import Capability, Registry
from xinglin.security import merkle
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.ledger import Act, Head, act_by, act_of
from xinglin.security.principal import Principal
from xinglin.settings import SettingsError, read
from xinglin.store.door import Door
from xinglin.store.executor import EPOCH
from xinglin.store.ledger.keeping import drop_expired
from xinglin.store.ledger.ledger import Acts
from xinglin.store.ledger.verify import Verified, verify
from xinglin.store.store import Store

DOCTOR = Principal("doc", frozenset({"physician"}), practitioner="Practitioner/1", organization="Organization/1")
STRANGER = Principal("s", frozenset({"stranger"}))
OPEN = Capability("open", Text("开", "Open"), grants=(Grant("physician", INTERACTIONS, "*"),))


@pytest.fixture
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    """A door over an empty store and an empty ledger."""
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(f"{UNGUARDED}; TRUNCATE res, hist, ix, dx, sx, qx, tx, audit, audit_leaf, audit_node,"
                             " audit_head; UPDATE audit_tree SET size = 0, peaks = '', id = 0, txid = '0', system = 0,"
                             " seen = 0")  # fmt: skip
    await connection.close()
    store = await Store.open(postgres_dsn, keys=key_store())
    yield Door(store, Registry((OPEN,)).rulebook)
    await store.close()


# What a superuser can do against the triggers.
UNGUARDED = "SET session_replication_role = replica"


async def tamper(door: Door, *statements: str) -> None:
    connection = await asyncpg.connect(door.store.dsn)
    await connection.execute(UNGUARDED)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def acts(door: Door) -> list[Act]:
    return [act_of(record["entry"]) for record in await door.store.fetch("SELECT entry FROM audit ORDER BY id")]


async def checked(door: Door, *witnessed: Head) -> Verified:
    return await verify(door.store.dsn, door.store.vault, kept_from=EPOCH, witnessed=witnessed)


def observation(patient: str, **more: object) -> bytes:
    made = {"resourceType": "Observation", "status": "final", "code": {"text": "Hb"}}
    return json.dumps(made | {"subject": {"reference": f"Patient/{patient}"}} | more).encode()


async def some(door: Door, count: int) -> None:
    """Write *count* entries, some in one transaction, as requests that come together are."""
    for begin in range(0, count, 20):
        numbers = range(begin, min(begin + 20, count))
        await asyncio.gather(*(door.event(DOCTOR, "login", detail=str(number)) for number in numbers))


async def found_by(door: Door, *kinds: str) -> None:
    """Verification finds faults of these kinds and no others."""
    found = await checked(door)
    assert {fault.kind for fault in found.faults} == set(kinds), found.faults


# -- what is written ------------------------------------------------------------------------------------------------


@pytest.mark.rule("R7-041")
async def test_a_read_is_written_with_patient_version_and_who(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    made = await fhir.create(observation("7"), type="Observation")
    await fhir.read("Observation", made.id)
    create, read = await acts(door)
    assert (create.what, create.action, read.what, read.action) == ("create", "C", "read", "R")
    for act in (create, read):
        assert act.refs == (f"Observation/{made.id}/_history/1",)
        assert act.patient == rid_of("Patient", "7")
        assert (act.who, act.role, act.practitioner, act.organization, act.purpose) == (
            "doc", "physician", "Practitioner/1", "Organization/1", "TREAT",
        )  # fmt: skip


@pytest.mark.rule("R7-034")
async def test_a_search_is_written_once_for_each_patient_without_its_values(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    for patient in ("1", "2", "2"):
        await fhir.create(observation(patient), type="Observation")
    await fhir.find("Observation", **{"code:text": "Hb", "_count": "10"})
    one, two = [act for act in await acts(door) if act.what == "search"]
    assert {one.patient, two.patient} == {rid_of("Patient", "1"), rid_of("Patient", "2")}
    assert sorted(len(act.refs) for act in (one, two)) == [1, 2]
    assert one.detail == "code:text _count"


async def test_what_is_of_several_patients_is_told_to_each(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    group = {
        "resourceType": "Appointment",
        "status": "booked",
        "participant": [{"actor": {"reference": f"Patient/{one}"}, "status": "accepted"} for one in "12"],
        "start": "2026-01-01T08:00:00Z",
        "end": "2026-01-01T09:00:00Z",
    }
    made = await fhir.create(json.dumps(group).encode(), type="Appointment")
    await fhir.read("Appointment", made.id)
    for what in ("create", "read"):
        assert {act.patient for act in await acts(door) if act.what == what} == {
            rid_of("Patient", "1"), rid_of("Patient", "2"),
        }  # fmt: skip


async def test_versions_counts_and_nothing_found_are_acts_too(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    made = await fhir.create(observation("7"), type="Observation")
    await fhir.vread("Observation", made.id, "1")
    await fhir.history("Observation", made.id)
    await fhir.count("Observation")
    await fhir.find("Patient", name="nobody")
    assert [(act.what, act.type, len(act.refs)) for act in await acts(door)][1:] == [
        ("vread", "Observation", 1),
        ("history", "Observation", 1),
        ("search", "Observation", 0),
        ("search", "Patient", 0),
    ]


async def test_updates_patches_and_deletes_name_the_version_they_make(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    made = await fhir.create(observation("7"), type="Observation")
    changed = observation("8", id=made.id)
    await fhir.update(changed, type="Observation", id=made.id)
    await fhir.update(changed, type="Observation", id=made.id)  # changes nothing
    await fhir.patch(lambda old: old | {"status": "amended"}, type="Observation", id=made.id)
    await fhir.delete("Observation", made.id)
    said = [(act.what, act.refs[0].rpartition("/")[2], act.patient) for act in await acts(door)]
    seven, eight = rid_of("Patient", "7"), rid_of("Patient", "8")
    assert said == [
        ("create", "1", seven),
        # who loses it, and who gets it
        ("update", "2", eight),
        ("update", "2", seven),
        ("update", "2", eight),
        ("patch", "3", eight),
        ("delete", "4", eight),
    ]


async def test_acts_of_a_transaction_are_there_when_and_only_when_it_is(door: Door) -> None:
    async with door.work(DOCTOR) as work:
        made = await work.fhir.create(observation("7"), type="Observation")
        await work.fhir.read("Observation", made.id)
        work.note("break-glass", patient=rid_of("Patient", "7"))
        assert await acts(door) == []
    assert [act.what for act in await acts(door)] == ["create", "read", "break-glass"]
    with pytest.raises(OutcomeError):
        await read_and_fail(door, made.id)
    assert len(await acts(door)) == 3


async def test_many_readers_share_statements_and_lose_nothing(
    door: Door, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fhir = door.auto(DOCTOR)
    made = await fhir.create(observation("7"), type="Observation")
    arrived, everybody = [], asyncio.Event()
    shown = door.store.ledger.shown

    async def counted(acts: Acts) -> None:
        arrived.append(acts)
        if len(arrived) == 300:
            everybody.set()
        await shown(acts)

    monkeypatch.setattr(door.store.ledger, "shown", counted)
    disk = await asyncpg.connect(postgres_dsn)
    async with asyncio.TaskGroup() as readers, disk.transaction():
        await disk.execute("LOCK TABLE audit IN EXCLUSIVE MODE")  # a slow one: the first statements wait for it
        for _ in range(300):
            readers.create_task(fhir.read("Observation", made.id))
        await everybody.wait()
    await disk.close()
    numbers = await door.store.fetch("SELECT count(*) AS n, count(DISTINCT txid::text) AS t FROM audit")
    assert numbers[0]["n"] == 301
    assert numbers[0]["t"] < 10


async def read_and_fail(door: Door, id: str) -> None:
    async with door.work(DOCTOR) as work:
        await work.fhir.read("Observation", id)
        await work.fhir.read("Observation", "none")


# -- when it cannot be written --------------------------------------------------------------------------------------


async def test_what_cannot_be_recorded_is_not_shown_and_not_done(door: Door) -> None:
    fhir = door.auto(DOCTOR)
    made = await fhir.create(observation("7"), type="Observation")
    await tamper(door, "ALTER TABLE audit RENAME TO away")
    try:
        for call in (
            fhir.read("Observation", made.id),
            fhir.find("Observation"),
            fhir.create(observation("8"), type="Observation"),
            fhir.update(observation("9", id=made.id), type="Observation", id=made.id),
            fhir.delete("Observation", made.id),
        ):
            with pytest.raises(OutcomeError) as refused:
                await call
            assert refused.value.status == 503
        with pytest.raises(OutcomeError) as refused:
            async with door.work(DOCTOR) as work:
                await work.fhir.create(observation("8"), type="Observation")
        assert refused.value.status == 503
    finally:
        await tamper(door, "ALTER TABLE away RENAME TO audit")
    [row] = (await fhir.find("Observation")).matches
    assert (row.id, row.vid) == (made.id, 1)


async def test_a_month_without_a_partition_loses_nothing(door: Door) -> None:
    await door.store.ledger.event(act_by(DOCTOR, EPOCH, "login"))
    [record] = await door.store.fetch("SELECT tableoid::regclass::text AS place FROM audit")
    assert record["place"] == "audit_rest"


async def test_months_lie_in_partitions_of_their_own(door: Door) -> None:
    await some(door, 1)
    [record] = await door.store.fetch("SELECT tableoid::regclass::text AS place FROM audit")
    assert record["place"] == f"audit_{door.clock.now():%Y%m}"


@pytest.mark.parametrize("table", ["audit", "audit_leaf", "audit_node", "audit_head"])
async def test_the_tables_only_grow(door: Door, table: str) -> None:
    await some(door, 1)
    await door.store.sequencer.head()
    connection = await asyncpg.connect(door.store.dsn)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {COLUMN[table]}", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    await connection.close()


COLUMN = {"audit": "who = 'x'", "audit_leaf": "at = now()", "audit_node": "place = 1", "audit_head": "at = now()"}


# -- order and proofs -----------------------------------------------------------------------------------------------


async def test_entries_are_ordered_proved_and_verified(door: Door) -> None:
    await some(door, 40)
    assert await door.store.sequencer.sequence(most=7) == 40
    head = await door.store.sequencer.head()
    assert (head.size, head.root) == (40, merkle.root_of([merkle.leaf_hash(entry) for entry in await entries(door)]))
    assert door.store.vault.verify("audit", head.text(), head.signature)
    for index, record in enumerate(await door.store.fetch("SELECT id, entry FROM audit ORDER BY txid, id")):
        proof = await door.store.proofs.inclusion(record["id"])
        assert (proof.index, proof.leaf) == (index, merkle.leaf_hash(record["entry"]))
        assert merkle.included(proof.leaf, index, 40, proof.path, head.root)
    await some(door, 3)
    later = await door.store.sequencer.head()
    proved = await door.store.proofs.consistency(40)
    assert merkle.consistent(40, head.root, 43, later.root, proved.path)
    found = await checked(door, head)
    assert (found.faults, found.entries, found.heads, found.root) == ([], 43, 2, later.root)


async def entries(door: Door) -> list[bytes]:
    return [record["entry"] for record in await door.store.fetch("SELECT entry FROM audit ORDER BY txid, id")]


async def test_proofs_of_a_large_tree_are_made_from_stored_nodes(door: Door) -> None:
    # 66,000 leaves: two levels of stored nodes
    at = door.clock.now()
    for _ in range(6):
        async with door.store.begin() as transaction:
            transaction.note(act_by(DOCTOR, at, "login", detail=str(number)) for number in range(11_000))
    assert await door.store.sequencer.sequence(most=20_000) == 66_000
    head = await door.store.sequencer.head()
    levels = await door.store.fetch("SELECT level, count(*) AS n FROM audit_node GROUP BY 1 ORDER BY 1")
    assert [(record["level"], record["n"]) for record in levels] == [(8, 257), (16, 1)]
    for place in (0, 255, 256, 40_000, 65_535, 65_536, 65_999):
        [record] = await door.store.fetch("SELECT id FROM audit ORDER BY txid, id OFFSET $1 LIMIT 1", place)
        proof = await door.store.proofs.inclusion(record["id"])
        assert proof.index == place
        assert merkle.included(proof.leaf, place, head.size, proof.path, head.root)
    for first in (1, 256, 65_536, 65_537, 66_000):
        proved = await door.store.proofs.consistency(first)
        assert merkle.consistent(first, proved.first_root, proved.second, head.root, proved.path)


async def test_an_entry_of_a_transaction_that_still_runs_keeps_the_later_ones_waiting(door: Door) -> None:
    await some(door, 1)
    async with door.store.begin() as slow:
        slow.note([act_by(DOCTOR, slow.now, "login", detail="slow")])
        await slow.settle()
        await some(door, 2)
        assert await door.store.sequencer.sequence() == 1
    assert await door.store.sequencer.sequence() == 3
    assert (await checked(door)).faults == []


async def test_one_sequencer_works_at_a_time(door: Door) -> None:
    await some(door, 300)
    taken = await asyncio.gather(*(door.store.sequencer.sequence(most=10) for _ in range(4)))
    assert sum(taken) + await door.store.sequencer.sequence() == 300
    assert (await checked(door)).faults == []


async def test_a_restored_database_goes_on_where_it_was(door: Door) -> None:
    await some(door, 20)
    head = await door.store.sequencer.head()
    await some(door, 5)
    # As pg_restore leaves it: another cluster, whose transaction numbers are below and above those in the rows.
    await tamper(door, "UPDATE audit_tree SET system = 1",
                 "UPDATE audit SET txid = (txid::text::int8 + 12)::text::xid8 WHERE id IN "
                 "(SELECT id FROM audit ORDER BY id LIMIT 10)")  # fmt: skip
    await door.store.sequencer.sequence(most=3)
    await some(door, 30)
    assert await door.store.sequencer.sequence(most=4) == 30
    found = await checked(door, head)
    assert (found.faults, found.entries) == ([], 55)


# -- tampering ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def full(door: Door) -> Door:
    """Six hundred entries under several heads."""
    for _ in range(3):
        await some(door, 200)
        await door.store.sequencer.head()
    return door


NTH = "(SELECT id FROM audit ORDER BY txid, id OFFSET {} LIMIT 1)"


async def nth(door: Door, number: int) -> int:
    [record] = await door.store.fetch(NTH.format(number).strip("()"))
    found: int = record["id"]
    return found


@pytest.mark.rule("R7-041")
async def test_a_flipped_byte_is_found_and_its_entry_named(full: Door) -> None:
    await tamper(
        full, f"UPDATE audit SET entry = set_byte(entry, 9, get_byte(entry, 9) # 1) WHERE id = {NTH.format(77)}"
    )
    [fault] = (await checked(full)).faults
    assert (fault.kind, fault.entry) == ("changed", await nth(full, 77))


@pytest.mark.parametrize("change", ["who = 'x'", "patient = 7", "what = 'read'", "outcome = '8'", "rt = 9"])
async def test_a_changed_column_is_found_and_its_entry_named(full: Door, change: str) -> None:
    await tamper(full, f"UPDATE audit SET {change} WHERE id = {NTH.format(5)}")
    [fault] = (await checked(full)).faults
    assert (fault.kind, fault.entry) == ("changed", await nth(full, 5))


async def test_a_dropped_row_is_found_and_named(full: Door) -> None:
    lost = await nth(full, 300)
    await tamper(full, f"DELETE FROM audit WHERE id = {lost}")
    [fault] = (await checked(full)).faults
    assert (fault.kind, fault.entry) == ("removed", lost)


async def test_two_swapped_entries_are_found_and_named(full: Door) -> None:
    one, two = await nth(full, 10), await nth(full, 20)
    await tamper(full, f"UPDATE audit a SET entry = b.entry FROM audit b WHERE a.id IN ({one}, {two})"
                 f" AND b.id = {one} + {two} - a.id")  # fmt: skip
    faults = (await checked(full)).faults
    assert {(fault.kind, fault.entry) for fault in faults} == {("changed", one), ("changed", two)}


async def test_two_swapped_leaves_are_found(full: Door) -> None:
    hashes = "substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65)"
    await tamper(
        full, f"UPDATE audit_leaf SET ids = ARRAY[ids[2], ids[1]] || ids[3:], hashes = {hashes} WHERE first = 0"
    )
    faults = (await checked(full)).faults
    assert {fault.kind for fault in faults} == {"reordered", "head", "tree"}
    assert await nth(full, 0) in {fault.entry for fault in faults}


async def test_an_inserted_entry_is_found_and_named(full: Door) -> None:
    columns = "bucket, id + 1048576, txid, who, patient, what, action, outcome, rt, entry"
    await tamper(full, f"INSERT INTO audit SELECT {columns} FROM audit WHERE id = {NTH.format(50)}")
    [fault] = (await checked(full)).faults
    assert (fault.kind, fault.entry) == ("inserted", await nth(full, 50) + 1048576)


async def test_a_second_entry_under_one_id_is_found(full: Door) -> None:
    await tamper(full, f"INSERT INTO audit SELECT * FROM audit WHERE id = {NTH.format(50)}")
    faults = (await checked(full)).faults
    assert ("inserted", await nth(full, 50)) in {(fault.kind, fault.entry) for fault in faults}


async def test_an_entry_changed_together_with_its_leaf_is_narrowed_down(full: Door) -> None:
    entry = (await entries(full))[300].replace(b'"doc"', b'"dog"')
    [leaf] = await full.store.fetch("SELECT first, hashes FROM audit_leaf WHERE first <= 300 AND last >= 300")
    place = (300 - leaf["first"]) * 32
    hashes = leaf["hashes"][:place] + merkle.leaf_hash(entry) + leaf["hashes"][place + 32 :]
    await tamper(full, f"UPDATE audit SET who = 'dog', entry = '\\x{entry.hex()}' WHERE id = {NTH.format(300)}",
                 f"UPDATE audit_leaf SET hashes = '\\x{hashes.hex()}' WHERE first = {leaf['first']}")  # fmt: skip
    faults = (await checked(full)).faults
    assert {fault.kind for fault in faults} == {"tree", "head"}
    assert "256 to" in faults[0].text or "200 to" in faults[0].text


async def test_a_backdated_entry_is_found(full: Door) -> None:
    await full.store.ledger.event(act_by(DOCTOR, full.clock.now() - timedelta(hours=1), "login"))
    await full.store.sequencer.head()
    [fault] = (await checked(full)).faults
    assert fault.kind == "backdated"


async def test_a_head_signed_by_another_is_found(full: Door) -> None:
    await tamper(full, "UPDATE audit_head SET signature = set_byte(signature, 20, get_byte(signature, 20) # 1)"
                 " WHERE size = 400")  # fmt: skip
    await found_by(full, "head")


async def test_a_log_cut_short_and_made_anew_is_found_by_a_witnessed_head(full: Door) -> None:
    witnessed = await full.store.sequencer.head()
    kept = await full.store.fetch("SELECT size, peaks FROM audit_tree")
    assert kept[0]["size"] == witnessed.size == 600
    # The tree of 400, as it was: its leaves, heads and state, and no trace of what came later.
    tree = merkle.Frontier()
    for leaf in [merkle.leaf_hash(entry) for entry in (await entries(full))[:400]]:
        tree.append(leaf)
    peaks = b"".join(tree.peaks).hex()
    last = "txid = (SELECT max(txid::text::int8)::text::xid8 FROM audit), id = (SELECT max(id) FROM audit)"
    await tamper(full, f"DELETE FROM audit WHERE id > {NTH.format(399)}", "DELETE FROM audit_leaf WHERE first >= 400",
                 "DELETE FROM audit_node WHERE level = 8 AND place >= 1", "DELETE FROM audit_head WHERE size > 400",
                 f"UPDATE audit_tree SET size = 400, peaks = '\\x{peaks}', {last}")  # fmt: skip
    await found_by(full)  # by itself the shorter log is sound
    faults = (await checked(full, witnessed)).faults
    assert [fault.kind for fault in faults] == ["truncated"]
    await some(full, 250)
    await full.store.sequencer.head()
    faults = (await checked(full, witnessed)).faults
    assert [fault.kind for fault in faults] == ["head"]


async def test_lost_leaves_nodes_and_heads_are_found(full: Door) -> None:
    await tamper(full, "DELETE FROM audit_node WHERE place = 0")
    await found_by(full, "tree")
    await tamper(full, "DELETE FROM audit_leaf WHERE first = (SELECT max(first) FROM audit_leaf)")
    assert {"truncated", "inserted"} <= {fault.kind for fault in (await checked(full)).faults}


# -- keeping --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R7-015", "A9-06")
async def test_expired_months_go_and_the_tree_still_verifies(full: Door) -> None:
    months = "SELECT array_agg(relid::text ORDER BY relid::text) FROM pg_partition_tree('audit') WHERE isleaf"
    connection = await asyncpg.connect(full.store.dsn)
    last_month = full.clock.now().replace(day=1) - timedelta(days=2)
    await connection.execute("SELECT audit_month($1)", last_month)
    await full.store.ledger.event(act_by(DOCTOR, last_month, "login"))
    await full.store.sequencer.head()
    name = f"audit_{last_month:%Y%m}"
    assert name in await connection.fetchval(months)
    assert await drop_expired(connection, full.clock.now(), days=40) == ()
    assert await drop_expired(connection, full.clock.now() + timedelta(days=35), days=34) == (name,)
    assert name not in await connection.fetchval(months)
    found = await verify(full.store.dsn, full.store.vault, kept_from=last_month + timedelta(days=1))
    assert (found.faults, found.expired, found.entries) == ([], 1, 601)
    # Gone before its time, it would be missed.
    [fault] = (await checked(full)).faults
    assert fault.kind == "removed"
    await connection.close()


@pytest.mark.rule("R7-015", "A9-06")
def test_less_than_the_law_asks_is_refused() -> None:
    with pytest.raises(SettingsError, match="XINGLIN_AUDIT_DAYS"):
        read({"XINGLIN_AUDIT_DAYS": "183"})
    assert read({"XINGLIN_AUDIT_DAYS": "184"}).audit_days == 184


async def test_entries_get_their_place_beside_the_work(door: Door) -> None:
    async with door.store.sequencer.running(interval_ms=50, head_seconds=1, days=200):
        await some(door, 5)
        for _ in range(100):
            await asyncio.sleep(0.05)
            [tree] = await door.store.fetch("SELECT size, (SELECT max(size) FROM audit_head) AS head FROM audit_tree")
            if (tree["size"], tree["head"]) == (5, 5):
                break
    assert (tree["size"], tree["head"]) == (5, 5)


# -- sessions -------------------------------------------------------------------------------------------------------


async def signed_in(door: Door) -> Principal:
    """Somebody with a session in the table of sessions."""
    id = door.clock.new_id(5)
    columns = "bucket, id, account, role, purpose, token, strong, created, seen, expires, until"
    await tamper(door, f"INSERT INTO session ({columns}) VALUES"
                 f" (5, '{id}', 'doc', 'physician', 'TREAT', '', true, now(), now(), now(), now())")  # fmt: skip
    return replace(DOCTOR, session=id)


@pytest.mark.rule("R7-041")
async def test_a_session_that_ends_while_its_request_runs_is_shown_nothing(door: Door) -> None:
    who = await signed_in(door)
    fhir = door.auto(who)
    made = await fhir.create(observation("7"), type="Observation")
    await fhir.read("Observation", made.id)
    assert [act.session for act in await acts(door)] == [who.session] * 2
    await tamper(door, f"UPDATE session SET ended = now() WHERE id = '{who.session}'")
    for call in (
        fhir.read("Observation", made.id),
        fhir.find("Observation"),
        fhir.create(observation("8"), type="Observation"),
        in_a_transaction(door, who),
    ):
        with pytest.raises(OutcomeError) as refused:
            await call
        assert (refused.value.status, refused.value.issues[0].key) == (401, "session-ended")
    assert len(await acts(door)) == 2
    # others in the same statement are answered
    both = [door.auto(one).read("Observation", made.id) for one in (who, DOCTOR, who, DOCTOR)]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert [isinstance(answer, OutcomeError) for answer in answers] == [True, False, True, False]
    assert len((await door.auto(DOCTOR).find("Observation")).matches) == 1


async def in_a_transaction(door: Door, who: Principal) -> None:
    async with door.work(who) as work:
        await work.fhir.create(observation("8"), type="Observation")
