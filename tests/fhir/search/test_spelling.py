"""Keys, dates, numbers and names as search compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.fhir.search import dates, keys
from xinglin.fhir.search.text import normal, query_words, readings, words
from xinglin.fhir.search.values import bounds, escape, number, split, unescape


def test_types_are_numbered_for_ever() -> None:
    assert len(keys.TYPE_CODES) == 146
    assert (keys.TYPE_CODES["Account"], keys.TYPE_CODES["Patient"], keys.TYPE_CODES["VisionPrescription"]) == (
        1,
        103,
        146,
    )


def test_hashes_are_signed_and_stable() -> None:
    assert keys.rid_of("Patient", "1") == keys.hash64("Patient/1")
    assert -(2**63) <= keys.rid_of("Patient", "1") < 2**63
    assert keys.rid_of("Patient", "1") != keys.rid_of("Patient", "11")


def test_a_reference_key_gives_its_target_back() -> None:
    salt = keys.reference_salt("Observation", "subject")
    target = keys.rid_of("Patient", "1")
    assert keys.reference_key("Observation", "subject", target) ^ salt == target


@given(st.integers(0, 1023))
def test_an_id_of_the_server_carries_its_bucket(bucket: int) -> None:
    assert keys.bucket_of(keys.bucket_prefix(bucket) + "-" + "0" * 20) == bucket


@given(st.text())
def test_escaping_keeps_a_value_whole(text: str) -> None:
    assert unescape(escape(text)) == text
    assert len(split(escape(text), ",")) == 1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("100", 99.5, 100.5), ("100.00", 99.995, 100.005), ("1e2", 95, 105), ("-5.4", -5.45, -5.35), ("0", -0.5, 0.5)],
)
def test_the_precision_of_a_number_is_that_of_its_digits(text: str, low: float, high: float) -> None:
    lo, hi, closed, outside = bounds("eq", number("n", text), text)
    assert (float(lo or 0), float(hi or 0), closed, outside) == (low, high, (True, False), False)


def test_dates_cover_what_they_say() -> None:
    assert dates.span("1970-01-01T08:00:00+08:00") == (0, 1_000_000)
    assert dates.span("1970-01-01") == (-8 * 3_600_000_000, 16 * 3_600_000_000)
    assert dates.span("2020-02") == (dates.span("2020-02-01")[0], dates.span("2020-03-01")[0])  # type: ignore[index]
    assert dates.span("9999") is not None
    assert dates.span("9999-12-31") is not None
    for nonsense in ("", "20", "2020-13", "2020-02-30", "0000", "2020-01-01T25:00:00Z", "2020-01-01T10", "２０２０"):
        assert dates.span(nonsense) is None, nonsense


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_not(text: str) -> None:
    found = dates.span(text)
    assert found is None or found[0] < found[1]


@given(st.text(max_size=200))
def test_normal_form_is_stable(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_names_are_read_as_names() -> None:
    assert readings("张三") == ("zhangsan", "zs")
    assert readings("单雄信")[0] == "shanxiongxin"
    assert set(readings("吕蒙")) == {"lvmeng", "lumeng", "lm"}
    assert readings("欧阳修")[0] == "ouyangxiu"
    assert readings("Smith") == ()
    assert readings("字" * 100) == ()


def test_chinese_text_is_found_by_any_two_neighbours() -> None:
    assert set(query_words("头痛三天")) <= set(words("患者头痛三天，无发热"))
    assert not set(query_words("痛头")) <= set(words("头痛"))
    assert query_words("Müller") == ["muller"]
