"""Records of the supervision port, what must agree before they go, and what is not plausible afterwards."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.capabilities.residents.people import number
from tests.care.upload.acts import (
    ALL,
    DRUG,
    KNOWN,
    NOON,
    PATIENT,
    at,
    charge,
    delivery,
    order,
    visit,
)
from xinglin.care.upload import acts
from xinglin.care.upload.acts import Line
from xinglin.care.upload.checks import CHECKS, Known, banned, check
from xinglin.care.upload.reasonable import RULES, Day, Prescribed, Reception, all_limits, hits, limits
from xinglin.care.upload.records import TABLES, Record, digest, fields, record, withdrawn

RULES_NOW = limits(date(2026, 11, 20))


def codes(records: tuple[Record, ...], known: Known = KNOWN) -> set[str]:
    return {one.code for one in check(records, known)}


# -- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R2-028", "R2-042", "R2-043")
def test_an_act_is_told_under_its_composite_keys() -> None:
    told = (*ALL, *acts.delivery(delivery()), *acts.charge(charge()))
    assert [one.key for one in told] == [
        "T1|PDY00001|20261120|v1|1",
        "T2|PDY00001|v1",
        "T3|PDY00001|01|rx1",
        "T4|PDY00001|rx1",
        "T5|PDY00001|rx1|1",
        "T6|PDY00001|rx1",
        "T7|PDY00001|b1|1",
        "T8|PDY00001|b1|1|1",
        "T8|PDY00001|b1|1|2",
    ]
    assert {one.table for one in told} == set(TABLES)
    assert [one.missing for one in told] == [()] * len(told)
    _, reception, _, head, line, way, paid, *_ = told
    assert reception.values["minutes"] == "17"
    assert (head.values["pharmacist_name"], head.values["review_result"]) == ("陈药", "reasonable")
    assert (line.values["dose"], line.values["quantity"]) == ("5", "2")
    assert (way.values["mode"], way.values["complete"]) == ("1", "1")
    assert (paid.values["total"], paid.values["consultation"], paid.values["channel"]) == ("55.60", "10.00", "2")


@pytest.mark.rule("R2-040")
def test_no_more_is_told_than_the_table_asks_for() -> None:
    assert all(set(one.values) == {field.name for field in fields(one.table)} for one in ALL)
    assert all(PATIENT.name not in one.values.values() for one in ALL if one.table != "T2")
    with pytest.raises(KeyError, match="telephone"):
        record("T1", {"telephone": "13800000000"})


@pytest.mark.rule("R2-042")
def test_a_digest_tells_what_was_sent_from_what_stands_now() -> None:
    assert digest(ALL) == digest(tuple(reversed(ALL)))
    changed = acts.reception(visit(ended=at(21)))
    assert digest(acts.reception(visit())) != digest(changed)
    assert changed[0].key == acts.reception(visit())[0].key  # a correction, not a second record
    taken_back = withdrawn(ALL)
    assert [one.key for one in taken_back] == [one.key for one in ALL]
    assert {one.values["modified"] for one in taken_back} == {"2"}
    assert codes(taken_back, replace(KNOWN, evidenced=frozenset())) == set()


def test_a_slice_says_how_it_is_decocted_apart() -> None:
    lines = tuple(Line("S1", "薄荷", Decimal(42), "g", doses=7, footnote=footnote) for footnote in ("", "后下", "捣碎"))
    told = acts.prescription(order(lines=lines))[2:]
    assert [one.values["decoction"] for one in told] == ["", "4", "9"]


# -- checks: one for each of R2-044 -----------------------------------------------------------------------------------


@pytest.mark.rule("R2-044")
def test_what_agrees_is_sent() -> None:
    assert codes(ALL) == set()
    assert codes(acts.charge(charge())) == set()
    assert codes(acts.prescription(order()), replace(KNOWN, visits=frozenset({"v1"}))) == set()


TOXIC = min(banned())
CHILD = replace(PATIENT, number=number("2020-01-01", 128))
GIVEN_BACK = charge(number="r1", refund=True, refund_of="b1")


@pytest.mark.rule("R2-044")
@pytest.mark.parametrize(
    ("code", "records", "known"),
    [
        ("MISSING", acts.reception(visit(consent="")), KNOWN),
        ("NO_VISIT", acts.prescription(order()), KNOWN),
        ("NO_LINES", (*acts.reception(visit()), *acts.prescription(order(lines=()))), KNOWN),
        ("NO_PHARMACIST", (*acts.reception(visit()), *acts.prescription(order(pharmacist=None))), KNOWN),
        ("ACCEPTED_EARLY", acts.reception(visit(accepted=at(-1))), KNOWN),
        ("ENDED_EARLY", acts.reception(visit(ended=at(2))), KNOWN),
        ("ENDED_EARLY", acts.delivery(delivery(ended=at(59))), KNOWN),
        ("PRESCRIBER", ALL, replace(KNOWN, prescriber_faults=("licence over",))),
        ("NOT_EVIDENCED", ALL, replace(KNOWN, evidenced=frozenset({"E11.900"}))),
        ("NO_CHARGE", acts.charge(GIVEN_BACK), KNOWN),
        ("REFUND_OVER", acts.charge(GIVEN_BACK), replace(KNOWN, charges={"b1": 5_559})),
        ("ID_NUMBER", acts.registration(visit(patient=replace(PATIENT, number="41080219610308124X"))), KNOWN),
        ("NO_GUARDIAN", acts.reception(visit(patient=CHILD)), KNOWN),
        ("BANNED", (*acts.reception(visit()), *acts.prescription(order(
            lines=(Line(TOXIC, "x", Decimal(1), "盒"),)))), KNOWN),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_held(code: str, records: tuple[Record, ...], known: Known) -> None:
    assert codes(records, known) == {code}


@pytest.mark.rule("R2-044")
def test_a_refund_of_no_more_and_a_child_with_a_guardian_are_sent() -> None:
    assert codes(acts.charge(GIVEN_BACK), replace(KNOWN, charges={"b1": 5_560})) == set()
    assert codes(acts.reception(visit(patient=CHILD)), replace(KNOWN, guardian=True)) == set()
    assert len(CHECKS) == 12


# -- reasonableness ---------------------------------------------------------------------------------------------------


def seen(id: str = "v1", **more: Any) -> Reception:
    return replace(Reception(id, "d1", "", at(2), at(3), at(20)), **more)


def ordered(id: str = "rx1", **more: Any) -> Prescribed:
    return replace(Prescribed(id, "v1", "d1", "p1", at(15), "f1", at(16), at(19)), **more)


def found(*done: Any) -> list[tuple[str, int]]:
    receptions = tuple(one for one in done if isinstance(one, Reception))
    orders = tuple(one for one in done if isinstance(one, Prescribed))
    return [(one.code, one.value) for one in hits(Day(receptions, orders), RULES_NOW)]


@pytest.mark.rule("R2-045")
def test_every_rule_of_the_data_has_a_function() -> None:
    assert {one.code for one in all_limits()} == set(RULES) == set(RULES_NOW)
    assert limits(date(2020, 1, 1)) == {}
    assert "60" in RULES_NOW["BRIEF"].text.zh


@pytest.mark.rule("R2-045")
def test_a_usual_day_gives_no_lead() -> None:
    assert found(seen(), ordered()) == []


@pytest.mark.rule("R2-045")
@pytest.mark.parametrize(
    ("code", "value", "done"),
    [
        ("BRIEF", 59, (seen(ended=at(3) + timedelta(seconds=59)), ordered())),
        ("MANY", 201, tuple(seen(f"v{n}") for n in range(201))),
        ("EARLY", 60, (seen(), ordered(at=at(1)))),
        ("DEVICE", 4, tuple(seen(f"v{n}", doctor=f"d{n}", device="phone") for n in range(4))),
        ("PATIENT", 4, tuple(ordered(f"rx{n}", pharmacist="") for n in range(4))),
        ("HASTY", 4, (ordered(reviewed=at(16) + timedelta(seconds=4)),)),
        ("RUSH", 41, tuple(ordered(f"rx{n}", patient=f"p{n}") for n in range(41))),
        ("SAME", 1, (ordered(pharmacist="d1"),)),
        ("NIGHT", 21, tuple(
            ordered(f"rx{n}", patient=f"p{n}", at=NOON.replace(hour=23), pharmacist="") for n in range(21))),
        ("NO_EVIDENCE", 1, (ordered(first_chronic=True, evidenced=False),)),
        ("MISMATCH", 1, (ordered(mismatch=True),)),
        ("ONE_PHARMACY", 90, tuple(
            ordered(f"rx{n}", patient=f"p{n}", pharmacy="a" if n else "b") for n in range(10))),
    ],
)  # fmt: skip
def test_a_lead_is_found_at_its_limit(code: str, value: int, done: tuple[Any, ...]) -> None:
    assert found(*done) == [(code, value)]


@pytest.mark.rule("R2-045")
def test_below_the_limit_there_is_no_lead() -> None:
    assert found(*(ordered(f"rx{n}", pharmacist="") for n in range(3))) == []
    assert found(*(ordered(f"rx{n}", patient=f"p{n}", pharmacy="a") for n in range(9))) == []
    assert found(seen(ended=at(3) + timedelta(seconds=59))) == []  # nothing was prescribed
    assert DRUG.code not in banned()
