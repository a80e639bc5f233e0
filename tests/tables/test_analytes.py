"""Units of one analyte, and usual ranges."""

from decimal import Decimal

import pytest

from xinglin.tables.analytes import analyte, codes_of, convert, usual


@pytest.mark.parametrize(
    ("value", "unit", "of", "target", "to", "expected"),
    [
        ("189", "mg/dL", "1558-6", "mmol/L", "14771-0", "10.49"),
        ("100", "mg/dL", "2345-7", "mmol/L", "2345-7", "5.551"),
        ("200", "mg/dL", "2093-3", "mmol/L", "14647-2", "5.173"),
        ("1", "mg/dL", "2160-0", "umol/L", "14682-9", "88.40"),
        # urea nitrogen weighs less than the urea it stands for
        ("20", "mg/dL", "3094-0", "mmol/L", "22664-7", "7.139"),
        ("7", "mmol/L", "22664-7", "mg/dL", "3094-0", "19.61"),
        ("20", "mg/dL", "3094-0", "mg/dL", "3091-6", "42.88"),
        ("42", "mmol/mol", "59261-8", "%", "4548-4", "5.994"),
        ("6.5", "%", "4548-4", "mmol/mol", "59261-8", "47.53"),
        # an equivalent of calcium is half a mole
        ("5", "meq/L", "2000-8", "mmol/L", "2000-8", "2.5"),
        ("5", "meq/L", "2823-3", "mmol/L", "2823-3", "5"),
        ("12", "g/dL", "718-7", "g/L", "718-7", "120"),
    ],
)
def test_units_of_an_analyte_are_brought_together(
    value: str, unit: str, of: str, target: str, to: str, expected: str
) -> None:
    made = convert(Decimal(value), unit, target, analyte(of), analyte(to))
    assert made is not None
    assert f"{made:.4g}" == expected


@pytest.mark.parametrize(
    ("unit", "of", "target", "to"),
    [
        ("mg/dL", "718-7", "mmol/L", "718-7"),
        ("mg/dL", "2093-3", "mmol/L", "14749-6"),
        ("meq/L", "14682-9", "umol/L", "14682-9"),
        ("mmol/mol", "59261-8", "%", "2823-3"),
        ("%", "4548-4", "mg/dL", "59261-8"),
        ("furlong", "2345-7", "mmol/L", "2345-7"),
    ],
)
def test_what_cannot_be_compared_is_not(unit: str, of: str, target: str, to: str) -> None:
    assert convert(Decimal(1), unit, target, analyte(of), analyte(to)) is None


def test_codes_of_one_analyte_know_each_other() -> None:
    assert codes_of("22748-8") == ("22748-8", "2089-1")
    assert codes_of("1-1") == ("1-1",)


def test_usual_ranges_are_in_the_unit_of_the_result() -> None:
    assert usual("2093-3", "mg/dL", "male", 40) == (None, Decimal("201.1"))
    assert usual("718-7", "g/dL", "female", 30) == (Decimal("11.5"), Decimal(15))
    assert usual("6690-2", "10*3/uL", "male", 3) == (Decimal("4.3"), Decimal("11.9"))
    assert usual("8480-6", "mm[Hg]", "male", 40) == (Decimal(90), Decimal(139))
    assert usual("8480-6", "mm[Hg]", "male", 10) == (None, None)
    assert usual("718-7", "apples", "male", 40) == (None, None)
    assert usual("99999-9", "g/L", "male", 40) == (None, None)
