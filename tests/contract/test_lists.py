"""Every list has filters, an order to choose, pages, files and an empty state: each is made by the listing kit."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import xinglin.capabilities
from tests.contract.conftest import SETTINGS, Platform
from xinglin.app import create_registry
from xinglin.capabilities.directory.pages import upkeep
from xinglin.web.listing import Listing

ROOT: Final = Path(xinglin.capabilities.__path__[0])
# A table or lines with pages of its own that the kit did not make: the file, and why.
BY_HAND: Final = {
    "billing/templates/billing/bill.html": "the lines and payments of one bill",
    "billing/templates/billing/prices.html": "a catalogue that ships with the platform, found by words",
    "billing/templates/billing/differences.html": "the last days, and what is open on the desk, each with its form",
    "records/templates/records/listing.html": "a search form for any FHIR type: it has all five of its own",
    "records/templates/records/find.html": "the first hits by type, each leading to its list",
    "records/templates/records/timeline.html": "a time line of one person by days, not a table",
    "records/pages/listing.py": "the same",
    "records/pages/find.py": "the same",
    "records/pages/record.py": "versions and links of one record",
    "records/pages/timeline.py": "the same",
    "terminology/templates/terminology/find.html": "codes by how well they fit: another order would hide the best",
    "terminology/templates/terminology/load.html": "what stands in one uploaded file",
    "terminology/templates/terminology/loaded.html": "what one uploaded file changed",
    "terminology/templates/terminology/concept.html": "what is below one code",
    "health_records/templates/health_records/documents.html": "a part of one record as it was at a moment",
    "health_records/templates/health_records/results.html": "a part of one record as it was at a moment",
    "health_records/templates/health_records/timeline.html": "a part of one record as it was at a moment",
    "health_records/templates/health_records/trend.html": "the values behind one curve",
    "health_records/templates/health_records/parts.html": "rows of the above",
    "health_records/pages/trend.py": "the same",
    "health_records/pages/timeline.py": "the same",
    "health_records/pages/correct.py": "writes a whole record into one file",
    "practitioners/templates/practitioners/one.html": "certificates and places of work of one person",
    "quality/templates/quality/institution.html": "the rules, and the days, of one institution",
    "quality/pages/scores.py": "a source of a list of the kit",
    "audit/templates/audit/tree.html": "the last twenty signed heads",
    "audit/pages/looked.py": "a source of a list of the kit",
    "access/pages.py": "a source of a list of the kit",
    "directory/templates/directory/imported.html": "what one file would change, paged",
    "directory/templates/directory/keep.html": "the versions of one thing",
    "watching/templates/watching/policy.html": "the grants of a role",
    "watching/templates/watching/why.html": "the reasons of one answer",
    "watching/templates/watching/parts.html": "what was done in the hour of one alert",
    "duplicates/templates/duplicates/one.html": "two records side by side",
    "insurance/templates/insurance/claim.html": "the lines of one claim",
    "supervision/templates/supervision/live.html": "figures of now, a row for each institution that gives care online",
    "supervision/templates/supervision/trace.html": "what rules decided in one link of a chain",
    "supervision/templates/supervision/sample.html": "the visits of one sample, in the order of the draw",
    "insurance/templates/insurance/explanation.html": "the stages of one settlement, in the order they are reckoned",
}
HAND_MADE: Final = re.compile(
    r'<table class="table rows|records\.pager|records\.worklist|rel="next"|\bnext_token\b|\bTOKEN\b'
)


def hand_made(text: str) -> bool:
    """Tell whether a template or module makes rows or pages of its own."""
    return HAND_MADE.search(text) is not None


def sources() -> Iterator[tuple[str, str]]:
    """Give templates and modules of pages."""
    for path in sorted(ROOT.glob("*/templates/**/*.html")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*/pages.py"), *ROOT.glob("*/pages/*.py")]):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def listings() -> dict[str, Listing]:
    """Give every list that stands in a module of pages."""
    found = {f"directory {place.path}": place.listing for place in upkeep.PLACES_KEPT.values() if place.listing}
    for module in pkgutil.walk_packages(xinglin.capabilities.__path__, "xinglin.capabilities."):
        if ".pages" in module.name:
            values = vars(importlib.import_module(module.name))
            found |= {f"{module.name} {name}": one for name, one in values.items() if isinstance(one, Listing)}
    return found


LISTINGS: Final = listings()


def test_nothing_lists_by_hand_without_a_reason() -> None:
    found = {path for path, text in sources() if hand_made(text)}
    assert found - BY_HAND.keys() == set()


def test_a_reason_stands_only_where_it_is_needed() -> None:
    found = {path for path, text in sources() if hand_made(text)}
    assert BY_HAND.keys() - found == set()
    assert all(BY_HAND.values())


def test_a_table_of_ones_own_is_found() -> None:
    assert hand_made('<table class="table rows" data-rows><tr>')
    assert hand_made("following = page.next_token")
    assert not hand_made("{{ lists.table(list, listing, nothing) }}")


def lacks(one: Listing) -> set[str]:
    """Say what a list lacks."""
    has = {
        "filters": bool(one.filters),
        "sort": any(column.sort for column in one.columns),
        "export": one.export > 0,
        "pages": one.count <= 100,
        "empty": bool(one.empty.title.zh and one.empty.what.zh and one.empty.title.en and one.empty.what.en),
    }
    return {name for name, held in has.items() if not held}


@pytest.mark.parametrize("name", LISTINGS)
def test_a_list_has_all_five(name: str) -> None:
    assert lacks(LISTINGS[name]) == set()


async def test_every_page_of_the_menu_answers_for_its_results_alone(platform: Platform) -> None:
    """HTMX asks a list for its results: the block may stand in the template that its own one extends."""
    for page in create_registry(SETTINGS).pages:
        if page.show is None or page.menu is None:
            continue
        role = min(page.readers)
        answer = await platform.client.get(page.path, headers={"x-who": role, "hx-request": "true"})
        assert answer.status_code < 500, (page.path, role)
