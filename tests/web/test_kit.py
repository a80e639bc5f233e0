"""Compiled templates are kept for the next process."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import Environment

from xinglin.web.kit import Kit, PageContext
from xinglin.web.view import View

CONTEXT = PageContext(language="zh", here="/", now=datetime(2026, 11, 22, tzinfo=UTC))
VIEW = View("kit/card-figures.html", {"items": ()})


def test_what_one_process_compiled_the_next_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Kit(compiled=tmp_path).render(VIEW, CONTEXT)
    assert list((tmp_path / "zh").iterdir())
    monkeypatch.setattr(Environment, "compile", None)  # nothing is compiled
    assert Kit(compiled=tmp_path).render(VIEW, CONTEXT) == first
    with pytest.raises(TypeError):
        Kit(compiled=tmp_path).render(View("kit/card-lines.html", {}), CONTEXT)


def test_what_cannot_be_kept_is_shown_all_the_same(tmp_path: Path) -> None:
    kit = Kit(compiled=tmp_path)
    (tmp_path / "zh").rmdir()
    assert kit.render(VIEW, CONTEXT)
