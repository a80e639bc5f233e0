"""The list of rules is true: each is enforced and shown by a test, or open with a reason."""

import re
from pathlib import Path

import pytest

from xinglin.cli import rule_list
from xinglin.cli.rule_list import Rule, citations, joined, rules, showings

RULES = rules()


def test_each_id_stands_once() -> None:
    ids = [rule.id for rule in RULES]
    assert len(ids) == len(set(ids)) > 100


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_enforced_and_shown_or_open_with_a_reason(rule: Rule) -> None:
    one = next(one for one in joined() if one.rule.id == rule.id)
    if one.enforced:
        assert one.shown, f"no test shows {one.rule.id}: mark one with @pytest.mark.rule"
        assert not one.rule.open, f"{one.rule.id} is enforced; what is missing belongs into partly"
    else:
        assert len(one.rule.open) > 20, f"nothing cites {one.rule.id}, and no reason is given"
        assert not one.rule.partly


def test_every_mark_names_a_rule_of_the_list() -> None:
    known = {rule.id for rule in RULES}
    marks = [
        (str(path), id)
        for folder, read in ((rule_list.PACKAGE, citations), (rule_list.TESTS, showings))
        for path in sorted(folder.rglob("*.py"))
        for _, ids in read(path.read_text(encoding="utf-8"))
        for id in ids
    ]
    assert len(marks) > 50
    assert [mark for mark in marks if mark[1] not in known] == []


def test_every_rule_of_the_sections_of_the_book_is_in_the_list(shared: Path) -> None:
    book = (shared / "reference/regulation-internet-care.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^- (R[0-8A]-\d{3}) ", book, re.MULTILINE))
    named |= {f"R1-{number:03d}" for number in range(30, 38)} | {f"R2-{number:03d}" for number in range(10, 14)}
    assert len(named) > 250
    assert named - {rule.id for rule in RULES} == set()


def test_marks_are_found_on_functions_methods_classes_and_constants() -> None:
    text = """
LIMIT: Final = cites("R1-001")(3)
TABLE = cites("R1-002", "R1-003")({})
@cites("R1-004")
def decide(): ...
class Thing:
    @cites("R1-005")
    async def act(self): ...
def make():
    @cites("R1-006")
    def check(): ...
def plain():
    cites("R1-007")
"""
    assert list(citations(text)) == [
        ("LIMIT", ("R1-001",)),
        ("TABLE", ("R1-002", "R1-003")),
        ("decide", ("R1-004",)),
        ("Thing.act", ("R1-005",)),
        ("make.check", ("R1-006",)),
    ]
    assert list(showings('@pytest.mark.rule("R1-001", "R1-002")\ndef test_x(): ...\n')) == [
        ("test_x", ("R1-001", "R1-002"))
    ]
