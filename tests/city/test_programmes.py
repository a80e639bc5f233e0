"""Programmes of public health: registrations, follow-ups by form, and reports of notifiable diseases."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from xinglin.city import mental, reports, tuberculosis
from xinglin.city.mental import BASIC, STABLE, UNSTABLE, State, stability
from xinglin.city.spec import CitySpec, age_on
from xinglin.city.terms import FAULT
from xinglin.security.labels import SPECIAL
from xinglin.tables.codes import rows

Json = dict[str, Any]


def kind(one: Json) -> str:
    return str(one["type"][0]["coding"][0]["code"])


def answers(form: Json) -> dict[str, Any]:
    """Give the answers of a form by the number of the item; of a code the code."""
    found = {}
    for item in form["item"]:
        [(name, value)] = item["answer"][0].items()
        found[item["linkId"].rpartition(".")[2]] = value["code"] if name == "valueCoding" else value
    return found


def filled(by_type: dict[str, list[Json]], name: str) -> list[Json]:
    return [one for one in by_type["QuestionnaireResponse"] if one["questionnaire"].endswith(f"/{name}")]


def of_person(resources: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for one in resources:
        found[one["subject"]["reference"]].append(one)
    return found


def test_every_answer_belongs_to_an_item_of_the_form(by_type: dict[str, list[Json]]) -> None:
    asked = {row["code"]: row["name"] for row in rows("forms.csv")}
    forms = by_type["QuestionnaireResponse"]
    assert {one["questionnaire"].rpartition("/")[2] for one in forms} == {
        "SMI-01",
        "SMI-02",
        "TB-01",
        "TB-02",
        "IDR-01",
    }
    assert all(asked[item["linkId"]] == item["text"] for one in forms for item in one["item"])


# -- severe mental disorder -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State(0, symptoms=False, insight=1, social=1), STABLE),
        (State(0, symptoms=False, insight=1, social=2), STABLE),
        (State(1, symptoms=False, insight=1, social=1), BASIC),
        (State(0, symptoms=True, insight=1, social=1), BASIC),
        (State(0, symptoms=False, insight=2, social=1), BASIC),
        (State(0, symptoms=False, insight=1, social=3), BASIC),
        (State(3, symptoms=False, insight=1, social=1), UNSTABLE),
        (State(0, symptoms=False, insight=3, social=1), UNSTABLE),
    ],
)
def test_the_class_of_a_visit_follows_from_its_fields(state: State, expected: str) -> None:
    assert stability(state) == expected


def test_who_has_a_severe_mental_disorder_is_registered_and_followed_with_consent(
    spec: CitySpec, by_type: dict[str, list[Json]]
) -> None:
    registered = {one["patient"]["reference"] for one in by_type["EpisodeOfCare"] if kind(one) == mental.NAME}
    first, follow = of_person(filled(by_type, "SMI-01")), of_person(filled(by_type, "SMI-02"))
    assert len(registered) >= 2
    assert first.keys() == registered
    for who, [form] in first.items():
        if answers(form)["10"] == "0":
            assert who not in follow
            assert "仅登记" in answers(form)["20"]
    for own in follow.values():
        days = sorted((date.fromisoformat(answers(one)["3"]), answers(one)) for one in own)
        for (before, told), (after, _) in pairwise(days):
            assert after == date.fromisoformat(told["29"])
            assert (after - before).days <= (14 if told["28"] != STABLE else 92)
            assert told["28"] == UNSTABLE or told["7"] in "012"
    assert sum(len(own) for own in follow.values()) > 4 * spec.years


def test_what_tells_of_a_severe_mental_disorder_bears_its_label(by_type: dict[str, list[Json]]) -> None:
    told = [one for one in by_type["EpisodeOfCare"] if kind(one) == mental.NAME]
    told += [one for name in ("SMI-01", "SMI-02") for one in filled(by_type, name)]
    told += [one for one in by_type["Encounter"] if "type" in one and kind(one) == mental.NAME]
    assert len(told) > 20
    for one in told:
        assert {"system": SPECIAL, "code": "mental"} in one["meta"]["security"]


# -- tuberculosis -----------------------------------------------------------------------------------------------------


def test_a_course_of_tuberculosis_is_followed_to_its_end(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    courses = [one for one in by_type["EpisodeOfCare"] if kind(one) == tuberculosis.NAME]
    firsts, follows = of_person(filled(by_type, "TB-01")), of_person(filled(by_type, "TB-02"))
    drugs = of_person(
        [one for one in by_type["MedicationRequest"] if "异福" in one["medicationCodeableConcept"]["text"]]
    )
    assert courses
    for one in courses:
        who, begun = one["patient"]["reference"], date.fromisoformat(one["period"]["start"])
        ended = begun + timedelta(days=tuberculosis.WHOLE)
        [first] = firsts[who]
        assert date.fromisoformat(answers(first)["3"]) - begun <= timedelta(hours=72)
        days = [date.fromisoformat(answers(each)["3"]) for each in follows[who]]
        assert days == sorted(days)
        assert (days[-1] == ended) == (ended <= spec.until)
        assert ("20" in answers(follows[who][-1])) == (ended <= spec.until)
        family = answers(first)["12"] == "2"
        early = [day for day in days if (day - begun).days <= tuberculosis.INTENSIVE]
        assert len(early) >= (4 if family else 1)
        assert one["status"] == ("finished" if ended <= spec.until else "active")
        if (spec.until - begun).days > 70:
            assert drugs[who]
    cards = of_person([one for one in filled(by_type, "IDR-01") if answers(one)["19"] == "17"])
    assert all(len(own) == 1 for own in cards.values())


# -- reports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "disease"),
    [
        *(("J11.101", "30"), ("A15.000", "17"), ("A16.200", "17"), ("B08.401", "39"), ("A09.000x002", "40")),
        *(
            ("A38.x00", "23"),
            ("A06.900", "16"),
            ("Z21.x01", "5"),
            ("J06.900", None),
            ("B08.500", None),
            ("K52.900", None),
        ),
    ],
)
def test_a_code_belongs_to_its_notifiable_disease(code: str, disease: str | None) -> None:
    assert reports.disease_of(code) == disease


def test_whoever_diagnoses_a_notifiable_disease_reports_it(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    cards = {one["encounter"]["reference"]: one for one in filled(by_type, "IDR-01")}
    visits = {f"Encounter/{one['id']}": one for one in by_type["Encounter"]}
    born = {f"Patient/{one['id']}": date.fromisoformat(one["birthDate"]) for one in by_type["Patient"]}
    seen: Counter[str] = Counter()
    for one in by_type["Condition"]:
        number = reports.disease_of(one["code"]["coding"][0]["code"])
        if number in {None, "17"} or "encounter" not in one:
            continue
        where = one["encounter"]["reference"]
        faults = [tag["code"] for tag in one["meta"]["tag"] if tag["system"] == FAULT]
        if one["recordedDate"][:10] >= (spec.until - timedelta(days=4)).isoformat():
            continue
        assert (where in cards) == (faults == []), one["id"]
        seen["forgotten" if faults else "reported"] += 1
        if faults:
            assert faults == [reports.NOT_REPORTED]
            continue
        card, told = cards[where], answers(cards[where])
        late = datetime.fromisoformat(card["authored"]) - datetime.fromisoformat(told["17"]) > timedelta(hours=24)
        assert late == any(tag["code"] == reports.TOO_LATE for tag in card["meta"]["tag"])
        seen["late"] += late
        assert told["19"] == number
        assert told["16"] <= told["17"][:10]
        assert card["author"] == visits[where]["participant"][0]["individual"]
        age = age_on(born[card["subject"]["reference"]], date.fromisoformat(told["17"][:10]))
        assert ("4" in told) == (age <= 14)
        assert ("9" in told) == (told["13"] in {"1", "3"})
    assert seen["reported"] > 30
