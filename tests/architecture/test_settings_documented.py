import re

from tests.architecture.tree import ROOT
from xinglin.settings import variables

ROW = re.compile(r"^\| `(XINGLIN_\w+)` \| (?:`([^`]*)`)? *\| (.+) \|$", re.MULTILINE)


def test_the_page_lists_exactly_the_settings() -> None:
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    assert [row.groups(default="") for row in ROW.finditer(page)] == list(variables())
