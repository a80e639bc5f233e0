import base64
from calendar import isleap
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.primitives import formed, is_base64, is_number


@given(st.dates(min_value=date(1, 1, 1)))
def test_every_day_of_the_calendar_is_a_date(day: date) -> None:
    text = day.isoformat()
    assert formed("date", text)
    assert formed("dateTime", text)
    assert formed("instant", f"{text}T23:59:60.5-14:00")
    assert not formed("instant", text)


@given(st.integers(1, 9999), st.integers(0, 13), st.integers(0, 32))
def test_no_other_day_is_a_date(year: int, month: int, day: int) -> None:
    text = f"{year:04}-{month:02}-{day:02}"
    try:
        date(year, month, day)
        right = True
    except ValueError:
        right = False
    assert formed("date", text) is right


@given(st.integers(1, 9999))
def test_leap_days_stand_in_leap_years(year: int) -> None:
    assert formed("date", f"{year:04}-02-29") is isleap(year)


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("date", ["2020", "2020-12"], ["0000", "20", "2020-13", "2020-00", "2020-1", "2020-01-01T", "2020\n", " 2020"]),
        (
            "dateTime",
            ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.123456789+08:00"],
            [
                "2020-01-01T00:00Z",
                "2020-01-01T00:00:00",
                "2020-01T00:00:00Z",
                "2020-01-01 00:00:00Z",
                "2020-01-01T00:00:00+15:00",
            ],
        ),
        ("time", ["00:00:00", "23:59:59.9"], ["24:00:00", "10:00", "10:00:00Z", "1:00:00"]),
        ("id", ["a", "A-1.b", "a" * 64], ["", "a" * 65, "a_b", "a/b", "中", "a\n"]),
        ("oid", ["urn:oid:1.2.156"], ["1.2.3", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1"]),
        (
            "uuid",
            ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            ["urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "c757873d"],
        ),
        ("uri", ["http://a", "urn:x", "a", "中"], ["a b", " a", "a\n", "a\u00a0b"]),
        ("code", ["a", "a b", "a-b"], [" a", "a ", "a  b", "a\tb", "a\n"]),
        ("mimetype", ["text/plain", "application/fhir+json; charset=utf-8", "json"], ["text", "text/", "a b/c"]),
        ("currency", ["CNY"], ["cny", "CN", "CNYY"]),
    ],
)
def test_formats(kind: str, right: list[str], wrong: list[str]) -> None:
    assert [text for text in right if not formed(kind, text)] == []
    assert [text for text in wrong if text and formed(kind, text)] == []


@given(st.binary(min_size=1))
def test_base64_of_anything_is_base64(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    assert is_base64(text)
    assert is_base64("\n".join(text[n : n + 4] for n in range(0, len(text), 4)))


@pytest.mark.parametrize("text", ["", "a", "abc", "a===", "ab=c", "ab*=", "====", "YQ==YQ=="])
def test_other_text_is_not_base64(text: str) -> None:
    assert not is_base64(text)


@pytest.mark.parametrize("value", [0, -5, 10**30, Decimal("1.00"), Decimal("1E-30"), Decimal("-0")])
def test_numbers(value: object) -> None:
    assert is_number(value)


@pytest.mark.parametrize(
    "value", [True, "1", 1.5, None, Decimal("NaN"), Decimal("Infinity"), Decimal("1E+1001"), 10**1001]
)
def test_other_values_are_no_numbers(value: object) -> None:
    assert not is_number(value)
