"""Operations: all chapters and two-digit categories; an operation has its kind, and its level where it is graded."""

import re
from collections import Counter
from typing import Final

import pytest

from xinglin.tables.codes import Concept, by_code, concepts
from xinglin.tables.shapes import is_operation_code

KINDS: Final = {"手术", "介入治疗", "治疗性操作", "诊断性操作"}
GRADED: Final = {"手术", "介入治疗"}
SPAN: Final = re.compile(r"(\d{2})-(\d{2})")

ALL: Final = concepts("icd9cm3")
KNOWN: Final = by_code("icd9cm3")
CHAPTERS: Final = [one for one in ALL if SPAN.fullmatch(one.code)]
CATEGORIES: Final = [one for one in ALL if re.fullmatch(r"\d{2}", one.code)]
SUBCATEGORIES: Final = [one for one in ALL if re.fullmatch(r"\d{2}\.\d", one.code)]
OPERATIONS: Final = [one for one in ALL if len(one.code) > 4 and one not in CHAPTERS]


def span(one: Concept) -> tuple[int, int]:
    found = SPAN.fullmatch(one.code)
    assert found
    return int(found[1]), int(found[2])


def test_eighteen_chapters_cover_all_categories_without_overlap() -> None:
    spans = [span(one) for one in CHAPTERS]
    assert len(spans) == 18
    assert [number for low, high in spans for number in range(low, high + 1)] == list(range(100))


def test_every_two_digit_category_stands_in_its_chapter() -> None:
    assert [one.code for one in CATEGORIES] == [f"{number:02d}" for number in range(100)]
    for one in CATEGORIES:
        low, high = span(KNOWN[one.parent])
        assert low <= int(one.code) <= high


@pytest.mark.rule("ST-53")
def test_operations_have_the_clinical_shape_and_stand_below_what_they_refine() -> None:
    assert len(CHAPTERS) + len(CATEGORIES) + len(SUBCATEGORIES) + len(OPERATIONS) == len(ALL)
    assert len(OPERATIONS) > 400
    for one in SUBCATEGORIES:
        assert one.parent == one.code[:2]
    for one in OPERATIONS:
        assert is_operation_code(one.code)
        assert one.parent == (one.code[:7] if len(one.code) > 7 else one.code[:4])


@pytest.mark.rule("ST-53")
def test_an_operation_has_its_kind_and_what_is_graded_its_level() -> None:
    for one in OPERATIONS:
        assert one.properties["kind"] in KINDS, one
        assert (one.properties.get("level", "") in {"1", "2", "3", "4"}) is (one.properties["kind"] in GRADED), one
    counted = Counter(one.properties.get("level", "") for one in OPERATIONS)
    assert min(counted[level] for level in ("1", "2", "3", "4")) > 20


def test_what_only_groups_operations_is_none() -> None:
    for one in ALL:
        assert (one.properties.get("abstract") == "true") is (one not in OPERATIONS), one


def test_names_are_chinese_and_stand_once_below_a_parent() -> None:
    assert [one.code for one in ALL if not re.search(r"[\u4e00-\u9fff]", one.name)] == []
    pairs = [(one.parent, one.name) for one in ALL]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize(
    ("code", "name", "kind", "level"),
    [
        ("47.0100", "腹腔镜下阑尾切除术", "手术", "2"),
        ("36.0700x004", "经皮冠状动脉药物洗脱支架置入术", "介入治疗", "4"),
        ("81.5400", "全部膝关节置换", "手术", "4"),
        ("74.1x00", "低位子宫下段剖宫产术", "手术", "2"),
        ("39.9500", "血液透析", "治疗性操作", ""),
        ("45.2300", "结肠镜检查", "诊断性操作", ""),
    ],
)
def test_what_practice_asks_for_is_there(code: str, name: str, kind: str, level: str) -> None:
    one = KNOWN[code]
    assert (one.name, one.properties["kind"], one.properties.get("level", "")) == (name, kind, level)
