"""The record as it is used: a clinician opens it, follows a result, goes back in time, prints; a resident reads it."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import BrowserContext, FilePayload, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.health_records.person import ID, person
from tests.capabilities.health_records.readers import PEOPLE
from tests.served import served

HEADERS = {"content-type": "application/fhir+json", "x-who": "system"}


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform with one person's record; a cookie says who asks."""
    with served(postgres_dsn, PEOPLE, person()) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> Page:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


async def looked_at(page: Page, name: str) -> None:
    await shot(page, name)
    assert await faults_of(page) == [], name


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_clinician_reads_a_record_and_follows_a_result(opened: Open, site: str, language: str) -> None:
    context = await opened(DESKTOP, language=language)
    page = await as_("family-doctor", context, site)
    await page.goto(f"/patients/{ID}")
    await expect(page.locator(".danger").first).to_contain_text("青霉素")
    await looked_at(page, f"1366-{language}-record")
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await looked_at(page, f"390-{language}-record")
    await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})

    await page.get_by_role("link", name="空腹血糖").first.click()
    await expect(page.locator("#chart svg")).to_be_visible()
    await expect(page.locator("#trend tbody tr")).to_have_count(9)
    await looked_at(page, f"1366-{language}-trend")
    async with page.expect_download() as given:
        await page.get_by_role("link", name="CSV").click()
    assert (await given.value).suggested_filename == "张桂兰-1558-6.csv"

    await page.locator("#trend tbody a").first.click()
    await expect(page.locator(".entry-value")).to_contain_text("7.4")
    await page.locator("details.card > summary").click()
    await looked_at(page, f"1366-{language}-entry")


async def test_the_table_of_a_trend_is_there_without_script(opened: Open, site: str) -> None:
    context = await opened(PHONE, script=False)
    page = await as_("family-doctor", context, site)
    await page.goto(f"/patients/{ID}/trend/85354-9")
    await expect(page.locator("#chart")).to_be_hidden()
    await expect(page.locator("#trend tbody tr")).to_have_count(8)
    await shot(page, "390-trend-without-script")


async def test_the_timeline_is_filtered_by_keyboard_alone(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    page = await as_("family-doctor", context, site)
    await page.goto(f"/patients/{ID}/timeline")
    await page.locator("#f-kind").focus()
    await page.keyboard.press("ArrowDown")
    await page.locator("#f-institution").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.locator(".filters-acts button").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".time-one")).to_have_count(2)
    await looked_at(page, "1366-record-timeline")


async def test_the_record_as_it_was_says_so(opened: Open, site: str) -> None:
    async with httpx.AsyncClient(base_url=f"{site}/fhir", headers=HEADERS) as client:
        answer = await client.get("/AllergyIntolerance/allergy-shrimp")
        written = answer.json()["meta"]["lastUpdated"]
        assert (await client.delete("/AllergyIntolerance/allergy-shrimp")).status_code in {200, 204}
    context = await opened(DESKTOP)
    page = await as_("developer", context, site)
    await page.goto(f"/patients/{ID}")
    await expect(page.locator(".danger", has_text="虾")).to_have_count(0)
    await page.goto(f"/patients/{ID}?at={written.replace('+', '%2B')}")
    await expect(page.locator(".as-it-was")).to_be_visible()
    await expect(page.locator(".danger", has_text="虾")).to_have_count(1)
    await looked_at(page, "1366-record-then")
    await page.locator(".as-it-was a").click()
    await expect(page.locator(".as-it-was")).to_have_count(0)
    async with httpx.AsyncClient(base_url=site, headers={"cookie": "who=developer", "accept-language": "zh"}) as client:
        before = await client.get(f"/patients/{ID}?at=2020-01-01T00:00")
    assert before.status_code == 404
    assert "这一时刻还没有此人的档案" in before.text


async def test_a_document_of_elsewhere_is_taken_in_and_filed(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    page = await as_("family-doctor", context, site)
    await page.goto(f"/patients/{ID}/issue?template=wst500-2&about=Encounter/v8")
    await page.locator("form button.btn-primary").first.click()
    href = await page.locator("a[href$='/cda']").get_attribute("href")
    own = await (await context.request.get(f"{site}{href}")).body()
    # as another institution would have measured it
    await page.goto(f"/patients/{ID}/import")
    file = FilePayload(name="outpatient.xml", mimeType="application/xml", buffer=own.replace(b"7.4", b"8.1"))
    await page.locator("input[type=file]").set_input_files(file)
    await page.get_by_role("button", name="核对并保存").click()
    await expect(page.locator("input[name=entry]")).to_have_count(1)
    await looked_at(page, "1366-filing")
    await page.get_by_role("button", name="确认归入档案").click()
    await expect(page.locator("input[name=entry]")).to_have_count(0)
    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await looked_at(page, "390-filed")
    await page.get_by_role("link", name="阅读原文").click()
    await expect(page.get_by_role("heading", name="辅助检查")).to_be_visible()
    await looked_at(page, "390-read")
    await page.goto(f"/patients/{ID}/ips")
    await looked_at(page, "390-ips")


async def test_the_summary_is_printed(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    page = await as_("family-doctor", context, site)
    await page.goto(f"/patients/{ID}")
    await page.get_by_role("link", name="打印与 PDF").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("张桂兰 健康档案摘要")
    await looked_at(page, "1366-record-paper")
    await page.emulate_media(media="print")
    await expect(page.locator(".paper-acts")).to_be_hidden()
    await page.screenshot(path="tests/browser/shots/print-record-paper.png", full_page=True)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_a_resident_reads_and_corrects_the_own_record(opened: Open, site: str, size: tuple[int, int]) -> None:
    context = await opened(size, script=size == DESKTOP)
    page = await as_("mother", context, site)
    await page.goto("/my/record")
    await expect(page.get_by_role("heading", level=1)).to_have_text("我的健康档案")
    await expect(page.locator(".own-urgent")).to_contain_text("血钾")
    await shot(page, f"{size[0]}-own-record")
    if size == DESKTOP:
        assert await faults_of(page) == []
    await page.locator(".own-result a", has_text="血压").first.click()
    await expect(page.locator("#trend tbody tr")).to_have_count(8)
    await shot(page, f"{size[0]}-own-trend")
    await page.locator("#trend tbody a").first.click()
    await page.get_by_role("link", name="内容有误").click()
    await page.locator("#f-text").fill("错了")
    await page.get_by_role("button", name="提交更正申请").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.locator("#f-text").fill("当天早上没有静坐休息就量了")
    await page.get_by_role("button", name="提交更正申请").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await shot(page, f"{size[0]}-own-correct")
    if size == DESKTOP:
        assert await faults_of(page) == []


async def test_a_son_acts_for_his_mother_on_a_phone(opened: Open, site: str) -> None:
    context = await opened(PHONE)
    page = await as_("son", context, site)
    await page.goto("/my/record")
    await page.get_by_role("navigation", name="看谁的档案").get_by_role("link", name="张桂兰").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("张桂兰的健康档案")
    await looked_at(page, "390-own-record-of-mother")
    await page.context.add_cookies([{"name": "large", "value": "on", "url": site}])
    await page.reload()
    await looked_at(page, "390-large-own-record")


async def test_the_desk_answers_a_request(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    mother = await as_("mother", context, site)
    await mother.goto(f"/my/record/{ID}/correct")
    await mother.locator("#f-text").fill("电话号码已经换了")
    await mother.get_by_role("button", name="提交更正申请").click()
    desk = await as_("desk-doctor", context, site)
    await desk.goto("/corrections")
    request = desk.locator("article", has_text="电话号码已经换了")
    await looked_at(desk, "1366-corrections")
    await request.locator("textarea").fill("已更新为新号码")
    await request.get_by_role("button", name="已更正").click()
    await expect(desk.get_by_role("status")).to_be_visible()
    await as_("mother", context, site)
    await mother.goto(f"/my/record/{ID}/correct")
    await expect(mother.get_by_text("已更新为新号码")).to_be_visible()


async def test_who_has_no_relation_learns_nothing(site: str) -> None:
    async with httpx.AsyncClient(base_url=site, headers={"cookie": "who=stranger"}) as client:
        hidden, missing = await client.get(f"/patients/{ID}"), await client.get("/patients/nobody")
    assert hidden.status_code == missing.status_code == 404
    assert "张桂兰" not in hidden.text
    assert "/emergency?patient=" in hidden.text
    assert hidden.text.count("<a ") == missing.text.count("<a ")
