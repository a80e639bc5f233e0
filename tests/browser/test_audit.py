"""Who looked at my record on a phone, and the audit officer's desk: by keyboard and eye, judged by axe."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn

from tests.browser.conftest import DESKTOP, PHONE, Open, faults_of, shot
from tests.capabilities.audit.test_pages import OFFICER, RESIDENT, SETTINGS, door, event_of, who
from xinglin.app import create_registry
from xinglin.server.pages import create_pages
from xinglin.store.door import Door

__all__ = ["door"]


@pytest.fixture(scope="module")
async def site(door: Door) -> AsyncIterator[str]:
    """The pages over the door of the tests of the capability; a header says who asks."""
    pages = create_pages(create_registry(SETTINGS), door, SETTINGS, principal_of=who)
    server = uvicorn.Server(uvicorn.Config(pages, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells it by a flag
        await asyncio.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
async def test_a_resident_sees_who_looked_on_a_phone_and_objects(opened: Open, door: Door, language: str) -> None:
    context = await opened(PHONE, language=language, script=False)
    await context.set_extra_http_headers({"x-who": RESIDENT.id})
    page = await context.new_page()
    await page.goto("/who-looked")
    assert "王芳" in await page.inner_text("main")
    await shot(page, f"audit-looked-{language}")
    read = await event_of(door, patient="1", subtype="read", altid="doctor")
    await page.goto(f"/who-looked/{read}")
    await page.fill("#f-text", "那天我没有就诊")
    await page.press("#f-text", "Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**sent=yes")
    assert "那天我没有就诊" in await page.inner_text("main")
    await shot(page, f"audit-objected-{language}")


async def test_the_pages_are_sound_for_everybody(opened: Open, door: Door) -> None:
    read = await event_of(door, patient="1", subtype="read", altid="doctor")
    await door.store.sequencer.head()
    for size, name in ((DESKTOP, "desktop"), (PHONE, "phone")):
        for person, path in (
            (RESIDENT, "/who-looked"),
            (RESIDENT, f"/who-looked/{read}"),
            (OFFICER, "/audit"),
            (OFFICER, f"/audit/entries/{read}"),
            (OFFICER, "/audit/tree"),
        ):
            context = await opened(size)
            await context.set_extra_http_headers({"x-who": person.id})
            page = await context.new_page()
            await page.goto(path)
            if (person is RESIDENT) == (size == PHONE):  # each at the width of their work
                assert await faults_of(page) == [], path
            await shot(page, f"audit-{path.strip('/').replace('/', '-').replace(read, 'one')}-{name}")
