"""What a record page decides: dangers, problems, medicines, results. Examples, and properties that hold for any."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.capabilities.health_records.person import ICD, person
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.rules import implants, results, trends
from xinglin.capabilities.health_records.rules.documents import instant, when
from xinglin.capabilities.health_records.rules.medicines import medicine, medicines, until
from xinglin.capabilities.health_records.rules.problems import allergies, dangers, problems
from xinglin.fhir.document import bytes_of, document_of
from xinglin.tables.catalogues import drugs
from xinglin.tables.codes import by_code

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
    assert [(one.id, one.state) for one in ended] == [("aspirin", "lapsed"), ("indapamide", "stopped")]


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
    assert results.converted(old, "g/L", old.loinc) is not None
    assert results.converted(old, "mmol/L", "718-7") is None
    moles = results.converted(old, "mmol/L", "14771-0")
    assert moles is not None
    assert moles.number == Decimal("10.491")
    inner = results.converted(glucose.latest.measure, "umol/L", old.loinc)
    assert inner is not None
    assert [inner.number, inner.high] == [7400, 6100]


def test_codes_of_one_analyte_are_one_trend_and_keep_what_was_written() -> None:
    def cholesterol(id: str, code: str, value: str, unit: str, day: str) -> dict[str, Any]:
        quantity = {"value": Decimal(value), "unit": unit, "code": unit}
        coding = [{"system": "urn:own", "code": "TC"}, {"system": results.LOINC, "code": code}]
        return {
            "resourceType": "Observation",
            "id": id,
            "status": "final",
            "code": {"coding": coding},
            "effectiveDateTime": day,
            "valueQuantity": quantity,
        }

    found = results.series(
        [
            cholesterol("new", "14647-2", "5.00", "mmol/L", "2026-01-01"),
            cholesterol("old", "2093-3", "200", "mg/dL", "2020-01-01"),
        ]
    )
    assert [one.code for one in found] == ["14647-2"]
    made = trends.trend(found, "14647-2")
    assert made.unit == "mmol/L"
    assert [(one.numbers, one.brought, one.reading.measure.unit) for one in made.points] == [
        ((Decimal("5.00"),), False, "mmol/L"),
        ((Decimal("5.1726"),), True, "mg/dL"),
    ]


def test_usual_ranges_stand_where_the_laboratory_gave_none() -> None:
    def weighed(**more: Any) -> dict[str, Any]:
        quantity = {"value": Decimal(12), "unit": "g/dL", "code": "g/dL"}
        code = {"coding": [{"system": results.LOINC, "code": "718-7"}]}
        return {"code": code, "effectiveDateTime": "2026-01-01", "valueQuantity": quantity, **more}

    man, woman = (results.Person(sex, date(1990, 1, 2)) for sex in ("male", "female"))
    low = results.reading(weighed(), man)
    assert (low.measure.low, low.flag, low.usual) == (Decimal(13), "L", True)
    assert results.reading(weighed(), woman).flag == "N"
    given = [{"low": {"value": Decimal(11)}}]
    kept = results.reading(weighed(referenceRange=given), man)
    assert (kept.measure.low, kept.flag, kept.usual) == (Decimal(11), "N", False)
    assert results.reading(weighed(interpretation=[{"coding": [{"code": "N"}]}]), man).flag == "N"
    assert results.reading(weighed()).measure.low is None
    # whose birth date is not known, or lies after the day, has no age
    assert not results.reading(weighed(), results.Person("male", None)).usual
    assert not results.reading(weighed(effectiveDateTime="1980-01-01"), man).usual


def test_blood_pressure_has_its_range() -> None:
    parts = [
        {
            "code": {"coding": [{"system": results.LOINC, "code": code}]},
            "valueQuantity": {"value": Decimal(value), "unit": "mmHg", "code": "mm[Hg]"},
        }
        for code, value in (("8480-6", 140), ("8462-4", 88))
    ]
    pressure = {"effectiveDateTime": "2026-01-01", "component": parts}
    read = results.reading(pressure, results.Person("male", date(1960, 1, 1)))
    assert [(one.low, one.high, one.flag) for _, one in read.parts] == [
        (Decimal(90), Decimal(139), "H"),
        (Decimal(60), Decimal(89), "N"),
    ]
    assert read.usual
    assert results.reading(pressure, results.Person("male", date(2016, 1, 1))).flag == ""


def test_dates_of_every_precision_have_their_instant_in_the_region() -> None:
    assert [str(instant(one)) for one in ("2026", "2026-11", "2026-11-22")] == [
        "2025-12-31 16:00:00+00:00",
        "2026-10-31 16:00:00+00:00",
        "2026-11-21 16:00:00+00:00",
    ]
    assert instant("soon") is None
    assert when({"period": {"end": "2026-01-02"}}) == "2026-01-02"
    assert when({"status": "final"}) == ""


def order(status: str, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "urn:d", "code": more.pop("code", "1")}]}
    begun = {"authoredOn": "2026-11-01", "medicationCodeableConcept": code}
    return {"resourceType": "MedicationRequest", "id": "o", "status": status, **begun, **more}


def supply(days: int) -> dict[str, Any]:
    return {"dispenseRequest": {"expectedSupplyDuration": {"value": Decimal(days), "code": "d"}}}


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (order("active"), "current"),
        (order("active", **supply(30)), "current"),
        (order("active", **supply(7)), "lapsed"),
        (order("on-hold", **supply(7)), "held"),
        (order("stopped", **supply(90)), "stopped"),
        (order("completed"), "ended"),
        (order("completed", **supply(7)), "ended"),
        (order("completed", **supply(90)), "current"),
    ],
)
def test_what_is_taken_is_told_from_what_was(given: dict[str, Any], state: str) -> None:
    found = medicine(given, TODAY)
    assert (found.state, found.current) == (state, state in {"current", "held"})


def test_the_last_fill_says_how_long_a_medicine_lasts() -> None:
    fill = {
        "resourceType": "MedicationDispense",
        "status": "completed",
        "authorizingPrescription": [{"reference": "MedicationRequest/o"}],
        "whenHandedOver": "2026-11-20T09:00:00+08:00",
        "daysSupply": {"value": Decimal(14), "code": "d"},
    }
    repeated = order("active", **supply(7))
    taken, former = medicines([repeated], TODAY, [fill])
    assert [(one.until, one.filled[:10]) for one in taken] == [(date(2026, 12, 3), "2026-11-20")]
    assert former == ()
    taken, former = medicines([repeated], TODAY, [fill | {"status": "cancelled"}])
    assert [one.state for one in former] == ["lapsed"]


def test_an_old_order_without_an_end_is_not_sure() -> None:
    assert medicine(order("active", authoredOn="2020-01-01"), TODAY).unsure
    assert not medicine(order("active"), TODAY).unsure
    # what may be used up stands before what was stopped
    _, former = medicines([order("stopped", code="a", id="s"), order("active", code="b", id="l", **supply(3))], TODAY)
    assert [one.id for one in former] == ["l", "s"]


@pytest.mark.parametrize(
    ("amount", "unit", "zh", "en"),
    [
        (5, "mg", "每次 1 片（5 mg），每天 2 次，口服", "1 tablet(s) (5 mg), 2 times a day, by mouth"),
        ("2.5", "mg", "每次 半片（2.5 mg），每天 2 次，口服", "0.5 tablet(s) (2.5 mg), 2 times a day, by mouth"),
        (3, "mg", "每次 3 mg，每天 2 次，口服", "3 mg, 2 times a day, by mouth"),
        (1, "片", "每次 1 片，每天 2 次，口服", "1 片, 2 times a day, by mouth"),
    ],
)
def test_doses_are_told_in_what_one_takes(amount: object, unit: str, zh: str, en: str) -> None:
    tablet = next(one for one in drugs() if one.unit == "片" and one.dose_unit == "mg" and one.amount == 5)
    dosage = {
        "text": "口服，一次5mg，每日两次",
        "route": {"text": "口服"},
        "doseAndRate": [{"doseQuantity": {"value": Decimal(str(amount)), "unit": unit}}],
        "timing": {"repeat": {"frequency": 2, "period": Decimal(1), "periodUnit": "d"}},
    }
    of = {"coding": [{"system": words.DRUGS, "code": tablet.code}]}
    assert words.plain_dose([dosage], "zh", of) == zh
    assert words.plain_dose([dosage], "en", of) == en
    assert words.dose([dosage], "zh") == "口服，一次5mg，每日两次"
    assert words.plain_dose([{"text": "遵医嘱"}], "zh", of) == "遵医嘱"


def operation(code: str, day: str, status: str = "completed") -> dict[str, Any]:
    concept = {"coding": [{"system": implants.ICD, "code": code}]}
    return {"resourceType": "Procedure", "id": code, "status": status, "code": concept, "performedDateTime": day}


def test_operations_put_implants_in_and_take_them_out() -> None:
    done = [
        operation("36.0700", "2023-10-21"),
        operation("69.7x00", "2010-01-01"),
        operation("97.7100", "2020-01-01"),
        operation("81.5100", "2022-01-01", status="not-done"),
        operation("47.0100", "2022-01-01"),
    ]
    assert [one.source["id"] for one in implants.of_procedures(done)] == ["36.0700"]
    again = [*done, operation("69.7x00", "2021-01-01")]
    assert {one.source["id"] for one in implants.of_procedures(again)} == {"36.0700", "69.7x00"}
    (danger,) = dangers([], [], TODAY, done)
    assert (danger.kind, danger.type, danger.since, danger.guessed) == ("implant", "Procedure", "2023-10-21", False)


def test_every_operation_of_the_list_is_one_of_the_table() -> None:
    known = by_code("icd9cm3")
    assert [code for system, code in implants.acts() if system == implants.ICD and code not in known] == []


def test_a_device_is_an_implant_by_its_code_and_by_its_name_only_as_a_guess() -> None:
    coded = {"resourceType": "Device", "type": {"coding": [{"system": implants.SNOMED, "code": "14106009"}]}}
    named = {"resourceType": "Device", "deviceName": [{"name": "双腔心脏起搏器"}]}
    found = [implants.of_device(one) for one in (coded, named)]
    assert [one is not None and one.guessed for one in found] == [False, True]
    assert implants.of_device(coded | {"status": "inactive"}) is None


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


def test_a_reader_of_english_reads_english_names_unless_other_words_were_written() -> None:
    coding = {"system": words.ICD10, "code": "I10.x00x002", "display": "高血压"}
    assert words.concept({"coding": [coding], "text": "高血压"}, "en") == "Hypertension"
    assert words.concept({"coding": [coding], "text": "高血压"}, "zh") == "高血压"
    assert words.concept({"coding": [coding], "text": "高血压，清晨为主"}, "en") == "高血压，清晨为主"
    pressure = {"coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "血压"}]}
    assert words.concept(pressure, "en") == "Blood pressure"
