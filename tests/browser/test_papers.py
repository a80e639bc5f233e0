"""Shared documents as they are used: a doctor issues one and takes it along; the resident finds it."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Open
from tests.browser.test_health_records import HEADERS, as_, looked_at
from tests.capabilities.health_records.person import ID, person
from tests.capabilities.health_records.readers import PEOPLE
from tests.served import served
from xinglin.capabilities.health_records.rules.cda.tree import parse


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The whole platform with one person's record; a cookie says who asks."""
    with served(postgres_dsn, PEOPLE, person()) as root:
        yield root


@pytest.mark.parametrize(("language", "script"), [("zh-CN", True), ("en", False)])
async def test_a_doctor_issues_a_document_and_the_resident_takes_it_along(
    opened: Open, site: str, language: str, *, script: bool
) -> None:
    chinese = language == "zh-CN"
    context = await opened(DESKTOP, language=language, script=script)
    page = await as_("family-doctor", context, site)
    await page.goto(f"/patients/{ID}/documents")
    if script:
        await looked_at(page, f"1366-{language}-papers")
    await page.get_by_role("link", name="出具共享文档" if chinese else "Issue a shared document").click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_role("link", name="门(急)诊病历" if chinese else "Outpatient record")).to_have_count(8)
    if script:
        await looked_at(page, f"1366-{language}-issue")
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await looked_at(page, f"390-{language}-issue")
        await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    await page.get_by_role("link", name="门(急)诊病历" if chinese else "Outpatient record").first.click()
    await page.get_by_label("主诉").fill("头晕三天")
    if script:
        await looked_at(page, f"1366-{language}-issue-one")
    await page.get_by_role("button", name="出具" if chinese else "Issue", exact=True).click()
    await expect(page.locator(".document")).to_contain_text("头晕三天")
    if script:
        await looked_at(page, f"1366-{language}-issued")
    async with page.expect_download() as given:
        await page.get_by_role("link", name="下载 CDA" if chinese else "Download CDA").click()
    download = await given.value
    assert download.suggested_filename.endswith(".xml")
    tree = parse((await download.path()).read_bytes())
    assert tree.findtext("title") == "门(急)诊病历"

    resident = await opened(PHONE, language=language, script=script)
    page = await as_("mother", resident, site)
    await page.goto(f"/my/record/{ID}/documents")
    if script:
        await looked_at(page, f"390-{language}-own-papers")
    await page.get_by_role("link", name="门(急)诊病历").first.click()
    pdf = await page.get_by_role("link", name="下载 PDF" if chinese else "Download PDF").get_attribute("href")
    answer = await resident.request.get(f"{site}{pdf}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    assert (await resident.request.get(f"{site}/my/record/{ID}/issue")).status == 404


async def test_systems_get_the_same_over_http(site: str) -> None:
    headers = HEADERS | {"x-who": "family-doctor"}
    async with httpx.AsyncClient(base_url=f"{site}/fhir", headers=headers, timeout=30) as client:
        summary = await client.get(f"/Patient/{ID}/$summary")
        assert (summary.status_code, summary.json()["type"]) == (200, "document")
        given = [{"name": "template", "valueString": "wst500-4"}, {"name": "about", "valueString": "Encounter/v8"}]
        parameters = {"resourceType": "Parameters", "parameter": given}
        issued = await client.post(f"/Patient/{ID}/$issue-document", json=parameters)
        assert (issued.status_code, issued.json()["resourceType"]) == (200, "Composition")
        composition = issued.json()["id"]
        document = await client.get(f"/Composition/{composition}/$document")
        assert document.json()["entry"][0]["resource"]["id"] == composition
        binary = await client.get(f"/Composition/{composition}/$cda")
        assert binary.json()["contentType"] == "application/xml"
        bad = await client.get(f"/Composition/{composition}/$document?persist=perhaps")
        assert bad.status_code == 400
