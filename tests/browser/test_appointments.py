"""A number is taken on a phone, the desk checks the person in, the doctor calls, the screen shows it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.appointments import hospital
from tests.capabilities.residents.people import number
from tests.served import door_of, served
from xinglin.security.principal import Principal

ZONE = ZoneInfo("Asia/Shanghai")


PEOPLE = {
    "doctor": replace(hospital.DOCTOR, display="王建国"),
    "desk": replace(hospital.DESK, display="高雨欣"),
    "admin": replace(hospital.ADMIN, display="管理员"),
}


def called(name: str) -> Principal | None:
    """Find somebody by name; residents are p1, p2 and so on."""
    return hospital.resident(int(name[1:])) if name[:1] == "p" and name[1:].isdigit() else PEOPLE.get(name)


async def _planned(dsn: str) -> None:
    """A session that is under way whatever the time of day, one with a single number, and one tomorrow."""
    async with door_of(dsn, audited=False) as door:
        now = door.clock.now().replace(second=0, microsecond=0)
        # Of the same local day, so that the queue of today has it, and under way until its end.
        day = now.astimezone(ZONE).replace(hour=0, minute=0)
        start = min(now - timedelta(minutes=5), (day + timedelta(hours=22)).astimezone(UTC))
        await hospital.put(door, *hospital.places(), *hospital.people(4))
        today = hospital.planned("s-now", start=max(start, day.astimezone(UTC)), minutes=120)
        await hospital.opened(door, today, seats=4)
        await hospital.opened(door, hospital.planned("s-next", start=now + timedelta(days=1), minutes=180, doctor=2))


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform; a cookie says who asks."""
    asyncio.run(_planned(postgres_dsn))
    with served(postgres_dsn, called) as root:
        yield root


async def page_of(who: str, context: BrowserContext, site: str) -> Page:
    await context.add_cookies([{"name": "who", "value": who, "url": site}])
    return await context.new_page()


async def looked_at(page: Page, name: str) -> None:
    await shot(page, name)
    assert await faults_of(page) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_from_the_phone_to_the_consulting_room(opened: Open, site: str, language: str) -> None:
    who = "p1" if language == "en" else "p0"
    phone = await page_of(who, await opened(PHONE, language=language), site)
    await phone.goto("/my/booking?department=03.04")  # as triage leads on
    await looked_at(phone, f"390-{language}-booking-0-advised")
    await phone.goto("/my/booking")
    await looked_at(phone, f"390-{language}-booking-1-where")
    await phone.locator(".booking-row").first.click()
    await looked_at(phone, f"390-{language}-booking-2-department")
    await phone.locator(".booking-tile").first.click()
    await looked_at(phone, f"390-{language}-booking-3-doctor")
    await phone.locator("a[href*='session=s-now']").click()
    await looked_at(phone, f"390-{language}-booking-4-time")
    await phone.locator("button[value=hold]").click()
    await expect(phone.locator(".notice-danger")).to_be_visible()  # no time was chosen
    await phone.locator(".slots label:has(input:enabled)").first.click()
    await phone.locator("button[value=hold]").click()
    await looked_at(phone, f"390-{language}-booking-5-hold")
    await phone.locator("button[value=confirm]").click()
    await expect(phone.locator(".qr")).to_be_visible()
    await looked_at(phone, f"390-{language}-booking-6-booked")
    number = phone.url.partition("?")[0].rpartition("/")[2]

    desk = await page_of("desk", await opened(DESKTOP, language=language), site)
    await desk.goto("/desk/queue?session=s-now")
    await desk.locator("#f-ticket").fill(f"XL-BOOKING:{number}")
    await desk.locator("#f-ticket").press("Enter")
    await expect(desk.locator("table tbody tr")).to_have_count(1)
    await looked_at(desk, f"1366-{language}-queue-1-desk")
    await phone.goto(f"/my/booking/{number}")
    await looked_at(phone, f"390-{language}-booking-7-in-line")

    screen = await page_of("desk", await opened(DESKTOP, language=language), site)
    await screen.goto("/screen/room-1")
    doctor = await page_of("doctor", await opened(DESKTOP, language=language), site)
    await doctor.goto("/clinic/queue")
    await doctor.locator(".queue-now button[value=call]").click()
    await expect(doctor.locator(".booking-ticket")).to_be_visible()
    await looked_at(doctor, f"1366-{language}-queue-2-called")
    await screen.reload()
    await expect(screen.locator(".screen-called")).to_contain_text("患*")
    await looked_at(screen, f"1366-{language}-screen")
    await phone.goto(f"/my/booking/{number}")
    await looked_at(phone, f"390-{language}-booking-8-called")
    await doctor.locator("button[value=done]").click()
    await expect(doctor.locator("table tbody tr")).to_have_count(0)
    if language == "en":
        return  # one number is added: a person has one of a clinic session
    await doctor.locator("details summary", has_text="加号").click()
    for field, value in (("name", "患者3"), ("number", "410802199003070000"), ("reason", "术后复诊")):
        await doctor.fill(f"#f-{field}", value)
    await doctor.locator("button[value=overbook]").click()
    await expect(doctor.locator(".notice-danger")).to_be_visible()  # name and number differ
    await looked_at(doctor, "1366-zh-queue-3-overbook")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_desk_books_for_who_has_no_telephone(opened: Open, site: str, size: tuple[int, int]) -> None:
    page = await page_of("desk", await opened(size, script=size == DESKTOP), site)
    await page.goto("/desk/booking")
    await page.locator(".slots label").last.click()
    await page.fill("#f-name", "患者0")
    await page.fill("#f-number", number("1990-03-07"))
    await (looked_at if size == DESKTOP else shot)(page, f"{size[0]}-zh-booking-desk-1")
    await page.locator("button[value=book]").click()
    # Once it is booked; the second time one has a number of the clinic session already.
    await expect(page.locator(".notice-success" if size == DESKTOP else ".notice-danger")).to_be_visible()
    await (looked_at if size == DESKTOP else shot)(page, f"{size[0]}-zh-booking-desk-2")


async def test_sessions_are_planned_and_the_log_is_public(opened: Open, site: str) -> None:
    for who, path, name in (
        ("doctor", "/clinic/sessions", "sessions"),
        ("admin", "/institution/sessions", "planning"),
        ("admin", "/institution/booking-rules", "rules"),
        ("p2", "/booking-log/s-now", "log"),
        ("nobody", "/booking-log/s-now", "log-nobody"),
    ):
        for size in (DESKTOP, PHONE):
            page = await page_of(who, await opened(size), site)
            await page.goto(path)
            await expect(page.locator("h1")).to_be_visible()
            await looked_at(page, f"{size[0]}-zh-{name}")
    async with httpx.AsyncClient(base_url=site) as client:
        assert (await client.get("/my/booking?org=none", headers={"x-who": "p2"})).status_code == 404
        assert (await client.get("/my/booking?session=none", headers={"x-who": "p2"})).status_code == 404
