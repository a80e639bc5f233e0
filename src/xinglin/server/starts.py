"""Start pages of portals, made of the cards that capabilities declare; and the names of institutions for the shell."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.registry import Portal, Registry
from xinglin.security.principal import Principal
from xinglin.store.door import Door
from xinglin.web.view import Form, View

KEPT_FOR: Final = timedelta(minutes=10)
KEPT_MOST: Final = 5_000


class Starts:
    """Makes the start page of a portal."""

    def __init__(self, registry: Registry, door: Door) -> None:
        self._registry = registry
        self._door = door
        self._log = structlog.get_logger()

    async def show(self, portal: Portal, principal: Principal, form: Form) -> View:
        """Give the page: each card in a unit of work of its own, so that one that fails leaves the others standing."""
        shown = []
        for card in self._registry.cards(portal, principal.roles):
            try:
                async with self._door.work(principal) as work:
                    view: View | None = await card.show(work, form)
            except OutcomeError as refused:
                self._log.warning("page.card", card=card.title.en, status=refused.status, key=refused.issues[0].key)
                view = View("kit/card-fault.html")
            if view is not None:
                shown.append((card, view))
        return View("start.html", {"portal": portal, "cards": shown})


class Badges:
    """Counts of what is new, for the entries of the menu that have one."""

    def __init__(self, registry: Registry, door: Door) -> None:
        self._pages = tuple(page for page in registry.pages if page.badge is not None)
        self._door = door

    async def count(self, principal: Principal) -> Mapping[str, int]:
        """Count for whoever reads, by the path of the page."""
        found: dict[str, int] = {}
        for page in self._pages:
            if page.badge is not None and page.readers & principal.roles and page.path not in found:
                async with self._door.work(principal) as work:
                    found[page.path] = await page.badge(work)
        return found


class Places:
    """The names of institutions that people act for, as they may read them, kept for some minutes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._kept: dict[str, tuple[datetime, str]] = {}

    def known(self, organization: str | None) -> str:
        """Give the name; empty when it is not known."""
        return self._kept.get(organization or "", (None, ""))[1]

    async def learn(self, principal: Principal) -> None:
        """Read the name of the institution that *principal* acts for, unless it was read lately."""
        named = principal.organization
        now = self._door.clock.now()
        if named is None or (named in self._kept and self._kept[named][0] > now):
            return
        try:
            row = await self._door.auto(principal).read("Organization", named.removeprefix("Organization/"))
            name = document_of(row.body()).get("name", "")
        except OutcomeError as refused:
            if refused.status not in {404, 410}:
                raise
            name = ""
        if len(self._kept) >= KEPT_MOST:
            self._kept.clear()
        self._kept[named] = (now + KEPT_FOR, name)
