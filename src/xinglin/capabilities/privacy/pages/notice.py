"""The notice of processing: for everybody to read, and for residents to take note of when they first sign in."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from xinglin.capabilities.privacy.contract import NOTICE, NOTICE_VERSION, REGISTER
from xinglin.capabilities.privacy.rules import notice, registers
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.sources import cites
from xinglin.security.accounts import RESIDENT_ROLES
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import events, notices
from xinglin.web import __file__ as web
from xinglin.web.format import said
from xinglin.web.view import Form, Language, Redirect, View

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Processor:
    """Who answers for the processing. name, contact: as the operator sets them; empty: not set yet."""

    name: str
    contact: str


@cites("R7-004")
async def show(processor: Processor, work: UnitOfWork, form: Form) -> View:
    """Show the notice; a resident who has not taken note of this version is asked to."""
    language = form.language
    resident = bool(work.principal.roles & set(RESIDENT_ROLES))
    at = await notices.taken(work.executor, work.principal.id, NOTICE_VERSION) if resident else None
    return View(
        "privacy/notice.html",
        {
            "processor": processor,
            "version": NOTICE_VERSION,
            "purposes": [_told(one, ("title", "kinds", "basis", "kept"), language) for one in notice.PURPOSES],
            "automated": [_told(one, ("title", "by", "effect", "person"), language) for one in notice.AUTOMATED],
            "rights": said(notice.RIGHTS, language),
            "children": said(notice.CHILDREN, language),
            "necessity": said(notice.NECESSITY, language),
            "components": components(),
            "entrusted": await _entrusted(work),
            "resident": resident,
            "taken": at.isoformat() if at is not None else "",
            "back": own_path(form["back"]),
        },
    )


@cites("R7-004")
async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Write down that a resident took note of this version."""
    if work.principal.roles & set(RESIDENT_ROLES) and form["version"] == NOTICE_VERSION:
        await notices.take(work.executor, work.principal.id, NOTICE_VERSION, work.now)
        events.note(work, "notice-taken", detail=NOTICE_VERSION)
        return Redirect(own_path(form["back"]) or "/")
    return Redirect(NOTICE)


@cites("R7-061")
@cache
def components() -> tuple[str, ...]:
    """Name the packages of others that stand in our pages; all are served from here, and none sends anything."""
    read: dict[str, Any] = json.loads((Path(web).parent / "vendor.json").read_text(encoding="utf-8"))
    paths = [*read["files"].values(), read["sprite"]["from"]]
    return tuple(sorted({"/".join(one.split("/")[: 2 if one.startswith("@") else 1]) for one in paths}))


def own_path(given: str) -> str:
    """Give a path of ours to go back to; empty when it could lead elsewhere."""
    return given if given.startswith("/") and not given.startswith(("//", "/\\", NOTICE)) and "\\" not in given else ""


async def _entrusted(work: UnitOfWork) -> list[dict[str, str]]:
    """Name those who process on the operator's behalf now: everybody may know (R7-005)."""
    code = f"{REGISTER.system}|entrusted-processor"
    page = await work.platform.find("Basic", code=code, _sort="-created", _count=str(MOST))
    found = [document_of(row.body()) for row in page.matches]
    return [registers.fields_of(one) for one in found if not registers.is_ended(one)]


def _told(one: Any, members: tuple[str, ...], language: Language) -> dict[str, str]:
    shown: dict[str, Text] = {name: getattr(one, name) for name in members}
    return {name: said(text, language) for name, text in shown.items()}
