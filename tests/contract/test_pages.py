"""Every page answers its roles in both languages though nothing is in the record, and is not there for others."""

import re

import pytest

from tests.contract.conftest import SETTINGS, Platform
from xinglin.app import create_registry
from xinglin.registry import PORTALS, Page
from xinglin.security.accounts import SIGNED_IN

REGISTRY = create_registry(SETTINGS)
OWNERS = {one.name: one.pages for one in REGISTRY.capabilities if one.pages}
EACH = pytest.mark.parametrize("pages", OWNERS.values(), ids=OWNERS)
ROLES = SIGNED_IN | {"developer"}
# What a menu leads to is there for whoever has the menu; another page may be about something that is not there.
ANSWERS = {200, 303, 400, 404, 410}
BARE = {200, 303}


def address(page: Page) -> str:
    """Give an address of a page: whatever it names is not there."""
    return re.sub(r"\{[^}]*\}", "none", page.path)


def shown(pages: tuple[Page, ...]) -> list[Page]:
    return [page for page in pages if page.show is not None and not page.demo_only]


def readers(path: str) -> frozenset[str]:
    """Give who may open an address: capabilities may share one."""
    return frozenset().union(*(page.readers for page in REGISTRY.pages if page.path == path and page.show is not None))


@EACH
async def test_a_page_answers_its_roles_in_both_languages(platform: Platform, pages: tuple[Page, ...]) -> None:
    for page in shown(pages):
        for place, role in enumerate(sorted(page.readers & ROLES)):
            # The words do not depend on the role: one of them reads both languages.
            for language, sign in (("zh", 'lang="zh-CN"'), ("en", 'lang="en"'))[: 1 if place else 2]:
                headers = {"x-who": role, "accept-language": language}
                answer = await platform.client.get(address(page), headers=headers)
                expected = BARE if page.menu is not None else ANSWERS
                assert answer.status_code in expected, (page.path, role, answer.status_code)
                assert answer.status_code == 303 or sign in answer.text, (page.path, role)


@EACH
async def test_a_page_is_not_there_for_others(platform: Platform, pages: tuple[Page, ...]) -> None:
    for page in shown(pages):
        for role in sorted(ROLES - readers(page.path)):
            answer = await platform.client.get(address(page), headers={"x-who": role})
            # The root leads everybody to their own start.
            own = page.path == "/" and answer.headers.get("location") in {one.path for one in PORTALS}
            assert answer.status_code == 404 or own, (page.path, role, answer.status_code)


@EACH
async def test_a_visitor_is_asked_to_sign_in_and_told_nothing(platform: Platform, pages: tuple[Page, ...]) -> None:
    for page in shown(pages):
        if "anonymous" in readers(page.path):
            continue
        answer = await platform.client.get(address(page))
        assert answer.status_code == 303, page.path
        assert answer.headers["location"].startswith("/login?back="), page.path


@EACH
async def test_a_form_without_its_token_is_refused(platform: Platform, pages: tuple[Page, ...]) -> None:
    for page in pages:
        if page.send is None or page.demo_only:
            continue
        role = min(page.readers & ROLES)
        answer = await platform.client.post(address(page), headers={"x-who": role}, data={"x": "1"})
        assert answer.status_code == 403, (page.path, role, answer.status_code)


@pytest.mark.parametrize("role", sorted(SIGNED_IN))
async def test_a_menu_leads_nowhere_that_is_closed(platform: Platform, role: str) -> None:
    menu = {page.path for page in REGISTRY.menu({role})}
    assert menu
    start = await platform.client.get("/", headers={"x-who": role}, follow_redirects=True)
    assert start.status_code == 200
    linked = set(re.findall(r'class="shell-item" href="([^"]+)"', start.text))
    linked |= set(re.findall(r'<a class="card tile" href="([^"]+)"', start.text))
    for path in sorted(menu | {one for one in linked if one.startswith("/")}):
        answer = await platform.client.get(path, headers={"x-who": role})
        assert answer.status_code in BARE, (role, path, answer.status_code)


@pytest.mark.parametrize("portal", PORTALS, ids=lambda one: one.name)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_card_says_something_or_nothing(platform: Platform, portal: object, language: str) -> None:
    for role in sorted(portal.roles | portal.guests):  # type: ignore[attr-defined]
        headers = {"x-who": role, "accept-language": language}
        answer = await platform.client.get(portal.path, headers=headers)  # type: ignore[attr-defined]
        assert answer.status_code == 200
        assert "notice-warning" not in answer.text, role  # a card that failed


def test_whatever_stands_in_a_menu_has_an_icon_and_words_in_two_languages() -> None:
    for page in REGISTRY.pages:
        if page.menu is not None:
            assert page.icon, page.path
            assert page.menu.zh != page.menu.en, page.path
