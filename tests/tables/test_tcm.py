"""Terms of Chinese medicine: groups and levels of GB/T 15657-2021, and every term that the reference books name."""

import csv
import re
from pathlib import Path
from typing import Final

import pytest

from xinglin.tables.codes import by_code, concepts, table
from xinglin.tables.shapes import is_tcm_code

TABLES: Final = {"tcm_diseases": ("A", 17, 350), "tcm_syndromes_2021": ("B", 9, 250), "tcm_treatments": ("C", 15, 60)}
GROUPS: Final = (
    *("外感", "寄生虫", "中毒与意外伤害", "脏腑", "情志", "气血津液", "头身形体", "皮肤黏膜", "生殖", "小儿"),
    *("眼", "耳", "鼻", "咽喉", "口齿", "瘤癌", "临时诊断"),
)


@pytest.mark.rule("ST-54")
def test_diseases_stand_in_seventeen_groups() -> None:
    groups = [one for one in concepts("tcm_diseases") if not one.parent]
    assert [one.code for one in groups] == [f"A{number:02d}" for number in range(1, 18)]
    assert all(one.name.startswith(said) for one, said in zip(groups, GROUPS, strict=True))


@pytest.mark.rule("ST-54")
@pytest.mark.parametrize("name", TABLES)
def test_codes_have_the_letter_and_the_levels(name: str) -> None:
    letter, groups, least = TABLES[name]
    known = by_code(name)
    parents = {one.parent for one in known.values()}
    for one in known.values():
        assert is_tcm_code(one.code)
        assert one.code.startswith(letter)
        assert one.parent == one.code.rpartition(".")[0]
        assert (one.properties.get("abstract") == "true") is (one.code in parents)
    assert sum(not one.parent for one in known.values()) == groups
    assert sum(one.code not in parents for one in known.values()) >= least


@pytest.mark.parametrize("name", TABLES)
def test_terms_are_chinese_and_stand_once(name: str) -> None:
    parents = {one.parent for one in concepts(name)}
    terms = [one.name for one in concepts(name) if one.code not in parents]
    assert len(terms) == len(set(terms))
    assert [term for term in terms if not re.fullmatch(r"[\u4e00-\u9fff]+", term)] == []
    if name == "tcm_syndromes_2021":
        assert [term for term in terms if not term.endswith("证")] == []


@pytest.mark.parametrize("name", TABLES)
def test_the_index_owns_up_to_serials_of_our_own(name: str) -> None:
    assert "serials of this project" in table(name).edition


def test_what_the_reference_books_name_is_there(shared: Path) -> None:
    diseases = {one.name for one in concepts("tcm_diseases")}
    syndromes = {one.name for one in concepts("tcm_syndromes_2021")}
    with (shared / "reference" / "tables" / "tcm_syndromes.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 44
    named = {re.sub(r"\(.*\)|缓解期", "", word) for row in rows for word in row["typical_diseases"].split("、")}
    assert named - diseases == set()
    assert {re.sub(r"\(.*\)", "", row["syndrome_zh"]) for row in rows} - syndromes == set()
