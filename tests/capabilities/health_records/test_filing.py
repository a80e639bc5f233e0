"""Shared documents of elsewhere filed into a record: what is new, what stands there, what stays in the document."""

import base64
import json
from typing import Any

import pytest

from tests.capabilities.access.ward import Stopped, open_door, order, put
from tests.capabilities.health_records.person import ID, person
from tests.capabilities.health_records.readers import PEOPLE
from tests.capabilities.health_records.test_pages import refused, shown
from tests.capabilities.health_records.test_papers import asked
from xinglin.capabilities.health_records.contract import CDA, FILE, IMPORT, ISSUE, Filing, Import, Issuing, Paper
from xinglin.capabilities.health_records.operations.filing import preview
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.pages import entry, filed
from xinglin.capabilities.health_records.rules.filing import FILED, says_the_same
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Binary
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.store import Store

WHO = "family-doctor"
TEMPLATES = (
    ("wst483-1", f"Patient/{ID}"),
    ("wst500-2", "Encounter/v8"),
    ("wst500-4", "Encounter/v8"),
    ("wst500-7", "DiagnosticReport/panel-v7"),
)


@pytest.fixture
async def ward(store: Store) -> tuple[Door, Stopped]:
    door, clock = open_door(store)
    await put(door, *person())
    return door, clock


async def document(door: Door, template: str, about: str) -> bytes:
    issued = await asked(door, WHO, ISSUE, Issuing(ID, template, about))
    binary = await asked(door, WHO, CDA, Paper(str(issued.id)))
    return base64.b64decode(binary.data)


async def kept(door: Door, xml: bytes) -> str:
    binary = Binary(contentType="application/xml", data=base64.b64encode(xml).decode())
    found = await asked(door, WHO, IMPORT, Import(f"Patient/{ID}", binary))
    return str(found.id)


async def previewed(door: Door, id: str) -> Any:
    async with door.work(SYSTEM) as work:
        return await preview(Record(work, ID), id)


@pytest.mark.rule("ST-08")
@pytest.mark.parametrize(("template", "about"), TEMPLATES)
async def test_what_the_record_holds_already_is_recognised(
    ward: tuple[Door, Stopped], template: str, about: str
) -> None:
    """A document of the record's own entries brings nothing new back."""
    door = ward[0]
    id = await kept(door, await document(door, template, about))
    found = await previewed(door, id)
    assert found.proposals
    assert [one.text for one in found.proposals if not one.same] == []
    made = await asked(door, WHO, FILE, Filing(id))
    assert not made.entry


@pytest.mark.rule("ST-08")
@pytest.mark.parametrize(("template", "about"), TEMPLATES)
async def test_what_is_new_is_filed_once_with_its_source(ward: tuple[Door, Stopped], template: str, about: str) -> None:
    door = ward[0]
    xml = await document(door, template, about)
    fhir = door.auto(SYSTEM)
    for one in person():
        if one["resourceType"] in FILED:
            await fhir.delete(one["resourceType"], one["id"])
    id = await kept(door, xml)
    found = await previewed(door, id)
    new = [one for one in found.proposals if not one.same]
    assert len(new) == len(found.proposals) > 0
    made = await asked(door, WHO, FILE, Filing(id))
    assert len(made.entry) == len(new)
    for one in made.entry:
        body = json.loads((await fhir.read(type(one.resource).__name__, str(one.resource.id))).body())
        assert body["meta"]["source"] == f"DocumentReference/{id}"
        assert "code" in body.get("valueQuantity", {"code": ""}), body
        assert (body.get("subject") or body["patient"])["reference"] == f"Patient/{ID}"
    source = await fhir.find("Provenance", entity=f"DocumentReference/{id}")
    assert [len(json.loads(row.body())["target"]) for row in source.matches] == [len(new)]
    assert not (await asked(door, WHO, FILE, Filing(id))).entry
    # and the page of an entry leads back to the document
    first = made.entry[0].resource
    view = await shown(door, WHO, entry.show, type=type(first).__name__, rid=str(first.id))
    assert view.values["origin"] == f"/patients/{ID}/entries/DocumentReference/{id}"


@pytest.mark.rule("R2-025")
async def test_what_was_prescribed_elsewhere_is_filed_only_for_who_may_write_in_the_record(
    ward: tuple[Door, Stopped],
) -> None:
    """Whoever performs an order reads the record and its documents; medicines come into it by who treats alone."""
    door = ward[0]
    xml = await document(door, "wst500-4", "Encounter/v8")
    fhir = door.auto(SYSTEM)
    for one in person():
        if one["resourceType"] == "MedicationRequest":
            await fhir.delete("MedicationRequest", one["id"])
    id = await kept(door, xml)
    found = await previewed(door, id)
    medicines = tuple(one.key for one in found.proposals if one.type == "MedicationRequest" and not one.same)
    assert medicines
    await put(door, order("asked", ID, "3"))
    await door.auto(PEOPLE["stranger"]).read("DocumentReference", id)
    with pytest.raises(OutcomeError) as refusal:
        await asked(door, "stranger", FILE, Filing(id, medicines))
    assert (refusal.value.status, refusal.value.issues[0].key) == (403, "outside-reach")
    assert not (await fhir.find("MedicationRequest", patient=ID)).matches
    assert not (await fhir.find("Provenance", entity=f"DocumentReference/{id}")).matches
    await asked(door, WHO, FILE, Filing(id, medicines))
    there = [json.loads(row.body()) for row in (await fhir.find("MedicationRequest", patient=ID)).matches]
    assert len(there) == len(medicines)
    assert all(one["reportedBoolean"] and one["status"] != "draft" for one in there)


async def test_only_what_is_ticked_is_filed_and_foreign_sections_are_listed(ward: tuple[Door, Stopped]) -> None:
    door = ward[0]
    xml = await document(door, "wst500-4", "Encounter/v8")
    for one in person():
        if one["resourceType"] in {"Condition", "MedicationRequest"}:
            await door.auto(SYSTEM).delete(one["resourceType"], one["id"])
    foreign = b"""<component><section><code code="8716-3" codeSystem="2.16.840.1.113883.6.1"/><title>Vital signs</title>
<text>140/90</text><entry><observation/></entry></section></component></structuredBody>"""
    id = await kept(door, xml.replace(b"</structuredBody>", foreign))
    page = {"rid": id}
    values = (await shown(door, WHO, filed.show, **page)).values
    assert [(one.title, one.code, one.why, one.count) for one in values["unread"]] == [
        ("Vital signs", "8716-3", "foreign", 1)
    ]
    assert values["left"]
    assert (await refused(door, WHO, filed.send, **page)).status == 422
    assert (await refused(door, WHO, filed.send, **page, entry="nothing")).status == 422
    chosen = values["new"][0]["key"]
    assert (await shown(door, WHO, filed.send, **page, entry=chosen)).to == f"/patients/{ID}/filing/{id}"
    again = (await shown(door, WHO, filed.show, **page)).values
    assert (len(again["new"]), len(again["known"])) == (len(values["new"]) - 1, 1)
    for who, status in (("mother", 403), ("stranger", 404)):
        with pytest.raises(OutcomeError) as found:
            await asked(door, who, FILE, Filing(id))
        assert found.value.status == status


def test_results_of_another_day_or_value_are_another() -> None:
    def result(value: int, day: str) -> dict[str, Any]:
        code = {"coding": [{"system": "s", "code": "1"}]}
        return {
            "resourceType": "Observation",
            "code": code,
            "valueQuantity": {"value": value},
            "effectiveDateTime": day,
        }

    one = result(5, "2026-01-01")
    assert says_the_same(one, result(5, "2026-01-01T08:00:00+08:00"))
    assert not says_the_same(one, result(6, "2026-01-01"))
    assert not says_the_same(one, result(5, "2026-01-02"))
    assert not says_the_same(one | {"status": "entered-in-error"}, one)
    over = {"coding": [{"code": "resolved"}]}
    illness = {"resourceType": "Condition", "code": {"text": "高血压"}, "recordedDate": "2020-01-01"}
    assert says_the_same(illness, illness | {"recordedDate": "2026-01-01"})
    assert not says_the_same(illness | {"clinicalStatus": over}, illness)
