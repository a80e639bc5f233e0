"""What a record page decides: dangers, problems, medicines, results. Examples, and properties that hold for any."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.capabilities.health_records.person import ICD, person
from xinglin.capabilities.health_records.rules import results
from xinglin.capabilities.health_records.rules.documents import instant, when
from xinglin.capabilities.health_records.rules.medicines import medicines, until
from xinglin.capabilities.health_records.rules.problems import allergies, dangers, problems
from xinglin.fhir.document import bytes_of, document_of

TODAY = date(2026, 11, 22)
# as the store gives them, numbers as Decimal
PERSON = [document_of(bytes_of(one)) for one in person()]


def of(*types: str) -> list[dict[str, Any]]:
    return [one for one in PERSON if one["resourceType"] in types]


def condition(code: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": code, "code": {"coding": [{"system": ICD, "code": code}]}, **more}


def test_dangers_stand_in_the_order_of_their_weight() -> None:
    found = dangers(of("AllergyIntolerance", "Flag", "Device", "EpisodeOfCare"), of("Condition"), TODAY)
    assert [(one.kind, one.severity) for one in found] == [
        ("allergy", "high"),
        ("allergy", ""),
        ("flag", ""),
        ("implant", ""),
    ]


@pytest.mark.parametrize(
    ("code", "more", "kind"),
    [
        ("B18.100x002", {}, ["infection"]),
        ("B18.100x002", {"clinicalStatus": {"coding": [{"code": "resolved"}]}}, []),
        ("A16.200", {"verificationStatus": {"coding": [{"code": "refuted"}]}}, []),
        ("Z33.x00", {"onsetDateTime": "2026-06-01"}, ["pregnancy"]),
        ("Z33.x00", {"onsetDateTime": "2024-06-01"}, []),
        ("J06.900", {}, []),
    ],
)
def test_a_diagnosis_is_a_danger_while_it_is_one(code: str, more: dict[str, Any], kind: list[str]) -> None:
    assert [one.kind for one in dangers([], [condition(code, **more)], TODAY)] == kind


def test_a_flag_that_has_ended_is_none() -> None:
    flag = {
        "resourceType": "Flag",
        "id": "f",
        "status": "active",
        "code": {"text": "x"},
        "period": {"end": "2026-11-21"},
    }
    assert dangers([flag], [], TODAY) == ()
    assert len(dangers([flag | {"period": {"end": "2026-11-22"}}], [], TODAY)) == 1


def test_each_problem_stands_once_with_its_first_beginning_and_managed_ones_lead() -> None:
    later = condition("I25.103", onsetDateTime="2025-01-01", recordedDate="2026-11-01")
    found = problems([*of("Condition"), later], of("EpisodeOfCare"))
    assert [(one.concept["coding"][0]["code"], one.since, one.managed) for one in found] == [
        ("E11.900", "2021-09-11", True),
        ("I10.x00", "2018-05-02", True),
        ("I25.103", "2023-10-20", False),
    ]


def test_medicines_are_taken_while_their_supply_lasts() -> None:
    taken, ended = medicines(of("MedicationRequest"), TODAY)
    assert {one.id for one in taken} == {"amlodipine", "metformin"}
    assert [one.id for one in ended] == ["aspirin"]


@pytest.mark.parametrize(
    ("more", "last"),
    [
        ({}, None),
        ({"dispenseRequest": {"expectedSupplyDuration": {"value": Decimal(7), "code": "d"}}}, date(2026, 1, 7)),
        ({"dispenseRequest": {"expectedSupplyDuration": {"value": Decimal(2), "code": "wk"}}}, date(2026, 1, 14)),
        (
            {
                "dispenseRequest": {
                    "expectedSupplyDuration": {"value": Decimal(30), "code": "d"},
                    "numberOfRepeatsAllowed": 2,
                }
            },
            date(2026, 3, 31),
        ),
        ({"dispenseRequest": {"validityPeriod": {"end": "2026-02-01"}}}, date(2026, 2, 1)),
        (
            {"dosageInstruction": [{"timing": {"repeat": {"boundsDuration": {"value": Decimal(3), "code": "d"}}}}]},
            date(2026, 1, 3),
        ),
        (
            {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"end": "2026-01-20"}}}}]},
            date(2026, 1, 20),
        ),
    ],
)
def test_the_last_day_of_a_prescription(more: dict[str, Any], last: date | None) -> None:
    assert until({"resourceType": "MedicationRequest", "authoredOn": "2026-01-01T23:00:00+08:00", **more}) == last


def test_a_result_lies_as_the_laboratory_says_else_by_its_range() -> None:
    low, high = Decimal("3.5"), Decimal("5.3")
    assert results.flag_of(None, Decimal("5.3"), low, high) == "N"
    assert results.flag_of(None, Decimal("5.31"), low, high) == "H"
    assert results.flag_of(None, Decimal("3.4"), low, None) == "L"
    assert results.flag_of(None, Decimal("3.4"), None, None) == ""
    assert results.flag_of([{"coding": [{"code": "LL"}]}], Decimal(4), low, high) == "LL"
    assert results.flag_of([{"coding": [{"code": "unheard-of"}]}], None, low, high) == ""


def test_the_worst_results_lead_and_withdrawn_ones_do_not_count() -> None:
    observations = of("Observation")
    wrong = dict(observations[0]) | {"id": "wrong", "status": "entered-in-error", "effectiveDateTime": "2026-11-01"}
    found = results.abnormal_first(results.series([*observations, wrong]))
    assert found[0].code == "2823-3"
    assert found[0].latest.flag == "LL"
    assert all(one.latest.id != "wrong" for one in found)
    pressure = next(one for one in found if one.code == "85354-9")
    assert [one.at[:10] for one in pressure.readings] == sorted(
        (one.at[:10] for one in pressure.readings), reverse=True
    )
    assert [part.number for _, part in pressure.latest.parts] == [136, 83]


def test_units_are_reconciled_only_when_they_measure_the_same() -> None:
    (glucose,) = [one for one in results.series(of("Observation")) if one.code == "1558-6"]
    old = glucose.readings[-1].measure
    assert [old.number, old.code] == [189, "mg/dL"]
    assert results.converted(old, "g/L") is not None
    assert results.converted(old, "mmol/L") is None
    inner = results.converted(glucose.latest.measure, "umol/L")
    assert inner is not None
    assert [inner.number, inner.high] == [7400, 6100]


def test_dates_of_every_precision_have_their_instant_in_the_region() -> None:
    assert [str(instant(one)) for one in ("2026", "2026-11", "2026-11-22")] == [
        "2025-12-31 16:00:00+00:00",
        "2026-10-31 16:00:00+00:00",
        "2026-11-21 16:00:00+00:00",
    ]
    assert instant("soon") is None
    assert when({"period": {"end": "2026-01-02"}}) == "2026-01-02"
    assert when({"status": "final"}) == ""


def test_a_device_that_is_only_used_is_no_implant() -> None:
    meter = {"resourceType": "Device", "id": "m", "type": {"coding": [{"display": "Blood glucose meter"}]}}
    pacemaker = {"resourceType": "Device", "id": "p", "deviceName": [{"name": "双腔心脏起搏器"}]}
    assert [one.id for one in dangers([meter, pacemaker], [], TODAY)] == ["p"]


def test_no_known_allergy_is_no_danger_but_known() -> None:
    none = {"resourceType": "AllergyIntolerance", "id": "n", "code": {"coding": [{"code": "716186003"}]}}
    assert dangers([none], [], TODAY) == ()
    assert [allergies(given) for given in ([], [none], [none, *of("AllergyIntolerance")])] == [
        "not-recorded",
        "none-known",
        "some",
    ]
