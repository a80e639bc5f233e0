"""Masks: what is covered stays covered, and what stays is what the rule shows."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinglin.security import masks
from xinglin.security.patterns import ADDRESSES, Patterns
from xinglin.settings import SettingsError, read
from xinglin.web import format as show

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "1",
    "text": {"status": "generated", "div": "<div>张小三</div>"},
    "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "410802199003071239"}],
    "name": [{"text": "张小三", "family": "张", "given": ["小三"]}],
    "telecom": [{"system": "phone", "value": "13812341234"}],
    "address": [{"text": "河南省焦作市解放区民主路1号", "line": ["民主路1号"], "district": "解放区"}],
    "contact": [{"name": {"text": "李四"}}],
    "birthDate": "1990-03-07",
}
ALL = frozenset(f"Patient.{name}" for name in ("identifier", "name", "telecom", "address", "contact", "birthDate"))


@pytest.mark.rule("R7-034")
@pytest.mark.parametrize(
    ("cover", "text", "shown"),
    [
        (masks.name, "张小三", "张*三"),
        (masks.name, "张三", "张*"),
        (masks.name, "欧阳小明", "欧**明"),
        (masks.number, "41080219900307123X", "410802********123X"),
        (masks.phone, "13812341234", "138****1234"),
        (masks.phone, "+86 138 1234 1234", "138****1234"),
        (masks.district, "河南省焦作市解放区民主路1号", "河南省焦作市解放区***"),
        (masks.district, "某处", "***"),
    ],
)
def test_a_mask_shows_what_the_rule_shows(cover: Any, text: str, shown: str) -> None:
    assert cover(text) == shown


@given(st.text(min_size=3, max_size=40))
def test_no_mask_gives_the_whole_text_back(text: str) -> None:
    for cover in (masks.number, masks.phone):
        assert cover(text) != text or set(text) <= set("*")


PATTERNS = st.builds(
    Patterns,
    name=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    number=st.tuples(st.integers(0, 6), st.integers(0, 4)),
    phone=st.tuples(st.integers(0, 3), st.integers(0, 4)),
    address=st.sampled_from(ADDRESSES),
)


@pytest.fixture
def patterns() -> Iterator[None]:
    yield
    masks.take(Patterns())


@pytest.mark.rule("A11-17", "R7-034")
@pytest.mark.usefixtures("patterns")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATTERNS, st.text(st.sampled_from("张小三欧阳AbX0123456789@"), max_size=40))
def test_no_mask_shows_more_than_its_pattern(chosen: Patterns, text: str) -> None:
    masks.take(chosen)
    for cover, (first, last) in ((masks.name, chosen.name), (masks.number, chosen.number)):
        shown = cover(text)
        assert len(shown) == len(text.strip())
        left = shown.rstrip("*").rpartition("*")
        assert len(left[0].rstrip("*") if left[1] else shown.rstrip("*")) <= first or shown[:1] == "*"
        assert len(shown) - shown.count("*") <= first + last
        assert not text or "*" in shown
    if "@" not in text:
        assert len(masks.phone(text).replace("*", "")) <= sum(chosen.phone)


@pytest.mark.rule("A11-17")
@pytest.mark.usefixtures("patterns")
def test_patterns_may_show_less() -> None:
    masks.take(Patterns((1, 0), (0, 2), (0, 4), "city"))
    assert [masks.name("张小三"), masks.number("41080219900307123X")] == ["张**", "*" * 16 + "3X"]
    assert masks.phone("13812341234") == "*******1234"
    assert masks.district("河南省焦作市解放区民主路1号") == "河南省焦作市***"
    (address,) = masks.masked(PATIENT, {"Patient.address"})["address"]
    assert "district" not in address
    masks.take(Patterns(address="none"))
    assert masks.district("河南省焦作市解放区民主路1号") == "***"


@pytest.mark.rule("A11-17", "R7-034")
@pytest.mark.parametrize(
    "given", [{"name": (2, 1)}, {"number": (6, 5)}, {"number": (7, 0)}, {"phone": (4, 4)}, {"name": (-1, 0)}]
)
def test_a_pattern_that_shows_more_than_the_book_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at most"):
        Patterns(**given)


@pytest.mark.rule("A11-17")
def test_the_settings_carry_the_patterns() -> None:
    chosen = read({"XINGLIN_MASK_NAME": "1,0", "XINGLIN_MASK_ADDRESS": "none"})
    assert (chosen.mask_name, chosen.mask_number, chosen.mask_address) == ((1, 0), (6, 4), "none")
    for wrong in ("7,4", "6", "6,x", "-1,4"):
        with pytest.raises(SettingsError, match="XINGLIN_MASK_NUMBER"):
            read({"XINGLIN_MASK_NUMBER": wrong})


@pytest.mark.parametrize(("text", "shown"), [("", ""), ("张", "*"), ("  张三 ", "张*")])
def test_short_names_stay_covered(text: str, shown: str) -> None:
    assert masks.name(text) == shown


@pytest.mark.rule("R7-034")
def test_pages_and_the_door_mask_alike() -> None:
    assert (show.masked_name, show.masked_number, show.masked_phone) == (masks.name, masks.number, masks.phone)


@pytest.mark.rule("R7-034")
def test_a_masked_patient_tells_neither_number_nor_name_anywhere() -> None:
    made = str(masks.masked(PATIENT, ALL))
    for secret in ("410802199003071239", "张小三", "小三", "13812341234", "民主路", "李四", "1990-03-07"):
        assert secret not in made
    assert "MASKED" in made
    assert "张*三" in made
    assert PATIENT["text"]["div"] == "<div>张小三</div>"


def test_other_types_are_not_touched_by_the_masks_of_one() -> None:
    made = masks.masked({"resourceType": "Observation", "status": "final"}, ALL)
    assert made["status"] == "final"


@pytest.mark.parametrize(
    "code", ["identifier", "name", "family", "given", "phonetic", "phone", "email", "telecom", "_text"]
)
def test_what_would_tell_a_masked_element_is_named(code: str) -> None:
    assert code in masks.hidden_parameters("Patient", ALL)


@pytest.mark.parametrize("code", ["_id", "gender", "active"])
def test_other_parameters_stay_free(code: str) -> None:
    assert code not in masks.hidden_parameters("Patient", ALL)


@pytest.mark.rule("R7-034")
def test_a_qualification_does_not_tell_the_number_of_its_holder() -> None:
    number = {"system": "urn:x", "value": "201541110410802199003071239"}
    certificate = {"id": "q", "identifier": [number], "code": {"text": "医师资格证书"}, "period": {"start": "2015"}}
    made = masks.masked(
        {"resourceType": "Practitioner", "qualification": [certificate]}, {"Practitioner.qualification"}
    )
    (shown,) = made["qualification"]
    assert shown["identifier"] == [{"system": "urn:x", "value": "201541" + "*" * 17 + "1239"}]
    assert (shown["code"], shown["period"]) == (certificate["code"], certificate["period"])
