"""The checks of prescribing on the city's prescriptions: sound ones pass, those made faulty on purpose are found."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest

from xinglin.care.findings import Finding
from xinglin.care.prescribing.checks import check
from xinglin.care.prescribing.forms import (
    DrugLine,
    ExtensionReason,
    LongTerm,
    Patient,
    Prescriber,
    Prescription,
    Setting,
    SliceLine,
)
from xinglin.tables.catalogues import drug

Json = Mapping[str, Any]
FREQUENCY: Final = {1: "qd", 2: "bid", 3: "tid", 4: "qid"}
PHYSICIAN: Final = Prescriber(
    physician=True,
    here=True,
    title_level="intermediate",
    departments=("02",),
    rights=frozenset({"western", "patent", "slices"}),
    antibiotic="restricted",
    institution_level=2,
)
# What finds each fault, and how grave it is.
FOUND_BY: Final = {
    "R3-003": ("S5", "block"),
    "R3-006": ("A3", "sign"),
    "R3-007": ("S7", "block"),
    "R3-008": ("S2", "block"),
    "R3-022": ("S8", "block"),
    "R3-031": ("S8", "block"),
    "R3-040": ("L3", "block"),
    "R3-054-A5": ("A5", "sign"),
    "R3-054-A7": ("A7", "block"),
    "R3-054-A1": ("A1", "warn"),
}


@pytest.fixture(scope="module")
def checked(by_type: Mapping[str, list[Json]]) -> list[tuple[frozenset[str], str, tuple[Finding, ...]]]:
    """Give, of every fourth prescription and of every faulty one: its faults, its setting, what was found."""
    conditions = {one["id"]: one for one in by_type["Condition"]}
    patients = {one["id"]: one for one in by_type["Patient"]}
    encounters = {one["id"]: one for one in by_type["Encounter"]}
    problems = _by_patient(by_type["Condition"], "subject")
    allergies = _by_patient(by_type["AllergyIntolerance"], "patient")
    groups: dict[str, list[Json]] = {}
    for one in by_type["MedicationRequest"]:
        groups.setdefault(one["groupIdentifier"]["value"], []).append(one)
    made = []
    for number, lines in enumerate(groups.values()):
        faults = frozenset(tag["code"] for tag in lines[0]["meta"]["tag"]) - {"city"}
        if number % 4 and not faults:
            continue
        person = _id(lines[0]["subject"])
        written = lines[0]["authoredOn"][:10]
        known = [one for one in problems.get(person, ()) if one.get("recordedDate", written)[:10] <= written]
        patient = Patient(
            born=date.fromisoformat(patients[person]["birthDate"]),
            sex=patients[person]["gender"],
            weight_kg=None,
            pregnant="no",
            allergies=tuple(one["code"]["text"] for one in allergies.get(person, ())),
            conditions=tuple(one["code"]["coding"][0]["code"] for one in known),
        )
        place = "inpatient" if encounters[_id(lines[0]["encounter"])]["class"]["code"] == "IMP" else "outpatient"
        prescription = _prescription(lines, conditions)
        found = check(
            prescription,
            patient,
            prescriber=PHYSICIAN,
            setting=Setting("inpatient" if place == "inpatient" else "outpatient"),
            day=prescription.issued,
        )
        made.append((faults, place, found))
    return made


def test_sound_prescriptions_of_the_city_are_not_blocked(
    checked: list[tuple[frozenset[str], str, tuple[Finding, ...]]],
) -> None:
    sound = [(place, found) for faults, place, found in checked if not faults]
    assert len(sound) > 1000
    blocked = Counter(
        (place, one.code, one.rule, one.text.zh) for place, found in sound for one in found if one.weight == "block"
    )
    assert blocked == Counter()
    # Of a hundred sound prescriptions few stop for a second signature: a list that cries wolf is not read.
    signed = sum(any(one.weight == "sign" for one in found) for _, found in sound)
    assert signed / len(sound) < 0.05


@pytest.mark.rule("R3-054")
def test_every_labelled_fault_is_found(checked: list[tuple[frozenset[str], str, tuple[Finding, ...]]]) -> None:
    faulty = [(fault, found) for faults, _, found in checked for fault in faults]
    assert len({fault for fault, _ in faulty}) >= 8
    missed = [
        (fault, found) for fault, found in faulty if FOUND_BY[fault] not in {(one.code, one.weight) for one in found}
    ]
    assert missed == []


def _prescription(lines: list[Json], conditions: Mapping[str, Json]) -> Prescription:
    first = lines[0]
    kind = first["category"][0]["coding"][0]["code"]
    reasons = [conditions[_id(one)] for one in first.get("reasonReference", ())]
    codes = {each["system"].rpartition("/")[2]: each["code"] for one in reasons for each in one["code"]["coding"]}
    days = first["dispenseRequest"]["expectedSupplyDuration"]["value"]
    reason: ExtensionReason = next(
        (one["valueCode"] for one in first.get("extension", ()) if one["url"].endswith("-reason")), ""
    )
    return Prescription(
        kind="tcm" if kind == "slices" else "paediatric" if kind == "paediatric" else "ordinary",
        issued=date.fromisoformat(first["authoredOn"][:10]),
        lines=tuple(_lines(lines)),
        diagnoses=tuple(one["code"]["coding"][0]["code"] for one in reasons),
        tcm_disease=codes.get("gbt-15657-disease", ""),
        tcm_syndrome=codes.get("gbt-15657-syndrome", ""),
        doses=days if kind == "slices" else None,
        usage="水煎服，分2次温服" if kind == "slices" else "",
        long=LongTerm(first=False, evaluated=True, stable=True, consented=True) if kind == "long" else None,
        extension_reason=reason,
    )


def _lines(requests: Iterable[Json]) -> Iterator[DrugLine | SliceLine]:
    for one in requests:
        code = one["medicationCodeableConcept"]["coding"][0]["code"]
        dosage = one["dosageInstruction"][0]
        if code.startswith("Z"):
            grams = Decimal(str(dosage["doseAndRate"][0]["doseQuantity"]["value"]))
            yield SliceLine(code, grams)
            continue
        amount = dosage.get("doseAndRate", [{}])[0].get("doseQuantity", {})
        known = drug(code)
        yield DrugLine(
            drug=code,
            dose=Decimal(str(amount["value"])) if amount else None,
            unit=amount.get("unit", ""),
            frequency=FREQUENCY.get(dosage.get("timing", {}).get("repeat", {}).get("frequency", 0), ""),
            route=dosage.get("route", {}).get("text", ""),
            days=one["dispenseRequest"]["expectedSupplyDuration"]["value"],
            quantity=one["dispenseRequest"]["quantity"]["value"] // known.pack,
            words=dosage["text"],
        )


def _by_patient(resources: Iterable[Json], element: str) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for one in resources:
        found.setdefault(_id(one[element]), []).append(one)
    return found


def _id(reference: Json) -> str:
    return str(reference["reference"]).partition("/")[2]
