"""Acts of online care are told to the province: each once, in time, again until taken, and as they stand now."""

from typing import Any

import pytest

from tests.capabilities.internet_hospital.clinic import MEI
from tests.capabilities.prescriptions.clinic import put
from tests.capabilities.supervision.city import ADMINISTRATOR, REGULATOR, City, Province
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.internet_hospital.contract import Visit
from xinglin.capabilities.supervision import contract, jobs
from xinglin.capabilities.supervision.operations.counting import everywhere
from xinglin.capabilities.supervision.rules import uploads
from xinglin.capabilities.supervision.rules.documents import nested, value
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.store import Store
from xinglin.web.asking import Counts


@pytest.fixture
async def city(store: Store) -> City:
    return await City(store).settled()


@pytest.fixture
def province() -> Province:
    return Province()


async def look(city: City) -> None:
    async with city.door.work(SYSTEM) as work:
        await jobs.look(work, minutes=5)


async def send(city: City, province: Province | None) -> None:
    """Look, and send whatever is there, as the worker would."""
    await look(city)
    page = await city.door.auto(SYSTEM).find("Task", code=f"{contract.TASKS.system}|upload", _sort="authored-on")
    for row in page.matches:
        async with city.door.work(SYSTEM) as work:
            await jobs.send(work, row.id, port=province.port if province else None)


async def told(city: City) -> dict[str, dict[str, Any]]:
    page = await city.door.auto(SYSTEM).find("Task", code=f"{contract.TASKS.system}|upload")
    found = [document_of(row.body()) for row in page.matches]
    return {str(value(one, contract.ACT)): one for one in found}


def state(task: dict[str, Any]) -> str:
    return uploads.state_of(task)


@pytest.mark.rule("R0-005", "R2-040", "R2-042", "R2-043", "R2-044")
async def test_a_visit_and_its_prescription_are_told_as_they_stand_and_once(city: City, province: Province) -> None:
    visit = await city.begun()
    order = await city.prescribed(visit)
    await city.reviewed(order)
    await city.finished(visit)
    for _ in range(2):
        await send(city, province)
    assert {act: state(one) for act, one in (await told(city)).items()} == {
        "registration": "taken",
        "prescription": "taken",
        "reception": "taken",
    }
    taken = await province.taken()
    assert sorted(key.partition("|")[0] for key in taken) == ["T1", "T2", "T3", "T4", "T5"]
    reception = next(one for key, one in taken.items() if key.startswith("T2"))
    assert (reception["name"], reception["diagnosis"], reception["minutes"]) == ("张小梅", "I10.x00", "12")
    assert all(reception[name] for name in ("signature", "certificate", "timestamp", "evidence", "consent"))
    head = next(one for key, one in taken.items() if key.startswith("T4"))
    assert (head["prescriber_name"], head["pharmacist_name"], head["review_result"]) == ("王杏", "陈药", "reasonable")
    assert all(head[name] for name in ("signature", "pharmacist_timestamp", "reviewed"))
    tasks = await told(city)
    assert value(tasks["prescription"], contract.TIMELY) is False  # five minutes, and the visit took ten
    assert value(tasks["reception"], contract.TIMELY) is True
    assert all(uploads.attempts(one) == 1 for one in tasks.values())  # told once, though looked at twice


@pytest.mark.rule("R2-042")
async def test_what_changed_is_told_again_under_the_same_key(city: City, province: Province) -> None:
    visit = await city.asked()
    await send(city, province)
    city.clock.pass_(minutes=3)
    await city.act(MEI, visits.CANCEL, Visit(visit))
    await send(city, province)
    flags = {key.split("|")[-1] for key in await province.taken()}
    assert flags == {"1", "2"}  # asked for, and taken back
    first = (await told(city))["registration"]
    patient = await city.read("Patient", "mei")
    patient["name"] = [{"text": "张晓梅"}]
    async with city.door.work(SYSTEM) as work:
        await jobs.send(work, first["id"], port=province.port)  # nothing that T1 tells has changed
    assert uploads.attempts((await told(city))["registration"]) == 1


@pytest.mark.parametrize("kind", ["time-out", "duplicate", "down", "slow"])
async def test_whatever_becomes_of_the_line_each_act_is_taken_once(city: City, province: Province, kind: str) -> None:
    await city.asked()
    await province.fault(kind, seconds=0 if kind == "slow" else 0.01)
    await send(city, province)
    await send(city, province)
    task = (await told(city))["registration"]
    assert state(task) == "taken"
    assert len(await province.taken()) == 1
    assert uploads.attempts(task) == (2 if kind == "down" else 1)


@pytest.mark.rule("R2-042")
async def test_a_refusal_says_why_and_is_sent_again_by_hand(city: City, province: Province) -> None:
    await city.asked()
    await province.fault("refuse")
    await send(city, province)
    task = (await told(city))["registration"]
    assert (state(task), [one["zh"] for one in nested(task, contract.FAULT)]) == (
        "refused",
        ["refused by the simulator"],
    )
    seen = await city.door.auto(ADMINISTRATOR).find("Task", code=f"{contract.TASKS.system}|upload")
    assert [row.id for row in seen.matches] == [task["id"]]
    assert await city.act(ADMINISTRATOR, contract.RESEND, contract.One(task["id"])) == "refused"
    await send(city, province)
    assert state((await told(city))["registration"]) == "taken"
    with pytest.raises(OutcomeError) as error:
        await city.act(REGULATOR, contract.RESEND, contract.One(task["id"]))
    assert error.value.issues[0].key == "upload-taken"


@pytest.mark.rule("R2-044")
async def test_what_does_not_agree_is_held_and_goes_once_it_is_mended(city: City, province: Province) -> None:
    patient = await city.read("Patient", "mei")
    await city.asked()
    await put(city.door, {name: what for name, what in patient.items() if name != "identifier"})
    await send(city, province)
    task = (await told(city))["registration"]
    assert state(task) == "held"
    assert ["证件号码" in one["zh"] for one in nested(task, contract.FAULT)] == [True]
    assert await province.taken() == {}
    await put(city.door, patient)
    city.clock.pass_(minutes=11)
    async with city.door.work(SYSTEM) as work:
        await jobs.sweep(work)
    await send(city, province)
    assert state((await told(city))["registration"]) == "taken"


async def test_without_a_port_acts_wait(city: City) -> None:
    await city.asked()
    await send(city, None)
    assert state((await told(city))["registration"]) == "waiting"


async def test_the_figures_of_now_count_who_waits_too_long_and_what_is_kept_back(
    city: City, province: Province
) -> None:
    await city.asked()
    await province.fault("refuse")
    await send(city, province)
    walk_in = {
        "resourceType": "Encounter",
        "id": "today",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/bo"},
        "serviceProvider": {"reference": "Organization/h2"},
        "period": {"start": city.clock.moment.isoformat(), "end": city.clock.moment.isoformat()},
    }
    await put(city.door, {"resourceType": "Organization", "id": "h2", "name": "修武县人民医院"}, walk_in)
    for minutes, overdue in ((1, 0), (60, 1)):
        city.clock.pass_(minutes=minutes)
        async with city.door.work(REGULATOR) as work:
            whole, rows = await everywhere(work, Counts(0))
        online = next(one for one in rows if one.id == "i1")
        assert (online.waiting, online.overdue, online.now, online.kept_back) == (1, overdue, 0, 1)
    assert (whole.online, whole.on_site) == (1, 1)
    assert [(one.name, one.seen) for one in rows][-1] == ("修武县人民医院", 1)
