"""Short ways of indexing give what the long ways give."""

from decimal import Decimal
from fractions import Fraction

import pytest

from xinglin.fhir import ucum
from xinglin.fhir.search import dates, text
from xinglin.fhir.ucum_units import SCALES

TIMES = ("00:00:00", "23:59:59", "24:00:00", "12:30:60", "12:60:00", "12::3000")
ZONES = ("+00:00", "-00:00", "+08:00", "+14:59", "+15:00", "+05:60", "-08:30")


@pytest.mark.parametrize("day", ["0000-01-01", "1969-12-31", "2020-02-29", "2021-02-29", "2021-13-01", "9999-12-31"])
@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_begins_where_its_second_does(day: str, time: str, zone: str) -> None:
    written = f"{day}T{time}{zone}"
    second = dates.span(written)
    assert dates.stored(written) == (None if second is None else (second[0], second[0] + 1))


def test_common_text_has_the_words_that_folding_character_by_character_gives() -> None:
    # U+00E9 takes the long way, and stands apart from the rest.
    common = "Na+ 偏高（见 3 号），复查；BMI：27。50%～"
    assert text.words(common) == text.words(f"{common} \u00e9")[:-1]


@pytest.mark.parametrize("unit", ["Cel", "[degF]", "mmol/L", "mm[Hg]", "%", "/min", "kg", "mg/dL"])
@pytest.mark.parametrize("value", ["0", "-40", "37.05", "1E-3", "120.00"])
def test_a_quantity_in_base_units_is_the_exact_one_rounded(unit: str, value: str) -> None:
    made = ucum.canonical(Decimal(value), unit)
    read = ucum.parse(unit)
    assert made is not None
    assert read is not None
    exact = Fraction(Decimal(value)) * read.factor
    if read.scale is not None:
        offset, factor = SCALES[read.scale]
        exact = (exact + offset) * factor
    assert abs(Fraction(made[0]) - exact) <= abs(exact) / 10**33
