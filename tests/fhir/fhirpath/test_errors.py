import pytest

from tests.fhir.fhirpath.patients import OBSERVATION, PATIENT, results
from xinglin.fhir.fhirpath import Environment, FhirPathError, check, evaluate, parse
from xinglin.fhir.fhirpath.tree import MAX_DEPTH, MAX_NESTING


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("name.", 5),
        ("name.where(", 11),
        ("1 +", 3),
        ("(1", 2),
        ("1)", 1),
        ("'a", 0),
        ("name..given", 5),
        ("'\\q'", 0),
        ("@2014-13", 0),
        ("@2014-02-30", 0),
        ("@T24:00", 0),
        ("#", 0),
        ("a b", 2),
        ("2 /* open", 2),
        ("1 is", 4),
        ("ofType(1)", 7),
        ("", 0),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(expression: str, position: int) -> None:
    with pytest.raises(FhirPathError) as refused:
        parse(expression)
    assert (refused.value.kind, refused.value.status) == ("syntax", 400)
    assert refused.value.position == position or expression.startswith("2 /*")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "a" + ".a" * 5000,
        "1" + " + 1" * 5000,
        "-" * 5000 + "1",
        "a" + "[0]" * 5000,
        "a.where(" * 1000,
        "x" * 60_000,
        "9" * 5000,
    ],
)
def test_what_is_too_deep_or_too_long_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathError) as refused:
        parse(expression)
    assert refused.value.kind == "syntax"


def test_the_deepest_tree_that_is_read_can_be_evaluated() -> None:
    inner = MAX_NESTING - 2
    shapes = [
        "1" + " + 1" * (MAX_DEPTH - 2),
        "(" * inner + "1" + ")" * inner,
        "select(" * inner + "1" + ")" * inner,
        "iif(true, " * inner + "1" + ")" * inner,
        "1.trace('a', " * (inner // 2) + "1" + ")" * (inner // 2),
        "active" + ".where(true)" * (MAX_DEPTH - 2),
    ]
    for shape in shapes:
        assert results(shape)
        check(parse(shape), "FHIR.Patient")


@pytest.mark.parametrize(
    "expression",
    ["name.given1", "valueQuantity", "name.given.foo", "Encounter.id", "1.foo", "name.upper()", "nonesuch()",
     "name.where()", "name.first(1)", "name.select(given).foo", "(name | contact).gender.x"],
)  # fmt: skip
def test_what_cannot_be_right_is_found_before_it_runs(expression: str) -> None:
    with pytest.raises(FhirPathError) as refused:
        check(parse(expression), "FHIR.Patient")
    assert refused.value.kind == "semantic"


@pytest.mark.parametrize(
    "expression",
    ["name.given", "contained.anything", "children().anything", "descendants().foo", "name.first().period.start",
     "generalPractitioner.resolve().name", "extension('a').value.unit", "repeat(link).other", "name.type().name",
     "(1 'mg').unit", "birthDate.extension.url", "deceased", "contact.name.family"],
)  # fmt: skip
def test_what_may_be_right_is_let_pass(expression: str) -> None:
    check(parse(expression), "FHIR.Patient")


def test_functions_that_need_an_order_are_refused_without_one() -> None:
    tree = parse("children().skip(1)")
    check(tree, "FHIR.Patient")
    with pytest.raises(FhirPathError):
        check(tree, "FHIR.Patient", ordered=True)
    check(parse("name.skip(1)"), "FHIR.Patient", ordered=True)


@pytest.mark.parametrize(
    "expression",
    [
        "name.single()",
        "name.given + 'a'",
        "1 + 'a'",
        "-'a'",
        "-1.convertsToInteger()",
        "'a' < 1",
        "true > false",
        "name and true",
        "name.as(HumanName)",
        "gender.as(nonesuch)",
        "gender.is(nonesuch)",
        "(1 | 2).toString()",
        "(true | 'a').allTrue()",
        "%nonesuch",
        "@2014 + 1 'cm'",
        "@2014 + 1 'a'",
        "@T10:00 + 1 day",
        "'a'.matches('(')",
        "1.round(-1)",
        "'a'.substring('b')",
        "conformsTo('http://example.org/unknown')",
        "gender.memberOf('http://example.org/vs')",
        "defineVariable('resource', 1)",
        "defineVariable('a').defineVariable('a')",
        "select(defineVariable('a', 1)).select(%a)",
        "(1 | 2).iif(true, 1)",
        "'!'.decode('base64')",
        "10.power(5).aggregate($total, 1).single() = (1 | 2).single()",
    ],
)
def test_what_cannot_be_carried_out_is_refused(expression: str) -> None:
    with pytest.raises(FhirPathError) as refused:
        results(expression)
    assert refused.value.kind in {"execution", "semantic"}


def test_without_a_clock_there_is_no_now() -> None:
    with pytest.raises(FhirPathError):
        evaluate("now()", PATIENT)


@pytest.mark.parametrize(
    "expression",
    [
        "repeatAll($this)",
        "repeat($this & 'a')",
        "('a' | 'b').repeat($this + $this)",
        "(1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24).aggregate($total & $total, 'aaaa')",
        "('a').repeat($this + 'a').count()",
        "descendants().select(%resource.descendants().select(%resource.descendants().select(%resource.descendants())))",
    ],
)
def test_what_does_not_end_is_ended(expression: str) -> None:
    with pytest.raises(FhirPathError):
        results(expression)


@pytest.mark.parametrize(
    "expression",
    ["10.power(9999999)", "1.exp().exp().exp().exp().exp()", "9999999999.0.power(400000)", "2147483647 * 2"],
)
def test_numbers_beyond_measure_are_empty(expression: str) -> None:
    assert results(expression) == []


def test_strict_evaluation_refuses_unknown_elements() -> None:
    assert evaluate("valueQuantity.unit", OBSERVATION) == []
    with pytest.raises(FhirPathError):
        evaluate("valueQuantity.unit", OBSERVATION, environment=Environment(strict=True))
