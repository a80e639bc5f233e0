"""How acts are told to the person they are about."""

from dataclasses import replace

import pytest

from xinglin.capabilities.audit.rules import Seen, kinds, lines, objection_faults

ONE = Seen("9", "2026-11-22T04:05:06.000Z", "Practitioner/1", "physician", "", "read", "TREAT", "0", ("Observation",))


def test_what_one_did_within_an_hour_is_one_line() -> None:
    told = lines([ONE, replace(ONE, id="8", types=("Condition", "Observation")), replace(ONE, id="7", types=())])
    assert [(line.first.id, line.count, line.types) for line in told] == [("9", 3, ("Observation", "Condition"))]


@pytest.mark.parametrize(
    "other",
    [
        {"at": "2026-11-22T05:05:06.000Z"},
        {"who": "Practitioner/2"},
        {"what": "update"},
        {"purpose": "ETREAT"},
        {"outcome": "4"},
        {"role": "nurse"},
    ],
)
def test_what_differs_has_a_line_of_its_own(other: dict[str, str]) -> None:
    assert len(lines([ONE, replace(ONE, **other)])) == 2  # type: ignore[arg-type]


def test_order_is_kept_and_only_neighbours_join() -> None:
    middle = replace(ONE, id="8", who="Practitioner/2")
    assert [line.count for line in lines([ONE, middle, replace(ONE, id="7")])] == [1, 1, 1]
    assert lines([]) == ()


def test_people_and_places_that_came_along_are_left_out() -> None:
    assert kinds(("Observation", "Practitioner", "Organization")) == ("Observation",)
    assert kinds(("Practitioner",)) == ("Practitioner",)


@pytest.mark.parametrize(
    ("text", "key"), [("", "objection-short"), ("  ab ", "objection-short"), ("x" * 1001, "objection-long")]
)
def test_an_objection_says_something(text: str, key: str) -> None:
    assert [issue.key for issue in objection_faults(text)] == [key]
    assert objection_faults("Nobody of that ward treats me.") == ()
