"""The decoction room: order, times, weights, yield and label."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.care import decoction
from xinglin.care.decoction import Done, Formula, Given

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
PLAIN = Formula((Decimal(10), Decimal(6)), ("", ""), 7)
MARKED = Formula((Decimal(10), Decimal(6)), ("先煎", "后下"), 7)


def at(minutes: float, **more: object) -> Given:
    return Given(by="a", at=START + timedelta(minutes=minutes), **more)  # type: ignore[arg-type]


def done(*steps: tuple[str, float, float | None]) -> list[Done]:
    return [
        Done(code, START + timedelta(minutes=since), None if end is None else START + timedelta(minutes=end), "b")
        for code, since, end in steps
    ]


def keys(code: str, formula: Formula, known: list[Done], given_: Given) -> list[str]:
    return [one.key for one in decoction.step_faults(code, formula, known, given_)]


@pytest.mark.rule("R3-100")
def test_steps_come_in_order_and_late_herbs_while_the_first_decoction_runs() -> None:
    assert [one.code for one in decoction.steps_of(())] == (
        "prepared checked soaking decocting-1 decocting-2 merged packed labelled quality-checked stored".split()
    )
    assert decoction.following(MARKED, done(("prepared", 0, 0), ("checked", 1, 1), ("soaking", 2, None))) == (
        "soaking",
        True,
    )
    first = done(("prepared", 0, 0), ("checked", 1, 1), ("soaking", 2, 40), ("first-herbs", 40, 55))
    assert decoction.following(MARKED, first) == ("decocting-1", False)
    running = [*first, *done(("decocting-1", 55, None))]
    assert decoction.following(MARKED, running) == ("late-herbs", False)
    assert decoction.following(MARKED, [*running, *done(("late-herbs", 72, 72))]) == ("decocting-1", True)
    assert keys("merged", PLAIN, [], at(0)) == ["decoction-order"]


@pytest.mark.rule("R3-100")
def test_soaking_and_decocting_take_their_time() -> None:
    soaking = done(("prepared", 0, 0), ("checked", 1, 1), ("soaking", 2, None))
    assert keys("soaking", PLAIN, soaking, at(31)) == ["decoction-early"]
    assert keys("soaking", PLAIN, soaking, at(32)) == []
    first = [*done(("prepared", 0, 0), ("checked", 1, 1), ("soaking", 2, 32)), *done(("decocting-1", 40, None))]
    assert keys("decocting-1", PLAIN, first, at(59, device="m")) == ["decoction-early"]
    assert keys("decocting-1", PLAIN, first, at(60)) == ["decoction-device"]
    assert keys("decocting-1", PLAIN, first, at(71, device="m")) == ["decoction-late"]
    assert keys("decocting-1", PLAIN, first, at(71, device="m", note="停电")) == []
    tonic = Formula(PLAIN.grams, PLAIN.footnotes, 7, "tonic")
    assert keys("decocting-1", tonic, first, at(79, device="m")) == ["decoction-early"]
    assert keys("decocting-1", tonic, first, at(80, device="m")) == []
    second = [*first[:-1], *done(("decocting-1", 40, 60), ("decocting-2", 62, None))]
    assert keys("decocting-2", PLAIN, second, at(83, device="m")) == ["decoction-late"]
    assert keys("decocting-2", PLAIN, second, at(80, device="m")) == []


@pytest.mark.rule("R3-100")
def test_late_herbs_are_neither_added_too_early_nor_taken_out_too_soon() -> None:
    known = [
        *done(("prepared", 0, 0), ("checked", 1, 1), ("soaking", 2, 40), ("first-herbs", 40, 55)),
        *done(("decocting-1", 55, None)),
    ]
    assert keys("late-herbs", MARKED, known, at(60)) == ["decoction-early"]
    assert keys("late-herbs", MARKED, known, at(70)) == []
    added = [*known, *done(("late-herbs", 73, 73))]
    assert keys("decocting-1", MARKED, added, at(76, device="m")) == ["decoction-early"]
    assert keys("decocting-1", MARKED, added, at(79, device="m")) == []


@pytest.mark.rule("R3-092")
@settings(max_examples=80)
@given(st.decimals(1, 60, places=1), st.decimals(-12, 12, places=2))
def test_a_weight_is_off_by_five_percent_at_most(wanted: Decimal, percent: Decimal) -> None:
    weighed = wanted * (100 + percent) / 100
    off = decoction.weight_faults((wanted,), (weighed,))
    assert bool(off) == (abs(weighed - wanted) * 100 > wanted * 5)
    assert decoction.weight_faults((wanted,), (wanted,)) == ()
    assert [one.key for one in decoction.weight_faults((wanted,), ())] == ["weights-missing"]


@pytest.mark.rule("R3-100", "R3-101")
def test_what_is_packed_is_counted_and_labelled() -> None:
    known = [
        *done(("prepared", 0, 0), ("checked", 1, 1), ("soaking", 2, 32), ("decocting-1", 40, 60)),
        *done(("decocting-2", 62, 80), ("merged", 81, 81)),
    ]
    assert keys("packed", PLAIN, known, at(85, packs=7, ml=500)) == ["packs-count", "packs-ml"]
    assert keys("packed", PLAIN, known, at(85, packs=14, ml=200)) == []
    child = Formula(PLAIN.grams, PLAIN.footnotes, 7, child=True)
    assert keys("packed", child, known, at(85, packs=14, ml=200)) == ["packs-ml"]
    same = [*known, Done("packed", START, START, "a"), Done("labelled", START, START, "a")]
    assert keys("quality-checked", PLAIN, same, at(90)) == ["decoction-apart"]
    made = decoction.label(
        name="李秀兰", number="CF1", doses=7, usage="外洗", packed=START, ml=200, institution="店", by="林药师"
    )
    assert made.outward
    assert made.until - made.packed == timedelta(days=7)
