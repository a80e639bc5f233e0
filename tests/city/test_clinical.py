"""What happens to people agrees with itself: codes exist, values fit diseases, prescriptions keep the rules."""

import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from statistics import mean
from typing import Any

import pytest

from xinglin.city import acute, faults, stays, tcm, vaccinations
from xinglin.city.spec import CitySpec, age_on
from xinglin.city.terms import FAULT, ICD9, ICD10, UNDIAGNOSED
from xinglin.tables.catalogues import clash, drug, slices
from xinglin.tables.codes import by_code

Json = dict[str, Any]


def code(one: Json, field: str = "code", place: int = 0) -> str:
    return str(one[field]["coding"][place]["code"])


def fault_of(one: Json) -> str:
    return next((tag["code"] for tag in one["meta"]["tag"] if tag["system"] == FAULT), "")


def western(one: Json) -> bool:
    """Tell slices from what the catalogue of drugs has."""
    return bool(one["medicationCodeableConcept"]["coding"][0]["system"].endswith("/drug"))


def of_person(resources: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for one in resources:
        found[one["subject"]["reference"]].append(one)
    return found


def undiagnosed(by_type: dict[str, list[Json]], name: str) -> set[str]:
    """Give who has a disease that nobody knows of."""
    return {
        f"Patient/{one['id']}"
        for one in by_type["Patient"]
        if any(tag["system"] == UNDIAGNOSED and tag["code"] == name for tag in one["meta"]["tag"])
    }


def problems(by_type: dict[str, list[Json]], start: str) -> dict[str, str]:
    """Give who has a problem whose code begins so, and since when."""
    return {
        one["subject"]["reference"]: one["onsetDateTime"]
        for one in by_type["Condition"]
        if code(one).startswith(start) and one["category"][0]["coding"][0]["code"] == "problem-list-item"
    }


# -- codes ------------------------------------------------------------------------------------------------------------


def test_every_diagnosis_stands_in_the_table(by_type: dict[str, list[Json]]) -> None:
    used = {code(one) for one in by_type["Condition"]}
    used |= {one.code for one in tcm.patterns()} | {one.code for one in acute.illnesses()}
    used |= {one.code for one in (*stays.causes(), stays.CAESAREAN, stays.VAGINAL)}
    known = by_code("icd10")
    assert len(used) > 40
    assert used <= known.keys()
    assert all(one["code"]["coding"][0]["system"] == ICD10 for one in by_type["Condition"])


def test_every_procedure_stands_in_the_table(by_type: dict[str, list[Json]]) -> None:
    used = {code(one) for one in by_type["Procedure"]} | {
        one.operation.code for one in stays.causes() if one.operation is not None
    }
    assert len(used) > 6
    assert used <= by_code("icd9cm3").keys()
    assert all(one["code"]["coding"][0]["system"] == ICD9 for one in by_type["Procedure"])


def test_departments_vaccines_and_relations_stand_in_their_tables(by_type: dict[str, list[Json]]) -> None:
    assert {code(one, "serviceType") for one in by_type["Encounter"]} <= by_code("departments").keys()
    assert {code(one, "vaccineCode") for one in by_type["Immunization"]} <= by_code("vaccines").keys()
    related = {code({"one": one["relationship"][0]}, "one") for one in by_type["RelatedPerson"]}
    assert len(related) > 12
    assert related <= by_code("relation").keys()


# -- measurements -----------------------------------------------------------------------------------------------------


def systolic(one: Json) -> float:
    return float(one["component"][0]["valueQuantity"]["value"])


def test_blood_pressure_agrees_with_the_disease_and_falls_under_treatment(by_type: dict[str, list[Json]]) -> None:
    ill = problems(by_type, "I10")
    measured = [one for one in by_type["Observation"] if code(one) == "85354-9"]
    unknown = undiagnosed(by_type, "hypertension")
    well = [systolic(one) for one in measured if one["subject"]["reference"] not in ill.keys() | unknown]
    untold = [systolic(one) for one in measured if one["subject"]["reference"] in unknown]
    first: list[float] = []
    later: list[float] = []
    for one in measured:
        since = ill.get(one["subject"]["reference"])
        if since is not None:
            days = (date.fromisoformat(one["effectiveDateTime"][:10]) - date.fromisoformat(since)).days
            (first if days < 30 else later).append(systolic(one))
    assert mean(well) < 128
    assert mean(untold) > 145
    assert min(len(first), len(later)) > 10
    assert mean(first) - mean(later) > 5
    assert 125 < mean(later) < 148


def test_sugar_agrees_with_the_disease(by_type: dict[str, list[Json]]) -> None:
    ill = problems(by_type, "E1")
    fasting = [one for one in by_type["Observation"] if code(one, place=-1) == "FPG"]
    sick = [one["valueQuantity"]["value"] for one in fasting if one["subject"]["reference"] in ill]
    unknown = undiagnosed(by_type, "diabetes")
    well = [one["valueQuantity"]["value"] for one in fasting if one["subject"]["reference"] not in ill.keys() | unknown]
    untold = [one["valueQuantity"]["value"] for one in fasting if one["subject"]["reference"] in unknown]
    assert mean(sick) > 6.5
    assert mean(well) < 5.6
    assert mean(untold) > 7.5
    assert max(well) < 7.0


def test_results_bear_ranges_and_are_judged_by_them(by_type: dict[str, list[Json]]) -> None:
    judged = [one for one in by_type["Observation"] if "referenceRange" in one]
    assert len(judged) > 10_000
    for one in judged:
        word = one["interpretation"][0]["coding"][0]["code"]
        value, span = one["valueQuantity"]["value"], one["referenceRange"][0]
        low, high = span.get("low", {}).get("value", -1e9), span.get("high", {}).get("value", 1e9)
        assert (word in {"H", "HH"}) == (value > high), one["id"]
        assert (word in {"L", "LL"}) == (value < low), one["id"]
    words = Counter(one["interpretation"][0]["coding"][0]["code"] for one in judged)
    assert words["N"] > 0.75 * len(judged)
    assert words["H"] > 100


def test_illnesses_have_their_seasons(by_type: dict[str, list[Json]]) -> None:
    def months(start: str) -> Counter[int]:
        return Counter(int(one["recordedDate"][5:7]) for one in by_type["Condition"] if code(one).startswith(start))

    flu, bowel = months("J11"), months("A09")
    assert sum(flu[month] for month in (12, 1, 2)) > 3 * sum(flu[month] for month in (6, 7, 8))
    assert sum(bowel[month] for month in (7, 8, 9)) > 1.5 * sum(bowel[month] for month in (12, 1, 2))


@pytest.mark.rule("PG-09")
def test_diabetes_is_commoner_with_hypertension(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    pressure = problems(by_type, "I10").keys() | undiagnosed(by_type, "hypertension")
    sugar = problems(by_type, "E11").keys() | undiagnosed(by_type, "diabetes")
    grown = [
        f"Patient/{one['id']}"
        for one in by_type["Patient"]
        if 45 <= age_on(date.fromisoformat(one["birthDate"]), spec.until) < 65
    ]
    share = [mean(who in sugar for who in grown if (who in pressure) is having) for having in (True, False)]
    assert 1.3 < share[0] / share[1] < 3.2


# -- prescriptions ----------------------------------------------------------------------------------------------------

TIMES = {"qd": 1, "qn": 1, "bid": 2, "tid": 3, "qid": 4, "q6h": 4, "q8h": 3, "q12h": 2, "q4h": 6, "prn": 1, "st": 1}


def broken(prescription: list[Json], allergic: bool) -> set[str]:  # noqa: FBT001 a test's own
    """Say which rules a prescription breaks, read from the resources alone."""
    found = set()
    if len({code(one, "medicationCodeableConcept") for one in prescription}) > 5:
        found.add("R3-003")
    for one in prescription:
        what = drug(code(one, "medicationCodeableConcept"))
        [dosage] = one["dosageInstruction"]
        if dosage["text"] == "遵医嘱":
            found.add("R3-007")
        elif what.max_daily is not None:
            each = dosage["doseAndRate"][0]["doseQuantity"]["value"]
            if each * dosage["timing"]["repeat"]["frequency"] > float(what.max_daily):
                found.add("R3-006")
        if "reasonReference" not in one:
            found.add("R3-008")
        days = one["dispenseRequest"]["expectedSupplyDuration"]["value"]
        reason = any(each["url"].endswith("/extension-reason") for each in one.get("extension", ()))
        if days > 7 and not reason:
            found.add("R3-022")
        if days > 84 or (days > 7 and (what.control or (what.antibiotic and "结核" not in what.name))):
            found.add("R3-031")
        if what.antibiotic == "特殊":
            found.add("R3-040")
        if allergic and "阿莫西林" in what.name:
            found.add("R3-054-A7")
    if len({one["medicationCodeableConcept"]["text"][:2] for one in prescription} & {"双氯", "布洛"}) == 2:
        found.add("R3-054-A5")
    return found


def test_prescriptions_keep_the_rules_but_for_those_that_say_which_they_break(by_type: dict[str, list[Json]]) -> None:
    allergic = {one["patient"]["reference"] for one in by_type["AllergyIntolerance"] if one["code"]["text"] == "青霉素"}
    ward = {one["id"] for one in by_type["Encounter"] if one["class"]["code"] == "IMP"}
    prescriptions: dict[str, list[Json]] = defaultdict(list)
    for one in by_type["MedicationRequest"]:
        if western(one) and one["encounter"]["reference"].removeprefix("Encounter/") not in ward:
            prescriptions[one["groupIdentifier"]["value"]].append(one)
    said: Counter[str] = Counter()
    for lines in prescriptions.values():
        fault = fault_of(lines[0])
        breaks = broken(lines, lines[0]["subject"]["reference"] in allergic)
        if not fault:
            assert breaks == set(), lines
        else:
            said[fault] += 1
            if fault != "R3-054-A1":  # needs the diagnoses: below
                assert fault in breaks, lines
    assert set(said) <= set(faults.RULES)
    assert len(said) > 0.7 * len(faults.RULES)
    assert 0.003 < said.total() / len(prescriptions) < 0.02


def test_nobody_gets_what_pregnancy_or_age_bars(by_type: dict[str, list[Json]]) -> None:
    born = {f"Patient/{one['id']}": date.fromisoformat(one["birthDate"]) for one in by_type["Patient"]}
    expecting = {
        one["patient"]["reference"]: date.fromisoformat(one["period"]["start"])
        for one in by_type["EpisodeOfCare"]
        if code({"one": one["type"][0]}, "one") == "pregnancy"
    }
    pregnant = 0
    for one in filter(western, by_type["MedicationRequest"]):
        if fault_of(one):
            continue
        what, day = drug(code(one, "medicationCodeableConcept")), date.fromisoformat(one["authoredOn"][:10])
        assert age_on(born[one["subject"]["reference"]], day) >= (what.min_age_years or 0), what.name
        since = expecting.get(one["subject"]["reference"])
        if since is not None and 0 <= (day - since).days < 200:
            pregnant += 1
            assert what.pregnancy != "禁用", what.name
    assert pregnant > 10


def test_a_drug_for_diabetes_without_it_is_marked(by_type: dict[str, list[Json]]) -> None:
    ill = problems(by_type, "E1")
    for one in filter(western, by_type["MedicationRequest"]):
        if drug(code(one, "medicationCodeableConcept")).atc.startswith("A10"):
            assert (one["subject"]["reference"] in ill) == (fault_of(one) != "R3-054-A1"), one["id"]


def test_quantities_are_whole_packages_that_cover_the_days(by_type: dict[str, list[Json]]) -> None:
    for one in filter(western, by_type["MedicationRequest"]):
        what = drug(code(one, "medicationCodeableConcept"))
        quantity = one["dispenseRequest"]["quantity"]["value"]
        assert quantity > 0
        assert quantity % what.pack == 0
        [dosage] = one["dosageInstruction"]
        if what.amount and "doseAndRate" in dosage:
            days = one["dispenseRequest"]["expectedSupplyDuration"]["value"]
            each = dosage["doseAndRate"][0]["doseQuantity"]["value"] / float(what.amount)
            needed = each * dosage["timing"]["repeat"]["frequency"] * days
            assert needed - 1e-6 <= quantity < needed + what.pack


def test_formulas_keep_to_the_catalogue(by_type: dict[str, list[Json]]) -> None:
    known = {one.name: one for one in slices()}
    for pattern in tcm.patterns():
        for name, grams in pattern.formula:
            low, high = known[name].dose_low_g, known[name].dose_high_g
            assert low is not None
            assert high is not None
            assert low <= Decimal(str(grams)) <= high, (pattern.disease_title, name)
        for one, other in combinations([known[name] for name, _ in pattern.formula], 2):
            assert not clash(one, other), pattern
        assert by_code("tcm_diseases")[pattern.disease].name == pattern.disease_title
        assert by_code("tcm_syndromes_2021")[pattern.syndrome].name == pattern.syndrome_title
    seen = [one for one in by_type["MedicationRequest"] if not western(one)]
    assert len(seen) > 500
    both = [one for one in by_type["Condition"] if len(one["code"]["coding"]) == 3]
    assert len(both) > 100


# -- programmes -------------------------------------------------------------------------------------------------------


def test_vaccinations_keep_ages_and_intervals(by_type: dict[str, list[Json]]) -> None:
    born = {f"Patient/{one['id']}": date.fromisoformat(one["birthDate"]) for one in by_type["Patient"]}
    live: dict[str, set[date]] = defaultdict(set)
    least = {(dose.code, dose.number): dose for dose in vaccinations.SCHEDULE}
    for one in by_type["Immunization"]:
        who, day = one["patient"]["reference"], date.fromisoformat(one["occurrenceDateTime"])
        dose = least.get((code(one, "vaccineCode"), one["protocolApplied"][0]["doseNumberPositiveInt"]))
        if dose is None:
            assert code(one, "vaccineCode") == vaccinations.DT[0]
            continue
        months = (day.year - born[who].year) * 12 + day.month - born[who].month - (day.day < born[who].day)
        assert months >= dose.months, one["id"]
        if dose.live:
            live[who].add(day)
    for days in live.values():
        ordered = sorted(days)
        assert all((after - before).days >= 28 for before, after in pairwise(ordered))
    assert len(live) > 100


def test_follow_ups_come_every_three_months_or_in_two_weeks(by_type: dict[str, list[Json]]) -> None:
    visits = [
        one
        for one in by_type["Encounter"]
        if any(code({"one": each}, "one") == "hypertension" for each in one.get("type", ()))
    ]
    pressure = {
        one["encounter"]["reference"]: one["component"] for one in by_type["Observation"] if code(one) == "85354-9"
    }
    gaps: Counter[str] = Counter()
    for own in of_person(visits).values():
        days = sorted((date.fromisoformat(one["period"]["start"][:10]), one["id"]) for one in own)
        for (before, id_), (after, _) in pairwise(days):
            gap = (after - before).days
            assert 8 <= gap <= 100
            high = pressure[f"Encounter/{id_}"][0]["valueQuantity"]["value"]
            if gap < 20:
                gaps["again"] += 1
            elif high >= 160:
                gaps["referred"] += 1
            else:
                gaps["usual"] += 1
    assert gaps["usual"] > gaps["again"] > 50


def test_a_resident_has_one_contract_with_a_whole_team(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    teams = of_person(by_type["CareTeam"])
    assert 0.4 < len(teams) / spec.residents < 0.7
    for own in teams.values():
        assert len(own) == 1
        roles = {code({"one": each["role"][0]}, "one") for each in own[0]["participant"]}
        assert roles == {"family-doctor", "nurse", "public-health"}
        start, end = (date.fromisoformat(own[0]["period"][side]) for side in ("start", "end"))
        assert end - start == timedelta(days=364)
        assert start <= spec.until <= end


def test_a_mother_was_seen_before_she_gave_birth(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    births = [one for one in by_type["Condition"] if re.match(r"O8[02]", code(one)) and "encounter" in one]
    checks = of_person(
        [one for one in by_type["Encounter"] if any("产前检查" in each.get("text", "") for each in one.get("type", ()))]
    )
    late = [one for one in births if one["recordedDate"][:10] > (spec.since + timedelta(days=280)).isoformat()]
    assert len(late) > 5
    for one in late:
        before = [each for each in checks[one["subject"]["reference"]] if each["period"]["start"] < one["recordedDate"]]
        assert len(before) >= 5
