"""The job over a small ward: findings that stay, go and are explained; scores that follow them; who sees what."""

from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door, put, staff
from tests.capabilities.residents.people import resident
from xinglin.capabilities.quality.contract import (
    CORRECT,
    CORRECTING,
    DISTRICTS,
    EXPLAIN,
    EXPLAINED,
    OPEN,
    RESOLVED,
    Asked,
    Correcting,
    Explaining,
)
from xinglin.capabilities.quality.operations import findings, scores
from xinglin.capabilities.quality.operations.look import Looked, look
from xinglin.capabilities.quality.pages.scores import LISTING
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store import quality
from xinglin.store.door import Door
from xinglin.store.executor import Row
from xinglin.store.store import Store
from xinglin.web.listing import Asked as Wanted

Ward = tuple[Door, Stopped]
KEPT: dict[str, Any] = {"managingOrganization": {"reference": "Organization/1"}}
PHONE: dict[str, Any] = {"telecom": [{"system": "phone", "value": "13903910000"}]}
FOUND = "https://xinglin.health/fhir/CodeSystem/quality-rule|"
DIVISION = "https://xinglin.health/fhir/StructureDefinition/division"
ADMIN = staff("system-admin", "8", purpose="HSYSADMIN")
OTHER = staff("system-admin", "9", organization="Organization/2", purpose="HSYSADMIN")
REGULATOR = staff("regulator", "7", organization="Organization/9", purpose="HLEGAL")


@pytest.fixture
async def ward(store: Store) -> Ward:
    await store.fetch("TRUNCATE quality_judged, quality_sought")
    door, clock = open_door(store)
    for one in (
        {"resourceType": "Organization", "id": "1", "name": "市人民医院"},
        {"resourceType": "Organization", "id": "2", "name": "市第二人民医院"},
        resident("张伟", "1980-01-01", 123, id="good", **KEPT, **PHONE),
        resident("李娜", "1990-01-01", 124, id="bare", **KEPT),
        {
            "resourceType": "Condition",
            "id": "wrong",
            "subject": {"reference": "Patient/good"},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cn", "code": "O80.000"}], "text": "顺产"},
            "recordedDate": "2026-11-01T10:00:00+08:00",
            "recorder": {"reference": "Practitioner/1"},
        },
    ):
        await put(door, one)
    return door, clock


async def whole(door: Door, *, most: int = 1_000) -> Looked:
    """Look until nothing is left, each part in a transaction of its own."""
    total = Looked()
    for _ in range(50):
        async with door.work(SYSTEM) as work:
            total += await look(work, most=most)
        if total.done:
            async with door.work(SYSTEM) as work:
                await scores.write(work)
            return total
    raise AssertionError("a look has no end")


async def stand(door: Door, rule: str, reference: str) -> dict[str, Any]:
    row = await door.auto(SYSTEM).read("DetectedIssue", findings.id_of(rule, reference))
    document: dict[str, Any] = document_of(row.body())
    return document


async def worth(door: Door, domain: str) -> float:
    page = await door.auto(SYSTEM).find("MeasureReport", reporter="Organization/1", _sort="-date")
    groups = document_of(page.matches[0].body())["group"]
    return next(float(one["measureScore"]["value"]) for one in groups if one["code"]["coding"][0]["code"] == domain)


async def test_findings_are_kept_once_and_go_when_they_are_mended(ward: Ward) -> None:
    door, clock = ward
    assert await quality.underway(door.store) is None
    async with door.work(SYSTEM) as work:
        begun = await look(work, most=1)
    assert not begun.done
    assert await quality.underway(door.store) == begun.records
    first = begun + await whole(door, most=1)
    assert first.opened == 2
    assert await quality.underway(door.store) is None
    bare = await stand(door, "DQ-C03", "Patient/bare")
    assert findings.state_of(bare) == OPEN
    assert [one["reference"] for one in bare["implicated"]] == ["Patient/bare", "Organization/1"]
    assert findings.state_of(await stand(door, "DQ-P04", "Condition/wrong")) == OPEN
    before = await worth(door, "completeness")

    clock.pass_(hours=1)
    again = await whole(door)
    assert (again.opened, again.resolved) == (0, 0)
    assert await stand(door, "DQ-C03", "Patient/bare") == bare

    clock.pass_(hours=1)
    await put(door, resident("李娜", "1990-01-01", 124, id="bare", **KEPT, **PHONE))
    mended = await whole(door)
    assert (mended.opened, mended.resolved) == (0, 1)
    assert findings.state_of(await stand(door, "DQ-C03", "Patient/bare")) == RESOLVED
    assert await worth(door, "completeness") > before

    clock.pass_(hours=1)
    await door.auto(SYSTEM).delete("Condition", "wrong")
    assert (await whole(door)).resolved == 1
    assert findings.state_of(await stand(door, "DQ-P04", "Condition/wrong")) == RESOLVED


async def test_an_institution_sees_and_explains_its_own(ward: Ward) -> None:
    door, clock = ward
    await whole(door)
    before = await worth(door, "completeness")
    id = findings.id_of("DQ-C03", "Patient/bare")
    assert await door.auto(ADMIN).count("DetectedIssue") == await door.auto(REGULATOR).count("DetectedIssue") == 2
    assert await door.auto(ADMIN).count("MeasureReport") == await door.auto(REGULATOR).count("MeasureReport") == 1
    assert await door.auto(OTHER).count("DetectedIssue") == await door.auto(OTHER).count("MeasureReport") == 0
    for who, status in ((OTHER, 404), (REGULATOR, 403)):
        with pytest.raises(OutcomeError) as refused:
            await door.auto(who).operate(EXPLAIN, Explaining(id, "这位居民没有电话"))
        assert refused.value.status == status
    with pytest.raises(OutcomeError) as short:
        await door.auto(ADMIN).operate(EXPLAIN, Explaining(id, " "))
    assert short.value.status < 500
    await door.auto(ADMIN).operate(EXPLAIN, Explaining(id, "这位居民没有电话"))
    assert findings.state_of(await stand(door, "DQ-C03", "Patient/bare")) == EXPLAINED

    clock.pass_(hours=1)
    assert (await whole(door)).opened == 0
    assert findings.state_of(await stand(door, "DQ-C03", "Patient/bare")) == EXPLAINED
    assert await worth(door, "completeness") > before
    with pytest.raises(OutcomeError) as twice:
        await door.auto(ADMIN).operate(EXPLAIN, Explaining(id, "再说明一次"))
    assert twice.value.status == 409


async def test_what_is_being_corrected_comes_back_after_the_night(ward: Ward) -> None:
    door, clock = ward
    await whole(door)
    before = await worth(door, "completeness")
    id = findings.id_of("DQ-C03", "Patient/bare")
    doctor = staff("physician", "1")
    assert await door.auto(doctor).count("DetectedIssue", code=FOUND) == 2
    assert (
        await door.auto(staff("physician", "1", organization="Organization/2")).count("DetectedIssue", code=FOUND) == 0
    )
    await door.auto(doctor).operate(CORRECT, Correcting(id))
    marked = await stand(door, "DQ-C03", "Patient/bare")
    assert findings.state_of(marked) == CORRECTING
    assert marked["mitigation"][-1]["author"]["reference"] == doctor.practitioner
    with pytest.raises(OutcomeError) as twice:
        await door.auto(doctor).operate(CORRECT, Correcting(id))
    assert twice.value.status == 409

    clock.pass_(minutes=30)
    await whole(door)
    assert findings.state_of(await stand(door, "DQ-C03", "Patient/bare")) == CORRECTING
    assert await worth(door, "completeness") == before
    clock.pass_(hours=24)
    assert (await whole(door)).opened == 1
    back = await stand(door, "DQ-C03", "Patient/bare")
    assert findings.state_of(back) == OPEN
    assert back["mitigation"] == marked["mitigation"]

    await door.auto(doctor).operate(CORRECT, Correcting(id, "去补电话"))
    clock.pass_(hours=1)
    await put(door, resident("李娜", "1990-01-01", 124, id="bare", **KEPT, **PHONE))
    await whole(door)
    assert findings.state_of(await stand(door, "DQ-C03", "Patient/bare")) == RESOLVED


async def test_figures_by_district(ward: Ward) -> None:
    door, _ = ward
    assert (await door.auto(REGULATOR).operate(DISTRICTS, Asked())).districts == ()
    where = [{"extension": [{"url": DIVISION, "valueCode": "410802002001"}]}]
    await put(door, {"resourceType": "Organization", "id": "1", "name": "市人民医院", "address": where})
    await whole(door)
    told = await door.auto(REGULATOR).operate(DISTRICTS, Asked())
    (one,) = told.districts
    assert (one.code, one.name, one.institutions, one.records, one.findings) == ("410802", "解放区", 1, 3, 2)
    assert 0 < one.score < 100
    (alone,) = (await door.auto(REGULATOR).operate(DISTRICTS, Asked("timeliness"))).districts
    assert alone.score == 100
    with pytest.raises(OutcomeError):
        await door.auto(REGULATOR).operate(DISTRICTS, Asked("nothing"))
    with pytest.raises(OutcomeError):
        await door.auto(ADMIN).operate(DISTRICTS, Asked())


async def test_the_worst_score_of_our_own_institutions_comes_first(ward: Ward) -> None:
    door, _ = ward
    here = {"address": [{"extension": [{"url": DIVISION, "valueCode": "410802"}]}]}
    for one in (
        {"resourceType": "Organization", "id": "2", "name": "市第二人民医院"} | here,
        {"resourceType": "Organization", "id": "3", "name": "市第三人民医院"} | here,
        resident("王强", "1970-01-01", 125, id="fine", managingOrganization={"reference": "Organization/2"}, **PHONE),
        resident("赵敏", "1971-01-01", 126, id="poor", managingOrganization={"reference": "Organization/3"}),
    ):
        await put(door, one)
    await whole(door)
    assert await _listed(door, "score") == ["3", "2", "1"]
    assert await _listed(door, "-score") == ["2", "3", "1"]
    assert await _listed(door, "score", institution="第三") == ["3"]


async def _listed(door: Door, sort: str, **filters: str) -> list[str]:
    async with door.work(REGULATOR) as work:
        assert LISTING.source is not None
        found = await LISTING.source(work, Wanted(LISTING, filters, sort, "", 20))
    return [one["reporter"]["reference"].removeprefix("Organization/") for one in found.documents]


async def test_a_stay_is_judged_anew_when_a_diagnosis_of_it_changes(ward: Ward) -> None:
    door, clock = ward
    stay = {
        "resourceType": "Encounter",
        "id": "stay",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": "Patient/good"},
        "serviceProvider": {"reference": "Organization/2"},
        "period": {"start": "2026-11-01T10:00:00+08:00", "end": "2026-11-05T10:00:00+08:00"},
        "diagnosis": [{"condition": {"reference": "Condition/main"}, "rank": 1}],
    }
    main = {
        "resourceType": "Condition",
        "id": "main",
        "subject": {"reference": "Patient/good"},
        "encounter": {"reference": "Encounter/stay"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cn", "code": "W19.x00"}]},
    }
    await put(door, stay)
    await put(door, main)
    await whole(door)
    found = await stand(door, "DQ-F05", "Encounter/stay")
    assert findings.state_of(found) == OPEN
    assert found["implicated"][1] == {"reference": "Organization/2"}

    clock.pass_(hours=1)
    main["code"] = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cn", "code": "I10.x00"}]}
    await put(door, main)
    await whole(door)
    assert findings.state_of(await stand(door, "DQ-F05", "Encounter/stay")) == RESOLVED


async def test_codes_are_asked_of_the_terminology(ward: Ward) -> None:
    door, _ = ward
    system = {
        "resourceType": "CodeSystem",
        "id": "icd",
        "url": "http://hl7.org/fhir/sid/icd-10-cn",
        "version": "9",
        "status": "active",
        "content": "complete",
        "concept": [{"code": "I10.x00", "display": "特发性高血压"}, {"code": "O80.000", "display": "头位顺产"}],
    }
    await put(door, system)
    for id, code, display in (("a", "I10.x00", "特发性高血压"), ("b", "I10.x99", ""), ("c", "I10.x00", "糖尿病")):
        coding = {"system": system["url"], "code": code} | ({"display": display} if display else {})
        condition = {
            "resourceType": "Condition",
            "id": id,
            "subject": {"reference": "Patient/good"},
            "code": {"coding": [coding], "text": "诊断"},
            "recordedDate": "2026-11-01T10:00:00+08:00",
            "recorder": {"reference": "Practitioner/1"},
        }
        await put(door, condition)
    await whole(door)
    page = await door.auto(SYSTEM).find("DetectedIssue", implicated="Condition/a,Condition/b,Condition/c")
    told = {(findings.rule_of(one), one["implicated"][0]["reference"]) for one in map(_document, page.matches)}
    assert told == {("DQ-V03", "Condition/b"), ("DQ-V04", "Condition/c")}


def _document(row: Row) -> dict[str, Any]:
    document: dict[str, Any] = document_of(row.body())
    return document
