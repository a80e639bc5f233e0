"""Statements kept by shape: the second search of a shape finds what a statement made for it alone would."""

from collections.abc import Callable

import pytest

from tests.store.search.shelf import Shelf, everything, observation, patient, reaching
from xinglin.security.grants import Reach
from xinglin.store.search import pages
from xinglin.store.search.shapes import MOST_KEYS, Shape, Statements
from xinglin.store.store import Store

ReachOf = Callable[[str], Reach]
PEOPLE = ("p0", "p1", "p2")
SHAPES = (
    "Observation?patient={0}&_sort=-date",
    "Observation?patient={0}&code=http://loinc.org|{1}",
    "Observation?code=http://loinc.org|{1}&_sort=date",
    "Observation?code=http://loinc.org|{1},http://loinc.org|c9",
    "Observation?code:not=http://loinc.org|{1}",
    "Observation?subject=Patient/{0},Patient/p2&status=final",
    "Observation?code=http://loinc.org|{1}&date=ge2020-02-01",
    "Observation?patient:Patient.identifier=urn:n|{0}",
    "Observation?patient={0}&_include=Observation:patient",
    "Patient?_has:Observation:patient:code=http://loinc.org|{1}",
    "Patient?_has:Observation:patient:code=http://loinc.org|{1}&_sort=-_lastUpdated",
    "Patient?identifier=urn:n|{0}",
    "Patient?_id={0}",
)


class Forgetful(Statements):
    """Keeps nothing."""

    def again(self, asked: Shape) -> bool:  # noqa: ARG002  the shape does not matter
        return False


@pytest.fixture
async def shelf(store: Store) -> Shelf:
    made = Shelf(store)
    await made.put(*(patient(who, family="Li", identifier=[{"system": "urn:n", "value": who}]) for who in PEOPLE))
    for place, who in enumerate(PEOPLE):
        for code in range(3):
            if (place, code) != (2, 1):
                at = f"2020-0{place + 1}-0{code + 1}T00:00:00Z"
                await made.put(observation(f"o{place}{code}", f"c{code}", of=f"Patient/{who}", at=at))
    return made


async def answers(shelf: Shelf, shape: str, reach: ReachOf) -> list[list[str]]:
    """What each spelling of a shape finds, asked in turn."""
    found = []
    for place, who in enumerate(PEOPLE):
        page = await shelf.page(shape.format(who, f"c{place}"), reach=reach)
        found.append([f"{row.rt}/{row.id}" for row in (*page.matches, *page.included)])
    return found


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_kept_statement_answers_like_one_made_anew(
    shelf: Shelf, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaches = (everything, reaching(Observation="patient=p0"), reaching(Observation="patient=p1"))
    anew = []
    for reach in reaches:
        monkeypatch.setattr(pages, "_STATEMENTS", Forgetful())
        anew.append(await answers(shelf, shape, reach))
    monkeypatch.setattr(pages, "_STATEMENTS", kept := Statements())
    for _ in range(3):
        for reach, expected in zip(reaches, anew, strict=True):
            assert await answers(shelf, shape, reach) == expected
    assert len(kept) > 0


async def test_the_reach_of_one_is_not_that_of_another(shelf: Shelf) -> None:
    asked = "Patient?_has:Observation:patient:code=http://loinc.org|c0"
    for _ in range(3):
        assert await shelf.found(asked) == {"p0", "p1", "p2"}
        assert await shelf.found(asked, reach=reaching(Observation="patient=p1")) == {"p1"}
        assert await shelf.found(asked, reach=reaching(Observation=None)) == set()
        assert await shelf.found(asked, reach=reaching(Patient="_id=p2")) == {"p2"}


async def test_long_lists_of_keys_are_not_kept(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_STATEMENTS", kept := Statements())
    codes = ",".join(f"http://loinc.org|c{n}" for n in range(MOST_KEYS + 1))
    for _ in range(3):
        assert len(await shelf.found(f"Observation?code={codes}")) == 8
    assert len(kept) == 0
