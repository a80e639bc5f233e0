"""Sound and picture between browsers with made-up cameras: both see moving pictures, a third joins, the line falls."""

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.conftest import DESKTOP, FLAGS, PHONE, faults_of, shot
from tests.capabilities.internet_hospital.clinic import DOCTOR, MEI, OTHER, asking, documents, put
from tests.served import door_of
from tests.server.running import running
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Inviting, Judging, Visit
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.internet_hospital.rules import forms
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door

# Cameras that show a moving pattern, and nobody to ask; a connection within one machine.
CAMERAS = (
    *("--use-fake-device-for-media-stream=fps=8", "--use-fake-ui-for-media-stream"),
    *("--allow-loopback-in-peer-connection", "--autoplay-policy=no-user-gesture-required"),
)
# Three browsers that pack pictures take their time on a busy machine.
PATIENCE = 60_000
# A picture as the browser shows it, small, as text.
PIXELS = """one => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  canvas.getContext("2d").drawImage(one, 0, 0, 32, 32);
  return one.videoWidth > 0 ? canvas.toDataURL() : "";
}"""


@pytest.fixture(scope="module")
async def visit(postgres_dsn: str) -> AsyncIterator[str]:
    """A visit by video that has begun; gives its id."""
    async with door_of(postgres_dsn) as door:
        await put(door, *documents(door.clock.now()))
        async with door.work(MEI) as work:
            id = str((await work.fhir.operate(contract.REQUEST, asking(medium="video"))).id)
        async with door.work(DOCTOR) as work:
            await work.fhir.operate(contract.ACCEPT, Visit(id))
            encounter = await reading.visit(work, id)
            for one in await reading.evidence(work.platform, encounter):
                await work.fhir.operate(contract.JUDGE, Judging(one["id"], "reviewed"))
            await work.fhir.operate(contract.START, Visit(id))
        yield id


@pytest.fixture(scope="module")
async def site(visit: str, postgres_dsn: str) -> AsyncIterator[str]:
    """Two processes answer, so that the words go from one to the other."""
    target = "tests.capabilities.internet_hospital.line_served:create_app"
    with running(postgres_dsn, target=target, WORKERS="2", LOG_LEVEL="error") as server:
        yield server.root


@pytest.fixture(scope="module")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, *CAMERAS])
        yield made
        await made.close()


async def page_of(browser: Browser, site: str, who: str, size: tuple[int, int]) -> Page:
    viewport = {"width": size[0], "height": size[1]}
    context: BrowserContext = await browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]  # a TypedDict
        base_url=site,
        locale="zh-CN",
        permissions=["camera", "microphone"],
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


async def sees(page: Page, side: str) -> None:
    """Expect a picture of the other side that moves: its time goes on, and two looks differ."""
    tile = page.locator(f".line-tile[data-side={side}] video")
    await expect(tile).to_be_visible(timeout=PATIENCE)
    await page.wait_for_function("one => one.currentTime > 0 && one.videoWidth > 0", arg=await tile.element_handle())
    first = await tile.evaluate(PIXELS)
    assert first
    await page.wait_for_function(
        f"([one, first]) => ({PIXELS})(one) !== first", arg=[await tile.element_handle(), first]
    )


async def kept(door: Door, visit: str) -> int:
    page = await door.auto(SYSTEM).find("Media", encounter=f"Encounter/{visit}", _summary="count")
    return page.total or 0


async def test_two_see_each_other_and_a_line_falls_to_sound(
    browser: Browser, site: str, visit: str, postgres_dsn: str
) -> None:
    mine = await page_of(browser, site, "mei", PHONE)
    desk = await page_of(browser, site, "doctor", DESKTOP)
    await mine.goto(f"/my/visits/{visit}")
    await shot(mine, "390-line-0-visit")
    async with mine.context.expect_page() as opening:
        await mine.get_by_role("link", name="进入视频或语音通话").click()
    mine = await opening.value
    await expect(mine.get_by_role("status")).to_contain_text("点击")
    assert await faults_of(mine) == []
    await shot(mine, "390-line-1-ready")
    await mine.get_by_role("button", name="加入").click()
    await expect(mine.get_by_role("status")).to_contain_text("等待对方", timeout=PATIENCE)
    await desk.goto(f"/clinic/visits/{visit}/line")
    await desk.get_by_role("button", name="加入").click()
    await sees(mine, "doctor")
    await sees(desk, "patient")
    await expect(mine.get_by_role("status")).to_contain_text("通话中", timeout=PATIENCE)
    await shot(mine, "390-line-2-picture")
    await shot(desk, "1366-line-1-picture")
    assert await faults_of(mine) == []
    assert await faults_of(desk) == []

    # A second doctor joins: all three see each other.
    async with door_of(postgres_dsn) as door, door.work(DOCTOR) as work:
        await work.fhir.operate(contract.INVITE, Inviting(visit, OTHER.practitioner or ""))
    third = await page_of(browser, site, "other", DESKTOP)
    await third.goto(f"/clinic/visits/{visit}/line")
    await third.get_by_role("button", name="加入").click()
    await sees(third, "patient")
    await sees(third, "doctor")
    await sees(mine, "colleague")
    await shot(third, "1366-line-2-three")
    await third.get_by_role("button", name="挂断").click()
    await expect(mine.locator(".line-tile[data-side=colleague]")).to_have_count(0, timeout=PATIENCE)

    # The socket breaks and comes again; the picture goes on.
    await mine.context.set_offline(True)
    await mine.context.set_offline(False)
    await sees(mine, "doctor")

    # By hand from video to sound: no picture any more on either side, and it is written down.
    await mine.get_by_role("button", name="语音").click()
    await expect(desk.locator(".line-tile[data-side=patient][data-dark]")).to_be_visible(timeout=PATIENCE)
    await expect(desk.get_by_text("语音", exact=True).first).to_be_visible(timeout=PATIENCE)
    await shot(desk, "1366-line-3-sound")
    # And on to text: both are led back to the conversation.
    await desk.get_by_role("button", name="图文").click()
    await mine.wait_for_url(f"**/my/visits/{visit}")
    await desk.wait_for_url(f"**/clinic/visits/{visit}")
    async with door_of(postgres_dsn) as door:
        found = json.loads((await door.auto(SYSTEM).read("Encounter", visit)).body())
        said = [one for one in found["extension"] if one["url"] == contract.LINE]
        assert forms.value(found, contract.MEDIUM) == "text"
        by_hand = [one["medium"] for one in map(forms.inner, said) if one["reason"] == "by-hand"]
        assert by_hand == ["audio", "text"]
        assert await kept(door, visit) >= 2
