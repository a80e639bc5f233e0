"""Every role has a shell of its own: a start page and a menu that show what it may do, and nothing of other roles."""

import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.browser.test_accounts import become
from tests.conftest import FOLDER
from tests.served import served
from xinglin.app import create_registry, open_door
from xinglin.cli.demonstration_accounts import people, seed
from xinglin.registry import PORTALS
from xinglin.security.accounts import DEMO_ROLES
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings, read
from xinglin.web.catalogue import load
from xinglin.web.files import folder_of

ROLES = tuple(role for role in DEMO_ROLES if role != "guardian")
# Pages of their menus are looked at besides the start page.
LOOKED_AT = frozenset({"resident", "audit-admin", "system-admin", "receptionist"})
SEARCHING = frozenset(
    role for page in create_registry(Settings()).pages if page.path == "/people" for role in page.readers
)


@pytest.fixture(scope="module")
async def site(postgres_dsn: str) -> AsyncIterator[str]:
    """The platform in demo mode, with nothing in the record but those whom its accounts are bound to."""
    settings = {"DEMO": "on", "DEV_PRINCIPAL": "off"}
    place = {"DATABASE_URL": postgres_dsn, "KEY_FILE": f"{os.environ[FOLDER]}/master.key"}
    taken = read({f"XINGLIN_{name}": value for name, value in (settings | place).items()})
    await seed(taken)
    door = await open_door(taken, create_registry(taken))
    for id, name, born in people():
        patient = {"resourceType": "Patient", "id": id, "name": [{"text": name}], "birthDate": born}
        await door.auto(SYSTEM).update(msgspec.json.encode(patient), type="Patient", id=id)
    hospital = {"resourceType": "Organization", "id": "jz-renmin", "name": "焦作市人民医院"}
    await door.auto(SYSTEM).update(msgspec.json.encode(hospital), type="Organization", id="jz-renmin")
    await door.store.close()
    with served(postgres_dsn, settings=settings) as root:
        yield root


def menu_of(role: str) -> set[str]:
    """Give what the registry declares for a role."""
    return {page.path for page in create_registry(Settings()).pages if page.menu is not None and role in page.readers}


def places_of(role: str, home: str | None) -> str:
    """Name what holds the menu of a role: residents have a bar, staff a menu, others tiles."""
    return ".mine-bar a" if role == "resident" else ".shell-menu a.shell-item" if home else ".tile"


async def links(page: Page, places: str) -> set[str]:
    """Give where the links of a menu lead, those of every tab included."""
    found: set[str] = set(await page.locator(places).evaluate_all("all => all.map(one => one.getAttribute('href'))"))
    if places != ".mine-bar a":
        return found
    for tab in sorted(found):
        await page.goto(tab)
        found |= set(await page.locator(".mine-tabs a").evaluate_all("all => all.map(one => one.getAttribute('href'))"))
    return found


async def look_at(page: Page, address: str, name: str, *, judged: tuple[tuple[int, int], ...] = (PHONE,)) -> None:
    """See a page on a desk and on a phone; judged: the sizes at which axe judges it."""
    answer = await page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    for size in (DESKTOP, PHONE):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        await shot(page, f"{size[0]}-portal-{name}")
        assert size not in judged or await faults_of(page) == [], (address, size)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_starts_at_its_own_work(opened: Open, role: str) -> None:
    context = await opened(DESKTOP)
    page = await context.new_page()
    await become(page, load([folder_of("xinglin.web")], "zh")(f"role.{role}"))
    await look_at(page, "/", f"{role}-start", judged=(DESKTOP, PHONE))
    await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    home = next((portal.path for portal in PORTALS if role in portal.roles | portal.guests), None)
    assert urlsplit(page.url).path == (home or "/")
    assert await links(page, places_of(role, home)) == menu_of(role) | ({home} if home else set())
    await expect(page.get_by_role("button", name="退出登录").first).to_be_visible()
    await expect(page.locator("[data-search]")).to_have_count(1 if role in SEARCHING else 0)
    if role in LOOKED_AT:
        for path in sorted(menu_of(role)):
            await look_at(page, path, f"{role}{path.replace('/', '-')}")


async def test_large_type_fits_on_a_phone(opened: Open) -> None:
    context = await opened(PHONE, script=False)
    page = await context.new_page()
    await become(page, "安全管理员")
    await page.goto("/account")
    form = page.locator("button[name=large]:visible")
    if not await form.count():
        await page.locator(".shell-bar summary").click()
    await form.first.click()
    for path in ("/security", "/security/alerts", "/security/policy?role=nurse", "/security/why", "/"):
        await page.goto(path)
        await shot(page, f"390-large{path.split('?', maxsplit=1)[0].replace('/', '-')}")
