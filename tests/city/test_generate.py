"""A small city, made whole."""

import re
from collections import Counter
from datetime import date
from typing import Any

import msgspec
import pytest

from xinglin.capabilities.practitioners.rules.numbers import sound_numbers
from xinglin.city.generate import commons, generate, made, parts
from xinglin.city.spec import CitySpec
from xinglin.fhir import codec
from xinglin.security.identifiers import IDENTITY_CARD

UNTIL = date(2026, 11, 22)
SPEC = CitySpec(residents=1000, seed=3, years=3, until=UNTIL)

Json = dict[str, Any]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(generate(SPEC))


@pytest.fixture(scope="module")
def city(lines: list[bytes]) -> list[Json]:
    return [msgspec.json.decode(one) for one in lines]


def test_the_same_specification_gives_the_same_bytes(lines: list[bytes]) -> None:
    assert list(generate(SPEC)) == lines


def test_parts_are_made_alike_in_any_order(lines: list[bytes]) -> None:
    backwards = [list(made(SPEC, part)) for part in reversed(list(parts(SPEC)))]
    assert [*commons(SPEC), *(one for part in reversed(backwards) for one in part)] == lines


def test_another_seed_gives_another_city(lines: list[bytes]) -> None:
    other = list(generate(CitySpec(residents=1000, seed=4, years=3, until=UNTIL)))
    commons_only = set(commons(SPEC))
    assert set(other) & set(lines) <= commons_only


def test_every_resource_is_valid(lines: list[bytes]) -> None:
    for one in lines:
        codec.decode(one)


def test_every_number_is_sound(lines: list[bytes]) -> None:
    check = sound_numbers(lambda: UNTIL)
    numbered = ("Patient", "Practitioner", "Organization")
    judged = [(one, codec.decode(one)) for one in lines if one.startswith(tuple(_start(kind) for kind in numbered))]
    assert len(judged) > 1000
    assert [one for one, read in judged if check(None, read)] == []


def test_the_city_refers_only_to_itself(city: list[Json], lines: list[bytes]) -> None:
    known = {f"{one['resourceType']}/{one['id']}" for one in city}
    named = set(re.findall(rb'"reference":"([^"]*)"', b"".join(lines)))
    assert len(known) == len(city)
    assert {one.decode() for one in named} - known == set()


def test_no_two_people_share_a_number(city: list[Json]) -> None:
    numbers = Counter(
        each["value"]
        for one in city
        if one["resourceType"] == "Patient"
        for each in one["identifier"]
        if each["system"] in {IDENTITY_CARD, "urn:oid:2.16.156.10011.1.2", "urn:oid:2.16.156.10011.1.19"}
    )
    assert len(numbers) > 2 * SPEC.residents
    assert max(numbers.values()) == 1


def test_parents_are_older_than_their_children(city: list[Json]) -> None:
    born = {f"Patient/{one['id']}": one["birthDate"] for one in city if one["resourceType"] == "Patient"}
    pairs = [
        (born[one["patient"]["reference"]], one["birthDate"])
        for one in city
        if one["resourceType"] == "RelatedPerson" and one["relationship"][0]["coding"][0]["code"] in {"51", "52"}
    ]
    assert len(pairs) > 300
    for child, parent in pairs:
        assert int(child[:4]) - int(parent[:4]) >= 15


def test_the_residents_asked_for_live_there(city: list[Json]) -> None:
    living = sum(1 for one in city if one["resourceType"] == "Patient" and one["active"])
    assert SPEC.residents <= living < SPEC.residents + 12


def _start(kind: str) -> bytes:
    return f'{{"resourceType":"{kind}"'.encode()
