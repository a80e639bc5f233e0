"""Spot checks by a public seed, sheets of independent reviewers, findings from the lead to the end."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.capabilities.internet_hospital.clinic import MEI
from tests.capabilities.prescriptions.clinic import put
from tests.capabilities.supervision.city import ADMINISTRATOR, REGULATOR, SECOND, City
from xinglin.capabilities.supervision import contract, jobs
from xinglin.capabilities.supervision.contract import Answering, Checking, Drawing, Judging, Opening
from xinglin.capabilities.supervision.operations import checking
from xinglin.capabilities.supervision.operations.leads import judge
from xinglin.capabilities.supervision.rules import findings, sheets
from xinglin.capabilities.supervision.rules.documents import value
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.store import Store

GOOD = {one.code: "yes" for one in sheets.ITEMS}
DRAWING = Drawing("Organization/i1", "2026-11", "0812 15 22 27 33 08")


@pytest.fixture
async def city(store: Store) -> City:
    return await City(store).settled()


async def refused(call: Any) -> list[str]:
    with pytest.raises(OutcomeError) as error:
        await call
    assert 400 <= error.value.status < 500
    return [issue.key for issue in error.value.issues]


def sheet(sample: str, visit: str, note: str = "", **answers: str) -> Checking:
    return Checking(sample, visit, tuple(f"{code}={one}" for code, one in (GOOD | answers).items()), note)


@pytest.mark.rule("R8-042", "R8-043")
def test_a_sheet_is_graded_by_its_gravest_no() -> None:
    assert sheets.mark(GOOD) == sheets.Marked("A", 100, ())
    assert sheets.mark(GOOD | {"timing": "no"}).grade == "B"
    assert sheets.mark(GOOD | {"timing": "no", "consent": "no"}).grade == "C"
    assert sheets.mark(GOOD | {"banned": "no", "consent": "no"}) == sheets.Marked("D", 45, ("consent", "banned"))
    assert sheets.mark(dict.fromkeys(GOOD, "na")).grade == "A"
    assert len(sheets.ITEMS) == 17


@pytest.mark.rule("R8-044")
@pytest.mark.parametrize(
    ("grades", "final"),
    [((), ""), (("A",), "A"), (("B",), "B"), (("C",), ""), (("D", "C"), "C"), (("C", "C"), "C"), (("D", "A"), "A")],
)
def test_c_and_d_count_once_two_have_looked(grades: tuple[str, ...], final: str) -> None:
    assert sheets.final(grades) == final


@pytest.mark.rule("R0-006", "R8-040", "R8-041", "R8-042", "R8-044")
async def test_a_sample_is_drawn_checked_by_two_and_makes_findings(city: City) -> None:
    visits: list[str] = []
    for _ in range(2):
        visit = await city.begun() if not visits else await again(city)
        await city.finished(visit)
        visits.append(visit)
    assert await refused(city.act(REGULATOR, contract.DRAW, replace(DRAWING, seed=" "))) == ["sample-seed"]
    assert await refused(city.act(REGULATOR, contract.DRAW, replace(DRAWING, month="2027-01"))) == ["sample-month"]
    assert await refused(city.act(REGULATOR, contract.DRAW, replace(DRAWING, month="2026-10"))) == ["sample-empty"]
    id = await city.act(REGULATOR, contract.DRAW, DRAWING)
    sample = await city.read("List", id)
    assert value(sample, contract.COUNTED) == 2
    assert (await city.door.auto(ADMINISTRATOR).find("Task")).matches == []  # the checked party sees nothing of it
    assert await redrawn(city, sample) == "same"
    first, second = visits
    assert await refused(city.act(REGULATOR, contract.CHECK, sheet(id, "other"))) == ["not-found"]
    assert await refused(city.act(REGULATOR, contract.CHECK, sheet(id, first, timing=""))) == ["sheet-open"]
    assert await refused(city.act(REGULATOR, contract.CHECK, sheet(id, first, consent="no"))) == ["sheet-note"]
    await city.act(REGULATOR, contract.CHECK, sheet(id, second))
    bad = sheet(id, first, "没有同意书", consent="no")
    await city.act(REGULATOR, contract.CHECK, bad)
    assert await grades(city, sample) == {first: "", second: "A"}
    assert await refused(city.act(REGULATOR, contract.CHECK, bad)) == ["sheet-twice"]
    await city.act(SECOND, contract.CHECK, bad)
    assert await grades(city, sample) == {first: "C", second: "A"}
    assert await refused(city.act(SECOND, contract.CHECK, sheet(id, second))) == ["sheet-done"]
    for who in (city.doctor, MEI):  # who is checked reads no sheet
        assert (await city.door.auto(who).find("QuestionnaireResponse", encounter=f"Encounter/{first}")).matches == []
    (lead,) = await leads(city)
    assert (findings.state_of(lead), value(lead, contract.RULE)) == ("lead", "R1-070")
    third = await again(city)
    await city.finished(third)
    assert await redrawn(city, sample) == "changed"


async def again(city: City) -> str:
    """Another visit of the same patient."""
    return await city.begun(agreed=())


async def redrawn(city: City, sample: dict[str, Any]) -> str:
    async with city.door.work(REGULATOR) as work:
        return await checking.drawn_again(work, sample)


async def grades(city: City, sample: dict[str, Any]) -> dict[str, str]:
    async with city.door.work(REGULATOR) as work:
        return {one.visit: one.grade for one in await checking.drawn(work, sample)}


async def leads(city: City) -> list[dict[str, Any]]:
    page = await city.door.auto(REGULATOR).find("Task", code=f"{contract.TASKS.system}|finding")
    return [document_of(row.body()) for row in page.matches]


@pytest.mark.rule("R2-041", "R2-045", "R8-043")
async def test_a_lead_of_the_night_goes_its_way_to_the_end(city: City) -> None:
    visit = await city.begun()
    await city.prescribed(visit)
    for _ in range(2):  # the night's job may run twice
        async with city.door.work(SYSTEM) as work:
            await judge(work, date(2026, 11, 20))
    assert await leads(city) == []  # nothing odd so far
    early = {
        "resourceType": "RequestGroup",
        "id": "early",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/mei"},
        "encounter": {"reference": f"Encounter/{visit}"},
        "author": {"reference": "Practitioner/d1"},
        "authoredOn": "2026-11-20T03:00:00Z",
    }
    await put(city.door, early)
    for _ in range(2):
        async with city.door.work(SYSTEM) as work:
            await judge(work, date(2026, 11, 20))
    (lead,) = await leads(city)
    assert value(lead, contract.RULE) == "R2-045 EARLY"
    id = lead["id"]
    assert (await city.door.auto(ADMINISTRATOR).find("Task")).matches == []  # nobody has judged it yet
    assert await refused(city.act(REGULATOR, contract.OPEN, Opening(id, deadline="2026-11-01"))) == ["finding-deadline"]
    opened = await city.act(REGULATOR, contract.OPEN, Opening(id))
    assert opened.restriction.period.end == "2026-12-04"
    assert await refused(city.act(ADMINISTRATOR, contract.ANSWER, Answering(id, "好", ""))) == ["finding-words"]
    city.clock.pass_(days=15)
    for _ in range(2):
        async with city.door.work(SYSTEM) as work:
            await jobs.escalate(work)
    assert value((await leads(city))[0], contract.ESCALATED)
    await city.act(ADMINISTRATOR, contract.ANSWER, Answering(id, "已校正服务器时间", "2026-12-05"))
    assert await refused(city.act(REGULATOR, contract.JUDGE, Judging(id, accept=False))) == ["finding-words"]
    await city.act(REGULATOR, contract.JUDGE, Judging(id, accept=False, note="请提供校时记录"))
    await city.act(ADMINISTRATOR, contract.ANSWER, Answering(id, "校时记录见附件编号 12", "2026-12-06"))
    done = await city.act(REGULATOR, contract.JUDGE, Judging(id, accept=True))
    assert [len(done.note), done.status] == [3, "completed"]
    assert await refused(city.act(REGULATOR, contract.OPEN, Opening(id))) == ["finding-state"]
