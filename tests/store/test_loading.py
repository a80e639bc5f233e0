"""Loading files into a real store, by processes of its own."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import key_store
from xinglin.capabilities.duplicates import contract
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.persons import MERGED, SURVIVOR
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.ledger import act_of
from xinglin.security.principal import SYSTEM, Principal
from xinglin.security.relations import TASK_CODES
from xinglin.store import crew, merging
from xinglin.store.backup import BackupFailure, backup, restore
from xinglin.store.consistency import Fault, check
from xinglin.store.door import Door, Fhir
from xinglin.store.dumping import dump
from xinglin.store.embedded import Server, programs
from xinglin.store.loading import Refusal
from xinglin.store.migrate import migrate
from xinglin.store.rebuild import build, put_aside
from xinglin.store.rulebook import Rulebook
from xinglin.store.sources import Sources
from xinglin.store.store import Store

NUMBER = 1_300  # more than one batch for each process


def rules() -> Rulebook:
    return Rulebook(grants=(Grant("system", INTERACTIONS, "*"), Grant("team", frozenset({"create"}), "Patient")))


@pytest.fixture
async def empty(postgres_server: Server, postgres_template: str) -> str:
    """Address of a migrated database without records, for one test."""
    return await made(postgres_server, "t_load", postgres_template)


async def made(server: Server, name: str, template: str | None = None) -> str:
    import asyncpg

    connection = await asyncpg.connect(server.address("postgres"))
    await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    await connection.close()
    return server.address(name)


async def load(
    dsn: str, *paths: Path, principal: Principal = SYSTEM, stop_after: int | None = None, processes: int = 0
) -> tuple[crew.Progress, list[Refusal]]:
    """Load in a thread, as the command does without an event loop; stop_after: break off when so many are done."""
    refused: list[Refusal] = []
    last = crew.Progress()

    def run() -> None:
        nonlocal last
        task = crew.Task(dsn, rules, principal, keys=key_store)
        steps = crew.load(Sources(paths), task, processes=processes, refuse=refused.append)
        for last in steps:
            if stop_after is not None and last.done >= stop_after:
                steps.close()  # type: ignore[attr-defined]  # a generator
                return

    await asyncio.to_thread(run)
    return last, refused


def observation(number: int, **more: object) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/p{number % 10}"},
        "valueQuantity": {"value": number, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    } | more


def ndjson(file: Path, *resources: object) -> Path:
    file.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    return file


def many(file: Path) -> Path:
    return ndjson(file, *(observation(n) for n in range(NUMBER)))


async def opened(dsn: str) -> Fhir:
    return Door(await Store.open(dsn, keys=key_store()), rules()).auto(SYSTEM)


async def faults(dsn: str) -> list[Fault]:
    heard: list[Fault] = []
    store = await Store.open(dsn, keys=key_store())
    await check(store, heard.append)
    await store.close()
    return heard


def counts(progress: crew.Progress) -> tuple[int, int, int, int]:
    return progress.created, progress.updated, progress.unchanged, progress.refused


async def test_what_is_loaded_is_found_and_a_repeat_writes_nothing(empty: str, tmp_path: Path) -> None:
    file = many(tmp_path / "a.ndjson")
    first, _ = await load(empty, file, processes=2)
    assert counts(first) == (NUMBER, 0, 0, 0)
    again, _ = await load(empty, file)
    assert counts(again) == (0, 0, NUMBER, 0)
    fhir = await opened(empty)
    assert await fhir.count("Observation", patient="Patient/p3", code="http://loinc.org|8867-4") == NUMBER // 10
    await fhir.door.store.close()
    assert await faults(empty) == []


async def test_a_load_that_was_stopped_goes_on_without_duplicates(empty: str, tmp_path: Path) -> None:
    file = many(tmp_path / "a.ndjson")
    stopped, _ = await load(empty, file, stop_after=1, processes=2)
    assert 0 < stopped.created < NUMBER
    rest, _ = await load(empty, file)
    assert rest.created + rest.unchanged == NUMBER
    assert rest.unchanged >= stopped.created
    assert await faults(empty) == []


async def test_what_differs_becomes_the_next_version(empty: str, tmp_path: Path) -> None:
    await load(empty, ndjson(tmp_path / "a.ndjson", observation(1), observation(2)))
    changed, _ = await load(empty, ndjson(tmp_path / "a.ndjson", observation(1, status="amended"), observation(2)))
    assert counts(changed) == (0, 1, 1, 0)
    fhir = await opened(empty)
    assert (await fhir.read("Observation", "o1")).vid == 2
    await fhir.door.store.close()


async def test_the_same_resource_twice_in_one_load_ends_as_the_last(empty: str, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "a.ndjson", observation(1), observation(1), observation(1, status="amended"))
    loaded, _ = await load(empty, file)
    assert loaded.created == 1
    assert loaded.done == 3
    fhir = await opened(empty)
    assert json.loads((await fhir.read("Observation", "o1")).body())["status"] == "amended"
    await fhir.door.store.close()


async def test_what_comes_again_in_another_batch_is_there_once(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "BATCH_ITEMS", 2)
    file = ndjson(tmp_path / "a.ndjson", *(observation(n) for n in (1, 2, 3)), observation(1, status="amended"))
    loaded, _ = await load(empty, file)
    assert counts(loaded) == (3, 1, 0, 0)
    assert await faults(empty) == []


async def test_what_is_refused_is_told_with_its_place_and_the_rest_is_loaded(empty: str, tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson"
    lines = [observation(1), observation(2, status="finished"), {"resourceType": "Nonsense"}, observation(3)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + "{\n")
    loaded, refused = await load(empty, file)
    assert counts(loaded) == (2, 0, 0, 3)
    assert sorted(one.line for one in refused) == [2, 3, 5]
    told = json.loads(next(one for one in refused if one.line == 2).as_json())
    assert told["source"] == str(file)
    assert told["outcome"]["issue"][0]["expression"] == ["Observation.status"]


async def test_a_resource_without_id_gets_the_same_one_each_time(empty: str, tmp_path: Path) -> None:
    bare = {name: value for name, value in observation(7).items() if name != "id"}
    file = ndjson(tmp_path / "a.ndjson", bare, bare)
    first, _ = await load(empty, file)
    again, _ = await load(empty, file)
    assert (counts(first), counts(again)) == ((2, 0, 0, 0), (0, 0, 2, 0))


async def test_conditional_references_are_resolved_whatever_the_order(empty: str, tmp_path: Path) -> None:
    sought = {"reference": "Practitioner?identifier=urn:n|7"}
    missing = {"reference": "Practitioner?identifier=urn:n|8"}
    file = ndjson(
        tmp_path / "a.ndjson",
        observation(1, performer=[sought]),
        observation(2, performer=[missing]),
        {"resourceType": "Practitioner", "id": "d7", "identifier": [{"system": "urn:n", "value": "7"}]},
    )
    loaded, refused = await load(empty, file)
    assert counts(loaded) == (2, 0, 0, 1)
    assert [(one.line, one.issues[0].key) for one in refused] == [(2, "reference-without-target")]
    fhir = await opened(empty)
    assert json.loads((await fhir.read("Observation", "o1")).body())["performer"] == [{"reference": "Practitioner/d7"}]
    await fhir.door.store.close()


async def test_who_has_no_grant_loads_nothing(empty: str, tmp_path: Path) -> None:
    loaded, refused = await load(
        empty, ndjson(tmp_path / "a.ndjson", observation(1)), principal=Principal("x", frozenset({"team"}))
    )
    assert counts(loaded) == (0, 0, 0, 1)
    assert refused[0].issues[0].code == "forbidden"


async def test_a_database_that_is_away_ends_the_load(tmp_path: Path) -> None:
    with pytest.raises(crew.LoadFailure):
        await load("postgresql://postgres@/none?host=/nowhere", ndjson(tmp_path / "a.ndjson", observation(1)))


async def test_indexes_that_were_put_aside_are_built_as_they_were(empty: str) -> None:
    before = await indexes(empty)
    assert await put_aside(empty)
    assert len(await indexes(empty)) < len(before)
    assert len(await build(empty)) == len(before) - len([one for one in before if "UNIQUE" in one])
    assert await indexes(empty) == before
    assert await build(empty) == ()


async def test_a_store_with_records_keeps_its_indexes(empty: str, tmp_path: Path) -> None:
    await load(empty, ndjson(tmp_path / "a.ndjson", observation(1)))
    before = await indexes(empty)
    assert not await put_aside(empty)
    assert await indexes(empty) == before


async def indexes(dsn: str) -> list[str]:
    store = await Store.open(dsn, keys=key_store())
    tables = ["res", "ix", "dx", "sx", "qx", "tx"]
    found = await store.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = ANY ($1) ORDER BY 1", tables)
    await store.close()
    return [record["indexdef"] for record in found]


async def test_a_dump_loads_into_another_store_as_it_was(
    empty: str, postgres_server: Server, postgres_template: str, tmp_path: Path
) -> None:
    await load(
        empty, many(tmp_path / "a.ndjson"), ndjson(tmp_path / "p.ndjson", {"resourceType": "Patient", "id": "p1"})
    )
    fhir = await opened(empty)
    written = {type_: count async for type_, count in dump(fhir, tmp_path / "dumped")}
    assert written == {"Observation": NUMBER, "Patient": 1}
    other = await made(postgres_server, "t_load_other", postgres_template)
    loaded, _ = await load(other, tmp_path / "dumped")
    assert counts(loaded) == (NUMBER + 1, 0, 0, 0)
    there = await opened(other)
    assert (await there.read("Observation", "o5")).tail == (await fhir.read("Observation", "o5")).tail
    await fhir.door.store.close()
    await there.door.store.close()


async def test_only_who_may_read_everything_dumps(empty: str, tmp_path: Path) -> None:
    fhir = await opened(empty)
    with pytest.raises(OutcomeError, match="forbidden"):
        async for _ in dump(fhir.door.auto(Principal("x", frozenset({"team"}))), tmp_path / "dumped"):
            pass
    await fhir.door.store.close()


async def answers(dsn: str) -> list[list[bytes]]:
    """Ask a few searches and a history, and give the bodies in order."""
    fhir = await opened(dsn)
    pages = [
        await fhir.find("Observation", patient="Patient/p4", _sort="-_lastUpdated", _count="1000"),
        await fhir.find("Observation", **{"value-quantity": "gt1200", "_count": "1000", "_sort": "_id"}),
        await fhir.find("Patient", **{"_has:Observation:patient:code": "8867-4"}),
    ]
    versions = await fhir.history("Observation", "o1")
    await fhir.door.store.close()
    return [[row.body() for row in page.matches] for page in pages] + [[row.body() for row in versions.rows]]


async def test_a_restored_store_answers_the_same(empty: str, postgres_server: Server, tmp_path: Path) -> None:
    patients = [{"resourceType": "Patient", "id": f"p{n}"} for n in range(10)]
    await load(empty, many(tmp_path / "a.ndjson"), ndjson(tmp_path / "p.ndjson", *patients))
    await load(empty, ndjson(tmp_path / "b.ndjson", observation(1, status="amended")))
    file = tmp_path / "backup"
    await asyncio.to_thread(partial(backup, empty, programs(), file))
    bare = await made(postgres_server, "t_load_bare")
    await restore(bare, programs(), file)
    await migrate(bare)
    expected = await answers(empty)
    assert [len(found) for found in expected] == [NUMBER // 10, NUMBER - 1201, 10, 2]
    assert await answers(bare) == expected
    assert await faults(bare) == []
    with pytest.raises(BackupFailure, match="--replace"):
        await restore(bare, programs(), file)
    await restore(bare, programs(), file, replace=True)
    assert await answers(bare) == expected


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackupFailure, match="pg_dump"):
        backup("postgresql://postgres@/none?host=/nowhere", programs(), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


async def test_a_load_is_written_into_the_ledger_batch_by_batch(empty: str, tmp_path: Path) -> None:
    await load(empty, many(tmp_path / "a.ndjson"), processes=2)
    fhir = await opened(empty)
    records = await fhir.executor.fetch("SELECT entry FROM audit WHERE what = 'load' ORDER BY id")
    acts = [act_of(record["entry"]) for record in records]
    assert {(act.who, act.action, act.patient) for act in acts} == {("system", "C", None)}
    assert sum(int(act.detail.removeprefix("Observation:")) for act in acts) == NUMBER
    assert all(len(act.refs) <= 2 for act in acts)
    assert not await fhir.executor.fetch("SELECT FROM audit WHERE what = 'create'")
    await fhir.door.store.close()


async def test_merges_come_with_a_dump(postgres_dsn: str, empty: str, tmp_path: Path) -> None:
    def observation(id: str, whose: str) -> dict[str, object]:
        code = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
        subject = {"reference": f"Patient/{whose}"}
        return {"resourceType": "Observation", "id": id, "status": "final", "code": code, "subject": subject}

    outputs = [
        {"type": {"text": text}, "valueReference": {"reference": f"Patient/{id}"}}
        for text, id in ((MERGED, "old"), (SURVIVOR, "new"))
    ]
    documents = [
        {"resourceType": "Patient", "id": "old"},
        {"resourceType": "Patient", "id": "new"},
        observation("o1", "old"),
        observation("o2", "new"),
        {
            "resourceType": "Task",
            "id": "t",
            "status": "completed",
            "intent": "order",
            "output": outputs,
            "code": {"coding": [{"system": TASK_CODES, "code": merging.CANDIDATE}]},
            "note": [{"text": "saw the card", "authorString": "desk"}],
        },
    ]
    file = tmp_path / "dump.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in documents))
    progress, refused = await load(empty, file)
    assert (progress.created, refused) == (len(documents), [])
    await load(empty, file)
    store = await Store.open(empty, keys=key_store())
    try:
        (one,) = await merging.merges(store, count=5)
        assert (one.source, one.target, one.task, one.by, one.reason) == (
            *("old", "new", "Task/t"),
            *("desk", "saw the card"),
        )
        fhir = Door(store, rules()).auto(SYSTEM)
        for name in ("old", "new"):
            assert {row.id for row in (await fhir.find("Observation", patient=name)).matches} == {"o1", "o2"}
        faults: list[Fault] = []
        await check(store, faults.append)
        assert faults == []
    finally:
        await store.close()


async def test_the_code_of_a_candidate_is_that_of_the_desk() -> None:
    assert (contract.DUPLICATE, contract.TASK_CODES) == (merging.CANDIDATE, TASK_CODES)
