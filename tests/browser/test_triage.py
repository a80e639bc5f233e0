"""Somebody dizzy is led to a department and keeps it; chest pain stops everything; a visitor and the desk ask too."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.residents.people import DESK, MEI, resident
from tests.capabilities.triage.places import PLACES
from tests.served import served

PEOPLE = {
    "mei": replace(MEI, display="张小梅", patients=("Patient/mei", "Patient/child")),
    "desk": replace(DESK, display="高雨欣"),
}


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    with served(
        postgres_dsn,
        PEOPLE,
        (
            *PLACES,
            resident("张小梅", "1960-03-07", 124) | {"id": "mei"},
            resident("张小小", "2023-05-01", 126) | {"id": "child"},
        ),
    ) as root:
        yield root


async def as_(who: str, context: BrowserContext, site: str) -> None:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_dizzy_resident_is_led_to_a_department_and_keeps_it(opened: Open, site: str, language: str) -> None:
    context = await opened(PHONE, language=language)
    await as_("mei", context, site)
    page = await context.new_page()
    await page.goto("/my/triage")
    await shot(page, f"390-{language}-triage-1-begin")
    assert await faults_of(page) == []
    await page.locator(".triage-body a[href='#region-head']").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#region-head")).to_be_visible()
    await shot(page, f"390-{language}-triage-2-region")
    assert await faults_of(page) == []
    await page.locator("#f-text").fill("头晕三天，没有胸痛")
    await page.locator(".triage-go button").click()
    await page.locator("button[value=some]").click()
    await expect(page.locator(".fault")).to_be_visible()
    await shot(page, f"390-{language}-triage-2b-screen")
    assert await faults_of(page) == []
    await page.locator("button[value=none]").click()
    await expect(page.locator(".triage-question")).to_be_visible()
    await shot(page, f"390-{language}-triage-3-question")
    assert await faults_of(page) == []
    for _ in range(5):
        if await page.locator(".triage-question").count():
            answer = await page.locator("button[value^='no:']").get_attribute("value")
            await page.locator(f"button[value='{answer}']").click()
            await expect(page.locator(f"button[value='{answer}']")).to_have_count(0)
            await expect(page.locator(".triage-question, .triage-urgency").first).to_be_visible()
    await expect(page.locator(".triage-urgency")).to_be_visible()
    await expect(page.locator(".triage-department h2").first).to_contain_text(
        "神经内科" if language == "zh-CN" else "Headache, dizziness"
    )
    await shot(page, f"390-{language}-triage-4-result")
    await page.screenshot(path=f"tests/browser/shots/390-{language}-triage-4-result-whole.png", full_page=True)
    assert await faults_of(page) == []
    await page.locator("button[value=keep]").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await expect(page.get_by_text("头晕三天，没有胸痛")).to_be_visible()
    await shot(page, f"390-{language}-triage-5-kept")
    assert await faults_of(page) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_chest_pain_stops_everything_until_it_is_confirmed(
    opened: Open, site: str, size: tuple[int, int]
) -> None:
    context = await opened(size, script=size == DESKTOP)
    await as_("mei", context, site)
    page = await context.new_page()
    await page.goto("/my/triage")
    await page.locator("#f-text").fill("胸口疼，出冷汗")
    await page.locator(".triage-more summary").click()
    await page.locator("#f-county").select_option("410821")
    await page.locator(".triage-go button").click()
    await expect(page.get_by_role("alert").first).to_contain_text("请立即就医")
    await expect(page.locator(".triage-call")).to_have_attribute("href", "tel:120")
    await expect(page.locator(".triage-place").first).to_contain_text("修武县人民医院")
    await shot(page, f"{size[0]}-triage-6-danger")
    if size == DESKTOP:
        assert await faults_of(page) == []
    await page.locator("button[value=continue]").click()
    await expect(page.get_by_text("请先勾选确认")).to_be_visible()
    await page.locator("input[name=understood]").check()
    await page.locator("button[value=continue]").click()
    await expect(page.get_by_text("已记录在您的档案中")).to_be_visible()
    await expect(page.get_by_role("alert").first).to_contain_text("请立即就医")
    await shot(page, f"{size[0]}-triage-7-confirmed")


async def test_a_visitor_asks_in_large_type_and_nothing_is_stored(opened: Open, site: str) -> None:
    context = await opened(PHONE)
    page = await context.new_page()
    await page.goto("/my/triage")
    await page.get_by_role("button", name="大字").click()
    await expect(page.get_by_text("未登录时不保存任何内容")).to_be_visible()
    await shot(page, "390-triage-8-visitor-large")
    await page.locator("#f-text").fill("孩子咳嗽三天，不发烧")
    await page.locator("#f-age").fill("4")
    await page.locator(".triage-go button").click()
    await page.locator("button[value=none]").click()
    if await page.locator(".triage-question").count():
        await shot(page, "390-triage-9-question-large")
        await page.locator("button[value=finish]").click()
    await expect(page.locator(".triage-department h2").first).to_contain_text("儿科")
    await expect(page.get_by_role("link", name="登录后预约").first).to_be_visible()
    await expect(page.locator("button[value=keep]")).to_have_count(0)
    await shot(page, "390-triage-10-result-large")
    assert await faults_of(page) == []


async def test_the_desk_asks_for_somebody_without_a_phone(opened: Open, site: str) -> None:
    context = await opened(DESKTOP)
    await as_("desk", context, site)
    page = await context.new_page()
    await page.goto("/desk/triage")
    await page.locator(".triage-body a[href='#region-waist'] path").click()
    await page.get_by_label("腰痛", exact=True).focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_label("腰痛", exact=True)).to_be_checked()
    await shot(page, "1366-triage-11-desk")
    # Judged from the top: what is scrolled below the shell's bar is called too small.
    await page.evaluate("window.scrollTo(0, 0)")
    assert await faults_of(page) == []
    await page.locator("#f-age").fill("66")
    await page.locator(".triage-go button").click()
    await page.locator("button[value=none]").click()
    if await page.locator(".triage-question").count():
        await page.locator("button[value=finish]").click()
    await expect(page.locator(".triage-department h2").first).to_contain_text("骨科")
    await expect(page.get_by_role("button", name="打印导诊单")).to_be_visible()
    await shot(page, "1366-triage-12-desk-result")
    assert await faults_of(page) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "", "act": "ask"},
        {"text": "晕" * 600, "act": "ask"},
        {"text": "头晕", "age": "old"},
        {"text": "头晕", "age": "nan"},
        {"text": "头晕", "age": "1400", "unit": "centuries"},
        {"text": "\x00'; --", "county": "x", "patient": "nobody", "answer": "yes:nothing"},
        {"yes": "no-such-symptom", "act": "keep"},
        {"act": "dance"},
    ],
)
@pytest.mark.parametrize("who", ["mei", "desk", ""])
def test_what_makes_no_sense_is_told_and_breaks_nothing(site: str, fields: dict[str, str], who: str) -> None:
    path = "/desk/triage" if who == "desk" else "/my/triage"
    with httpx.Client(base_url=site, headers={"x-who": who, "origin": site}) as client:
        csrf = client.get(path).text.split('name="csrf" value="')[1].split('"')[0]
        answer = client.post(path, data={"csrf": csrf, **fields})
    assert answer.status_code in {200, 422}, answer.text


def test_triage_over_the_network(site: str) -> None:
    given = {"resourceType": "Parameters", "parameter": [{"name": "text", "valueString": "右边手脚突然没劲"}]}
    headers = {"x-who": "mei", "content-type": "application/fhir+json"}
    answer = httpx.post(f"{site}/fhir/$triage", headers=headers, json=given)
    assert answer.status_code == 200, answer.text
    found = [(one["name"], one.get("valueString")) for one in answer.json()["parameter"]]
    assert ("urgency", "emergency") in found
    assert ("flags", "stroke") in found
    assert httpx.post(f"{site}/fhir/$triage", headers=headers | {"x-who": ""}, json=given).status_code == 401
