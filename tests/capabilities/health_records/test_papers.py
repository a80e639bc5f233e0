"""Documents over a real store: the summary, a Composition with all it names, shared documents and their versions."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door, put
from tests.capabilities.health_records.person import HL7, ID, person
from tests.capabilities.health_records.readers import PEOPLE
from xinglin.capabilities.health_records.contract import (
    CDA,
    DOCUMENT,
    IMPORT,
    ISSUE,
    SUMMARY,
    Assembly,
    Import,
    Issuing,
    Paper,
    Summary,
)
from xinglin.capabilities.health_records.rules import ips
from xinglin.capabilities.health_records.rules.cda.checking import faults
from xinglin.capabilities.health_records.rules.cda.templates import template
from xinglin.capabilities.health_records.rules.cda.tree import parse
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Binary, Bundle
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.store import Store

REQUIRED = {"48765-2", "10160-0", "11450-4"}


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *person())
    return door, clock


async def asked(door: Door, who: str, operation: Any, given: Any) -> Any:
    async with door.work(PEOPLE[who]) as work:
        return await work.fhir.operate(operation, given)


def parts(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["code"]["coding"][0]["code"]: one for one in bundle["entry"][0]["resource"]["section"]}


def sound(bundle: dict[str, Any]) -> None:
    """Hold a summary to what the guide asks: a document whose references lie in it, with the required sections."""
    codec.decode(bytes_of(bundle), "Bundle")
    assert bundle["type"] == "document"
    assert bundle["identifier"]["value"]
    composition = bundle["entry"][0]["resource"]
    assert composition["resourceType"] == "Composition"
    assert composition["type"]["coding"][0]["code"] == "60591-5"
    urls = [one["fullUrl"] for one in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    found = parts(bundle)
    assert found.keys() == {one.code for one in ips.PARTS}
    named = [composition["subject"], *composition["author"]]
    named += [entry for section in composition["section"] for entry in section.get("entry", ())]
    assert {one["reference"] for one in named} <= set(urls)
    assert all(found[code].get("entry") for code in REQUIRED)
    for section in found.values():
        assert section["text"]["div"]
        assert ("entry" in section) != ("emptyReason" in section)


@pytest.mark.parametrize("who", ["family-doctor", "mother"])
async def test_a_summary_is_a_document_of_what_one_may_see(ward: tuple[Door, Stopped], who: str) -> None:
    made = codec.to_dict(await asked(ward[0], who, SUMMARY, Summary(ID)))
    sound(made)
    found = parts(made)
    assert "青霉素" in found["48765-2"]["text"]["div"]
    assert "Allergies" in found["48765-2"]["title"]
    assert "苯磺酸氨氯地平片" in found["10160-0"]["text"]["div"]
    assert "高血压病" in found["11450-4"]["text"]["div"]
    assert "hypertension" in found["11450-4"]["text"]["div"].lower()
    assert found["18776-5"]["emptyReason"]["coding"][0]["code"] == "unavailable"
    types = {one["resource"]["resourceType"] for one in made["entry"]}
    assert {"Patient", "Organization", "Immunization", "Observation", "DiagnosticReport", "Device"} <= types


@pytest.mark.parametrize(("who", "status"), [("stranger", 404), ("unproved", 403)])
async def test_who_may_not_see_a_record_gets_no_summary(ward: tuple[Door, Stopped], who: str, status: int) -> None:
    with pytest.raises(OutcomeError) as refused:
        await asked(ward[0], who, SUMMARY, Summary(ID))
    assert refused.value.status == status


async def test_a_summary_of_nobody_in_particular_says_that_nothing_is_known(ward: tuple[Door, Stopped]) -> None:
    async with ward[0].work(SYSTEM) as work:
        found: Bundle = await work.fhir.operate(SUMMARY, Summary("zhiqiang"))
    made = codec.to_dict(found)
    sound(made)
    codes = [one["resource"].get("code", {}).get("coding", [{}])[0].get("code") for one in made["entry"]]
    assert {"no-allergy-info", "no-problem-info"} <= set(codes)
    assert "没有关于过敏的信息" in parts(made)["48765-2"]["text"]["div"]


async def test_foreign_records_give_summaries(store: Store, shared: Path) -> None:
    door, _ = open_door(store)
    kept = ("Patient", "Condition", "AllergyIntolerance", "MedicationRequest", "Immunization", "Procedure")
    found: list[Any] = []
    for one in kept:
        for file in sorted((shared / "data/synthea-10").glob(f"{one}.*.ndjson.gz")):
            found += [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    id = min(one["id"] for one in found if one["resourceType"] == "Patient")
    documents = [one for one in found if f"Patient/{id}" in json.dumps(one) or one.get("id") == id]
    await put(
        door, *(one for type in kept for one in [each for each in documents if each["resourceType"] == type][:30])
    )
    async with door.work(SYSTEM) as work:
        summary: Bundle = await work.fhir.operate(SUMMARY, Summary(id))
    made = codec.to_dict(summary)
    sound(made)
    assert "entry" in parts(made)["47519-4"]
    assert {one["resource"]["resourceType"] for one in made["entry"]} > {"Condition", "Procedure", "Immunization"}


async def test_a_document_holds_what_its_composition_names(ward: tuple[Door, Stopped]) -> None:
    door = ward[0]
    issued = await asked(door, "family-doctor", ISSUE, Issuing(ID, "wst500-4", "Encounter/v8"))
    made = codec.to_dict(await asked(door, "mother", DOCUMENT, Assembly(issued.id)))
    names = [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in made["entry"]]
    assert names[0] == f"Composition/{issued.id}"
    assert {f"Patient/{ID}", "Encounter/v8", "Practitioner/li", "MedicationRequest/amlodipine"} <= set(names)
    with pytest.raises(OutcomeError) as refused:
        await asked(door, "stranger", DOCUMENT, Assembly(issued.id))
    assert refused.value.status == 404
    # a copy is kept for whoever may write one
    with pytest.raises(OutcomeError) as refused:
        await asked(door, "mother", DOCUMENT, Assembly(issued.id, persist=True))
    assert refused.value.status == 403
    async with door.work(SYSTEM) as work:
        kept = await work.fhir.operate(DOCUMENT, Assembly(str(issued.id), persist=True))
    assert (await door.auto(SYSTEM).read("Bundle", str(kept.id))).vid == 1


@pytest.mark.rule("ST-06", "ST-07")
async def test_a_document_is_issued_brought_up_to_date_and_read_as_cda(ward: tuple[Door, Stopped]) -> None:
    door = ward[0]
    texts = ("10154-3=头晕三天", "10164-2=无恶心呕吐")
    first = await asked(door, "family-doctor", ISSUE, Issuing(ID, "wst500-2", "Encounter/v8", texts))
    again = await asked(door, "family-doctor", ISSUE, Issuing(ID, "wst500-2", "Encounter/v8"))
    assert (again.id, again.meta.versionId) == (first.id, first.meta.versionId) == (first.id, "1")
    changed = ("10154-3=头晕四天",)
    second = await asked(door, "family-doctor", ISSUE, Issuing(ID, "wst500-2", "Encounter/v8", changed))
    assert (second.id, second.meta.versionId) == (first.id, "2")
    binary = await asked(door, "mother", CDA, Paper(str(first.id)))
    body = base64.b64decode(binary.data)
    one = template("wst500-2")
    assert one is not None
    tree = parse(body)
    values: dict[str, Any] = {}
    for each in tree.iter("observation"):
        code: Any = each.find("code")
        values[code.get("code")] = each.find("value")
    assert [values[de].text for de in ("DE04.01.119.00", "DE02.10.071.00")] == ["头晕四天", "无恶心呕吐"]
    assert values["DE05.01.024.00"].get("code") == "I10.x00"
    assert tree.find("relatedDocument[@typeCode='RPLC']") is not None
    assert [each for each in faults(one, body) if "DE" in each.where] == []


@pytest.mark.parametrize(
    ("given", "status", "key"),
    [
        (Issuing(ID, "wst999", "Encounter/v8"), 422, "no-template"),
        (Issuing(ID, "wst500-4", "visit"), 400, "bad-reference"),
        (Issuing(ID, "wst500-4", "Encounter/nowhere"), 404, "not-found"),
        (Issuing(ID, "wst500-4", "Encounter/v1"), 422, "document-empty"),
        (Issuing(ID, "wst500-53", "Encounter/v8"), 422, "document-focus"),
        (Issuing(ID, "wst500-7", "Encounter/v8"), 422, "document-focus"),
        (Issuing(ID, "wst500-2", "Encounter/v8", ("99999-9=x",)), 400, "no-such-section"),
    ],
)
async def test_what_cannot_be_issued_is_told(ward: tuple[Door, Stopped], given: Issuing, status: int, key: str) -> None:
    with pytest.raises(OutcomeError) as refused:
        await asked(ward[0], "family-doctor", ISSUE, given)
    assert (refused.value.status, refused.value.issues[0].key) == (status, key)


async def test_residents_issue_nothing_and_other_compositions_have_no_cda(ward: tuple[Door, Stopped]) -> None:
    with pytest.raises(OutcomeError) as refused:
        await asked(ward[0], "mother", ISSUE, Issuing(ID, "wst483-1", f"Patient/{ID}"))
    assert refused.value.status == 403
    other = {
        "resourceType": "Composition",
        "id": "note",
        "status": "final",
        "type": {"coding": [{"system": f"{HL7}v2-0203", "code": "x"}]},
        "subject": {"reference": f"Patient/{ID}"},
        "date": "2026-11-20",
        "author": [{"display": "王建国"}],
        "title": "病程记录",
    }
    await put(ward[0], other)
    with pytest.raises(OutcomeError) as refused:
        await asked(ward[0], "mother", CDA, Paper("note"))
    assert (refused.value.status, refused.value.issues[0].key) == (422, "no-template")


@pytest.mark.parametrize(
    ("id", "about"),
    [("wst483-1", f"Patient/{ID}"), ("wst500-7", "DiagnosticReport/panel-v7"), ("wst500-4", "Encounter/v7")],
)
async def test_issued_documents_have_no_faults_but_the_number_of_a_visit(
    ward: tuple[Door, Stopped], id: str, about: str
) -> None:
    issued = await asked(ward[0], "family-doctor", ISSUE, Issuing(ID, id, about))
    binary = await asked(ward[0], "family-doctor", CDA, Paper(str(issued.id)))
    one = template(id)
    assert one is not None
    assert faults(one, base64.b64decode(binary.data)) == ()


@pytest.mark.rule("ST-06", "ST-08")
async def test_a_document_of_elsewhere_is_checked_and_kept_once(ward: tuple[Door, Stopped]) -> None:
    door = ward[0]
    issued = await asked(door, "family-doctor", ISSUE, Issuing(ID, "wst483-1", f"Patient/{ID}"))
    binary = await asked(door, "family-doctor", CDA, Paper(str(issued.id)))
    given = Import(f"Patient/{ID}", binary)
    first = await asked(door, "family-doctor", IMPORT, given)
    assert (first.status, first.type.coding[0].code) == ("current", "483.1")
    assert base64.b64decode(first.content[0].attachment.data) == base64.b64decode(binary.data)
    assert (await asked(door, "family-doctor", IMPORT, given)).id == first.id
    # the next version takes its place
    later = base64.b64decode(binary.data).replace(f'{ID}.1"'.encode(), f'{ID}.2"'.encode(), 1)
    later = later.replace(b'versionNumber value="1"', b'versionNumber value="2"')
    series = f'<setId root="2.16.156.10011.1.1" extension="HSDA00.01-{ID}" />'
    before = f'<id root="2.16.156.10011.1.1" extension="HSDA00.01-{ID}.1" />{series}<versionNumber value="1" />'
    parent = f'<relatedDocument typeCode="RPLC"><parentDocument>{before}</parentDocument></relatedDocument>'
    later = later.replace(b"</custodian>", b"</custodian>" + parent.encode())
    second = await asked(door, "family-doctor", IMPORT, Import(f"Patient/{ID}", _binary(later)))
    assert second.relatesTo[0].target.reference == f"DocumentReference/{first.id}"
    row = await door.auto(SYSTEM).read("DocumentReference", str(first.id))
    assert json.loads(row.body())["status"] == "superseded"


def _binary(body: bytes) -> Binary:
    return Binary(contentType="application/xml", data=base64.b64encode(body).decode())


@pytest.mark.parametrize(
    ("patient", "change", "status", "key"),
    [
        (f"Patient/{ID}", (b"410802195803084523", b"410802195803080004"), 422, "another-person"),
        (f"Patient/{ID}", (b'code="CN"', b'code="US"'), 400, "cda-header"),
        (f"Patient/{ID}", (b"<?xml", b"<!DOCTYPE x><?xml"), 400, "cda-malformed"),
        (f"Patient/{ID}", (b"2.16.156.10011.2.1.1.1", b"2.16.156.10011.2.1.1.99"), 422, "cda-template"),
        ("Patient/zhiqiang", (b"", b""), 404, "not-found"),
        ("Group/1", (b"", b""), 400, "bad-reference"),
    ],
)
async def test_a_document_that_is_wrong_or_of_another_is_refused(
    ward: tuple[Door, Stopped], patient: str, change: tuple[bytes, bytes], status: int, key: str
) -> None:
    door = ward[0]
    issued = await asked(door, "family-doctor", ISSUE, Issuing(ID, "wst483-1", f"Patient/{ID}"))
    binary = await asked(door, "family-doctor", CDA, Paper(str(issued.id)))
    body = base64.b64decode(binary.data).replace(*change) if change[0] else base64.b64decode(binary.data)
    with pytest.raises(OutcomeError) as refused:
        await asked(door, "family-doctor", IMPORT, Import(patient, _binary(body)))
    assert (refused.value.status, refused.value.issues[0].key) == (status, key)
    with pytest.raises(OutcomeError) as refused:
        await asked(door, "family-doctor", IMPORT, Import(patient, Binary(contentType="x/y", data="?")))
    assert (refused.value.status, refused.value.issues[0].key) == (400, "not-base64")
    with pytest.raises(OutcomeError) as refused:
        await asked(door, "mother", IMPORT, Import(patient, _binary(body)))
    assert refused.value.status == 403
