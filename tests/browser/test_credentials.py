"""The administrator's journey: who ends soon, what one holds, verify now, what was found."""

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.practitioners import people
from tests.server.running import _free_port, running


@pytest.fixture(scope="module")
def register() -> Iterator[str]:
    """The address of the simulated register, in a process of its own."""
    port = _free_port()
    command = [sys.executable, "-m", "xinglin", "simulate", "practitioners", "--port", str(port)]
    address = f"http://127.0.0.1:{port}/practitioners"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            assert process.poll() is None, "the simulator ended before it answered"
            try:
                httpx.post(f"{address}/faults", json={"kind": "off"}).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def site(postgres_dsn: str, register: str) -> Iterator[str]:
    """The whole platform with two physicians: one in order, one whom the register revoked."""
    settings = {"WORKERS": "1", "LOG_LEVEL": "error", "STAFF_REGISTER_URL": register}
    revoked = people.physician("d2", "110410802000124", name=[{"text": "李秀英"}])
    ending = people.physician("d3", "110410802000125", name=[{"text": "张海燕"}])
    documents = (people.organization(), people.physician(), revoked, ending, people.place())
    with running(postgres_dsn, target="xinglin.app:create_app", **settings) as server:
        with httpx.Client(base_url=server.fhir, headers={"content-type": "application/fhir+json"}) as client:
            for document in (*documents, people.place("r2", "d2")):
                answer = client.put(f"/{document['resourceType']}/{document['id']}", json=document)
                assert answer.status_code in {200, 201}, answer.text
        httpx.put(f"{register}/v1/certificates/110410802000124", json={"status": "3"}).raise_for_status()
        yield server.root


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_administrator_verifies_and_sees_why(opened: Open, size: tuple[int, int]) -> None:
    context = await opened(size)
    page = await context.new_page()
    await page.goto("/credentials")
    await expect(page.get_by_role("heading", level=1)).to_have_text("执业资质")
    await expect(page.locator("[data-rows] a.main")).to_have_count(3)
    await shot(page, f"{size[0]}-credentials-1-list")
    assert await faults_of(page) == []

    await page.get_by_role("link", name="王杏").click()
    await page.get_by_role("button", name="立即核验").click()
    await expect(page.locator(".head .state").first).to_have_text("有效")
    await expect(page.get_by_text("可以在本机构开展互联网诊疗")).to_be_visible()
    await shot(page, f"{size[0]}-credentials-2-valid")
    assert await faults_of(page) == []

    await page.goto("/credentials/d2")
    await page.get_by_role("button", name="立即核验").click()
    await expect(page.locator(".head .state").first).to_have_text("已吊销或注销")
    await expect(page.get_by_text("注册系统显示已吊销或注销。").first).to_be_visible()
    await shot(page, f"{size[0]}-credentials-3-revoked")
    assert await faults_of(page) == []

    await page.goto("/credentials?state=stopped")
    await expect(page.locator("[data-rows] a.main")).to_have_text(["李秀英"])
    await page.goto("/credentials?state=unknown")
    await expect(page.locator("[data-rows] a.main")).to_have_text(["张海燕"])
    await page.goto("/credentials?state=ending&name=x")
    await expect(page.get_by_text("没有符合条件的记录")).to_be_visible()


async def test_in_english_and_without_javascript(opened: Open) -> None:
    context = await opened(DESKTOP, language="en-US", script=False)
    page = await context.new_page()
    await page.goto("/credentials?name=zhy")
    await page.get_by_role("link", name="张海燕").click()
    await page.get_by_role("button", name="Verify now").click()
    await expect(page.get_by_role("heading", name="Verifications")).to_be_visible()
    await expect(page.get_by_text("No place of work")).to_be_visible()
    await shot(page, "1366-credentials-4-english")
