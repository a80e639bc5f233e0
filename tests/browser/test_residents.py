"""A card is shown on a phone and checked at a desk; a person, a newborn and a record are registered."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import segno
from playwright.async_api import BrowserContext, async_playwright, expect

from tests.browser.conftest import DESKTOP, FLAGS, PHONE, Open, faults_of, shot
from tests.capabilities.residents.people import PEOPLE, VILLAGE, number, resident
from tests.served import served
from xinglin.tables.divisions import place_of


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    with served(
        postgres_dsn,
        PEOPLE,
        (
            {"resourceType": "Organization", "id": "1", "name": "焦作市人民医院"},
            resident("张小梅", "1990-03-07", 124) | {"id": "mei"},
            resident("张小小", "2021-05-01", 126) | {"id": "child"},
            resident("刘芳", "1995-02-03", 128, managingOrganization={"reference": "Organization/1"}) | {"id": "liu"},
        ),
    ) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> None:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])


def code_of(site: str) -> str:
    """Ask for a card's code as the phone does."""
    headers = {"x-who": "mei", "content-type": "application/fhir+json"}
    answer = httpx.post(f"{site}/fhir/Patient/mei/$show-card", headers=headers, json={"resourceType": "Parameters"})
    assert answer.status_code == 200, answer.text
    return str(next(one["valueString"] for one in answer.json()["parameter"] if one["name"] == "code"))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_card_on_a_phone(opened: Open, site: str, language: str) -> None:
    context = await opened(PHONE, language=language)
    await as_("mei", context, site)
    page = await context.new_page()
    await page.goto("/my/card")
    await expect(page.locator(".qr-name")).to_have_text("张小梅")
    first = await page.locator(".qr-large").get_attribute("src")
    await shot(page, f"390-{language}-card-1")
    assert await faults_of(page) == []
    await page.get_by_role("link", name="张小小").click()
    await expect(page.locator(".qr-name")).to_have_text("张小小")
    assert await page.locator(".qr-large").get_attribute("src") != first
    await page.goto("/my/card?patient=mei&static=1")
    await shot(page, f"390-{language}-card-2-static")
    assert await faults_of(page) == []
    async with httpx.AsyncClient(base_url=site) as client:
        assert (await client.get("/my/card?patient=liu", headers={"x-who": "mei"})).status_code == 404


async def test_the_card_without_javascript_renews_itself(opened: Open, site: str) -> None:
    context = await opened(PHONE, script=False)
    await as_("mei", context, site)
    page = await context.new_page()
    await page.goto("/my/card")
    assert '<meta http-equiv="refresh" content="165">' in await page.content()
    await expect(page.locator(".qr-large")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_desk_checks_a_card_that_was_scanned(opened: Open, site: str, size: tuple[int, int]) -> None:
    context = await opened(size, script=size == DESKTOP)
    await as_("desk", context, site)
    page = await context.new_page()
    await page.goto("/desk/card")
    await expect(page.get_by_text("等待扫码")).to_be_visible()
    assert await faults_of(page) == [] if size == DESKTOP else True
    code = code_of(site)
    await page.locator("#f-code").fill(code)
    await page.keyboard.press("Enter")  # as a scanner does
    await expect(page.locator("#result .state").first).to_have_text("有效")
    await expect(page.locator("#result h2").first).to_have_text("张*梅")
    await expect(page.get_by_text("410802********")).to_be_visible()
    await shot(page, f"{size[0]}-check-1-valid")
    if size == DESKTOP:
        assert await faults_of(page) == []
    await page.locator("#f-code").fill(code)
    await page.keyboard.press("Enter")
    await expect(page.locator("#result .state").first).to_have_text("已使用过")
    await shot(page, f"{size[0]}-check-2-used")
    await page.locator("#f-code").fill(f"姓名:张小梅 {number('1990-03-07', 124)}")
    await page.keyboard.press("Enter")
    await expect(page.locator("#result .state").first).to_have_text("不是健康卡")


@pytest.fixture
async def filmed(chromium_path: str, site: str, tmp_path: Path) -> AsyncIterator[BrowserContext]:
    """A browser whose camera films a card."""
    film = tmp_path / "card.y4m"
    film.write_bytes(_film(code_of(site)))
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=[*FLAGS, *flags, f"--use-file-for-fake-video-capture={film}"]
        )
        context = await browser.new_context(base_url=site, permissions=["camera"], locale="zh-CN")
        context.set_default_timeout(20_000)
        yield context
        await browser.close()


def _film(text: str) -> bytes:
    """Draw a code as two frames of a video in YUV 4:2:0."""
    wide, high, scale = 640, 480, 8
    rows = [list(row) for row in segno.make(text, error="m").matrix_iter(scale=scale, border=4)]
    assert len(rows) <= high
    light = bytearray(b"\xeb" * (wide * high))
    top, left = (high - len(rows)) // 2, (wide - len(rows[0])) // 2
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                light[(top + y) * wide + left + x] = 16
    frame = b"FRAME\n" + bytes(light) + b"\x80" * (wide * high // 2)
    return b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 2


async def test_the_desk_reads_a_card_by_its_camera(filmed: BrowserContext, site: str) -> None:
    await as_("nurse", filmed, site)
    page = await filmed.new_page()
    await page.goto("/desk/card")
    await page.get_by_role("button", name="用摄像头扫码").click()
    await expect(page.locator("#result .state").first).to_have_text("有效")
    await expect(page.locator("#result h2").first).to_have_text("张*梅")


async def test_a_person_is_registered_after_a_look_and_gets_a_record(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    await as_("desk", context, site)
    page = await context.new_page()
    await page.goto("/desk/register")
    assert await faults_of(page) == []
    await page.locator("#f-name").fill("張小梅")
    await page.locator("#f-number").fill(number("1990-03-07", 124))
    await page.locator("#f-gender").select_option("male")
    await page.locator("#f-born").fill("1990-03-07")
    await page.locator("#f-village").fill("社区")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("请加上乡镇")
    await page.locator("#f-village").fill(place_of(VILLAGE))
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("性别与身份证号不一致")
    await page.locator("#f-gender").select_option("female")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.get_by_text("同一人", exact=True)).to_be_visible()
    await expect(page.get_by_text("姓名 繁简或异体")).to_be_visible()
    await shot(page, "1366-register-1-same")
    assert await faults_of(page) == []
    await page.get_by_role("button", name="以上都不是").click()
    await expect(page.locator(".notice-success")).to_have_text("已登记。")
    await page.get_by_role("button", name="建立健康档案").click()
    await expect(page.locator(".notice-success")).to_have_text("已建立健康档案。")
    await shot(page, "1366-register-2-record")
    assert await faults_of(page) == []
    await page.get_by_text("终止健康档案").first.click()
    await page.locator("#f-reason").select_option("moved")
    await page.locator("button[value=close]").click()
    await expect(page.get_by_role("alert")).to_contain_text("迁往何处")
    await page.locator("#f-place").fill("河南省郑州市")
    await page.locator("button[value=close]").click()
    await expect(page.locator(".card .state").last).to_have_text("已终止")
    await shot(page, "1366-register-3-closed")
    await page.locator("#f-note").fill("迁回")
    await page.get_by_role("button", name="恢复健康档案").click()
    await expect(page.locator(".card .state").last).to_have_text("在管")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_newborn_is_registered_by_its_mother(opened: Open, site: str, size: tuple[int, int]) -> None:
    context = await opened(size, script=size == DESKTOP)
    await as_("desk", context, site)
    page = await context.new_page()
    await page.goto("/desk/newborn")
    await page.locator("#f-number").fill(number("1995-02-03", 128))
    await page.get_by_role("button", name="查找").click()
    await expect(page.get_by_role("heading", name="刘芳")).to_be_visible()
    await shot(page, f"{size[0]}-newborn-1-mother")
    if size == DESKTOP:
        assert await faults_of(page) == []
    await page.locator("#f-born").fill("2026-11-18T09:30" if size == DESKTOP else "2026-03-18T09:30")
    await page.locator("#f-gender").select_option("female" if size == DESKTOP else "male")
    await page.get_by_role("button", name="登记", exact=True).click()
    await expect(page.locator(".notice-success")).to_have_text("已登记。")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("刘芳之女" if size == DESKTOP else "刘芳之子")
    await shot(page, f"{size[0]}-newborn-2-child")


def test_match_over_the_network(site: str) -> None:
    asked = resident("張小梅", "1990-03-07", 124)
    given = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": asked},
            {"name": "onlyCertainMatches", "valueBoolean": True},
            {"name": "count", "valueInteger": 3},
        ],
    }
    headers = {"x-who": "desk", "content-type": "application/fhir+json"}
    answer = httpx.post(f"{site}/fhir/Patient/$match", headers=headers, json=given)
    assert answer.status_code == 200, answer.text
    entries = answer.json()["entry"]
    assert {one["search"]["extension"][0]["valueCode"] for one in entries} == {"certain"}
    assert all(0 <= one["search"]["score"] <= 1 for one in entries)
    assert httpx.post(f"{site}/fhir/Patient/$match", headers=headers | {"x-who": "mei"}, json=given).status_code == 403
    given["parameter"] = []
    assert httpx.post(f"{site}/fhir/Patient/$match", headers=headers, json=given).status_code == 400


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/desk/register", {"name": "张三", "born": "yesterday", "number": "x" * 300, "gender": "maybe", "kind": "77"}),
        ("/desk/register", {"name": "张三", "born": "1990-02-31", "village": "999", "phone": "12"}),
        ("/desk/register", {"confirmed": "yes"}),
        ("/desk/newborn", {"mother": "liu", "born": "soon", "order": "many", "gender": "maybe"}),
        ("/desk/newborn", {"mother": "nobody/else", "born": "2026-11-18T09:30"}),
        ("/desk/persons/liu", {"act": "open", "village": "'; --", "date": "31.12.2026"}),
        ("/desk/persons/liu", {"act": "close", "reason": "bored", "date": ""}),
        ("/desk/persons/liu", {"act": "reopen"}),
        ("/desk/persons/liu", {"act": "dance"}),
        ("/desk/persons/nobody", {"act": "open"}),
        ("/desk/card", {"code": "XL1D." + "f" * 64 + "." + "0" * 32}),
        ("/desk/card", {"code": "\x00" + "9" * 3_000}),
    ],
)
def test_what_makes_no_sense_is_told_and_breaks_nothing(site: str, path: str, fields: dict[str, str]) -> None:
    with httpx.Client(base_url=site, headers={"x-who": "desk", "origin": site}) as client:
        page = client.get("/desk/card").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        answer = client.post(path, data={"csrf": csrf, **fields})
    assert answer.status_code in {200, 404, 422}, answer.text
    assert "系统" not in answer.text.partition("<h1>")[2].partition("</h1>")[0]
