"""Debian's Chromium before a server of our own with a few invented people; the pages leave pictures behind."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.browser.people import RECORDS
from tests.served import served

SHOTS: Final = Path(__file__).parent / "shots"
AXE: Final = Path(__file__).parent.parent.parent / "node_modules/axe-core/axe.min.js"
DESKTOP: Final = (1366, 768)
PHONE: Final = (390, 844)
# What keeps Chromium from asking the network for itself; as root it has no sandbox.
FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)

Open = Callable[..., Awaitable[BrowserContext]]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Chromium as people have it, with cameras and windows."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs Debian's chromium (apt-get install chromium), which `make test` installs when it is root")
    return found


@pytest.fixture(scope="module")
def site(postgres_dsn: str) -> Iterator[str]:
    """The address of the whole platform, with the records of `people`."""
    with served(postgres_dsn, documents=RECORDS, settings={"DESIGN_PAGE": "on"}) as root:
        yield root


@pytest.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """One browser for the run, without windows where Debian has it: a page then takes half the time."""
    shell = shutil.which("chromium-headless-shell") or chromium_path
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=shell, args=list(FLAGS))
        yield made
        await made.close()


@pytest.fixture
async def opened(browser: Browser, site: str) -> AsyncIterator[Open]:
    """Make contexts of a size and language; any error in a page's console fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    async def make(size: tuple[int, int], *, language: str = "zh-CN", script: bool = True) -> BrowserContext:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            base_url=site,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        context.on("console", lambda said: faults.append(f"{said.text} {said.location}") if _is_fault(said) else None)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        await context.close()
    assert not faults


def _is_fault(said: ConsoleMessage) -> bool:
    """Tell faults from forms that were refused as they should."""
    return said.type == "error" and "status of 422" not in said.text


async def shot(page: Page, name: str) -> None:
    """Keep a picture of the page (not committed), and see that nothing sticks out at the side."""
    SHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SHOTS / f"{name}.png")
    wide, seen = await page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{page.url} is {wide} px wide on a screen of {seen}"


async def faults_of(page: Page) -> list[str]:
    """Let axe judge the page by WCAG 2.2 AA."""
    await page.evaluate(AXE.read_text("utf-8"))
    found = await page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
        ".then(result => result.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.html}`)))"
    )
    return [str(one) for one in found]
