"""Export abroad: who may be sent what, by the numbers of a year."""

from dataclasses import replace
from datetime import date

import pytest

from xinglin.security.egress import Destination, Persons, is_sensitive, needed, refusals
from xinglin.security.hosts import is_domestic

DAY = date(2026, 11, 22)
LISTED = Destination("1", "Partner", "SG", "contract", "备 2026-1")
NOBODY = Persons(0, 0)


def keys(to: Destination | None, persons: Persons, *, genetic: bool = False, critical: bool = False) -> list[str]:
    found = refusals(to, persons, DAY, sensitive=bool(persons.sensitive), genetic=genetic, critical=critical)
    return [one.key for one in found]


@pytest.mark.rule("R7-020")
@pytest.mark.parametrize(
    ("persons", "ground"),
    [
        (Persons(99_999, 0), "exempt"),
        (Persons(100_000, 0), "contract"),
        (Persons(1, 1), "contract"),
        (Persons(9_999, 9_999), "contract"),
        (Persons(10_000, 10_000), "assessment"),
        (Persons(999_999, 0), "contract"),
        (Persons(1_000_000, 0), "assessment"),
    ],
)
def test_the_more_persons_the_stronger_the_ground(persons: Persons, ground: str) -> None:
    sensitive = bool(persons.sensitive)
    assert needed(persons, DAY, sensitive=sensitive, critical=False) == ground
    assert needed(persons, DAY, sensitive=sensitive, critical=True) == "assessment"


@pytest.mark.rule("R7-020")
def test_what_is_not_listed_gets_nothing() -> None:
    assert keys(None, NOBODY) == ["egress-destination"]
    assert keys(replace(LISTED, ended=True), NOBODY) == ["egress-destination"]
    assert keys(replace(LISTED, until=date(2026, 11, 21)), NOBODY) == ["egress-destination"]
    assert keys(replace(LISTED, until=DAY), NOBODY) == []


@pytest.mark.rule("R7-020")
def test_a_ground_that_is_too_weak_is_refused() -> None:
    assert keys(LISTED, Persons(9_999, 9_999)) == []
    assert keys(LISTED, Persons(10_000, 10_000)) == ["egress-ground"]
    assert keys(replace(LISTED, ground="assessment"), Persons(10_000, 10_000)) == []
    assert keys(replace(LISTED, ground="exempt"), Persons(1, 1)) == ["egress-ground"]
    assert keys(LISTED, Persons(1, 1), critical=True) == ["egress-ground"]


@pytest.mark.rule("R7-022")
def test_genes_do_not_leave() -> None:
    assert keys(replace(LISTED, ground="assessment"), Persons(1, 1), genetic=True) == ["egress-genetic"]


@pytest.mark.rule("R7-001", "R7-020")
def test_health_and_children_are_sensitive() -> None:
    assert is_sensitive("Observation", frozenset())
    assert not is_sensitive("Patient", frozenset())
    assert is_sensitive("Patient", frozenset({"minor"}))


@pytest.mark.rule("R7-020")
def test_a_gateway_stands_in_china_when_that_is_known() -> None:
    for host in ("127.0.0.1", "10.1.2.3", "[::1]", "sms", "localhost", "api.gov.cn", "api.example.com"):
        assert is_domestic(host, ("example.com",)), host
    for host in ("8.8.8.8", "api.example.org", "cn.example.org", "notexample.com"):
        assert not is_domestic(host, ("example.com",)), host
