"""Blocks bring together who is the same, lose hardly anybody, and tell nobody's numbers."""

import json

import pytest

from bench.matching import Quality, people_of, second_records
from xinglin.city.errors import corrupt
from xinglin.city.stream import Stream
from xinglin.fhir.search.keys import hash64
from xinglin.matching import blocks
from xinglin.matching.model import residents
from xinglin.matching.population import train


@pytest.mark.rule("CD-11")
@pytest.mark.parametrize("stored", [False, True], ids=["as-written", "as-stored"])
def test_blocks_lose_less_than_two_of_a_hundred_on_the_citys_errors(stored: bool) -> None:  # noqa: FBT001  a case
    tally = second_records(3_000, residents(), stored=stored, every=5)
    assert tally.seconds > 500
    assert tally.lost / tally.seconds < 0.02
    found = Quality(tally.right / (tally.right + tally.wrong), tally.right / tally.seconds)
    assert found.precision > 0.99
    assert found.recall > 0.95


def test_no_number_can_be_found_out_by_trying_all() -> None:
    person = {"telecom": [{"system": "phone", "value": "13800000000"}], "birthDate": "1990-03-07"}
    (spelling,) = blocks.spellings(person)
    (key,) = blocks.keys(person)
    assert spelling == "phone-year 13800000000 1990"
    assert key != hash64(f"~block\x1f{spelling}")


def test_a_person_without_anything_lies_in_no_block() -> None:
    assert blocks.keys({"resourceType": "Patient"}) == []
    assert blocks.keys({"resourceType": "Patient", "gender": "female"}) == []


@pytest.mark.rule("CD-11")
def test_weights_are_learnt_from_a_population_without_judging_a_pair() -> None:
    people = list(people_of(1_500, seed=3))
    seconds = [corrupt(one, Stream("seconds", one["id"])) for one in people[::4]]
    made = train([*people, *seconds], residents(), version="2026-11-22", source="a test")
    assert made.learnt.converged
    assert made.specification.version == "2026-11-22"
    by_field = {one.field: one for one in made.specification.comparisons}
    # What agrees speaks for one person, and what differs against it.
    for field in ("number", "name", "birth", "phone"):
        assert by_field[field].m[0] > 0.4 > by_field[field].u[0]
    assert json.dumps(made.specification.prior)
    with pytest.raises(ValueError, match="least to learn from"):
        train(people[:1], residents(), version="x")
