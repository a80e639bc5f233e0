"""A copy without identity: what is kept is named, and nothing that tells of a person passes."""

import json
from datetime import date
from typing import Any

import pytest

from xinglin.security.deidentify import PSEUDONYM, REFUSED, Project, deidentified, refusals, shift_of

PROJECT = Project("Patient/1", "abc123", -10, date(2026, 11, 20))
SECRETS = (
    "张小三",
    "410802199003071234",
    "13812345678",
    "解放路",
    "Patient/1",
    "Practitioner/7",
    "o-17",
    "自述",
    "甲型",
)
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o-17",
    "meta": {"security": [{"system": "https://xinglin.health/x", "code": "5"}]},
    "text": {"status": "generated", "div": "<div>张小三</div>"},
    "contained": [{"resourceType": "Patient", "name": [{"text": "张小三"}]}],
    "extension": [{"url": "https://xinglin.health/x", "valueString": "13812345678"}],
    "identifier": [{"system": "urn:x", "value": "410802199003071234"}],
    "status": "final",
    "_status": {"extension": [{"url": "urn:x", "valueString": "张小三"}]},
    "code": {
        "coding": [
            {"system": "http://loinc.org", "code": "8867-4", "display": "张小三"},
            {"code": "410802199003071234"},
        ],
        "text": "张小三自述",
    },
    "subject": {"reference": "Patient/1", "display": "张小三"},
    "performer": [{"reference": "Practitioner/7"}],
    "effectiveDateTime": "2026-11-20T09:31:07+08:00",
    "issued": "2026-11-20T09:31:07Z",
    "valueQuantity": {"value": 72.5, "unit": "次/分", "system": "http://unitsofmeasure.org", "code": "/min"},
    "note": [{"text": "住解放路"}],
    "component": [
        {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "valueString": "甲型", "id": "o-17"}
    ],
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "name": [{"text": "张小三"}],
    "telecom": [{"system": "phone", "value": "13812345678"}],
    "address": [{"text": "解放路"}],
    "gender": "male",
    "birthDate": "1990-03-07",
}


@pytest.mark.rule("R7-031", "R7-033")
def test_nothing_that_tells_of_a_person_passes() -> None:
    for resource in (OBSERVATION, PATIENT):
        text = json.dumps(deidentified(resource, PROJECT), ensure_ascii=False)
        assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.rule("R7-031", "R7-033")
def test_codes_numbers_and_moved_dates_stay() -> None:
    assert deidentified(OBSERVATION, PROJECT) == {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"type": "Patient", "identifier": {"system": PSEUDONYM, "value": "abc123"}},
        "effectiveDateTime": "2026-11-10T09:00:00+08:00",
        "issued": "2026-11-10T09:00:00+00:00",
        "valueQuantity": {"value": 72.5, "unit": "次/分", "system": "http://unitsofmeasure.org", "code": "/min"},
        "component": [{"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}}],
    }
    assert deidentified(PATIENT, PROJECT) == {
        "resourceType": "Patient",
        "identifier": [{"system": PSEUDONYM, "value": "abc123"}],
        "gender": "male",
        "birthDate": "1990",
    }
    assert "birthDate" not in deidentified(PATIENT | {"birthDate": "1930-01-01"}, PROJECT)


@pytest.mark.parametrize(("given", "moved"), [("2026", "2026"), ("2026-11", "2026"), ("2026-11-20", "2026-11-10")])
def test_a_date_of_any_precision_moves_or_keeps_its_year(given: str, moved: str) -> None:
    assert deidentified({"resourceType": "Condition", "onsetDateTime": given}, PROJECT)["onsetDateTime"] == moved


def test_dates_always_move_and_by_half_a_year_at_most() -> None:
    shifts = {shift_of(n.to_bytes(4) + b"rest") for n in range(365)}
    assert len(shifts) == 365
    assert 0 not in shifts
    assert (min(shifts), max(shifts)) == (-182, 183)


@pytest.mark.parametrize("type_name", [*sorted(REFUSED), "Nothing", "HumanName"])
def test_what_is_words_or_names_throughout_is_refused(type_name: str) -> None:
    assert [one.key for one in refusals(type_name)] == ["deidentify-type"]
    assert refusals("Observation") == ()
