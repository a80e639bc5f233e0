from pathlib import Path

import pytest

from tools.assets import MissingAsset, lay_out, sprite

ICON = """<!-- category: Design -->
<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">
  <path stroke="none" d="M0 0h24v24H0z" fill="none"/>
  <path d="M5 12l5 5" />
  <path d="M10 17l10 -10" />
</svg>
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "node_modules"
    for name, text in {
        "kit/a.css": "a{}",
        "font/files/1.woff2": "x",
        "icons/check.svg": ICON,
        "axe/axe.js": "y",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


WANTED = {
    "files": {"kit.css": "kit/a.css", "files/": "font/files/"},
    "sprite": {"name": "icons.svg", "from": "icons/", "icons": ["check"]},
    "tests": {"axe.js": "axe/axe.js"},
}


def test_what_is_listed_is_laid_out_and_nothing_else(modules: Path, tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    target.mkdir()
    (target / "left-from-before.js").write_text("", "utf-8")
    made = lay_out(WANTED, modules, target)
    assert [str(path.relative_to(target)) for path in made] == ["files/1.woff2", "icons.svg", "kit.css"]


@pytest.mark.parametrize("part", ["files", "tests"])
def test_a_listed_file_that_is_not_there_is_an_error(modules: Path, tmp_path: Path, part: str) -> None:
    with pytest.raises(MissingAsset, match="no-such"):
        lay_out(WANTED | {part: {"x": "no-such.js"}}, modules, tmp_path / "vendor")


def test_a_sprite_holds_the_strokes_of_each_icon() -> None:
    assert sprite({"check": ICON, "mark": ICON}).splitlines() == [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '<symbol id="check" viewBox="0 0 24 24"><path d="M5 12l5 5" /><path d="M10 17l10 -10" /></symbol>',
        '<symbol id="mark" viewBox="0 0 24 24"><path d="M5 12l5 5" /><path d="M10 17l10 -10" /></symbol>',
        "</svg>",
    ]
