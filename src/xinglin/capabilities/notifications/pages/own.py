"""One's own messages: the list, one that is read on opening, the card, and what one wants to be sent."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.notifications.contract import (
    CONTACTS,
    NOTICES,
    OWN,
    READ,
    READ_ALL,
    REFUSE,
    SETTINGS,
    Mine,
    One,
    Refusing,
)
from xinglin.capabilities.notifications.operations.handle import recipients
from xinglin.capabilities.notifications.operations.handle import unread as new_ones
from xinglin.capabilities.notifications.operations.preferences import Refusals, refused_by
from xinglin.capabilities.notifications.pages import shown
from xinglin.capabilities.notifications.rules.messages import CHOICES
from xinglin.fhir.declarations import CHANNELS, Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import RESIDENT
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web import cells
from xinglin.web.cards import Line, Link, lines
from xinglin.web.format import moment
from xinglin.web.listing import Column, Empty, Filter, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, View

NOBODY: Final = "Patient/none"
LATEST: Final = 3
LISTING: Final = Listing(
    name="messages",
    title=Text("我的消息", "My messages"),
    type="Communication",
    columns=(
        Column(Text("消息", "Message"), shown.title),
        Column(Text("时间", "When"), cells.when("sent"), sort="sent"),
        Column(Text("状态", "State"), shown.opened),
    ),
    filters=(
        Filter(
            "read",
            Text("状态", "State"),
            "choice",
            options=(("no", Text("未读", "New")), ("yes", Text("已读", "Read"))),
            ask=lambda value: (("received:missing", "true" if value == "no" else "false"),),
        ),
    ),
    sort="-sent",
    href=lambda found: f"{OWN}/{found.id}",
    more=shown.titles,
    empty=Empty(
        "mail",
        Text("还没有消息", "No messages yet"),
        Text("预约、结果和账户安全的提醒会出现在这里。", "What concerns your record and account is told here."),
    ),
    template="notifications/own.html",
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List one's messages, newest first."""
    mine = ",".join(recipients(work)) or NOBODY
    listing = replace(
        LISTING,
        where=(("category", f"{NOTICES}|"), ("recipient", mine)),
        filters=(*LISTING.filters, _kinds(work)),
    )
    resident = bool(work.principal.roles & RESIDENT.roles)
    values = {
        "settings": SETTINGS if resident and work.principal.patient else "",
        "contacts": "" if resident else CONTACTS,
        "unread": await new_ones(work, Mine()),
        "done": form["done"],
    }
    return await show_list(work, form, listing, values)


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Mark all as read."""
    if form["do"] != "read-all":
        raise OutcomeError(Issue("value", "message-act", "do", "Mark all as read."))
    await work.fhir.operate(READ_ALL, Mine())
    return Redirect(f"{OWN}?done=all")


async def unread(work: UnitOfWork) -> int:
    """Count what is new, for the entry of the menu."""
    return await new_ones(work, Mine())


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show a message, which is read from now on."""
    document = document_of((await work.fhir.read("Communication", form["id"])).body())
    titles = await shown.titles(work, ())
    if document["recipient"][0].get("reference") not in recipients(work):
        raise OutcomeError(not_found("Communication", form["id"]))
    await work.fhir.operate(READ, One(form["id"]))
    values = {
        "title": shown.title_of(document, titles, form.language),
        "text": document["payload"][0].get("contentString", ""),
        "sent": document.get("sent", ""),
        "person": document["recipient"][0].get("display", ""),
        "others": len(work.principal.patients) > 1,
        "back": OWN,
    }
    return View("notifications/one.html", values)


async def card(work: UnitOfWork, form: Form) -> View | None:
    """Show the messages that one has not opened; no card when there is none."""
    mine = ",".join(recipients(work))
    if not mine:
        return None
    asked = {"category": f"{NOTICES}|", "recipient": mine, "received:missing": "true"}
    try:
        page = await work.fhir.find("Communication", _sort="-sent", _count=str(LATEST), _total="accurate", **asked)
    except OutcomeError as refused:
        if refused.status != 403:
            raise
        return None
    titles = await shown.titles(work, ())
    found = [document_of(row.body()) for row in page.matches]
    items = [
        Line(f"{OWN}/{one['id']}", shown.title_of(one, titles, form.language), moment(one["sent"]), icon="mail")
        for one in found
    ]
    count = page.total if page.total is not None else len(items)
    return lines(items, more=Link(Text(f"全部 {count} 条未读", f"All {count} new messages"), f"{OWN}?read=no"))


async def show_settings(work: UnitOfWork, form: Form) -> View:
    """Show which kinds one is sent."""
    return await _settings(work, form)


async def send_settings(work: UnitOfWork, form: Form) -> Redirect:
    """Keep which kinds one wants to be sent."""
    wanted = frozenset(form.all("wanted"))
    optional = (code for code, kind in work.door.rulebook.notices.items() if kind.optional)
    by = frozenset(form.all("by"))
    kinds = tuple(code for code in optional if code not in wanted)
    await work.fhir.operate(REFUSE, Refusing(kinds, tuple(one for one in CHOICES if one not in by)))
    return Redirect(f"{SETTINGS}?saved=yes")


async def _settings(work: UnitOfWork, form: Form) -> View:
    person = work.principal.patient
    refused = await refused_by(work, person) if person else Refusals()
    kinds = [
        {"code": kind.code, "title": kind.title, "optional": kind.optional, "wanted": kind.code not in refused.kinds}
        for kind in work.door.rulebook.notices.values()
        if kind.to == "resident"
    ]
    ways = [
        {"code": one, "title": shown.CHANNELS[one], "optional": one in CHOICES, "wanted": one not in refused.channels}
        for one in CHANNELS
    ]
    values = {
        "kinds": kinds,
        "ways": ways,
        "contacts": CONTACTS,
        "saved": form["saved"] == "yes",
        "known": person is not None,
        "back": OWN,
    }
    return View("notifications/settings.html", values)


def _kinds(work: UnitOfWork) -> Filter:
    """Give the filter by kind: those that the reader may be sent."""
    to = "resident" if work.principal.roles & RESIDENT.roles else "staff"
    kinds = (kind for kind in work.door.rulebook.notices.values() if kind.to == to)
    options = tuple((f"{NOTICES}|{kind.code}", kind.title) for kind in kinds)
    return Filter("category", Text("类别", "Kind"), "choice", options=options)
