"""What a capability is called, its codes, operations and pages have words in both languages."""

import re
from collections.abc import Iterator

import pytest

from tests.contract.conftest import SETTINGS
from xinglin.app import create_registry
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability
from xinglin.web.catalogue import load
from xinglin.web.files import folder_of

REGISTRY = create_registry(SETTINGS)
EACH = pytest.mark.parametrize("one", REGISTRY.capabilities, ids=lambda one: one.name)
_HAN = re.compile("[一-鿿]")


def texts(one: Capability) -> Iterator[tuple[str, Text]]:
    """Give every text that a capability declares, and where it stands."""
    yield "title", one.title
    for codes in one.code_sets:
        for code, text in codes.codes.items():
            yield f"{codes.url} {code}", text
    for handler in one.operations:
        if handler.operation.title is not None:
            yield f"${handler.operation.code}", handler.operation.title
    for page in one.pages:
        yield page.path, page.portal.title
        if page.menu is not None:
            yield page.path, page.menu
    for card in one.cards:
        yield "card", card.title


@EACH
def test_each_text_is_chinese_and_english(one: Capability) -> None:
    for place, text in texts(one):
        assert text.zh.strip(), place
        assert text.en.strip(), place
        assert not _HAN.search(text.en), (place, text.en)


@EACH
def test_texts_of_pages_stand_in_both_languages_under_the_capabilitys_name(one: Capability) -> None:
    if not one.templates:
        return
    folder = folder_of(one.templates.partition(":")[0])
    zh, en = (load([folder], language).keys() for language in ("zh", "en"))
    assert zh == en
    strange = {key for key in zh if key.partition(".")[0] not in {one.name, "issue"}}
    assert not strange
