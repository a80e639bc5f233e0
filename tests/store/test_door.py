"""The door: deny by default, reach before the limit, profiles, invariants, operations and jobs, on real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from tests.conftest import key_store
from tests.errands import contract
from tests.errands.capability import declare
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.registry import Registry
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.store.orders import Order
from xinglin.store.store import Store

DISPATCHER = Principal("d", frozenset({"dispatcher"}))
RUNNER = Principal("r", frozenset({"runner"}), practitioner="Practitioner/1")
RESIDENT = Principal("p", frozenset({"resident"}), patient="Patient/1")
STRANGER = Principal("s", frozenset({"stranger"}))


@pytest.fixture
async def door(postgres_dsn: str) -> AsyncIterator[Door]:
    """A door over an empty store."""
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("TRUNCATE res, hist, ix, dx, sx, qx, tx, procrastinate_jobs CASCADE")
    await connection.close()
    store = await Store.open(postgres_dsn, keys=key_store())
    yield Door(store, Registry((declare(),)).rulebook)
    await store.close()


def errand(*, patient: str = "Patient/1", owner: str | None = None, status: str = "requested", **more: object) -> bytes:
    code = {"coding": [{"system": contract.KINDS.system, "code": "fetch"}]}
    made: dict[str, object] = {
        "resourceType": "Task",
        "meta": {"profile": [contract.ERRAND.url]},
        "status": status,
        "intent": "order",
        "code": code,
        "for": {"reference": patient},
    }
    if owner:
        made["owner"] = {"reference": owner}
    return json.dumps(made | more).encode()


async def found(door: Door, who: Principal, **parameters: str) -> set[str]:
    return {row.id for row in (await door.auto(who).find("Task", **parameters)).matches}


async def refused(status: int, call: object) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        await call  # type: ignore[misc]
    assert error.value.status == status
    return error.value


async def test_a_created_resource_is_read_as_it_was_sent(door: Door) -> None:
    fhir = door.auto(DISPATCHER)
    written = await fhir.create(errand(priority="urgent"), type="Task")
    row = await fhir.read("Task", written.id)
    document = json.loads(row.body())
    assert (written.vid, document["meta"]["versionId"], document["priority"]) == (1, "1", "urgent")


async def test_who_has_no_grant_is_denied_everything(door: Door) -> None:
    written = await door.auto(DISPATCHER).create(errand(), type="Task")
    stranger = door.auto(STRANGER)
    await refused(404, stranger.read("Task", written.id))
    await refused(404, stranger.vread("Task", written.id, "1"))
    await refused(404, stranger.history("Task", written.id))
    await refused(403, stranger.find("Task"))
    await refused(403, stranger.create(errand(), type="Task"))
    await refused(403, stranger.update(errand(id=written.id), type="Task", id=written.id))
    await refused(403, stranger.delete("Task", written.id))
    await refused(403, stranger.patch(lambda document: document, type="Task", id=written.id))
    await refused(403, stranger.operate(contract.CLAIM, contract.Claim(written.id, "Practitioner/1")))


async def test_what_is_not_yours_looks_like_what_is_not_there(door: Door) -> None:
    written = await door.auto(DISPATCHER).create(errand(patient="Patient/2"), type="Task")
    hidden = await refused(404, door.auto(RESIDENT).read("Task", written.id))
    missing = await refused(404, door.auto(RESIDENT).read("Task", "none"))
    assert hidden.issues[0].text.replace(written.id, "none") == missing.issues[0].text


async def test_a_search_reaches_no_further_than_the_grant(door: Door) -> None:
    dispatcher = door.auto(DISPATCHER)
    mine = (await dispatcher.create(errand(patient="Patient/1"), type="Task")).id
    other = (await dispatcher.create(errand(patient="Patient/2"), type="Task")).id
    assert await found(door, DISPATCHER) == {mine, other}
    assert await found(door, RESIDENT) == {mine}
    assert await found(door, RESIDENT, patient="Patient/2") == set()
    assert await found(door, RESIDENT, **{"status:not": "ready", "patient": "Patient/2"}) == set()
    assert await door.auto(RESIDENT).count("Task") == 1


async def test_the_limit_counts_only_what_is_reached(door: Door) -> None:
    dispatcher = door.auto(DISPATCHER)
    mine = (await dispatcher.create(errand(patient="Patient/1"), type="Task")).id
    for _ in range(5):
        await dispatcher.create(errand(patient="Patient/2"), type="Task")
    assert await found(door, RESIDENT, _count="1") == {mine}


async def test_includes_and_chains_show_only_what_is_reached(door: Door) -> None:
    dispatcher = door.auto(DISPATCHER)
    for number in ("1", "2"):
        patient = {"resourceType": "Patient", "id": number, "name": [{"family": f"F{number}"}]}
        await dispatcher.update(json.dumps(patient).encode(), type="Patient", id=number)
    mine = (await dispatcher.create(errand(patient="Patient/1", requester={"reference": "Patient/2"}), type="Task")).id
    page = await door.auto(RESIDENT).search(
        parse("Task", [("_include", "Task:requester"), ("_include", "Task:patient")], strict=True, base_url="")
    )
    assert {row.id for row in page.included} == {"1"}
    assert await found(door, RESIDENT, **{"requester:Patient.family": "F2"}) == set()
    assert await found(door, DISPATCHER, **{"requester:Patient.family": "F2"}) == {mine}


async def test_history_of_the_type_shows_only_what_is_reached(door: Door) -> None:
    dispatcher = door.auto(DISPATCHER)
    mine = (await dispatcher.create(errand(patient="Patient/1"), type="Task")).id
    await dispatcher.create(errand(patient="Patient/2"), type="Task")
    page = await door.auto(RESIDENT).history("Task")
    assert {row.id for row in page.rows} == {mine}
    assert {row.id for row in (await door.auto(RESIDENT).history()).rows} == {mine}


async def test_a_write_must_lie_in_the_reach_before_and_after(door: Door) -> None:
    runner = door.auto(RUNNER)
    own = await runner.create(errand(owner="Practitioner/1"), type="Task")
    await refused(403, runner.create(errand(owner="Practitioner/2"), type="Task"))
    await refused(403, runner.update(errand(owner="Practitioner/2", id=own.id), type="Task", id=own.id))
    assert (await runner.read("Task", own.id)).vid == 1
    other = await door.auto(DISPATCHER).create(errand(owner="Practitioner/2"), type="Task")
    await refused(404, runner.update(errand(owner="Practitioner/1", id=other.id), type="Task", id=other.id))
    # as of what never was: it finds nothing, and a version that is named does not match
    assert (await runner.delete("Task", other.id)).vid == 0
    hidden = await refused(412, runner.delete("Task", other.id, if_match=1))
    assert "no version" in (hidden.issues[0].text or "")
    assert (await door.auto(DISPATCHER).read("Task", other.id)).vid == 1


async def test_a_claimed_profile_is_checked(door: Door) -> None:
    without = json.loads(errand())
    del without["for"]
    without["code"] = {"coding": [{"system": contract.KINDS.system, "code": "fly"}]}
    error = await refused(400, door.auto(DISPATCHER).create(json.dumps(without).encode(), type="Task"))
    assert {issue.where for issue in error.issues} == {"Task.for", "Task.code"}
    del without["meta"]
    await door.auto(DISPATCHER).create(json.dumps(without).encode(), type="Task")


async def test_an_invariant_guards_every_writer(door: Door) -> None:
    fhir = door.auto(DISPATCHER)
    done = await fhir.create(errand(status="completed"), type="Task")
    await refused(422, fhir.update(errand(id=done.id), type="Task", id=done.id))
    await refused(422, fhir.patch(lambda document: document | {"status": "ready"}, type="Task", id=done.id))
    await refused(422, fhir.delete("Task", done.id))
    await refused(422, fhir.write_many([Order("delete", "Task", None, done.id)]))
    assert (await fhir.read("Task", done.id)).vid == 1


async def test_an_operation_and_its_job_are_one_transaction(door: Door) -> None:
    fhir = door.auto(DISPATCHER)
    task = await fhir.create(errand(), type="Task")
    answer = await fhir.operate(contract.CLAIM, contract.Claim(task.id, "Practitioner/1"))
    assert answer == f"Task/{task.id}/_history/2"
    assert await waiting_jobs(door) == 1
    await refused(409, fhir.operate(contract.CLAIM, contract.Claim(task.id, "Practitioner/2")))

    async def fail() -> None:
        async with door.work(DISPATCHER) as work:
            await work.defer(contract.REMIND, task=task.id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await waiting_jobs(door) == 1


async def waiting_jobs(door: Door) -> int:
    records = await door.store.fetch(
        "SELECT count(*) AS n FROM procrastinate_jobs WHERE task_name = $1", contract.REMIND
    )
    return int(records[0]["n"])


async def test_a_failing_unit_of_work_leaves_nothing(door: Door) -> None:
    async def fail() -> None:
        async with door.work(DISPATCHER) as work:
            await work.fhir.create(errand(), type="Task")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await found(door, DISPATCHER) == set()


async def test_conditional_create_makes_one(door: Door) -> None:
    fhir = door.auto(DISPATCHER)
    raw = errand(identifier=[{"system": "urn:x", "value": "1"}])
    first = await fhir.create(raw, type="Task", if_none_exist="identifier=urn:x|1")
    second = await fhir.create(raw, type="Task", if_none_exist="identifier=urn:x|1")
    assert (first.created, second.created, second.id) == (True, False, first.id)
    await fhir.create(raw, type="Task")
    await refused(412, fhir.create(raw, type="Task", if_none_exist="identifier=urn:x|1"))


async def test_conditional_create_under_concurrency_makes_one(door: Door) -> None:
    raw = errand(identifier=[{"system": "urn:x", "value": "2"}])
    made = await asyncio.gather(
        *(door.auto(DISPATCHER).create(raw, type="Task", if_none_exist="identifier=urn:x|2") for _ in range(12))
    )
    assert sum(one.created for one in made) == 1
    assert len({one.id for one in made}) == 1


async def test_conditional_update_and_delete_follow_their_match(door: Door) -> None:
    fhir = door.auto(DISPATCHER)
    raw = errand(identifier=[{"system": "urn:x", "value": "3"}])
    made = await fhir.update_where(raw, type="Task", criteria="identifier=urn:x|3")
    assert made.created
    changed = errand(identifier=[{"system": "urn:x", "value": "3"}], priority="stat")
    assert (await fhir.update_where(changed, type="Task", criteria="identifier=urn:x|3")).vid == 2
    await refused(400, fhir.update_where(errand(id="another"), type="Task", criteria="identifier=urn:x|3"))
    assert len(await fhir.delete_where("Task", "identifier=urn:x|3")) == 1
    assert await fhir.delete_where("Task", "identifier=urn:x|3") == ()
    await refused(410, fhir.read("Task", made.id))


async def test_a_stale_version_is_refused(door: Door) -> None:
    fhir = door.auto(DISPATCHER)
    made = await fhir.create(errand(), type="Task")
    await fhir.update(errand(id=made.id, priority="stat"), type="Task", id=made.id, if_match=1)
    await refused(412, fhir.update(errand(id=made.id, priority="asap"), type="Task", id=made.id, if_match=1))
    await refused(412, fhir.delete("Task", made.id, if_match=1))
    await refused(412, fhir.patch(lambda document: document, type="Task", id=made.id, if_match=1))


async def test_a_part_of_a_resource_cannot_replace_the_whole(door: Door) -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
    meta = {"profile": [contract.ERRAND.url], "tag": [{"system": system, "code": "SUBSETTED"}]}
    await refused(400, door.auto(DISPATCHER).create(errand(meta=meta), type="Task"))


async def test_an_unknown_type_is_not_found(door: Door) -> None:
    await refused(404, door.auto(replace(DISPATCHER, id="x")).read("Tusk", "1"))
