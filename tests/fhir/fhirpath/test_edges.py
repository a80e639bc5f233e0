"""Corners of the functions and operators: empty input, other types, limits."""

from decimal import Decimal

import msgspec
import pytest

from tests.fhir.fhirpath.patients import results, values
from xinglin.fhir.fhirpath import FhirPathError
from xinglin.fhir.r4 import Observation

D = Decimal


@pytest.mark.parametrize(
    "call",
    [
        "single()",
        "first()",
        "last()",
        "tail()",
        "skip(1)",
        "take(1)",
        "distinct()",
        "sort()",
        "sum()",
        "avg()",
        "min()",
        "max()",
        "abs()",
        "ceiling()",
        "floor()",
        "truncate()",
        "exp()",
        "ln()",
        "sqrt()",
        "log(2)",
        "power(2)",
        "round()",
        "round(2)",
        "lowBoundary()",
        "highBoundary(2)",
        "precision()",
        "comparable(1 'g')",
        "toBoolean()",
        "toInteger()",
        "toLong()",
        "toDecimal()",
        "toDate()",
        "toDateTime()",
        "toTime()",
        "toQuantity()",
        "toString()",
        "convertsToInteger()",
        "convertsToQuantity()",
        "convertsToString()",
        "convertsToDate()",
        "indexOf('a')",
        "lastIndexOf('a')",
        "substring(0)",
        "substring(0, 1)",
        "startsWith('a')",
        "endsWith('a')",
        "contains('a')",
        "upper()",
        "lower()",
        "trim()",
        "length()",
        "toChars()",
        "replace('a', 'b')",
        "matches('a')",
        "matchesFull('a')",
        "replaceMatches('a', 'b')",
        "split(',')",
        "join(',')",
        "encode('hex')",
        "decode('hex')",
        "escape('html')",
        "unescape('json')",
        "yearOf()",
        "hourOf()",
        "dateOf()",
        "timeOf()",
        "millisecondOf()",
        "timezoneOffsetOf()",
        "getValue()",
        "resolve()",
        "children()",
        "descendants()",
        "extension('a')",
        "type()",
        "memberOf('a')",
        "conformsTo('a')",
        "not()",
        "where(true)",
        "select(1)",
        "repeat(1)",
        "repeatAll(1)",
        "ofType(string)",
        "as(string)",
        "is(string)",
        "htmlChecks()",
        "checkModifiers()",
        "trace('a')",
        "coalesce({})",
    ],
)
def test_nothing_gives_nothing(call: str) -> None:
    assert results(f"{{}}.{call}") == []


@pytest.mark.parametrize(
    "call",
    [
        "skip({})",
        "take({})",
        "indexOf({})",
        "substring({})",
        "startsWith({})",
        "replace({}, 'a')",
        "replace('a', {})",
        "matches({})",
        "replaceMatches('a', {})",
        "split({})",
        "encode({})",
    ],
)
def test_a_missing_argument_gives_nothing(call: str) -> None:
    assert results(f"'abc'.{call}") == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5.power({}) | 5.log({}) | 5.round({})", []),
        ("8.log(1) | 8.log(0) | (-8).log(2)", []),
        ("1.convertsToLong() and '5'.toLong() = 5L", [True]),
        ("'99999999999'.toInteger()", []),
        ("'x'.toLong()", []),
        ("true.toDecimal()", [D(1)]),
        ("true.toQuantity()", ["1.0 '1'"]),
        ("@2014.toDateTime() | '2014-01-01T10:00'.toDateTime()", ["2014", "2014-01-01T10:00"]),
        ("1.toDate() | 1.toTime() | 1.toDateTime()", []),
        ("@T10:00.toTime()", ["10:00"]),
        ("1.toQuantity({}) | 1.toQuantity('kg')", []),
        ("1 day.toQuantity('h')", ["24 'h'"]),
        ("36 'h'.toQuantity('day')", ["1.5 days"]),
        ("1 month.toQuantity('h') | 1 'kg'.toQuantity('day')", []),
        ("name.convertsToString() | name.first().toString()", "several"),
        ("name.first().toString() | name.first().toInteger()", []),
        ("name.first().convertsToString() or name.first().convertsToInteger()", [False]),
        ("'abc'.escape('x') | 'abc'.encode('x') | 'abc'.decode('x') | 'abc'.unescape('x')", []),
        ("'61'.decode('hex') | 'YQ=='.decode('urlbase64')", ["a"]),
        ("'a\"b\\\\tc\\\\\\\\d\\\\qe'.unescape('json')", ['a"b\tc\\dqe']),
        ("'ab'.split('')", ["a", "b"]),
        ("(1 | 2.5 | true).join('-')", ["1-2.5-true"]),
        ("'abc'.substring(1, -1)", [""]),
        ("'a1b2'.replaceMatches('[0-9]', '\\\\$')", ["a$b$"]),
        ("(1 'g' | 2 'g').sum()", ["3 'g'"]),
        ("(3 | 1 | 2).min()", [1]),
        ("(1 'g' | 1 'm').sum()", []),
        ("('b' | 'a').sort(-$this)", ["b", "a"]),
        ("name.sort(family).use | name.sort(-family).use", ["official", "nickname"]),
        ("5L.abs() | (-5).abs()", [5]),
        ("(-5 'mg').abs()", ["5 'mg'"]),
        ("3.round(2)", [3]),
        ("5 'mg'.lowBoundary(1)", ["4.5 'mg'"]),
        ("1.lowBoundary(32) | 5 'mg'.lowBoundary(99)", []),
        ("@T10.lowBoundary(4) | @T10.highBoundary(7)", ["10:00"]),
        ("@2014.highBoundary(14) | @2014.lowBoundary(5)", ["2014-12-31T23:59:59-12:00"]),
        ("@T10:30.lowBoundary(6)", ["10:30:00"]),
        ("120.precision() | @T10:30.precision()", [0, 4]),
        ("@T10:11:12.013.hourOf() | @T10:11:12.013.millisecondOf()", [10, 13]),
        ("@T10.yearOf() | @T10.dateOf() | @2014.timeOf() | @2014.dayOf() | @T10:00:00.millisecondOf()", []),
        ("@2014-01-02T03:04:05Z.dateOf().toString()", ["2014-01-02"]),
        ("@2014-01-02T03:04:05Z.timeOf().toString()", ["03:04:05"]),
        ("@T10.timeOf() | @2014.timezoneOffsetOf()", ["10"]),
        ("@2014-01-02T03:04:05Z.secondOf() | @2014-01-02.monthOf()", [5, 1]),
        ("1 'g' * 2 | 2 * 1 'g'", ["2 'g'"]),
        ("2 'foo' * 3 'bar' | 1 'g' / 0 'g'", []),
        ("6 days / 2 days = 3", [True]),
        ("1 'g' - 1 'mg'", ["0.999 'g'"]),
        ("1 year + 6 months", ["1.5 years"]),
        ("1 month + 1 'd'", []),
        ("1 'g' + 1", []),
        ("+1 | +1.5 | +(1 'g')", [1, D("1.5"), "1 'g'"]),
        ("-(1 'g') | -(5L)", ["-1 'g'", -5]),
        ("7.5 div 2 | 7.5 mod 2 | 1.0 div 0 | 1 mod 0.0", [3, D("1.5")]),
        ("2147483647 * 2 | 9223372036854775807L + 1", []),
        ("99999999999999999999999999999.0 div 1", []),
        ("@9999-12-31 + 1 day | @0001-01-01 - 1 day | @2014 + 9999999999999 'd'", []),
        ("@2014-01-15T10 + 90 minutes", ["2014-01-15T11"]),
        ("@2014-01-15T10:30 - 45 'min'", ["2014-01-15T09:45"]),
        ("@2014-01-31 + 1 'month' | @2014-01-31 - 1 year", ["2014-02-28", "2013-01-31"]),
        ("@2014-01-01 + 500 milliseconds", ["2014-01-01"]),
        ("@2014 + 800 days | @2014-05 - 40 days", ["2016", "2014-04"]),
        ("5 'mg' & 'x'", ["5 'mg'x"]),
        ("birthDate & 'x'", ["1974-12-25x"]),
        ("(1 'g' = 1) | (1 '1' = 1) | (1 'g' = 'g')", [True, False]),
        ("1 'g' ~ 'g' | 1 ~ 'g' | true ~ 1", [False]),
        ("@T10 ~ @T10 and @T10 !~ @T11", [True]),
        ("name ~ name and (name !~ contact) and (name.first() !~ 'a')", [True]),
        ("name.type() = name.type() and 1.type() ~ 2.type()", [True]),
        ("1.type() = 'a'.type() or 1.type() ~ 'a'", [False]),
        ("12345678901234567890123456789012345678901234567890.0 ~ 1.5 or 1e = 1", "error"),
        ("12345678901234567890123456789012345678901234567890.0 ~ 1.5", [False]),
        ("(true | false).anyTrue() and (false.combine(false)).allFalse()", [True]),
        ("('a' | 'b').toChars().count()", "error"),
        ("1.5 + 1 - 0.5", [D("2.0")]),
        ("iif('a', 1, 2)", "error"),
        ("(1 'g' | 1 'm' | 1).sum()", []),
        ("contact ~ contact.combine(contact)", [False]),
        ("contact.where(false) ~ {}", [True]),
        ("name.first() ~ name.last()", [False]),
        ("@2014-06 > @2014 or @2014 > @2013", [True]),
        ("9223372036854775808L", "error"),
        ("99999999999999999999", "error"),
        ("2147483648.is(Long)", [True]),
        ("9.toLong() < 10", [True]),
        ("'ABC'.matches('b', 'i') and 'a\nb'.matches('^b', 'm') and 'abc'.matchesFull('ABC', 'i')", [True]),
        ("'ABC'.replaceMatches('b', 'x', 'i') | 'ABC'.replaceMatches('b', 'x', '')", ["AxC", "ABC"]),
        ("'ABC'.matches('b', {}) or 'ABC'.matches('b')", [False]),
        ("'ABC'.matches('b', 'q')", "error"),
        ("contact.distinct().count() | name.combine(name).distinct().count()", [1, 2]),
        ("(1 '1' | 1 | 1 'g' | 1000 'mg').count()", [2]),
        ("@2014 | @2014-01 | @2014", ["2014", "2014-01"]),
        ("(1 'g' < 2) | (1 '1' < 2)", [True]),
        ("(1 | 2).combine(3, true).count()", [3]),
        ("%vs-nothing", "error"),
        ("name.$this.given.first() | name.select($index)", ["明", 0, 1]),
        ("$total | $index", []),
        ("name.given[$index]", []),
        ("id.value.is(System.String) | birthDate.value.is(System.Date)", [True]),
        ("birthDate.id | birthDate.nothing", []),
        ("(5 'mg').value | (5 'mg').unit", [D(5), "mg"]),
        ("1.type().baseType | 1.type().nothing", ["System.Any"]),
        ("1.extension('a') | 1.children()", []),
        ("contact.ofType(Patient.contact).gender", ["female"]),
        ("name.all($this.is(FHIR.HumanName)) and 1.is(System.Any)", [True]),
        ("1.hasValue() | contact.getValue()", [True]),
        ("Patient.name.where(Patient.exists()).count()", [0]),
    ],
)
def test_the_corner(expression: str, expected: object) -> None:
    if isinstance(expected, str):
        with pytest.raises(FhirPathError):
            values(expression)
    else:
        assert values(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "'a'.abs()",
        "true.sqrt()",
        "name.first().round()",
        "'a'.lowBoundary()",
        "'a'.precision()",
        "'a'.comparable(1 'g')",
        "1.yearOf()",
        "1.toChars()",
        "1.upper()",
        "name.first().upper()",
        "'a'.skip('b')",
        "name.first() > name.last()",
        "name.first() + 1",
        "true + 1",
        "1 'g' div 2 'g'",
        "@2014 + 1",
        "@2014 * 2",
        "name.first() & 'a'",
        "-name.first()",
        "1.combine('a').sort()",
        "name.sort(given)",
        "(1 | 'a').sum()",
        "defineVariable({})",
        "'a' in (1 | 2) > 3",
        "conformsTo(1)",
        "1.allTrue()",
        "name.first().extension(1)",
        "'a' - 'b'",
        "'x'.replace('', 'y').replace(1, 2)",
    ],
)
def test_the_wrong_type_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathError):
        results(expression)


def test_a_replacement_cannot_fill_the_memory() -> None:
    with pytest.raises(FhirPathError):
        results("('a' | 'b').aggregate($total.replace('', $total), '" + "x" * 20_000 + "')")


def amount(code: str, comparator: str | None = None) -> Observation:
    document = {"value": 1, "system": "http://unitsofmeasure.org", "code": code}
    if comparator is not None:
        document["comparator"] = comparator
    return msgspec.convert({"resourceType": "Observation", "valueQuantity": document}, Observation)


def test_a_quantity_of_fhir_moves_a_date_by_the_calendar() -> None:
    assert values("@2020-02-29 + value", amount("a")) == ["2021-02-28"]
    assert values("@2020-01-31 + value", amount("mo")) == ["2020-02-29"]


def test_a_quantity_with_a_comparator_is_no_amount() -> None:
    assert values("value > 0 'a'", amount("a")) == [True]
    with pytest.raises(FhirPathError):
        values("value > 0 'a'", amount("a", "<"))
