"""What stands around a page: menus, tabs, search and start follow from who reads and where."""

import pytest

from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, INSTITUTION, PORTALS, RESIDENT, Capability, Page, Portal, Registry
from xinglin.security.accounts import SIGNED_IN
from xinglin.security.principal import ANONYMOUS, Principal
from xinglin.server import shell
from xinglin.server.principals import DEVELOPER
from xinglin.web.kit import MenuItem


async def nothing(*_: object) -> None:
    """Show nothing."""


def name(text: str) -> Text:
    return Text(text, text.upper())


EVERY = Portal("every", "/", SIGNED_IN, name("own"))
PART = Portal("part", "/part", frozenset({"nurse"}), name("part"), part_of=CLINIC)
PAGES = (
    Page(EVERY, "/account", show=nothing, menu=name("account"), icon="user", tab="me", order=90),
    Page(RESIDENT, "/my/record", show=nothing, menu=name("record"), tab="health", order=10),
    Page(RESIDENT, "/my/record/{id}", show=nothing, tab="health"),
    Page(RESIDENT, "/consents", show=nothing, menu=name("consents"), tab="health"),
    Page(CLINIC, "/people", show=nothing, menu=name("people")),
    Page(CLINIC, "/people/all", show=nothing, menu=name("all")),
    Page(PART, "/part", show=nothing, menu=name("wards")),
    Page(INSTITUTION, "/institution/staff", show=nothing, menu=name("staff")),
)
REGISTRY = Registry((Capability("x", name("x"), pages=PAGES),))


def who(role: str) -> Principal:
    return Principal("p", frozenset({role}))


@pytest.mark.parametrize(
    ("role", "portal", "template"),
    [
        ("resident", "/my", "resident.html"),
        ("guardian", "/my", "resident.html"),
        ("physician", "/clinic", "staff.html"),
        ("receptionist", "/institution", "staff.html"),
        ("regulator", "/commission", "staff.html"),
        ("audit-admin", "/auditor", "staff.html"),
    ],
)
def test_every_role_has_its_shell_and_lives_in_a_portal(role: str, portal: str | None, template: str) -> None:
    found = shell.portal_of(who(role))
    assert (found.path if found else None) == portal
    assert shell.shell_of(who(role)) == template


def test_nobody_lives_in_two_portals() -> None:
    homes = [portal.roles | portal.guests for portal in PORTALS]
    assert sum(map(len, homes)) == len(frozenset().union(*homes))


def test_visitors_have_one_column_and_the_developer_a_menu() -> None:
    assert shell.shell_of(ANONYMOUS) == "centred.html"
    assert shell.shell_of(DEVELOPER) == "staff.html"
    assert shell.portal_of(ANONYMOUS) is None
    assert shell.menu_of(REGISTRY, ANONYMOUS, "zh") == ()


def test_the_menu_stands_under_the_headings_of_its_portals_what_is_alone_last() -> None:
    groups = shell.groups_of(REGISTRY, who("nurse"), "zh")
    assert [(group.title, [item.path for item in group.items]) for group in groups] == [
        ("诊疗", ["/clinic", "/people", "/people/all", "/part"]),
        ("", ["/account"]),
    ]
    assert [item.text for item in groups[0].items] == ["首页", "people", "all", "wards"]


def test_a_menu_shows_what_its_role_may_open_and_nothing_else() -> None:
    paths = {item.path for item in shell.menu_of(REGISTRY, who("receptionist"), "en")}
    assert paths == {"/institution", "/account"}


@pytest.mark.parametrize(
    ("here", "current"),
    [
        ("/my", ["HOME"]),
        ("/my/record", ["HEALTH"]),
        ("/my/record/1", ["HEALTH"]),
        ("/consents", ["HEALTH"]),
        ("/account", ["ME"]),
        ("/account/roles", ["ME"]),
        ("/elsewhere", []),
    ],
)
def test_the_tab_of_a_page_is_the_one_it_lies_under(here: str, current: list[str]) -> None:
    tabs = shell.tabs_of(REGISTRY, who("resident"), here, "en")
    assert [tab.text for tab in tabs] == ["Home", "Health", "Me"]
    assert [tab.text.upper() for tab in tabs if tab.current] == current


def test_a_tab_leads_to_its_first_page_and_holds_the_others() -> None:
    health = shell.tabs_of(REGISTRY, who("guardian"), "/my", "zh")[1]
    assert health.path == "/my/record"
    assert [one.path for one in health.pages] == ["/my/record", "/consents"]


def test_staff_have_no_tabs_and_residents_no_search() -> None:
    assert shell.tabs_of(REGISTRY, who("nurse"), "/clinic", "zh") == ()
    assert shell.search_of(REGISTRY, who("nurse")) == "/people"
    assert shell.search_of(REGISTRY, who("resident")) == ""
    assert not shell.has_page(REGISTRY, who("resident"), shell.CARD)


def test_the_entry_of_a_page_is_the_nearest_above_it() -> None:
    menu = shell.menu_of(REGISTRY, who("nurse"), "zh")
    assert shell.current("/people", menu) == "/people"
    assert shell.current("/people/all/3", menu) == "/people/all"
    assert shell.current("/peoples", menu) == ""


def test_a_page_beside_the_menu_belongs_to_what_covers_it_and_never_to_the_start() -> None:
    menu = (MenuItem("/clinic", "", ""), MenuItem("/people", "", "", covers=("/patients",)), MenuItem("/x", "", ""))
    assert shell.current("/patients/1/trend/2", menu) == "/people"
    assert shell.current("/clinic", menu) == "/clinic"
    assert shell.current("/clinic/today", menu) == ""
