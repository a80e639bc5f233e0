"""Every rule with what it finds and what it leaves alone, at its boundaries."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.capabilities.residents.people import resident
from xinglin.capabilities.quality.contract import DOMAINS, RULES, SEVERITIES
from xinglin.capabilities.quality.rules import front_page, judging, logic, validity
from xinglin.capabilities.quality.rules.case import ICD9, ICD10, LABS, LOINC, TCM, Case
from xinglin.capabilities.quality.rules.scores import mean, score
from xinglin.capabilities.quality.rules.writing import warnings
from xinglin.security.identifiers import IDENTITY_CARD

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MAN: dict[str, Any] = resident("张伟", "1980-01-01", 123, telecom=[{"system": "phone", "value": "13903910000"}])
WOMAN = resident("李娜", "1990-01-01", 124, telecom=[{"system": "phone", "value": "13903910000"}])
EXTENSION = "https://xinglin.health/fhir/StructureDefinition/"
TOLD = [{"url": EXTENSION + name, "valueCoding": {"code": "1"}} for name in ("ethnic-group", "occupation")]
PERSON: dict[str, Any] = {
    "extension": TOLD,
    "maritalStatus": {"text": "已婚"},
    "address": [{"text": "解放区"}],
    "telecom": [{"system": "phone", "value": "13903910000"}],
}


def plan(planned: str, **purpose: str) -> dict[str, Any]:
    told = [{"url": "purpose", "valueString": text} for text in purpose.values()]
    return {
        "url": EXTENSION + "readmission-plan",
        "extension": [{"url": "planned", "valueCode": planned}, *told],
    }


def payment(code: str) -> dict[str, Any]:
    return {"url": EXTENSION + "payment", "valueCoding": {"system": front_page.PAYMENTS, "code": code}}


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": "名称"}]}


def condition(code: str, on: str | None = "2026-11-01T10:00:00+08:00", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": code.replace(".", ""),
        "code": concept(ICD10, code),
        "recordedDate": on,
        "recorder": {"reference": "Practitioner/1"},
    } | more


def observation(system: str, code: str, value: str, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(system, code),
        "effectiveDateTime": "2026-11-01T10:00:00+08:00",
        "valueQuantity": {"value": Decimal(value), "code": unit},
    } | more


def pressure(high: int, low: int) -> dict[str, Any]:
    parts = (("8480-6", high), ("8462-4", low))
    return {
        "resourceType": "Observation",
        "code": concept(LOINC, "85354-9"),
        "component": [
            {"code": concept(LOINC, code), "valueQuantity": {"value": value, "code": "mm[Hg]"}} for code, value in parts
        ],
    }


def procedure(code: str, on: str, level: str = "2", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "id": "p" + code.replace(".", ""),
        "code": concept(ICD9, code),
        "performedDateTime": on,
        "performer": [{"actor": {"reference": "Practitioner/1"}}],
        "extension": [{"url": EXTENSION + "surgery-level", "valueCoding": {"code": level}}],
    } | more


def visit(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": "v",
        "status": "finished",
        "class": {"code": "AMB"},
        "serviceType": {"text": "内科"},
        "participant": [{"individual": {"reference": "Practitioner/1"}}],
        "serviceProvider": {"reference": "Organization/1"},
        "period": {"start": "2026-11-01T10:00:00+08:00", "end": "2026-11-01T10:20:00+08:00"},
        "diagnosis": [{"condition": {"reference": "Condition/I10x00"}}],
    } | more


def named(*codes: str, condition: str = "1") -> list[dict[str, Any]]:
    return [
        {
            "condition": {"reference": f"Condition/{code.replace('.', '')}"},
            "rank": rank,
            "use": {"coding": [{"code": "DD"}]},
            "extension": [{"url": EXTENSION + "admission-condition", "valueCoding": {"code": condition}}],
        }
        for rank, code in enumerate(codes, 1)
    ]


def stay(*codes: str, **more: Any) -> dict[str, Any]:
    return (
        visit()
        | {
            "class": {"code": "IMP"},
            "identifier": [{"value": "ZY1"}],
            "period": {"start": "2026-11-01T10:00:00+08:00", "end": "2026-11-05T09:00:00+08:00"},
            "length": {"value": 4, "code": "d"},
            "hospitalization": {
                "admitSource": {"text": "门诊"},
                "dischargeDisposition": concept(logic.WAYS, "1"),
            },
            "diagnosis": named(*(codes or ("I10.x00",))),
            "reasonCode": [{"text": "高血压"}],
            "extension": [payment("7"), plan("1")],
            "meta": {"versionId": "1", "lastUpdated": "2026-11-10T00:00:00Z"},
        }
        | more
    )


def found(
    resource: dict[str, Any],
    patient: dict[str, Any] = MAN,
    encounter: dict[str, Any] | None = None,
    judged: tuple[validity.Judged, ...] = (),
    **parts: tuple[dict[str, Any], ...],
) -> set[str]:
    return {one.rule for one in judging.judge(Case(resource, NOW, patient, encounter or {}, parts), judged)}


def of_stay(*codes: str, patient: dict[str, Any] = PERSON | MAN, parts: Any = None, **more: Any) -> set[str]:
    """Judge a stay with these diagnoses, the first the main one."""
    written = tuple(condition(code) for code in codes or ("I10.x00",))
    return found(stay(*codes, **more), patient, Condition=written, **(parts or {}))


def test_what_is_right_has_no_findings() -> None:
    assert found(MAN) == found(visit()) == found(condition("I10.x00")) == of_stay() == set()
    assert found(visit(status="entered-in-error", participant=[])) == set()


@pytest.mark.rule("HR-04")
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"name": []}, "DQ-C01"),
        ({"gender": None}, "DQ-C01"),
        ({"identifier": []}, "DQ-C02"),
        ({"identifier": [{"value": "1", "type": {"coding": [{"code": "MR"}]}, "system": "x/id/r"}]}, "DQ-C02"),
        ({"telecom": []}, "DQ-C03"),
    ],
)
def test_residents_are_complete(change: dict[str, Any], rule: str) -> None:
    assert found(MAN | change) == {rule}


def test_visits_and_diagnoses_are_complete() -> None:
    assert found(visit(serviceProvider=None)) == {"DQ-C04"}
    assert found(visit(period={"start": "2026-11-01T10:00:00+08:00"})) == {"DQ-C04"}
    assert found(visit(status="in-progress", period={"start": "2026-11-01"}, diagnosis=[])) == set()
    assert found(visit(diagnosis=[])) == {"DQ-C05"}
    assert found(visit(diagnosis=[], type=[{"text": "随访"}])) == set()
    assert found(visit(diagnosis=[], reasonReference=[{"reference": "Condition/1"}])) == set()
    assert found(condition("I10.x00", recorder=None)) == {"DQ-C06"}
    listed = [{"coding": [{"code": "problem-list-item"}]}]
    assert found(condition("I10.x00", recorder=None, category=listed)) == set()
    assert found(condition("I10.x00", None, category=listed)) == {"DQ-C06"}


@pytest.mark.rule("ST-51", "ST-53", "ST-54", "ST-50")
@pytest.mark.parametrize(
    ("type", "system", "code", "rules"),
    [
        ("Condition", ICD10, "I10.x00", set()),
        ("Condition", ICD10, "I10.x00x002", set()),
        ("Condition", ICD10, "E11.900", set()),
        ("Condition", ICD10, "I10", {"DQ-V01"}),
        ("Condition", ICD10, "I10.X00", {"DQ-V01"}),
        ("Procedure", ICD9, "47.0100", set()),
        ("Procedure", ICD9, "36.0700x004", set()),
        ("Procedure", ICD9, "47.01", {"DQ-V02"}),
        ("Condition", f"{TCM}disease", "A04.01.01", set()),
        ("Condition", f"{TCM}disease", "BNP010", {"DQ-V06"}),
    ],
)
def test_codes_have_the_national_form(type: str, system: str, code: str, rules: set[str]) -> None:
    given = {**condition("I10.x00"), "resourceType": type, "code": concept(system, code)}
    assert found(given) == rules
    assert found(given | {"code": {"text": "高血压"}}) == {"DQ-V07"}


@pytest.mark.rule("ST-57")
@pytest.mark.parametrize(
    ("state", "rules"),
    [
        ("right", set()),
        ("unknown-system", set()),
        ("unknown-code", {"DQ-V03"}),
        ("other-display", {"DQ-V04"}),
        ("retired", {"DQ-V05"}),
        ("not-yet", {"DQ-V05"}),
    ],
)
def test_codes_stand_in_their_edition(state: str, rules: set[str]) -> None:
    assert found(condition("I10.x00"), judged=(validity.Judged("I10.x00", state),)) == rules


@pytest.mark.rule("ST-41")
def test_dates_are_in_order() -> None:
    backwards = {"start": "2026-11-01T10:00:00+08:00", "end": "2026-11-01T09:59:00+08:00"}
    assert found(visit(period=backwards)) == {"DQ-P01"}
    assert found(visit(period=backwards | {"end": backwards["start"]})) == set()
    assert found(condition("I10.x00", onsetDateTime="2020-05-02", abatementDateTime="2020-05-01")) == {"DQ-P01"}
    assert found(condition("I10.x00", onsetDateTime="2020-05-02", abatementDateTime="2020-05-02")) == set()
    assert found(condition("I10.x00", "2026-11-24T10:00:00+08:00")) == {"DQ-P02"}
    assert found(condition("I10.x00", "1979-12-31")) == {"DQ-P03"}
    assert found(condition("I10.x00", "1980-01-01")) == set()
    dead = MAN | {"deceasedDateTime": "2026-10-31T23:00:00+08:00"}
    assert found(condition("I10.x00"), dead) == {"DQ-P03"}


@pytest.mark.rule("ST-41", "ST-32")
@pytest.mark.parametrize(
    ("code", "patient", "on", "rules"),
    [
        ("O80.000", WOMAN, "2026-11-01", set()),
        ("O80.000", MAN, "2026-11-01", {"DQ-P04"}),
        ("N40.x00", MAN, "2026-11-01", set()),
        ("N40.x00", WOMAN, "2026-11-01", {"DQ-P04"}),
        ("C61.x00", WOMAN, "2026-11-01", {"DQ-P04"}),
        ("O80.000", WOMAN, "1999-12-31", {"DQ-P05"}),
        ("O80.000", WOMAN, "2000-01-01", set()),
        ("P22.000", WOMAN, "1990-01-29", set()),
        ("P22.000", WOMAN, "1990-01-30", {"DQ-P05"}),
    ],
)
def test_diagnoses_fit_sex_and_age(code: str, patient: dict[str, Any], on: str, rules: set[str]) -> None:
    assert found(condition(code, on), patient) == rules


@pytest.mark.rule("ST-41", "HR-03")
def test_an_identity_number_fits_birth_and_sex() -> None:
    assert found(MAN | {"gender": "female"}) == {"DQ-P08"}
    assert found(MAN | {"birthDate": "1980-01-02"}) == {"DQ-P08"}
    wrong = [{"system": IDENTITY_CARD, "value": "410802198001011230"}]
    assert found(MAN | {"identifier": wrong}) == {"DQ-P08"}


@pytest.mark.parametrize(
    ("code", "value", "unit", "rules"),
    [
        ("8310-5", "25", "Cel", set()),
        ("8310-5", "44.1", "Cel", {"DQ-P06"}),
        ("8310-5", "98.6", "[degF]", set()),
        ("59408-5", "101", "%", {"DQ-P06"}),
        ("29463-7", "19.9", "kg", {"DQ-P06"}),
        ("29463-7", "350", "kg", set()),
    ],
)
def test_vital_signs_are_possible(code: str, value: str, unit: str, rules: set[str]) -> None:
    assert found(observation(LOINC, code, value, unit)) == rules


def test_a_weight_is_judged_by_age() -> None:
    child = MAN | {"birthDate": "2026-05-01", "identifier": []}
    assert found(observation(LOINC, "29463-7", "7", "kg"), child) == set()
    assert found(observation(LOINC, "29463-7", "21", "kg"), child) == {"DQ-P06"}


def test_pressures_and_laboratory_values_are_possible() -> None:
    assert found(pressure(120, 80)) == set()
    assert found(pressure(80, 80)) == {"DQ-P09"}
    assert found(observation(LABS, "FPG", "5.6", "mmol/L")) == set()
    assert found(observation(LABS, "FPG", "-1", "mmol/L")) == {"DQ-P07"}
    assert found(observation(LABS, "FPG", "5600", "mmol/L")) == {"DQ-P07"}
    assert found(observation(LABS, "FPG", "5600", "mg/dL")) == set()
    assert found(observation(LABS, "nobody knows it", "-1", "mmol/L")) == set()


@pytest.mark.rule("ST-42")
def test_what_happened_is_written_in_time() -> None:
    late = condition("I10.x00", "2026-11-02T10:20:01+08:00")
    assert found(late, encounter=visit()) == {"DQ-T01"}
    assert found(late | {"recordedDate": "2026-11-02T10:20:00+08:00"}, encounter=visit()) == set()
    taken = observation(LABS, "FPG", "5.6", "mmol/L")
    assert found(taken | {"issued": "2026-11-04T10:00:00+08:00"}) == set()
    assert found(taken | {"issued": "2026-11-04T10:00:01+08:00"}) == {"DQ-T02"}
    written = {"versionId": "1", "lastUpdated": "2026-12-06T09:00:00+08:00"}
    assert of_stay(meta=written) == {"DQ-T03"}
    assert of_stay(meta=written | {"lastUpdated": "2026-12-05T09:00:00+08:00"}) == set()
    assert of_stay(meta=written | {"versionId": "2"}) == set()


@pytest.mark.rule("ST-30", "ST-31")
def test_the_front_page_is_filled_in() -> None:
    assert of_stay(identifier=[]) == {"DQ-F01"}
    assert of_stay(extension=[payment("7"), plan("1")]) == set()
    assert of_stay(extension=[payment("0"), plan("1")]) == {"DQ-F02"}


@pytest.mark.rule("ST-33")
@pytest.mark.parametrize(("end", "days"), [("2026-11-01T18:00:00+08:00", 1), ("2026-11-05T09:00:00+08:00", 4)])
def test_actual_days(end: str, days: int) -> None:
    period = {"start": "2026-11-01T10:00:00+08:00", "end": end}
    assert of_stay(period=period, length={"value": days, "code": "d"}) == set()
    assert of_stay(period=period, length={"value": days + 1, "code": "d"}) == {"DQ-F03"}


@pytest.mark.rule("ST-34", "ST-40", "ST-41", "ST-51")
@pytest.mark.parametrize(
    ("codes", "rules"),
    [
        (("I10.x00", "E11.900"), set()),
        (("W19.x00", "I10.x00"), {"DQ-F05"}),
        (("N08.300*", "E11.200†"), {"DQ-F05"}),
        (("R50.900", "J18.900"), {"DQ-F05"}),
        (("R50.900",), set()),
        (("S72.000",), {"DQ-F06"}),
        (("S72.000", "W19.x00"), set()),
        (("C34.900",), {"DQ-F07"}),
        (("D48.900",), {"DQ-F07"}),
        (("D50.900",), set()),
    ],
)
def test_diagnoses_of_the_front_page(codes: tuple[str, ...], rules: set[str]) -> None:
    assert of_stay(*codes) == rules


@pytest.mark.rule("ST-34", "ST-41")
def test_a_main_diagnosis_states_and_morphology() -> None:
    assert of_stay(diagnosis=[]) == {"DQ-F04", "DQ-C05"}
    assert of_stay(diagnosis=named("I10.x00") + named("E11.900")) == {"DQ-F04"}
    assert of_stay(diagnosis=named("I10.x00", condition="5")) == {"DQ-F10"}
    morphology = {"resourceType": "Condition", "id": "m", "code": concept(ICD10, "M8140/3")}
    written = (condition("C34.900"), morphology)
    assert found(stay("C34.900"), PERSON | MAN, Condition=written) == set()


@pytest.mark.rule("ST-35", "ST-41")
def test_operations_lie_in_the_stay() -> None:
    for on, rules in (
        ("2026-10-30", {"DQ-F08"}),
        ("2026-10-31", set()),
        ("2026-11-05", set()),
        ("2026-11-06", {"DQ-F08"}),
    ):
        assert of_stay(parts={"Procedure": (procedure("47.0100", on),)}) == rules
    assert of_stay(parts={"Procedure": (procedure("47.0100", "2026-11-02", level="5"),)}) == {"DQ-F09"}
    assert of_stay(parts={"Procedure": (procedure("47.0100", "2026-11-02", performer=[]),)}) == {"DQ-F09"}


@pytest.mark.rule("ST-36", "ST-41")
def test_ways_of_leaving() -> None:
    def leaving(way: str, **more: Any) -> dict[str, Any]:
        return {"admitSource": {"text": "门诊"}, "dischargeDisposition": concept(logic.WAYS, way)} | more

    assert of_stay(hospitalization=leaving("6")) == {"DQ-F11"}
    assert of_stay(hospitalization=leaving("2")) == {"DQ-F11"}
    assert of_stay(hospitalization=leaving("3", destination={"display": "民生社区卫生服务中心"})) == set()
    assert of_stay(hospitalization=leaving("9")) == set()
    assert of_stay(hospitalization=leaving("5")) == {"DQ-F12", "DQ-F22"}
    dead = PERSON | MAN | {"deceasedDateTime": "2026-11-05T09:00:00+08:00"}
    autopsy = {"url": EXTENSION + "autopsy", "valueCoding": {"code": "2"}}
    answered = [payment("7"), plan("1"), autopsy]
    assert of_stay(patient=dead, hospitalization=leaving("5"), extension=answered) == set()
    assert of_stay(patient=dead, hospitalization=leaving("5")) == {"DQ-F22"}


@pytest.mark.rule("ST-32", "ST-41")
@pytest.mark.parametrize(
    ("grams", "rules"),
    [("100", set()), ("90", {"DQ-F15"}), ("3255", {"DQ-F15"}), ("3250", set()), ("10000", {"DQ-F15"})],
)
def test_a_newborn_is_weighed(grams: str, rules: set[str]) -> None:
    child = PERSON | {"birthDate": "2026-10-31"}
    weight = observation(LOINC, "8339-4", grams, "g")
    assert of_stay(patient=child, parts={"Observation": (weight,)}) == rules
    assert of_stay(patient=child) == {"DQ-F15"}
    assert of_stay(patient=PERSON | {"birthDate": "2026-10-03"}) == set()


@pytest.mark.rule("ST-30", "ST-31", "ST-34", "ST-37")
def test_items_that_are_never_blank() -> None:
    assert of_stay(extension=[plan("1")]) == {"DQ-F17"}
    assert of_stay(extension=[payment("7")]) == {"DQ-F17"}
    assert of_stay(reasonCode=[]) == {"DQ-F17"}
    outpatient = {"condition": {"reference": "Condition/I10x00"}, "use": {"coding": [{"code": "AD"}]}}
    assert of_stay(reasonCode=[], diagnosis=[*named("I10.x00"), outpatient]) == set()
    assert of_stay(patient=PERSON | MAN | {"maritalStatus": None}) == {"DQ-F16"}
    assert of_stay(patient=PERSON | MAN | {"extension": TOLD[:1]}) == {"DQ-F16"}
    child = PERSON | {"birthDate": "2016-01-01", "extension": TOLD[:1]}
    assert of_stay(patient=child) == set()


@pytest.mark.rule("ST-30", "ST-33")
def test_departments_and_ways_of_admission_are_of_their_lists() -> None:
    def came(route: str) -> dict[str, Any]:
        return {"admitSource": concept(logic.ROUTE, route), "dischargeDisposition": concept(logic.WAYS, "1")}

    assert of_stay(serviceType=concept(logic.DEPARTMENT, "03")) == set()
    assert of_stay(serviceType=concept(logic.DEPARTMENT, "999")) == {"DQ-F18"}
    assert [of_stay(hospitalization=came(route)) for route in "9 4".split()] == [set(), {"DQ-F18"}]


@pytest.mark.rule("ST-37")
def test_plans_to_come_back_and_time_in_coma() -> None:
    def coma(hours: int) -> dict[str, Any]:
        return {"url": EXTENSION + "coma-before", "extension": [{"url": "hours", "valueInteger": hours}]}

    for more, rules in (
        (plan("2", purpose="取内固定"), set()),
        (plan("2"), {"DQ-F23"}),
        (plan("3"), {"DQ-F23"}),
    ):
        assert of_stay(extension=[payment("7"), more]) == rules
    assert of_stay(extension=[payment("7"), plan("1"), coma(23)]) == set()
    assert of_stay(extension=[payment("7"), plan("1"), coma(24)]) == {"DQ-F23"}


@pytest.mark.rule("ST-35", "ST-53")
def test_levels_are_those_of_the_list() -> None:
    def operated(**more: Any) -> set[str]:
        return of_stay(parts={"Procedure": (procedure("47.0100", "2026-11-02") | more,)})

    level = {"url": EXTENSION + "surgery-level", "valueCoding": {"code": "1"}}
    assert operated() == set()
    assert operated(extension=[level]) == {"DQ-F19"}
    assert operated(extension=[]) == {"DQ-F09"}
    assert operated(performedDateTime=None) == {"DQ-F20"}


@pytest.mark.rule("ST-51", "ST-54")
def test_codes_that_go_in_pairs() -> None:
    star = condition("N08.300*")
    disease = condition("I10.x00") | {"id": "d", "code": concept(f"{TCM}disease", "A04.01.01")}
    syndrome = disease | {"id": "s", "code": concept(f"{TCM}syndrome", "B01.01")}
    main = condition("I10.x00")
    for written, rules in (
        ((main, star), {"DQ-F26"}),
        ((main, star, condition("E11.200†")), set()),
        ((main, disease), {"DQ-F21"}),
        ((main, disease, syndrome), set()),
    ):
        assert found(stay(), PERSON | MAN, Condition=written) == rules


@pytest.mark.rule("ST-41")
@pytest.mark.parametrize(
    ("hours", "code", "rules"),
    [
        ("40", "96.7101", set()),
        ("96", "96.7101", {"DQ-F25"}),
        ("95", "96.7201", {"DQ-F25"}),
        ("-1", "47.0100", {"DQ-F25"}),
        ("95.1", "", {"DQ-F25"}),
        ("94.9", "", set()),
    ],
)
def test_hours_of_ventilation(hours: str, code: str, rules: set[str]) -> None:
    given = {"url": EXTENSION + "ventilator-hours", "valueDecimal": Decimal(hours)}
    done = (procedure(code, "2026-11-02"),) if code else ()
    judged = of_stay(extension=[payment("7"), plan("1"), given], parts={"Procedure": done})
    assert judged == rules


@pytest.mark.rule("ST-41")
def test_whoever_was_given_blood_has_a_blood_group() -> None:
    fees = charged(ZFY="60", XF="60")
    assert of_stay(parts={"ChargeItem": fees}) == {"DQ-F24"}
    group = {"resourceType": "Observation", "code": concept(LOINC, "883-9")}
    assert of_stay(parts={"ChargeItem": fees, "Observation": (group,)}) == set()


PRESCRIPTION: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "medicationCodeableConcept": concept("https://xinglin.health/fhir/CodeSystem/drug", "D0020"),
    "dosageInstruction": [{"text": "口服"}],
    "requester": {"reference": "Practitioner/1"},
    "authoredOn": "2026-11-01",
}
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport",
    "status": "final",
    "code": concept(LOINC, "24362-6"),
    "result": [{"reference": "Observation/1"}],
    "performer": [{"reference": "Organization/1"}],
    "effectiveDateTime": "2026-11-01",
}
VACCINATION: dict[str, Any] = {
    "resourceType": "Immunization",
    "status": "completed",
    "vaccineCode": concept("https://xinglin.health/fhir/CodeSystem/vaccine", "0201"),
    "lotNumber": "1",
    "performer": [{"actor": {"reference": "Practitioner/1"}}],
    "occurrenceDateTime": "2026-11-01",
}


@pytest.mark.rule("CD-21")
@pytest.mark.parametrize("record", [PRESCRIPTION, REPORT, VACCINATION], ids=lambda one: one["resourceType"])
def test_medicines_reports_and_vaccines_are_coded(record: dict[str, Any]) -> None:
    where = validity.NAMED[record["resourceType"]]
    assert found(record) == set()
    assert found(record | {where: {"text": "名称"}}) == {"DQ-V08"}
    bare = {"system": "http://loinc.org", "code": "1"}
    assert found(record | {where: {"coding": [bare]}}) == {"DQ-V09"}
    assert found(record | {where: {"coding": [bare], "text": "名称"}}) == set()
    assert found(record, judged=(validity.Judged("1", "unknown-code"),)) == {"DQ-V03"}
    (asked,) = validity.asked(Case(record, NOW))
    assert asked["code"] in {"D0020", "24362-6", "0201"}
    assert {"completeness", "validity", "plausibility"} <= set(judging.domains(record))


def test_medicines_reports_and_vaccines_are_complete() -> None:
    assert found(PRESCRIPTION | {"dosageInstruction": []}) == {"DQ-C07"}
    assert found(PRESCRIPTION | {"medicationCodeableConcept": None, "medicationReference": {"reference": "x"}}) == set()
    assert found(REPORT | {"result": []}) == {"DQ-C08"}
    assert found(REPORT | {"result": [], "conclusion": "正常"}) == set()
    assert found(REPORT | {"result": [], "status": "registered"}) == set()
    assert found(VACCINATION | {"lotNumber": ""}) == {"DQ-C09"}
    assert found(VACCINATION | {"lotNumber": "", "status": "not-done"}) == set()
    assert found(VACCINATION | {"occurrenceDateTime": "1979-12-31"}) == {"DQ-P03"}
    late = REPORT | {"effectiveDateTime": "2026-11-01T00:00:00Z", "issued": "2026-11-04T01:00:00Z"}
    assert found(late) == {"DQ-T02"}


def told(document: dict[str, Any]) -> set[str]:
    issues = warnings(document, NOW)
    assert all(issue.severity in {"warning", "information"} for issue in issues)
    return {issue.key for issue in issues}


@pytest.mark.rule("ST-50")
def test_what_is_told_while_it_is_written() -> None:
    """Of itself alone: nothing that needs the patient, the visit or what else was recorded."""
    assert told(MAN) == told(stay()) == told(PRESCRIPTION) == set()
    assert told(condition("O80.000")) == set()
    assert told(condition("O80")) == {"DQ-V01"}
    assert told(MAN | {"telecom": []}) == {"DQ-C03"}
    assert told(stay(length={"value": 9, "code": "d"})) == {"DQ-F03"}
    assert told(stay(status="in-progress", length={"value": 9, "code": "d"})) == set()
    assert told(observation(LOINC, "29463-7", "3.2", "kg")) == set()
    assert told(observation(LOINC, "29463-7", "700", "kg")) == {"DQ-P06"}
    assert told(condition("O80", status="entered-in-error")) == set()
    (issue,) = warnings(condition("O80"), NOW)
    assert (issue.severity, issue.code, issue.where) == ("warning", "code-invalid", "Condition")
    assert "O80" in issue.text


def charged(**fees: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "resourceType": "ChargeItem",
            "status": "billed",
            "code": concept(front_page.ITEMS, code),
            "priceOverride": {"value": Decimal(value), "currency": "CNY"},
        }
        for code, value in fees.items()
    )


@pytest.mark.rule("ST-38", "ST-41")
@pytest.mark.parametrize(
    ("fees", "rules"),
    [
        ({"ZFY": "100.00", "XYF": "60.00", "KJYWF": "60.00", "HLF": "40.00"}, set()),
        ({"ZFY": "100.01", "XYF": "60.00", "HLF": "40.00"}, {"DQ-F13"}),
        ({"ZFY": "60.00", "XYF": "60.00", "KJYWF": "60.01"}, {"DQ-F13"}),
        ({"ZFY": "60.00", "XYF": "60.00", "ZFJE": "60.01"}, {"DQ-F13"}),
        ({"ZFY": "60.00", "SSZLF": "60.00", "MAF": "20.00", "SSF": "40.00", "ZFJE": "60.00"}, set()),
        ({"XYF": "60.00"}, {"DQ-F27"}),
    ],
)
def test_fees_add_up(fees: dict[str, str], rules: set[str]) -> None:
    assert of_stay(parts={"ChargeItem": charged(**fees)}) == rules


@pytest.mark.rule("ST-41")
def test_an_operation_has_a_fee() -> None:
    operated = (procedure("47.0100", "2026-11-02"),)
    assert of_stay(parts={"Procedure": operated, "ChargeItem": charged(ZFY="60", HLF="60")}) == {"DQ-F14"}
    assert of_stay(parts={"Procedure": operated, "ChargeItem": charged(ZFY="60", SSZLF="60", SSF="60")}) == set()


def test_an_institution_answers_for_its_records() -> None:
    kept = MAN | {"managingOrganization": {"reference": "Organization/3"}}
    assert judging.owner(Case(kept, NOW, kept)) == "Organization/3"
    assert judging.owner(Case(visit(), NOW, kept)) == "Organization/1"
    assert judging.owner(Case(condition("I10.x00"), NOW, kept, visit())) == "Organization/1"
    assert judging.owner(Case(condition("I10.x00"), NOW, kept)) == "Organization/3"
    assert judging.owner(Case(condition("I10.x00"), NOW, MAN)) == ""


def test_every_rule_has_words_and_a_domain() -> None:
    for rule in RULES.values():
        assert rule.domain in DOMAINS
        assert rule.severity in SEVERITIES
        assert rule.title.zh != rule.title.en


@pytest.mark.rule("ST-39")
def test_scores() -> None:
    assert score(100, {}) == Decimal("100.0")
    assert score(100, {"high": 1, "moderate": 2, "low": 5}) == Decimal("97.0")
    assert score(10, {"high": 11}) == 0
    assert score(0, {}) is None
    assert mean({"a": Decimal("90.0"), "b": Decimal("95.0"), "c": None}) == Decimal("92.5")
    assert mean({}) is None


COUNTS = st.fixed_dictionaries(dict.fromkeys(SEVERITIES, st.integers(0, 500)))


@pytest.mark.rule("ST-39")
@given(records=st.integers(1, 1_000), findings=COUNTS, mended=st.sampled_from(sorted(SEVERITIES)))
def test_mending_never_lowers_a_score(records: int, findings: dict[str, int], mended: str) -> None:
    after = findings | {mended: max(0, findings[mended] - 1)}
    before, now = score(records, findings), score(records, after)
    assert before is not None
    assert now is not None
    assert 0 <= before <= now <= 100
