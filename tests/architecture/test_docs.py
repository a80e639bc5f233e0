import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.architecture.tree import ROOT, files, texts
from xinglin.cli.commands import COMMANDS

PAGES = sorted(path for path in texts(".md") if path.parts[0] != "changelog.d")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)

ADR = re.compile(r"^(\d{4})-[a-z0-9-]+\.md$")
ADR_PARTS = ("Context", "Decision", "Consequences", "Alternatives", "What enforces it")


def anchor(heading: str) -> str:
    """The name under which a page's heading can be linked to."""
    bare = re.sub(r"[`*_]|\[|\]\([^)]*\)", "", heading).lower()
    return re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")


def broken(page: Path, text: str) -> list[str]:
    """The links of *text* that lead to no file or heading of the project."""
    faults = []
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = unquote(target).partition("#")
        goal = (ROOT / page).parent / path if path else ROOT / page
        there = goal.exists()
        if there and fragment and goal.suffix == ".md":
            there = fragment in {anchor(found) for found in HEADING.findall(goal.read_text("utf-8"))}
        if not there:
            faults.append(target)
    return faults


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_are_alive(page: Path) -> None:
    assert broken(page, texts(".md")[page]) == []


def test_a_dead_link_is_found() -> None:
    page = Path("docs/settings.md")
    text = "[a](no-such.md) [b](#no-such) [c](kernel.md) [d](https://example.org/x) `[e](code.md)` [f](kernel.md#no)"
    assert broken(page, text) == ["no-such.md", "#no-such", "kernel.md#no"]


def decisions() -> list[Path]:
    return sorted(path for path in files() if path.parent == Path("docs/adr") and path.name != "README.md")


def test_every_decision_is_numbered_once_and_listed() -> None:
    numbers = [found.group(1) for path in decisions() if (found := ADR.match(path.name))]
    assert len(numbers) == len(decisions()), "an ADR is named NNNN-title.md"
    assert len(set(numbers)) == len(numbers)
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    assert [path.name for path in decisions() if f"]({path.name})" not in index] == []


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.name)
def test_a_decision_says_what_enforces_it(path: Path) -> None:
    headings = HEADING.findall((ROOT / path).read_text("utf-8"))
    assert headings[0].startswith(f"{int(path.name[:4])}. ")
    assert tuple(headings[1:]) == ADR_PARTS


@pytest.mark.parametrize("page", [path for path in PAGES if path.parts[0] != "docs" or "howto" in path.parts], ids=str)
def test_commands_that_pages_name_exist(page: Path) -> None:
    text = texts(".md")[page]
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^ *)make ([a-z]+)", text, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:`|^ *)(?:\.venv/bin/)?xinglin ([a-z]+)", text, re.MULTILINE)) <= set(COMMANDS)


def test_both_readmes_begin_with_the_two_commands() -> None:
    for name in ("README.md", "README.zh.md"):
        top = (ROOT / name).read_text("utf-8").splitlines()[:25]
        assert any(line.startswith("make demo") for line in top)
        assert any(line.startswith("make test") for line in top)


def test_a_change_is_told_in_fragments() -> None:
    fragments = [path for path in files() if path.parts[0] == "changelog.d" and path.name != "README.md"]
    assert [str(path) for path in fragments if path.suffix != ".md"] == []
    assert all((ROOT / path).read_text("utf-8").strip().endswith(".") for path in fragments)
