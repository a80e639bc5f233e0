"""A city made whole: the same each time, valid, and closed in itself."""

import re
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from xinglin.capabilities.practitioners.rules.numbers import sound_numbers
from xinglin.city.errors import truth
from xinglin.city.generate import commons, generate, made, parts
from xinglin.city.spec import CitySpec, age_on
from xinglin.cli.city import write
from xinglin.fhir import codec
from xinglin.security.identifiers import IDENTITY_CARD

Json = dict[str, Any]


def test_the_same_specification_gives_the_same_bytes_in_any_number_of_processes(spec: CitySpec, tmp_path: Path) -> None:
    small = replace(spec, residents=150)
    for processes in (1, 2):
        write(small, tmp_path / str(processes), processes=processes)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert (tmp_path / "1").read_bytes() == b"".join(one + b"\n" for one in generate(small))


def test_parts_are_made_alike_in_any_order(spec: CitySpec) -> None:
    small = replace(spec, residents=150)
    backwards = [list(made(small, part)) for part in reversed(list(parts(small)))]
    assert [*commons(small), *(one for part in reversed(backwards) for one in part)] == list(generate(small))


def test_another_seed_gives_other_people(spec: CitySpec) -> None:
    one, other = (replace(spec, residents=100, seed=seed) for seed in (1, 2))
    assert set(generate(one)) & set(generate(other)) <= set(commons(one))


def test_second_records_change_nobody_else(spec: CitySpec) -> None:
    small = replace(spec, residents=150)
    assert set(generate(replace(small, duplicates=0))) < set(generate(replace(small, duplicates=0.2)))


def test_resources_are_valid(raw: list[bytes]) -> None:
    # Each kind is written by one function, so every third is as good as all, in a third of the time.
    for one in raw[::3]:
        codec.decode(one)


def test_every_number_is_sound(spec: CitySpec, raw: list[bytes]) -> None:
    check = sound_numbers(lambda: spec.until)
    numbered = tuple(f'{{"resourceType":"{kind}"'.encode() for kind in ("Patient", "Practitioner", "Organization"))
    judged = [(one, codec.decode(one)) for one in raw if one.startswith(numbered)]
    assert len(judged) > spec.residents
    assert [one for one, read in judged if check(None, read)] == []


def test_the_city_refers_only_to_itself(city: list[Json], raw: list[bytes]) -> None:
    known = {f"{one['resourceType']}/{one['id']}" for one in city}
    named = {one.decode() for one in re.findall(rb'"reference":"([^"]*)"', b"".join(raw))}
    assert len(known) == len(city)
    assert named - known == set()


@pytest.mark.rule("PG-10")
def test_everything_says_that_it_is_made_up(city: list[Json]) -> None:
    assert all(one["meta"]["tag"][0]["code"] == "city" for one in city)


def test_no_two_people_share_a_number(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    people = [*by_type["Practitioner"], *(one for one in by_type["Patient"] if truth(one) is None)]
    counts = Counter(
        (each["system"], each["value"])
        for one in people
        for each in one["identifier"]
        if each["system"] in {IDENTITY_CARD, "urn:oid:2.16.156.10011.1.2", "urn:oid:2.16.156.10011.1.19"}
    )
    assert len(counts) > 2 * spec.residents
    assert max(counts.values()) == 1


def test_old_numbers_carry_codes_that_were_given_up(by_type: dict[str, list[Json]]) -> None:
    cards = [
        each["value"]
        for one in by_type["Patient"]
        for each in one.get("identifier", ())
        if each["system"] == IDENTITY_CARD
    ]
    former = [card for card in cards if card[:6] in {"410824", "410826"}]
    assert len(former) > 50
    assert all(int(card[6:10]) < 1996 for card in former)
    assert not any(card[:6] == "410871" for card in cards)


def test_parents_are_older_than_their_children(by_type: dict[str, list[Json]]) -> None:
    born = {f"Patient/{one['id']}": one["birthDate"] for one in by_type["Patient"]}
    pairs = [
        (born[one["patient"]["reference"]], one["birthDate"])
        for one in by_type["RelatedPerson"]
        if one["relationship"][0]["coding"][0]["code"] in {"51", "52"}
    ]
    assert len(pairs) > 300
    assert min(int(child[:4]) - int(parent[:4]) for child, parent in pairs) >= 16


def test_nothing_happens_before_birth_or_after_death(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    lives = {
        f"Patient/{one['id']}": (one["birthDate"], one.get("deceasedDateTime", "9999")) for one in by_type["Patient"]
    }
    for one in by_type["Encounter"]:
        born, died = lives[one["subject"]["reference"]]
        assert born <= one["period"]["start"][:10] <= min(died, spec.until.isoformat()), one["id"]
    for one in by_type["Immunization"]:
        assert one["occurrenceDateTime"] >= lives[one["patient"]["reference"]][0]


def test_the_residents_asked_for_live_there(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    living = sum(1 for one in by_type["Patient"] if one["active"] and truth(one) is None)
    assert spec.residents <= living < spec.residents + 12


def test_most_records_are_short_and_one_is_very_long(by_type: dict[str, list[Json]]) -> None:
    counts: Counter[str] = Counter()
    for kind in ("Encounter", "Condition", "Observation", "MedicationRequest", "DiagnosticReport", "Procedure"):
        counts.update(one["subject"]["reference"] for one in by_type[kind])
    counts.update(one["patient"]["reference"] for one in (*by_type["Immunization"], *by_type["RelatedPerson"]))
    sizes = sorted(counts.values())
    assert 30 <= sizes[len(sizes) // 2] <= 60
    assert sizes[-1] >= 2000
    assert sum(1 for size in sizes if size >= 500) >= 3


def test_a_city_has_bounds() -> None:
    good = CitySpec(10, 1, 1, date(2026, 1, 1))
    for bad in ({"residents": 0}, {"years": 0}, {"years": 11}, {"duplicates": 0.6}):
        with pytest.raises(ValueError, match=r"city|share"):
            replace(good, **bad)


def test_age_counts_completed_years() -> None:
    assert age_on(date(2000, 2, 29), date(2018, 2, 28)) == 17
    assert age_on(date(2000, 2, 29), date(2018, 3, 1)) == 18
