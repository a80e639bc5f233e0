"""The labelled complaints: no red flag is missed; departments and false alarms stay within what was reached."""

import pytest

from tests.care.triage.complaints import SETS, cases

# The first department is right, one of three is, and no emergency is cried where there is none: at least these shares.
FLOORS = {"cases": (0.95, 0.97, 0.97), "held_out": (0.90, 0.95, 0.95), "fresh": (0.80, 0.90, 0.95)}


@pytest.mark.parametrize("name", SETS)
def test_no_red_flag_is_missed(name: str) -> None:
    missed = [one.text for one in cases(name) if one.red and one.advice().urgency != "emergency"]
    assert missed == []


@pytest.mark.parametrize("name", SETS)
def test_departments_and_false_alarms_stay_within_bounds(name: str) -> None:
    rest = [(one, one.advice()) for one in cases(name) if not one.red]
    quiet = [(one, advice) for one, advice in rest if advice.urgency != "emergency"]
    first = sum(advice.departments[0].code in one.departments for one, advice in quiet)
    any_of_three = sum(bool(one.departments & {place.code for place in advice.departments}) for one, advice in quiet)
    least_first, least_three, least_quiet = FLOORS[name]
    assert first >= least_first * len(rest)
    assert any_of_three >= least_three * len(rest)
    assert len(quiet) >= least_quiet * len(rest)


def test_there_are_enough_complaints() -> None:
    every = [one for name in SETS for one in cases(name)]
    assert len(every) >= 400
    assert sum(one.red for one in every) >= 150
    assert len({one.text for one in every}) == len(every)
