"""The JavaScript fhirclient, unmodified, in pages of an app on another origin: let in by itself and from the record."""

import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, faults_of, shot
from tests.conftest import ROOT
from tests.server.oauth.people import Person
from tests.server.oauth.town import Town, town

CLIENT = ROOT / "node_modules/fhirclient/build/fhir-client.min.js"
LAUNCH = """<!doctype html><meta charset="utf-8"><title>launch</title><script src="fhir-client.js"></script><script>
const asked = new URLSearchParams(location.search);
FHIR.oauth2.authorize({
  clientId: "%(client)s", redirectUri: "%(origin)s/index.html", pkceMode: "required",
  scope: asked.get("launch") ? "launch patient/*.rs openid fhirUser offline_access"
                             : "launch/patient patient/*.rs openid fhirUser offline_access",
});
</script>"""
INDEX = """<!doctype html><meta charset="utf-8"><title>app</title><p id="said"></p>
<script src="fhir-client.js"></script><script>
FHIR.oauth2.ready().then(async client => {
  const patient = await client.patient.read();
  const found = await client.patient.request("Observation", {flat: true});
  const user = client.getFhirUser();
  await client.refresh();
  const again = await client.request("Patient/" + client.patient.id);
  const said = [patient.name[0].family, found.map(one => one.id), user, again.id];
  document.getElementById("said").textContent = said.join(" ");
}).catch(error => { document.getElementById("said").textContent = "failed: " + error; });
</script>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Pages:
    origin: str
    folder: Path


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """A web server of the app's, on an origin of its own."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "fhir-client.js").write_bytes(CLIENT.read_bytes())
    (folder / "favicon.ico").write_bytes(b"")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Pages(f"http://127.0.0.1:{server.server_port}", folder)
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
async def place(postgres_dsn: str, pages: Pages) -> AsyncIterator[Town]:
    async with town(postgres_dsn, pages.origin) as made:
        named = {"client": made.client.id, "origin": pages.origin}
        (pages.folder / "launch.html").write_text(LAUNCH % named, "utf-8")
        (pages.folder / "index.html").write_text(INDEX, "utf-8")
        yield made


async def signed_in(
    browser: Browser,
    place: Town,
    person: Person,
    *,
    size: tuple[int, int] = DESKTOP,
    script: bool = True,
    language: str = "zh-CN",
) -> BrowserContext:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale=language, java_script_enabled=script
    )
    context.set_default_timeout(15_000)
    await context.add_cookies([{"name": "session", "value": person.cookie, "url": place.server.root}])
    return context


async def let_in(page: Page) -> None:
    await page.get_by_role("button", name="同意授权").click()


async def test_a_standalone_launch_of_a_resident(browser: Browser, place: Town, pages: Pages) -> None:
    context = await signed_in(browser, place, place.resident, size=PHONE)
    page = await context.new_page()
    await page.goto(f"{pages.origin}/launch.html?iss={place.server.fhir}")
    await expect(page.get_by_role("heading", name="请求您的授权")).to_be_visible()
    await shot(page, "oauth-consent-phone")
    assert await faults_of(page) == []
    await let_in(page)
    await expect(page.locator("#said")).to_have_text("张 lab-1 Patient/1 1")
    await context.close()


async def test_a_launch_from_the_record_by_a_physician(browser: Browser, place: Town, pages: Pages) -> None:
    context = await signed_in(browser, place, place.physician)
    page = await context.new_page()
    await page.goto(f"{place.server.root}/oauth/apps?patient=Patient/2")
    await shot(page, "oauth-apps")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="健康助手").click()
    await expect(page.get_by_text("这次打开的档案：")).to_be_visible()
    await shot(page, "oauth-consent-launch")
    await let_in(page)
    await expect(page.locator("#said")).to_have_text("王 lab-2 Practitioner/w 2")
    await context.close()


async def test_a_physician_picks_the_patient(browser: Browser, place: Town, pages: Pages) -> None:
    context = await signed_in(browser, place, place.physician)
    page = await context.new_page()
    await page.goto(f"{pages.origin}/launch.html?iss={place.server.fhir}")
    await page.get_by_label("查找患者").fill("王")
    await page.get_by_label("查找患者").press("Enter")
    await expect(page.get_by_role("radio")).to_be_checked()
    await shot(page, "oauth-pick")
    assert await faults_of(page) == []
    await let_in(page)
    await expect(page.locator("#said")).to_have_text("王 lab-2 Practitioner/w 2")
    await context.close()


async def test_a_refusal_takes_nothing_along(browser: Browser, place: Town, pages: Pages) -> None:
    context = await signed_in(browser, place, place.resident, size=PHONE, language="en-GB")
    page = await context.new_page()
    await page.goto(f"{pages.origin}/launch.html?iss={place.server.fhir}")
    await expect(page.get_by_role("heading", name="asks for your permission")).to_be_visible()
    await shot(page, "oauth-consent-english")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="Do not allow").click()
    await expect(page.locator("#said")).to_contain_text("failed")
    await context.close()


async def test_a_stranger_among_apps_is_shown_to_the_person_alone(browser: Browser, place: Town) -> None:
    context = await signed_in(browser, place, place.resident, script=False)
    page = await context.new_page()
    await page.goto(f"{place.server.root}/oauth/authorize?client_id=unknown&response_type=code")
    await expect(page.get_by_role("heading", name="不能打开这个应用")).to_be_visible()
    await context.close()
