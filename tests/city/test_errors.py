"""Second records: what is wrong with them is said, and the shares are those of the model."""

from collections import Counter
from copy import deepcopy
from datetime import date
from typing import Any

import msgspec
import pytest

from xinglin.city.errors import DUPLICATE, ERROR, SHARES, corrupt, storable, truth
from xinglin.city.spec import CitySpec
from xinglin.city.stream import Stream
from xinglin.fhir import codec
from xinglin.security.identifiers import IDENTITY_CARD, PersonNumber, person_number

Json = dict[str, Any]
UNTIL = date(2026, 11, 22)


@pytest.fixture(scope="module")
def people(by_type: dict[str, list[Json]]) -> list[Json]:
    return [one for one in by_type["Patient"] if truth(one) is None]


@pytest.fixture(scope="module")
def seconds(people: list[Json]) -> list[Json]:
    return [corrupt(one, Stream("test", one["id"])) for one in people]


def kinds(one: Json) -> list[str]:
    return [tag["code"] for tag in one["meta"]["tag"] if tag["system"] == ERROR]


def test_the_truth_stands_in_a_tag(people: list[Json], seconds: list[Json]) -> None:
    assert [truth(one) for one in seconds] == [one["id"] for one in people]


def test_a_second_record_has_a_fault_and_changes_nothing_else(people: list[Json], seconds: list[Json]) -> None:
    fields = {"number": "identifier", "name": "name", "birth": "birthDate", "sex": "gender", "phone": "telecom"}
    fields["address"] = "address"
    own = {"urn:oid:2.16.156.10011.1.2", "urn:oid:2.16.156.10011.1.19"}
    for before, after in zip(people, seconds, strict=True):
        done = {kind.split("-")[0] for kind in kinds(after)}
        assert done
        assert len(done) == len(kinds(after))
        stripped = before | {"identifier": [one for one in before["identifier"] if one["system"] not in own]}
        changed = {name for name, field in fields.items() if stripped.get(field) != after.get(field)}
        assert changed == done, kinds(after)


def test_the_same_stream_makes_the_same_faults(people: list[Json]) -> None:
    before = deepcopy(people[:50])
    assert [corrupt(one, Stream(1)) for one in people[:50]] == [corrupt(one, Stream(1)) for one in people[:50]]
    assert people[:50] == before


def test_shares_are_those_of_the_model(seconds: list[Json]) -> None:
    counts = Counter(kind for one in seconds for kind in kinds(one))
    assert set(counts) == set(SHARES)
    for kind, share in SHARES.items():
        # Some faults cannot be made of everybody, and of one field only the first that is drawn is made.
        assert 0.15 * share < counts[kind] / len(seconds) < 1.6 * share + 0.01, kind


def test_what_is_stored_has_no_number_that_is_refused(seconds: list[Json]) -> None:
    kept = 0
    for one in seconds:
        made = storable(one, UNTIL)
        codec.decode(msgspec.json.encode(made))
        for each in made.get("identifier", ()):
            if each["system"] == IDENTITY_CARD:
                read = person_number(each["value"], UNTIL)
                assert isinstance(read, PersonNumber)
                assert (read.born.isoformat(), read.gender) == (made["birthDate"], made["gender"])
                kept += 1
    assert 0.3 < kept / len(seconds) < 0.75


def test_the_city_has_as_many_as_were_asked_for(spec: CitySpec, by_type: dict[str, list[Json]]) -> None:
    ids = {one["id"] for one in by_type["Patient"]}
    second = [one for one in by_type["Patient"] if truth(one) is not None]
    assert 0.5 * spec.duplicates < len(second) / spec.residents < 1.6 * spec.duplicates
    assert {truth(one) for one in second} <= ids
    named = {one["subject"]["reference"] for one in by_type["Encounter"]}
    assert all(f"Patient/{one['id']}" in named for one in second)
    assert all(tag["system"] != DUPLICATE or tag["code"] != one["id"] for one in second for tag in one["meta"]["tag"])
