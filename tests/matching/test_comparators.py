"""Comparators by examples of how clerks and patients write, and by what must hold of every pair."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.matching import generic, names, numbers, places, sounds, texts
from xinglin.matching.characters import folded, plain
from xinglin.matching.model import COMPARATORS

HAN: Final = st.text("张章李王汪丽莉利国國军军伟玮小晓梅眉宁玲胡傅善单·", min_size=1, max_size=5)
LETTERS: Final = st.text("abcdeé ", min_size=1, max_size=8)
DIGITS: Final = st.text("0123456789", min_size=1, max_size=11)
DAYS: Final = st.dates().map(str)
DRAWN: Final = {
    "name": HAN,
    "number": st.one_of(DIGITS, st.sampled_from(["410802199003071239", "410802900307123", "41080219900307123X"])),
    "birth": st.one_of(DAYS, DAYS.map(lambda day: day[:4]), DAYS.map(lambda day: day[:7])),
    "phone": DIGITS,
    "place": st.tuples(st.sampled_from(["", "410802", "410802001", "410802001001"]), HAN).map("|".join),
    "exact": LETTERS,
    "document": st.tuples(st.sampled_from("ab"), DIGITS).map("|".join),
    "close": LETTERS,
    "digits": DIGITS,
    "pair": st.tuples(LETTERS, LETTERS).map("|".join),
}


@pytest.mark.rule("CD-11")
@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("张三", "张三", "equal"),
        ("张 三", "张三", "equal"),
        ("張國偉", "张国伟", "variant"),
        ("王喆", "王哲", "variant"),
        ("闫丽", "阎丽", "variant"),
        ("张小梅", "章晓眉", "sound"),
        ("单雪", "善雪", "sound"),
        ("吕布", "鲁布", "sound"),
        ("刘宁", "柳玲", "near-sound"),
        ("傅红", "胡红", "near-sound"),
        ("张真", "臧曾", "near-sound"),
        ("王伟", "伟王", "swapped"),
        ("张国伟", "张伟国", "swapped"),
        ("买买提·艾力", "买买提 艾力", "variant"),
        ("买买提・艾力", "买买提·艾力", "equal"),
        ("艾力·买买提", "买买提·艾力", "swapped"),
        ("买买提·艾力", "买买提", "one-character"),
        ("张小梅", "张大梅", "one-character"),
        ("张小梅", "张梅", "one-character"),
        ("张三", "张四", "differs"),
        ("John Smith", "john smith", "equal"),
        ("John Smith", "Smith John", "swapped"),
    ],
)
def test_names(one: str, other: str, level: str) -> None:
    assert names.name(one, other) == level


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zhang", "zan"),
        ("chen", "cen"),
        ("shi", "si"),
        ("ning", "lin"),
        ("fu", "hu"),
        ("feng", "hong"),
        ("huang", "fang"),
    ],
)
def test_dialects_do_not_tell_these_apart(one: str, other: str) -> None:
    assert sounds.near(one) == sounds.near(other)


def test_a_minority_name_keeps_its_dot() -> None:
    assert plain("古丽・买买提") == "古丽·买买提"
    assert folded("古麗·买买提") == "古丽·买买提"


@pytest.mark.rule("CD-11")
@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1990-03-07", "1990-03-07", "equal"),
        ("1990-03-07", "1990-07-03", "swapped"),
        ("1990-03-07", "1990-03-01", "one-digit"),
        ("1990-03-07", "1990-03-70", "one-digit"),
        ("1990-03-07", "1990-02-11", "lunar"),
        ("1990-03-07", "1990-03-21", "year-month"),
        ("1990-03-07", "1988-03-07", "month-day"),
        ("1990-03-07", "1990-12-25", "year"),
        ("1990-03-07", "1990", "year"),
        ("1990-03-07", "1990-03", "year-month"),
        ("1990-03-07", "1954-11-28", "differs"),
        ("1990-03-07", "", None),
    ],
)
def test_births(one: str, other: str, level: str | None) -> None:
    assert numbers.birth(one, other) == level


@pytest.mark.rule("R6-002")
@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("410802199003071239", "410802199003071239", "equal"),
        ("410802900307123", "410802199003071239", "equal"),
        ("41080219900307123x", "41080219900307123X", "equal"),
        ("410802199003071239", "410802199003071238", "one-digit"),
        ("410802199003071239", "410802199003071293", "one-digit"),
        ("410802199003071239", "410802195411281239", "differs"),
    ],
)
def test_identity_numbers(one: str, other: str, level: str) -> None:
    assert numbers.number(one, other) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("13800000000", "+86 138-0000-0000", "equal"),
        ("13800000000", "13800000001", "one-digit"),
        ("13800000000", "13900000001", "differs"),
        ("", "13900000001", None),
    ],
)
def test_phones(one: str, other: str, level: str | None) -> None:
    assert numbers.phone(one, other) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("410802001001|民主街道12号", "410802001001|河南省焦作市民主街道12号", "equal"),
        ("410802001001|民主街道12号", "410802001001|和平街3号", "village"),
        ("410802001001|", "410802001002|", "town"),
        ("410802001001|", "410802002|", "county"),
        ("410802|", "410803|", "city"),
        ("410802|", "310101|", "differs"),
        ("|民主街道12号", "|民主街道13号", "differs"),
        ("410802|", "|", None),
    ],
)
def test_places(one: str, other: str, level: str | None) -> None:
    assert places.place(one, other) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("ann|smith", "smith|ann", "both-equal"),
        ("ann|smith", "ann|smyth", "equal-and-close"),
        ("catherine|smith", "catherina|smyth", "both-close"),
        ("ann|smith", "ann|", "one-equal"),
        ("|", "ann|smith", None),
    ],
)
def test_pairs_of_words(one: str, other: str, level: str | None) -> None:
    assert generic.pair(one, other) == level


def test_edits_and_similarity_of_the_literature() -> None:
    assert (texts.edits("kitten", "sitting"), texts.edits("ab", "ba"), texts.edits("", "abc")) == (3, 1, 3)
    assert texts.similarity("martha", "marhta") == pytest.approx(0.9611, abs=1e-4)
    assert texts.similarity("dixon", "dicksonx") == pytest.approx(0.8133, abs=1e-4)


@pytest.mark.parametrize("by", sorted(COMPARATORS))
@given(data=st.data())
def test_every_comparator_is_symmetric_and_knows_its_levels(by: str, data: st.DataObject) -> None:
    comparator = COMPARATORS[by]
    one, other = data.draw(DRAWN[by]), data.draw(DRAWN[by])
    level = comparator.compare(one, other)
    assert level == comparator.compare(other, one)
    assert level is None or level in comparator.levels


@pytest.mark.parametrize("by", sorted(COMPARATORS))
@given(data=st.data())
def test_what_is_equal_reaches_the_top(by: str, data: st.DataObject) -> None:
    comparator = COMPARATORS[by]
    one = data.draw(DRAWN[by])
    # Half a date is no whole one, and a document without a number none.
    level = comparator.compare(one, one)
    assert (
        level in {None, comparator.levels[0]}
        or (by == "birth" and len(one) < 10)
        or (by == "place" and level)
        or (by == "pair" and level)
    )


@given(st.text("abc", max_size=6), st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_edits_are_a_distance(one: str, other: str, third: str) -> None:
    assert (texts.edits(one, other) == 0) == (one == other)
    assert texts.edits(one, other) == texts.edits(other, one)
    assert texts.edits(one, other) <= len(one) + len(other)
    assert 0 <= texts.similarity(one, third) <= 1
