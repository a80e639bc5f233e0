"""Anomalies: each rule at its limit and beyond it, and to whom it applies."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security.anomalies import RULES, Activity, Limits, findings, key_of, night_of

LIMITS = Limits()
QUIET = Activity("a", "physician", practitioner="Practitioner/1", patients=100, rows=1_000, by_name=10, refused=20)


def broken(activity: Activity) -> list[str]:
    return [one.rule for one in findings(activity, LIMITS)]


@pytest.mark.rule("R7-042")
@pytest.mark.parametrize(
    ("more", "role", "rule"),
    [
        ({"patients": 101}, "physician", "many-patients"),
        ({"unrelated": 1}, "nurse", "no-relation"),
        ({"watched": 1}, "physician", "watched-patient"),
        ({"at_night": 1}, "receptionist", "off-hours"),
        ({"rows": 1_001}, "insurer", "many-rows"),
        ({"by_name": 11}, "receptionist", "by-name"),
        ({"refused": 21}, "partner", "refused-often"),
    ],
)
def test_each_rule_begins_above_its_limit(more: dict[str, Any], role: str, rule: str) -> None:
    assert broken(replace(QUIET, role=role)) == []
    assert broken(replace(QUIET, role=role, **more)) == [rule]


def test_who_treats_works_at_night_and_others_have_no_relations() -> None:
    assert broken(replace(QUIET, at_night=50)) == []
    assert broken(replace(QUIET, role="regulator", unrelated=50)) == []


@pytest.mark.parametrize("role", ["system", "developer", "resident", "guardian", "anonymous"])
def test_nobody_watches_the_platform_and_people_about_themselves(role: str) -> None:
    assert broken(Activity("a", role, patients=10_000, rows=10_000, by_name=99, refused=99, watched=9)) == []


@given(
    st.builds(Activity, st.just("a"), st.sampled_from(["physician", "insurer"]), patients=st.integers(0, 300)),
    st.integers(1, 300),
)
def test_a_wider_limit_never_finds_more(activity: Activity, most: int) -> None:
    narrow = {one.rule for one in findings(activity, Limits(patients=most))}
    wide = {one.rule for one in findings(activity, Limits(patients=most + 1))}
    assert wide <= narrow


def test_the_same_hour_names_the_same_alert() -> None:
    (found,) = findings(replace(QUIET, patients=101), LIMITS)
    early, late = datetime(2026, 11, 20, 4, 5, tzinfo=UTC), datetime(2026, 11, 20, 4, 55, tzinfo=UTC)
    assert (
        key_of(found, early, "Asia/Shanghai") == key_of(found, late, "Asia/Shanghai") == "many-patients.a.20261120T12"
    )
    assert key_of(found, datetime(2026, 11, 20, 5, tzinfo=UTC), "Asia/Shanghai").endswith("T13")


def test_codes_are_told_once() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_a_night_is_two_times() -> None:
    assert night_of("22:00-06:00") == (time(22), time(6))
    for bad in ("", "22:00", "22:00-22:00", "25:00-06:00", "22:00+01:00-06:00"):
        with pytest.raises(ValueError, match=r"."):
            night_of(bad)
