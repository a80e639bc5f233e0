"""Each chapter of the language by example (http://hl7.org/fhirpath/N1/)."""

from decimal import Decimal

import pytest

from tests.fhir.fhirpath.patients import OBSERVATION, results, values

D = Decimal

CASES: dict[str, list[tuple[str, list[object]]]] = {
    "paths": [
        ("name.given", ["明", "小明", "Ming"]),
        ("Patient.name.given", ["明", "小明", "Ming"]),
        ("Resource.id", ["li"]),
        ("Encounter.name", []),
        ("name[1].given[0]", ["Ming"]),
        ("name[7]", []),
        ("deceased", [False]),
        ("deceasedBoolean", []),
        ("multipleBirth", [2]),
        ("`name`.`given`.first()", ["明"]),
        ("contact", ["Patient.contact[0]"]),
        ("birthDate.extension.value", ["1974-12-25T14:35:45-05:00"]),
        ("birthDate.extension('http://example.org/birth-time').value.is(dateTime)", [True]),
        ("nothing", []),
    ],
    "literals": [
        ("'\\u674e\\t\\'' ", ["李\t'"]),
        ("1.50", [D("1.50")]),
        ("5L is Long", [True]),
        ("{}", []),
        ("@2014-01-25T14:30:14.559+08:00", ["2014-01-25T14:30:14.559+08:00"]),
        ("@T14:30", ["14:30"]),
        ("3 'mg'", ["3 'mg'"]),
        ("3 days", ["3 days"]),
        ("1 /* one */ + 1 // two", [2]),
    ],
    "existence": [
        ("name.exists()", [True]),
        ("name.exists(use = 'old')", [False]),
        ("photo.empty()", [True]),
        ("name.all(given.exists())", [True]),
        ("(true | false).allTrue()", [False]),
        ("(true | false).anyFalse()", [True]),
        ("{}.not()", []),
        ("name.given.subsetOf(name.given | 'x')", [True]),
        ("name.given.supersetOf('Ming')", [True]),
        ("(1 | 2 | 1).count()", [2]),
        ("1.combine(1).isDistinct()", [False]),
    ],
    "filtering": [
        ("name.where(use = 'nickname').given", ["Ming"]),
        ("name.where($index = 1).given", ["Ming"]),
        ("name.select(given.first())", ["明", "Ming"]),
        ("repeat(contact).gender", ["female"]),
        ("contained.ofType(Organization).name", ["焦作市人民医院"]),
        ("(1 | 'a' | 2.0).ofType(Integer)", [1]),
    ],
    "subsetting": [
        ("name.given.first()", ["明"]),
        ("name.given.last()", ["Ming"]),
        ("name.given.tail()", ["小明", "Ming"]),
        ("name.given.skip(2)", ["Ming"]),
        ("name.given.take(0)", []),
        ("(1 | 2 | 3).intersect(2 | 4)", [2]),
        ("(1 | 2 | 3).exclude(2)", [1, 3]),
        ("active.single()", [True]),
    ],
    "combining": [
        ("1 | 2 | 1", [1, 2]),
        ("1.combine(1)", [1, 1]),
        ("1.union(1)", [1]),
        ("{}.coalesce({}, 2, 3)", [2]),
        ("(3 | 1 | 2).sort()", [1, 2, 3]),
        ("(3 | 1 | 2).sort(-$this)", [3, 2, 1]),
        ("name.sort(family.first()).use", ["official", "nickname"]),
        ("(1 | 2 | 3).aggregate($this + $total, 10)", [16]),
        ("(1 | 2 | 3).sum() | (1 | 2 | 3).max()", [6, 3]),
        ("(1 | 2).avg()", [D("1.5")]),
    ],
    "conversion": [
        ("'1'.toInteger()", [1]),
        ("'1.0'.toInteger()", []),
        ("'yes'.toBoolean()", [True]),
        ("2.toBoolean()", []),
        ("'2014-01'.toDate()", ["2014-01"]),
        ("'2014-13'.toDate()", []),
        ("@2014-01-01T10:00.toDate()", ["2014-01-01"]),
        ("'10:30'.toTime()", ["10:30"]),
        ("1.50.toString()", ["1.50"]),
        ("'4 days'.toQuantity()", ["4 days"]),
        ("'4 \\'mg\\''.toQuantity()", ["4 'mg'"]),
        ("'4 mg'.convertsToQuantity()", [False]),
        ("1 'g'.toQuantity('mg')", ["1000 'mg'"]),
        ("1 week.toQuantity('days')", ["7 days"]),
        ("iif(active, 'a', 'b')", ["a"]),
        ("iif({}, 'a')", []),
        ("birthDate.toString()", ["1974-12-25"]),
    ],
    "strings": [
        ("'abcabc'.indexOf('c')", [2]),
        ("'abcabc'.lastIndexOf('c')", [5]),
        ("'abc'.substring(1)", ["bc"]),
        ("'abc'.substring(1, 1)", ["b"]),
        ("'abc'.substring(3)", []),
        ("'abc'.substring(-1)", []),
        ("'abc'.replace('b', '')", ["ac"]),
        ("'abc'.matches('B')", [False]),
        ("'abc'.matches('^a.c$')", [True]),
        ("'abc'.matchesFull('b')", [False]),
        ("'11/30/1972'.replaceMatches('(?<m>\\\\d+)/(\\\\d+)/(\\\\d+)', '$2.${m}.$3')", ["30.11.1972"]),
        ("'aB'.upper() | 'aB'.lower()", ["AB", "ab"]),
        ("'李明'.length()", [2]),
        ("'ab'.toChars()", ["a", "b"]),
        ("' a '.trim()", ["a"]),
        ("'a,,b'.split(',')", ["a", "", "b"]),
        ("name.given.join('、')", ["明、小明、Ming"]),
        ("'<a>'.escape('html').unescape('html')", ["<a>"]),
        ("'\"'.escape('json')", ['\\"']),
        ("'李'.encode('base64').decode('base64')", ["李"]),
        ("'a' & {} & 'b'", ["ab"]),
        ("'a' + {}", []),
    ],
    "mathematics": [
        ("1 + 2 * 3", [7]),
        ("1 / 2", [D("0.5")]),
        ("1 / 0", []),
        ("-7 div 2", [-3]),
        ("-7 mod 2", [-1]),
        ("2147483647 + 1", []),
        ("2147483647L + 1", [2147483648]),
        ("(-5.5).abs()", [D("5.5")]),
        ("(-1.1).ceiling() | (-1.1).floor() | (-1.1).truncate()", [-1, -2]),
        ("1.55.round(1)", [D("1.6")]),
        ("2.power(10)", [1024]),
        ("(-1).power(0.5)", []),
        ("100.log(10)", [D(2)]),
        ("16.sqrt()", [D(4)]),
        ("0.exp()", [D(1)]),
        ("0.ln()", []),
        ("1.587.lowBoundary(6) | 1.587.highBoundary(2)", [D("1.586500"), D("1.59")]),
        ("1.587.lowBoundary(-1)", []),
        ("1.50.precision() | @2014.precision()", [2, 4]),
    ],
    "quantities": [
        ("4 'g' = 4000 'mg'", [True]),
        ("1 'g' = 1 'm'", []),
        ("1 'kg' > 999 'g'", [True]),
        ("1 year = 12 months", [True]),
        ("1 year = 1 'a'", []),
        ("1 year ~ 1 'a'", [True]),
        ("7 days = 1 'wk'", [True]),
        ("2 'cm' * 3 'cm' = 6 'cm2'", [True]),
        ("1 'g' + 500 'mg'", ["1.5 'g'"]),
        ("1 'cm'.comparable(1 's')", [False]),
        ("37 'Cel' = 310.15 'K'", [True]),
        ("1 '[iU]' = 1 '{tbl}'", []),
    ],
    "dates": [
        ("birthDate + 1 month", ["1975-01-25"]),
        ("@2024-02-29 + 1 year", ["2025-02-28"]),
        ("@2014 + 25 months", ["2016"]),
        ("@2014-01-01T10:00:00.000Z + 0.5 's'", ["2014-01-01T10:00:00.500Z"]),
        ("@T23:30 + 1 hour", ["00:30"]),
        ("@2014 < @2014-06", []),
        ("@2014 < @2015-06", [True]),
        ("@2014-01-01T10:00Z = @2014-01-01T11:00+01:00", [True]),
        ("@2014-01-01T10:00Z = @2014-01-01T10:00", []),
        ("@2014-01-01T10:00Z < @2014-01-03T10:00", [True]),
        ("@2014 = @T10:00", [False]),
        ("@2014 ~ @2014-01", [False]),
        ("birthDate < now()", [True]),
        ("now() | today() | timeOfDay()", ["2026-11-22T08:30:15.123+08:00", "2026-11-22", "08:30:15.123"]),
        ("@2014.highBoundary() | @2014-02.lowBoundary(8)", ["2014-12-31", "2014-02-01"]),
        ("@2014-05-06T07:08:09.010+08:00.yearOf()", [2014]),
        ("@2014-05-06T07:08:09.010+08:00.millisecondOf()", [10]),
        ("@2014-05-06T07:08:09.010+08:00.timezoneOffsetOf()", [D(8)]),
    ],
    "logic": [
        ("true and {}", []),
        ("false and {}", [False]),
        ("true or {}", [True]),
        ("true xor {}", []),
        ("{} implies true", [True]),
        ("false implies {}", [True]),
        ("active and 'a'", [True]),
    ],
    "equality": [
        ("name.given = name.given", [True]),
        ("name[0] = name[1]", [False]),
        ("1 = {}", []),
        ("1.0 = 1", [True]),
        ("'A' ~ ' a'.trim()", [True]),
        ("(1 | 2) ~ (2 | 1)", [True]),
        ("{} ~ {}", [True]),
        ("0.67 ~ 0.666", [True]),
        ("'a' in ('a' | 'b')", [True]),
        ("('a' | 'b') contains 'c'", [False]),
        ("{} in ('a')", []),
    ],
    "types": [
        ("active is boolean", [True]),
        ("active is System.Boolean", [False]),
        ("gender is string", [True]),
        ("gender.ofType(string)", []),
        ("gender as code", ["male"]),
        ("active.type().name", ["boolean"]),
        ("1.type().namespace", ["System"]),
        ("contact.type().name", ["Patient.contact"]),
        ("$this is DomainResource", [True]),
        ("contained is Patient", [False]),
        ("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')", [True]),
    ],
    "resources": [
        ("managingOrganization.resolve().name", ["焦作市人民医院"]),
        ("generalPractitioner.resolve()", []),
        ("birthDate.hasValue()", [True]),
        ("birthDate.getValue() + 1 day", ["1974-12-26"]),
        ("name.hasValue()", [False]),
        ("children().count() > 5", [True]),
        ("descendants().where($this is code).count()", [7]),
        ("%resource.id | %context.id | %rootResource.id", ["li"]),
        ("%sct | %`vs-a` | %`ext-b`", ["http://snomed.info/sct", "http://hl7.org/fhir/ValueSet/a",
                                       "http://hl7.org/fhir/StructureDefinition/b"]),
    ],
    "variables": [
        ("defineVariable('n', name.first()).select(%n.family)", ["李"]),
        ("name.defineVariable('n').select(%n.count())", [2, 2]),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "expected"), [pair for chapter in CASES.values() for pair in chapter], ids=lambda value: str(value)
)
def test_the_chapter_says_so(expression: str, expected: list[object]) -> None:
    assert values(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("value.unit", ["kg"]),
        ("value > 72 'kg'", [True]),
        ("value = 72500 'g'", [True]),
        ("value.value", [D("72.50")]),
        ("(value as Quantity).code", ["kg"]),
        ("component.value.ofType(integer)", [5]),
        ("component.value", [5, "x"]),
        ("effective > @2026-03-28T01:59:59Z", [True]),
        ("effective.is(Period)", [False]),
    ],
)
def test_choices_have_no_type_in_their_name(expression: str, expected: list[object]) -> None:
    assert values(expression, OBSERVATION) == expected


def test_a_node_knows_its_place() -> None:
    nodes = results("name.given[2] | contact.gender | birthDate.extension.url | contained.name")
    assert [(node.location, node.path) for node in nodes] == [
        ("Patient.name[1].given[0]", ("name", 1, "given", 0)),
        ("Patient.contact[0].gender", ("contact", 0, "gender")),
        ("Patient._birthDate.extension[0].url", ("_birthDate", "extension", 0, "url")),
        ("Patient.contained[0].name", ("contained", 0, "name")),
    ]


def test_a_choice_is_placed_under_its_name_in_json() -> None:
    assert [node.path for node in results("value.unit | component.value", OBSERVATION)] == [
        ("valueQuantity", "unit"),
        ("component", 0, "valueInteger"),
        ("component", 1, "valueString"),
    ]


def test_a_computed_value_stands_nowhere() -> None:
    assert [node.location for node in results("1 + 1 | 'a'")] == ["", ""]
