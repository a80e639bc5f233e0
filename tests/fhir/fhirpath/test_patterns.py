import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.fhir.fhirpath import FhirPathError, patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 5000 + "b"),
        ("(a|a)*$", "a" * 5000 + "b"),
        ("(a|aa)+$", "a" * 5000 + "b"),
        ("(.*a){12}$", "a" * 3000 + "b"),
        ("a*a*a*a*a*a*b", "a" * 5000),
        ("([a-z]+)*[0-9]", "a" * 5000),
        ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 5000),
    ],
)
def test_a_costly_pattern_ends_soon(pattern: str, text: str) -> None:
    begin = time.perf_counter()
    with contextlib.suppress(FhirPathError):
        patterns.search(pattern, text)
    assert time.perf_counter() - begin < 10


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("(a+)+b", "xaab", True),
        ("(a|ab)+$", "ababc", False),
        (r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+", "urn:oid:1.2.3", True),
        (r"^(\d+-)+\w\b", "12-3-x", True),
        ("(?:[^a]|b)*c", "xxc", True),
        ("(a?){3}b", "aab", True),
    ],
)
def test_the_simulation_agrees_on_examples(pattern: str, text: str, found: bool) -> None:  # noqa: FBT001 -- a value
    assert patterns._simulate(pattern, text, whole=False) is found
    assert patterns.search(pattern, text) is found


PATTERNS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\b", "^", "$"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,3}", "*?"])).map(lambda two: f"(?:{two[0]}){two[1]}"),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(pattern=PATTERNS, text=st.text("ab1 \n", max_size=6))
def test_the_simulation_agrees_with_python(pattern: str, text: str) -> None:
    assert patterns._simulate(pattern, text, whole=False) == bool(re.search(pattern, text, re.DOTALL))
    assert patterns._simulate(pattern, text, whole=True) == bool(re.fullmatch(pattern, text, re.DOTALL))


def test_the_whole_text_is_simulated_too() -> None:
    assert patterns.full("(a+)+", "a" * 50)
    assert not patterns.full("(a+)+", "a" * 50 + "b")
    assert patterns.full(r"\A(a+)+\Z", "aaa")


def test_an_empty_pattern_replaces_nothing() -> None:
    assert patterns.replace("", "abc", "x") == "abc"


@pytest.mark.parametrize(
    ("pattern", "length"),
    [
        ("a" * 3000, 1),
        ("(", 1),
        ("a", 300_000),
        ("(a+)+$", 190_000),
        ("(?=(a+)+)b", 10),
        (r"(a+)+\1", 10),
        ("((a{1,90}){1,90})+", 9),
        ("(?i)(a+)+", 9),
        ("((?i:a)+)+", 9),
    ],
)
def test_what_has_no_bound_is_refused(pattern: str, length: int) -> None:
    with pytest.raises(FhirPathError):
        patterns.search(pattern, "a" * length)


def test_a_look_ahead_is_taken_where_it_is_cheap() -> None:
    assert patterns.search("a(?=b)", "ab")
    assert not patterns.search("a(?!b)", "ab")


def test_a_costly_replacement_is_refused() -> None:
    with pytest.raises(FhirPathError):
        patterns.replace("(a+)+$", "a" * 100 + "b", "")


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(FhirPathError):
        patterns.replace("a", "a", "$3")
