"""Whatever stands in an expression, it is answered or refused, never a crash."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fhir.fhirpath.patients import OBSERVATION, PATIENT, results
from xinglin.fhir.fhirpath import FhirPathError, check, parse
from xinglin.fhir.fhirpath.compile import compile_path, compile_predicate
from xinglin.fhir.fhirpath.functions.table import FUNCTIONS
from xinglin.fhir.fhirpath.output import line

ATOMS = st.sampled_from(
    [
        "name",
        "name.given",
        "value",
        "{}",
        "1",
        "-1.5",
        "0",
        "5L",
        "'a'",
        "'1'",
        "''",
        "true",
        "@2014",
        "@2014-01-31T10:00Z",
        "@T10:30:00.5",
        "3 'mg'",
        "2 years",
        "1 'foo'",
        "$this",
        "$index",
        "$total",
        "%resource",
        "%ucum",
        "birthDate",
        "active",
        "contained",
        "(1 | 2)",
        "(name | 'a')",
        "telecom.rank",
        "code.coding",
        "99999999999999999999.5",
        "1e",
        "now()",
        "type()",
    ]
)
OPERATORS = st.sampled_from("+ - * / div mod & | = != ~ !~ < <= > >= in contains and or xor implies".split())
TYPES = st.sampled_from(["Integer", "FHIR.string", "System.Any", "Patient", "HumanName", "Quantity", "nonesuch"])
NAMES = st.sampled_from(sorted(FUNCTIONS))


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, OPERATORS, inner).map(lambda three: f"({' '.join(three)})"),
        st.tuples(inner, NAMES, st.lists(inner, max_size=3)).map(lambda t: f"{t[0]}.{t[1]}({', '.join(t[2])})"),
        st.tuples(inner, st.sampled_from(["is", "as"]), TYPES).map(lambda three: f"({' '.join(three)})"),
        st.tuples(inner, inner).map(lambda two: f"{two[0]}[{two[1]}]"),
        st.tuples(inner, st.sampled_from(["extension", "value", "id", "given"])).map(".".join),
        inner.map(lambda one: f"-{one}"),
    )


EXPRESSIONS = st.recursive(ATOMS, grown, max_leaves=6)


@settings(max_examples=400, deadline=None)
@given(expression=EXPRESSIONS)
def test_an_expression_is_answered_or_refused(expression: str) -> None:
    for resource in (PATIENT, OBSERVATION, None):
        with suppress(FhirPathError):
            assert all(line(node) for node in results(expression, resource))
    with suppress(FhirPathError):
        check(parse(expression), "FHIR.Patient", ordered=True)


@settings(max_examples=200, deadline=None)
@given(expression=EXPRESSIONS)
def test_compiled_it_is_answered_or_refused_too(expression: str) -> None:
    with suppress(FhirPathError):
        compile_path(expression, "Patient")(PATIENT)
    with suppress(FhirPathError):
        assert compile_predicate(expression, "Patient")(PATIENT, PATIENT) in {True, False}


@settings(max_examples=300, deadline=None)
@given(expression=st.text("ab.()[]'`$%@{}/*+-=<>~!|&,0123 \\\n\"TZ:", max_size=30))
def test_any_text_is_read_or_refused(expression: str) -> None:
    with suppress(FhirPathError):
        parse(expression)
