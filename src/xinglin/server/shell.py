"""What stands around a page, by who reads it and where: shell, menu, tabs, search; all from the registry."""

from collections.abc import Mapping, Sequence
from typing import Final

from xinglin.fhir.declarations import Text
from xinglin.registry import HOME, PORTALS, RESIDENT, TABS, Page, Portal, Registry
from xinglin.security.principal import ANONYMOUS, Principal
from xinglin.web.format import said
from xinglin.web.kit import MenuGroup, MenuItem, Tab
from xinglin.web.view import Language

# Pages of search, the best first: people for who treats or registers, records for who operates the platform.
SEARCHES: Final = ("/people", "/find")
# Counts of what is new, by the path of the page.
Badges = Mapping[str, int]
NONE: Final[Badges] = {}
START: Final = Text("首页", "Start")
CARD: Final = "/my/card"


def portal_of(principal: Principal) -> Portal | None:
    """Give the portal that whoever asks lives in; None for those without one of their own."""
    return next((portal for portal in PORTALS if (portal.roles | portal.guests) & principal.roles), None)


def shell_of(principal: Principal) -> str:
    """Name the template around pages for whoever asks."""
    if principal.roles & RESIDENT.roles:
        return "resident.html"
    return "centred.html" if principal.roles & ANONYMOUS.roles else "staff.html"


def menu_of(
    registry: Registry, principal: Principal, language: Language, badges: Badges = NONE
) -> tuple[MenuItem, ...]:
    """Give every entry of the menu, the start page first."""
    return tuple(item for group in groups_of(registry, principal, language, badges) for item in group.items)


def groups_of(
    registry: Registry, principal: Principal, language: Language, badges: Badges = NONE
) -> tuple[MenuGroup, ...]:
    """Give the menu by portal: the own one with its start page first; what stands alone last, without a heading."""
    home = portal_of(principal)
    groups: dict[str, list[MenuItem]] = {}
    if home is not None:
        groups[said(home.title, language)] = [MenuItem(home.path, said(START, language), "home")]
    for page in registry.menu(principal.roles):
        portal = page.portal.part_of or page.portal
        groups.setdefault(said(portal.title, language), []).append(_item(page, language, badges))
    whole = [MenuGroup(title, tuple(items)) for title, items in groups.items() if len(items) > 1]
    alone = tuple(items[0] for items in groups.values() if len(items) == 1)
    return (*whole, MenuGroup("", alone)) if alone else tuple(whole)


def tabs_of(
    registry: Registry, principal: Principal, here: str, language: Language, badges: Badges = NONE
) -> tuple[Tab, ...]:
    """Give the bar of a resident: each tab leads to its first page, and holds the others; none without pages."""
    if portal_of(principal) != RESIDENT:
        return ()
    pages = [page for page in registry.pages if page.tab and page.readers & principal.roles]
    nearest = _nearest(here, [page.path for page in pages])
    at = HOME if here == RESIDENT.path else next((page.tab for page in pages if page.path == nearest), "")
    menu = registry.menu(principal.roles)
    made = []
    for name, (text, icon) in TABS.items():
        inside = tuple(_item(page, language, badges) for page in menu if page.tab == name)
        path = RESIDENT.path if name == HOME else inside[0].path if inside else ""
        if path:
            made.append(Tab(path, said(text, language), icon, name == at, inside))
    return tuple(made)


def search_of(registry: Registry, principal: Principal) -> str:
    """Give the page that the search box asks; empty when the reader has none."""
    open_to = {page.path for page in registry.pages if page.readers & principal.roles}
    return next((path for path in SEARCHES if path in open_to), "")


def has_page(registry: Registry, principal: Principal, path: str) -> bool:
    """Tell whether the reader may open a page."""
    return any(page.path == path and page.readers & principal.roles for page in registry.pages)


def current(here: str, items: Sequence[MenuItem]) -> str:
    """Give the address of the entry to which a page belongs: whose own address, or one that it covers, is nearest.

    A start page is nobody's section: what belongs to no other entry belongs to none.
    """
    starts = {portal.path for portal in PORTALS}
    places = {at: item.path for item in items for at in (item.path, *item.covers) if at not in starts or at == here}
    return places.get(_nearest(here, list(places)), "")


def _nearest(here: str, paths: Sequence[str]) -> str:
    inside = [path for path in paths if here == path or (path != "/" and here.startswith(path + "/"))]
    return max(inside, key=len, default="")


def _item(page: Page, language: Language, badges: Badges) -> MenuItem:
    title = said(page.menu or page.portal.title, language)
    return MenuItem(page.path, title, page.icon, badges.get(page.path, 0), page.covers)
