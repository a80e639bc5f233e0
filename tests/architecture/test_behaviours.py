"""The table of behaviours: every line is answered, every test that it names exists."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "fhir-behaviours.md"
LINES = range(1, 36)
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


def absent(text: str) -> list[str]:
    """The tests that *text* names and that do not exist."""
    return [f"{path}::{name}" for path, name in TEST.findall(text) if name not in functions(ROOT / "tests" / path)]


def functions(path: Path) -> set[str]:
    """Names of the test functions of a file; none when there is no such file."""
    if not path.is_file():
        return set()
    found = ast.parse(path.read_text("utf-8")).body
    return {one.name for one in found if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def unproved(text: str) -> list[str]:
    """The behaviours that neither name a test nor say why they do not hold yet."""
    return [
        what for _, what, where in ROW.findall(text) if not TEST.search(where) and not where.startswith("not yet: ")
    ]


def test_every_test_of_the_table_exists() -> None:
    assert absent(PAGE.read_text("utf-8")) == []


def test_every_line_is_answered() -> None:
    assert sorted({int(number) for number, _, _ in ROW.findall(PAGE.read_text("utf-8"))}) == list(LINES)


def test_every_behaviour_names_a_test_or_says_why_not() -> None:
    assert unproved(PAGE.read_text("utf-8")) == []


def test_every_row_of_the_table_is_read() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| \d", line)]
    assert len(rows) == len(ROW.findall(PAGE.read_text("utf-8")))


def test_a_test_that_is_gone_is_found() -> None:
    text = "| 1 | a | `architecture/test_behaviours.py::test_gone`, `nowhere/test_x.py::test_y` |\n| 2 | b | soon |"
    assert absent(text) == ["architecture/test_behaviours.py::test_gone", "nowhere/test_x.py::test_y"]
    assert unproved(text) == ["b"]
