"""What a query string means, what is dropped, what is refused: lines 1 to 3 of the behaviours."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.search.names import criteria
from xinglin.fhir.search.query import Include, Query


def read(asked: str, *, strict: bool = False) -> Query:
    path, _, text = asked.partition("?")
    return parse(path or None, parse_qsl(text, keep_blank_values=True), strict=strict)


def refused(asked: str, *, strict: bool = False) -> str:
    with pytest.raises(OutcomeError) as error:
        read(asked, strict=strict)
    assert error.value.status in {400, 404}
    return error.value.issues[0].key


def test_an_unknown_parameter_is_dropped_and_said_so() -> None:
    query = read("Patient?colour=blue&family=li")
    assert query.applied == (("family", "li"),)
    assert [(i.severity, i.key) for i in query.issues] == [("warning", "search-parameter-unknown")]


def test_strict_refuses_what_lenient_drops() -> None:
    for asked in (
        "Patient?colour=blue", "Patient?_sort=colour", "Patient?_include=Patient:colour", "Patient?family=",
        "Patient?_include=Observation:patient", "Patient?_revinclude=Observation:encounter", "Patient?_type=Patient",
    ):  # fmt: skip
        assert read(asked).issues, asked
        refused(asked, strict=True)


def test_strict_accepts_all_that_is_known() -> None:
    asked = "Patient?_summary=false&_count=3&_total=accurate&_sort=-birthdate,family&_elements=name"
    asked += "&family:exact=Li&_format=json"
    query = read(asked, strict=True)
    assert query.issues == ()
    assert [name for name, _ in query.applied] == [name for name, _ in parse_qsl(asked.partition("?")[2])]
    assert (query.count, query.total, query.summary, query.elements) == (3, "accurate", "false", ("name",))


def test_security_labels_are_never_dropped_silently() -> None:
    query = read("Observation?_security=R&_tag=x&_profile=http://p")
    assert len(query.applied) == 3
    assert query.issues == ()


@pytest.mark.parametrize(
    "asked",
    [
        "Patient?family:nonsense=x", "Patient?family:above=x", "Patient?birthdate:exact=2020",
        "Patient?gender:contains=x",
        "Observation?subject:family=x", "Observation?subject:Banana=1", "Patient?birthdate=yesterday",
        "Patient?birthdate=2020-13", "Patient?birthdate=2020-02-30", "Patient?birthdate=xx2020",
        "Patient?active:missing=maybe",
        "Observation?value-quantity=five", "Observation?value-quantity=5|mg", "Observation?value-quantity=nan",
        "Observation?value-quantity=1e999999", "Observation?code-value-quantity=a", "Observation?code=a,,b",
        "Observation?code=a|b|c", "Patient?identifier:of-type=a|b", "Patient?_count=-1", "Patient?_count=many",
        "Patient?_total=some", "Patient?_summary=most", "Patient?_elements=a&_summary=true", "Patient?_elements=a,,b",
        "Patient?_include:sometimes=*", "Location?near=1", "Location?near=91|0", "Location?near=1|1|1|parsec",
        "Patient?_text=!!", "?_type=Banana", "Patient?_has:Observation:patient=x", "Observation?patient.colour=x",
        "Observation?code.text=x", "Patient?_list=$current-problems", "Patient?identifier=|", "Patient?name=a%00b",
        "Observation?patient._has:Observation:patient:nonsense=1", "Patient?_has:Observation:patient:nonsense=1",
    ],
)  # fmt: skip
def test_nonsense_is_refused_even_when_lenient(asked: str) -> None:
    refused(asked)


def test_hostile_sizes_are_refused() -> None:
    refused("Patient?" + "&".join(f"family=x{n}" for n in range(500)))
    refused("Patient?_id=" + ",".join(map(str, range(5_000))))
    refused("Observation?" + "encounter.part-of." * 40 + "status=x")
    refused("Patient?" + "_has:Observation:patient:_has:Patient:x:" * 20 + "code=1")
    refused("Patient?_has:Group:member:" + "_has:List:item:_has:Group:member:" * 9 + "_id=1")
    refused("Patient?name=" + "x" * 100_000)
    assert refused("Observation?focus.focus.focus.focus.focus.focus.subject.identifier=x") == "search-too-many"
    refused("List?" + "item." * 8 + "subject.subject.identifier=x")
    refused("Patient?_content=" + "word ".join(map(str, range(500))))
    refused("Patient?_sort=" + ",".join(["family"] * 100))


def test_half_a_character_is_refused() -> None:
    with pytest.raises(OutcomeError) as error:
        parse("Patient", [("family", "a\ud800")])
    assert error.value.status == 400


def test_types_are_case_sensitive() -> None:
    refused("patient?family=x")


def test_a_chain_is_never_dropped() -> None:
    for asked in ("Observation?patient.colour=blue", "Observation?subject.colour=blue", "Observation?banana.name=x"):
        assert refused(asked) == "search-value"


def test_includes_are_understood() -> None:
    query = read(
        "Observation?_include=Observation:patient:Patient&_include:iterate=Patient:organization&_revinclude=Provenance:target"
    )
    assert query.includes == (
        Include("Observation", "patient", "Patient"),
        Include("Patient", "organization", None, iterate=True),
        Include("Provenance", "target", None, reverse=True),
    )
    assert len(query.applied) == 3


def test_a_token_is_kept_out_of_the_self_link() -> None:
    query = read(f"Patient?family=li&{TOKEN}=abc")
    assert (query.token, query.applied) == ("abc", (("family", "li"),))


def test_criteria_refuse_what_they_do_not_know() -> None:
    assert criteria("Patient", "family=li") == criteria("Patient", "family=LI")
    for search in ("colour=blue", "family="):
        with pytest.raises(OutcomeError):
            criteria("Patient", search)


def status(on: str | None, pairs: list[tuple[str, str]]) -> int:
    """Status of the answer; any other error than a refusal fails the test."""
    try:
        parse(on, pairs)
    except OutcomeError as error:
        return error.status
    return 200


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["Patient", "Observation", "Location", "DocumentReference", None]),
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=60)), max_size=4),
)
def test_any_text_is_understood_or_refused(on: str | None, pairs: list[tuple[str, str]]) -> None:
    assert status(on, pairs) < 500


PARTS = st.sampled_from(
    [
        "code",
        "subject",
        "patient",
        "_has",
        "Observation",
        "Patient",
        "family",
        "date",
        "value-quantity",
        "_id",
        "missing",
        "not",
        "text",
        "exact",
        "identifier",
        "of-type",
        "near",
        "_sort",
        "_include",
        "iterate",
        "*",
        "component-code-value-quantity",
    ]
)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(["Patient", "Observation", "Location"]),
    st.lists(PARTS, min_size=1, max_size=6),
    st.lists(st.sampled_from([":", "."]), min_size=6, max_size=6),
    st.text(alphabet="ab1-|$,\\:T. ge", max_size=12),
)
def test_any_arrangement_of_known_words_is_understood_or_refused(
    on: str, parts: list[str], marks: list[str], value: str
) -> None:
    name = "".join(part + mark for part, mark in zip(parts, marks, strict=False))[:-1]
    assert status(on, [(name, value)]) < 500


@pytest.mark.parametrize(
    ("on", "name"),
    [
        ("QuestionnaireResponse", "questionnaire.title"),
        ("Questionnaire", "_has:QuestionnaireResponse:questionnaire:status"),
    ],
)
def test_canonical_references_are_not_followed_silently(on: str, name: str) -> None:
    with pytest.raises(OutcomeError) as refused:
        parse(on, [(name, "x")])
    assert refused.value.status == 400
    assert "canonical" in refused.value.issues[0].text
