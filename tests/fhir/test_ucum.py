from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.fhir import ucum
from xinglin.fhir.ucum_units import UNITS

D = Decimal


@pytest.mark.parametrize("code", sorted(UNITS))
def test_every_unit_of_the_table_is_read(code: str) -> None:
    assert ucum.parse(code) is not None


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("1", "mg", ("0.001", "g")),
        ("37", "Cel", ("310.15", "K")),
        ("98.6", "[degF]", ("310.15", "K")),
        ("120", "mm[Hg]", ("15998640", "g.m-1.s-2")),
        ("1", "kg/m2", ("1000", "g.m-2")),
        ("5", "10*9/L", ("5000000000000", "m-3")),
        ("60", "/min", ("1", "s-1")),
        ("60", "{beats}/min", ("1", "s-1")),
        ("1", "m[IU]/L", ("1", "[iU].m-3")),
        ("100", "%", ("1", "1")),
        ("1", "wk", ("604800", "s")),
        ("1", "[lb_av]", ("453.59237", "g")),
        ("1", "[in_i]", ("0.0254", "m")),
        ("1", "kcal_th", ("4184000", "g.m2.s-2")),
        ("1", "mL/kg/h", None),
        ("1", "J/(kg.K)", ("1", "K-1.m2.s-2")),
        ("2", "", ("2", "1")),
    ],
)
def test_canonical_form(value: str, unit: str, expected: tuple[str, str] | None) -> None:
    found = ucum.canonical(D(value), unit)
    if expected is None:
        assert found is not None
        assert found[1] == "g-1.m3.s-1"
    else:
        assert found == (D(expected[0]), expected[1])


@pytest.mark.parametrize(
    "unit", ["foo", "Mg(", "g..m", "m/", "µg", "mmHg", "m99", "((" * 30, "x" * 300, "g m", "k", "{a", "0", "[nope]"]
)
def test_what_is_no_unit_is_none(unit: str) -> None:
    assert ucum.canonical(D(1), unit) is None


def test_what_measures_the_same_is_comparable() -> None:
    assert ucum.comparable("mg/dL", "kg/m3")
    assert ucum.comparable("Cel", "K")
    assert not ucum.comparable("mg/dL", "mmol/L")
    assert not ucum.comparable("[iU]", "[arb'U]")
    assert not ucum.comparable("mg", "nonsense")


CODES = st.sampled_from(
    ["mg", "kg", "ug/L", "mm[Hg]", "Cel", "[degF]", "[lb_av]", "min", "mol/L", "kat", "[psi]", "Pa"]
)


@settings(max_examples=200, deadline=None)
@given(value=st.decimals(-10_000, 10_000, places=4), unit=CODES, target=CODES)
def test_a_conversion_there_and_back_is_exact(value: Decimal, unit: str, target: str) -> None:
    there = ucum.convert(value, unit, target)
    assert (there is not None) == ucum.comparable(unit, target)
    if there is not None:
        back = ucum.convert(there, target, unit)
        assert back is not None
        assert abs(back - value) <= D("1e-25")
