"""Pages of a record over a real store: what they show, to whom, and as of when."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from tests.capabilities.access.ward import Stopped, open_door, put
from tests.capabilities.health_records.person import HL7, ID, LOINC, SUBJECT, Document, person
from tests.capabilities.health_records.readers import PEOPLE
from tests.web.test_pdf import read
from xinglin.app import create_registry
from xinglin.capabilities.health_records.contract import ASK_CORRECTION, DECIDE_CORRECTION, Correction, Decision
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.pages import about, correct, entry, files, own, paper, record, timeline, trend
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.web.kit import Kit, PageContext
from xinglin.web.sheet import texts_of
from xinglin.web.view import Download, Form, Rejected, View

KIT = Kit([one.templates for one in create_registry(Settings()).capabilities])


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    """The person's record in the store, written on 2026-11-20."""
    door, clock = open_door(store)
    await put(door, *person())
    return door, clock


async def shown(door: Door, who: str, page: Any, *, language: str = "zh", **form: str) -> Any:
    """Call a page function, and render the view that it gives; names in the path and fields are told by name."""
    path: dict[str, str] = {name: form.pop(name) for name in ("id", "type", "rid", "code") if name in form}
    path.setdefault("id", ID)
    asked = Form(tuple(form.items()), path, "zh" if language == "zh" else "en")
    async with door.work(PEOPLE[who]) as work:
        view = await page(work, asked)
    if isinstance(view, View):
        KIT.render(view, PageContext(language=asked.language, here="/", now=door.clock.now()))
    return view


async def refused(door: Door, who: str, page: Any, **form: str) -> View:
    with pytest.raises(Rejected) as found:
        await shown(door, who, page, **form)
    return found.value.view


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_family_doctor_reads_the_record_on_one_screen(ward: tuple[Door, Stopped], language: str) -> None:
    view = await shown(ward[0], "family-doctor", record.show, language=language)
    values = view.values
    assert [one.text for one in values["dangers"]] == ["青霉素", "虾", "跌倒高风险", "冠状动脉支架（左前降支）"]
    assert values["results"][0].flag == "LL"
    assert {one.text for one in values["medicines"]} == {"苯磺酸氨氯地平片", "盐酸二甲双胍片"}
    dose = next(one.detail for one in values["medicines"] if one.text == "盐酸二甲双胍片")
    assert dose == ("每次 500 mg，每日 2 次，口服" if language == "zh" else "500 mg, 2 times a day, by mouth")
    assert values["problems"][0].where == "焦作市人民医院"
    assert values["vitals"][0].value == "136/83"
    assert values["banner"].name == "张桂兰"


async def test_every_page_of_the_record_renders_for_staff_and_for_the_person(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    for who in ("family-doctor", "mother", "developer"):
        assert (await shown(door, who, timeline.show)).values["days"]
        assert (await shown(door, who, timeline.show_documents)).values["documents"]
        assert (await shown(door, who, timeline.show_results)).values["results"]
        assert (await shown(door, who, about.show)).values["family"] if who != "mother" else True
        for on, id in (
            ("Encounter", "v7"),
            ("DiagnosticReport", "panel-v7"),
            ("Composition", "outpatient-v7"),
            ("DocumentReference", "discharge"),
            ("Observation", "bp-v8"),
            ("MedicationRequest", "metformin"),
            ("RelatedPerson", "son"),
        ):
            view = await shown(door, who, entry.show, type=on, rid=id)
            assert view.values["nodes"], (who, on)
    assert (await shown(door, "family-doctor", timeline.show_results, only="abnormal")).values["vitals"] != ()


async def test_a_visit_shows_what_belongs_to_it(ward: tuple[Door, Stopped]) -> None:
    values = (await shown(ward[0], "family-doctor", entry.show, type="Encounter", rid="v7")).values
    assert {one.name for one in values["results"]} >= {"血压", "血钾", "空腹血糖"}
    assert [lines[0].text for _, _, lines in values["lines"]] == ["阿司匹林肠溶片", "生化检验", "门诊病历 心血管内科"]
    document = (await shown(ward[0], "family-doctor", entry.show, type="Composition", rid="outpatient-v7")).values
    assert "口服补钾" in str(document["sections"][1]["text"])


async def test_the_timeline_filters_by_kind_place_and_time(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward

    async def texts(**form: str) -> list[str]:
        days = (await shown(door, "family-doctor", timeline.show, **form)).values["days"]
        return [one["text"] for day in days for one in day["entries"]]

    assert len(await texts(kind="visit")) == 8
    assert len(await texts(kind="visit", institution="hospital")) == 2
    assert len(await texts(kind="visit", since="2026-01-14", until="2026-07-15")) == 3
    assert await texts(kind="report", institution="hospital", until="2025-12-31") == ["生化检验"]
    assert await texts(kind="medicine", institution="hospital") == ["阿司匹林肠溶片"]
    assert await texts(kind="vaccination", institution="centre") == ["流感疫苗"]
    with pytest.raises(OutcomeError) as found:
        await texts(since="yesterday")
    assert found.value.status == 400


async def test_pages_of_the_timeline_follow_one_another(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    seen: list[str] = []
    form: dict[str, str] = {}
    for _ in range(10):
        values = (await shown(door, "family-doctor", timeline.show, **form)).values
        seen += [one["href"] for day in values["days"] for one in day["entries"]]
        if not values["next"]:
            break
        form = dict(pair.split("=", 1) for pair in values["next"].removeprefix("?").split("&"))
        form = {name: value.replace("%3A", ":").replace("%2B", "+") for name, value in form.items()}
    # what has no date of onset, authoring … of its own comes last; each event stands once
    assert len(seen) == len(set(seen)) == 8 + 2 + 4 + 1 + 3 + 2


async def test_a_trend_reconciles_units_and_marks_medicines(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    values = (await shown(door, "family-doctor", trend.show, code="1558-6")).values
    assert values["gist"].count == 9
    assert values["mixed"] is False
    old = values["rows"][-1]
    assert (old["value"], old["unit"], old["numbers"], old["brought"]) == ("189", "mg/dL", "10.491", "10.491 mmol/L")
    assert next(one["name"] for one in values["changes"]) == "吲达帕胺片"
    pair = (await shown(door, "family-doctor", trend.show, code="85354-9")).values
    assert pair["rows"][0]["numbers"] == "136,83"
    assert len(pair["lines"]) == 2
    systolic = (await shown(door, "family-doctor", trend.show, code="8480-6")).values
    assert systolic["rows"][0]["numbers"] == "136"
    with pytest.raises(OutcomeError) as found:
        await shown(door, "family-doctor", trend.show, code="no,such|code")
    assert found.value.status == 404


async def test_a_trend_is_taken_along_as_csv(ward: tuple[Door, Stopped]) -> None:
    file = await shown(ward[0], "family-doctor", trend.show_csv, code="1558-6")
    assert isinstance(file, Download)
    lines = file.body.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("2026-10-14 08:50,空腹血糖,7.4,mmol/L,3.9–6.1,H,解放区")
    assert len(lines) == 10


async def test_the_record_as_it_was_shows_what_stood_then(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    then = clock.moment + timedelta(minutes=1)
    clock.pass_(days=1)
    fhir = door.auto(SYSTEM)
    allergy = next(one for one in person() if one["id"] == "allergy-penicillin")
    corrected = allergy | {"code": {"text": "头孢菌素"}, "criticality": "low"}
    await put(door, corrected, _allergy("new", "花生"))
    await fhir.delete("AllergyIntolerance", "allergy-shrimp")
    await fhir.delete("Encounter", "v1")

    async def dangers(**form: str) -> set[str]:
        view = await shown(door, "developer", record.show, **form)
        return {one.text for one in view.values["dangers"] if one.state == "allergy"}

    assert await dangers() == {"头孢菌素", "花生"}
    assert await dangers(at=then.isoformat()) == {"青霉素", "虾"}
    view = await shown(door, "developer", record.show, at=then.isoformat())
    assert view.values["at"] == "2026-11-20 12:01"
    visits = (await shown(door, "developer", timeline.show, at=then.isoformat(), kind="visit")).values
    assert visits["count"] == 8
    old = await shown(
        door, "developer", entry.show, type="AllergyIntolerance", rid="allergy-penicillin", at=then.isoformat()
    )
    assert (old.values["title"], old.values["version"]) == ("青霉素", "1")
    assert [one["href"] != "" for one in old.values["versions"]] == [True]
    lost = await shown(
        door, "developer", entry.show, type="AllergyIntolerance", rid="allergy-shrimp", at=then.isoformat()
    )
    assert lost.values["title"] == "虾"
    with pytest.raises(OutcomeError) as unknown:
        await shown(door, "developer", entry.show, type="AllergyIntolerance", rid="allergy-shrimp")
    assert unknown.value.status == 404
    gone = await refused(door, "developer", record.show, at="2026-06-01T00:00")
    assert gone.template == "health_records/not_then.html"
    with pytest.raises(OutcomeError) as bad:
        await shown(door, "developer", record.show, at="last week")
    assert bad.value.status == 400


async def test_as_it_was_holds_for_documents_contracts_print_and_versions(ward: tuple[Door, Stopped]) -> None:
    door, clock = ward
    then = (clock.moment + timedelta(minutes=1)).isoformat()
    clock.pass_(days=1)
    by_id = {one["id"]: one for one in person()}
    await put(
        door,
        by_id["contract"] | {"status": "inactive"},
        by_id["discharge"] | {"description": "更正后的出院小结", "type": {"text": "出院小结（更正）"}},
        by_id["wang"] | {"name": [{"text": "王建军"}]},
        by_id["amlodipine"] | {"status": "stopped"},
    )
    await door.auto(SYSTEM).delete("Composition", "outpatient-v7")

    async def of(page: Any, part: str, **form: str) -> list[str]:
        return [one.text for one in (await shown(door, "developer", page, **form)).values[part]]

    assert "民生社区第 2 家庭医生团队" not in await of(about.show, "contracts")
    assert "民生社区第 2 家庭医生团队" in await of(about.show, "contracts", at=then)
    assert await of(timeline.show_documents, "documents") == ["出院小结（更正）"]
    assert sorted(await of(timeline.show_documents, "documents", at=then)) == ["出院小结", "门诊病历 心血管内科"]
    assert "苯磺酸氨氯地平片" in await of(record.show, "medicines", at=then)
    assert "苯磺酸氨氯地平片" not in await of(record.show, "medicines")
    problems = (await shown(door, "developer", record.show, at=then)).values["problems"]
    assert {one.who for one in problems} == {"王建国"}
    sheet = (await shown(door, "developer", paper.show, at=then)).values["sheet"]
    assert "那一刻" in " ".join(sheet.notes)
    assert "苯磺酸氨氯地平片" in texts_of(sheet)
    _, text = read((await shown(door, "developer", paper.show_pdf, at=then)).body)
    assert "苯磺酸氨氯地平片" in text

    at: dict[str, str] = {"type": "DocumentReference", "rid": "discharge"}
    now = (await shown(door, "developer", entry.show, **at)).values
    assert [(one["vid"], one["op"]) for one in now["versions"]] == [("2", "U"), ("1", "C")]
    older = now["versions"][1]["href"].partition("at=")[2]
    former = (await shown(door, "developer", entry.show, at=unquote(older), **at)).values
    assert (former["version"], former["title"]) == ("1", "出院小结")
    assert [one["vid"] for one in former["versions"]] == ["1"]
    text_then = await shown(door, "developer", files.show_file, at=then, **at)
    assert text_then.media_type == "text/plain; charset=utf-8"


def _allergy(id: str, to: str) -> Document:
    active = {"coding": [{"system": f"{HL7}allergyintolerance-clinical", "code": "active"}]}
    return {
        "resourceType": "AllergyIntolerance",
        "id": id,
        "clinicalStatus": active,
        "code": {"text": to},
        "patient": SUBJECT,
    }


async def test_who_has_no_relation_reads_the_same_as_of_somebody_who_is_not_there(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    for page in (record.show, timeline.show, about.show, paper.show):
        hidden, missing = await refused(door, "stranger", page), await refused(door, "stranger", page, id="nobody")
        assert (hidden.template, hidden.status) == (missing.template, missing.status)
        assert hidden.status == 404
    with pytest.raises(OutcomeError) as found:
        await shown(door, "family-doctor", entry.show, type="Condition", rid="of-somebody-else")
    assert found.value.status == 404
    for on in ("Practitioner", "Nonsense"):
        with pytest.raises(OutcomeError) as found:
            await shown(door, "family-doctor", entry.show, type=on, rid="wang")
        assert found.value.status == 404


@pytest.mark.rule("R7-034")
async def test_only_who_treats_sees_numbers_whole(ward: tuple[Door, Stopped]) -> None:
    treating = (await shown(ward[0], "family-doctor", about.show)).values
    assert dict(treating["numbers"])["citizen"] == "410802195803084523"
    others = (await shown(ward[0], "developer", about.show)).values
    assert dict(others["numbers"])["citizen"] == "410802********4523"
    assert dict(others["person"])["phone"] == "138****0001"
    assert dict(others["person"])["address"] == "焦作市解放区"
    assert others["family"][0].who == "139****0002"
    assert treating["family"][0].who == "13900000002"


async def test_the_pdf_says_what_the_print_page_says(ward: tuple[Door, Stopped]) -> None:
    sheet = (await shown(ward[0], "family-doctor", paper.show)).values["sheet"]
    file = await shown(ward[0], "family-doctor", paper.show_pdf)
    _, text = read(file.body)
    # a cell that takes two lines stands beside others, so its beginning is looked for
    assert [said for said in texts_of(sheet) if "".join(said.split())[:7] not in text] == []
    places = [text.find(part.title) for part in sheet.parts]
    assert places == sorted(places)


@pytest.mark.rule("HR-08", "R6-043")
async def test_residents_read_their_own_record_once_they_are_proved(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    values = (await shown(door, "mother", own.show)).values
    assert [(one.result.name, one.standing) for one in values["results"][:2]] == [
        ("血钾", "urgent"),
        ("空腹血糖", "high"),
    ]
    assert values["results"][1].subject == "sugar"
    assert values["medicines"][0].days == 53
    assert values["number"] == "410802********4523"
    assert values["href"] == f"/my/record/{ID}"
    assert (await refused(door, "unproved", own.show)).status == 403
    with pytest.raises(OutcomeError) as found:
        await shown(door, "mother", own.show, id="zhiqiang")
    assert found.value.status == 404


async def test_a_son_switches_to_the_record_of_his_mother(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    first = await shown(door, "son", own.show_mine)
    assert first.to == "/my/record/zhiqiang"
    values = (await shown(door, "son", own.show)).values
    assert [(name, path) for _, name, path in values["people"]] == [
        ("赵志强", "/my/record/zhiqiang"),
        ("张桂兰", f"/my/record/{ID}"),
    ]


@pytest.mark.rule("R8-030")
async def test_a_resident_takes_all_of_the_record_along(ward: tuple[Door, Stopped]) -> None:
    file = await shown(ward[0], "mother", correct.show_export)
    bundle = json.loads(file.body)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    types = {one["resource"]["resourceType"] for one in bundle["entry"]}
    assert {"Patient", "Condition", "Observation", "MedicationRequest", "Encounter"} <= types
    mine = [one for one in person() if one["resourceType"] == "Observation"]
    assert sum(one["resource"]["resourceType"] == "Observation" for one in bundle["entry"]) == len(mine)


@pytest.mark.rule("R7-008")
async def test_a_mistake_is_told_to_whoever_wrote_it_and_answered(ward: tuple[Door, Stopped]) -> None:
    door, _ = ward
    async with door.work(PEOPLE["mother"]) as work:
        asked = await work.fhir.operate(
            ASK_CORRECTION, Correction(ID, "Observation/glucose-v7", "那天没有空腹，不该算空腹血糖")
        )
    assert asked.owner is not None
    assert asked.owner.reference == "Organization/hospital"
    async with door.work(PEOPLE["mother"]) as work:
        about_person = await work.fhir.operate(ASK_CORRECTION, Correction(ID, "", "电话号码已经换了，请更新"))
    assert about_person.owner is not None
    assert about_person.owner.reference == "Organization/centre"
    values = (await shown(door, "mother", correct.show)).values
    assert {one["owner"] for one in values["asked"]} == {"焦作市人民医院", "解放区民生社区卫生服务中心"}

    desk = PageContext(language="zh", here="/corrections", now=door.clock.now())
    waiting = KIT.render(await shown(door, "desk-doctor", correct.show_waiting), desk).decode()
    assert "电话号码已经换了，请更新" in waiting
    assert str(asked.description) not in waiting  # what another institution is asked
    async with door.work(PEOPLE["desk-doctor"]) as work:
        done = await work.fhir.operate(DECIDE_CORRECTION, Decision(str(about_person.id), "corrected", "已更新电话"))
        with pytest.raises(OutcomeError):
            await work.fhir.operate(DECIDE_CORRECTION, Decision(str(about_person.id), "kept", "再答一次试试"))
    assert done.status == "completed"
    async with door.work(PEOPLE["desk-doctor"]) as work:
        with pytest.raises(OutcomeError) as found:
            await work.fhir.operate(DECIDE_CORRECTION, Decision(str(asked.id), "corrected", "不是我们写的"))
    assert found.value.status == 404
    answers = {one["answer"] for one in (await shown(door, "mother", correct.show)).values["asked"]}
    assert "已更新电话" in answers


async def test_nobody_asks_about_the_record_of_somebody_else(ward: tuple[Door, Stopped]) -> None:
    async with ward[0].work(PEOPLE["mother"]) as work:
        with pytest.raises(OutcomeError) as found:
            await work.fhir.operate(ASK_CORRECTION, Correction("zhiqiang", "", "这不是我的档案啊"))
    assert found.value.status == 404


async def test_a_page_makes_a_bounded_number_of_searches(ward: tuple[Door, Stopped], monkeypatch: Any) -> None:
    door, _ = ward
    await put(door, *(_glucose(at) for at in range(150)))
    searches = 0
    searched = Record.search

    async def counted(self: Record, *args: Any, **more: Any) -> Any:
        nonlocal searches
        searches += 1
        found = await searched(self, *args, **more)
        assert len(found.documents) <= 80
        return found

    monkeypatch.setattr(Record, "search", counted)
    await shown(door, "family-doctor", record.show)
    assert searches == 11


def _glucose(at: int) -> Document:
    return {
        "resourceType": "Observation",
        "id": f"many-{at}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "1558-6"}], "text": "空腹血糖"},
        "subject": SUBJECT,
        "effectiveDateTime": f"2024-{1 + at % 12:02d}-{1 + at % 28:02d}",
        "valueQuantity": {"value": 6, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    }
