"""The outbox of an institution: states, what failed, sending again, and telling by telephone."""

from typing import Final

from xinglin.capabilities.notifications.contract import CALL, NOTICES, OUTBOX, RESEND, TOLD, Called, One
from xinglin.capabilities.notifications.pages import shown
from xinglin.capabilities.notifications.pages.health import of_channels
from xinglin.capabilities.notifications.rules import messages as rules
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web import cells
from xinglin.web.cards import Figure, figures
from xinglin.web.format import said
from xinglin.web.listing import Column, Empty, Filter, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

ACTS: Final = {"again": RESEND, "told": TOLD}
# What is counted above the list: search, state, tone.
STATES: Final[tuple[tuple[dict[str, str], str, str], ...]] = (
    ({"status": "preparation"}, "queued", "neutral"),
    ({"status": "in-progress"}, "sent", "neutral"),
    ({"status": "completed", "received:missing": "true"}, "delivered", "neutral"),
    ({"status": "completed", "received:missing": "false"}, "read", "neutral"),
    ({"status": "stopped"}, "failed", "danger"),
)
LISTING: Final = Listing(
    name="outbox",
    title=Text("消息发送", "Outbox"),
    type="Communication",
    where=(("category", f"{NOTICES}|"),),
    columns=(
        Column(Text("消息", "Message"), shown.title),
        Column(Text("收件人", "Recipient"), cells.words("recipient.display")),
        Column(Text("时间", "When"), cells.when("sent"), sort="sent"),
        Column(Text("状态", "State"), shown.state),
    ),
    filters=(
        Filter(
            "status",
            Text("状态", "State"),
            "choice",
            options=tuple((status, shown.WORDS[state][0]) for status, state in rules.STATES.items()),
        ),
        Filter("sent", Text("时间", "When"), "days"),
    ),
    sort="-sent",
    href=lambda found: f"{OUTBOX}/{found.id}",
    more=shown.titles,
    template="notifications/outbox.html",
    empty=Empty(
        "mail",
        Text("还没有发出的消息", "Nothing sent yet"),
        Text(
            "平台替本机构发给居民和职工的消息会列在这里；没有送达的转为电话告知。",
            "Messages to residents and staff stand here; who was not reached is called.",
        ),
    ),
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List what was sent for the institution, with counts by state and how the channels do."""
    values = {"figures": await _figures(work), "health": await of_channels(work, form.language)}
    return await show_list(work, form, LISTING, values)


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show the tries of a message; of one that failed, when it is asked for, whom to call."""
    if form["call"] != "yes":
        return await _one(work, form)
    try:
        called = await work.fhir.operate(CALL, One(form["id"]))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404}:
            raise
        return await _one(work, form, refused.issues)
    return await _one(work, form, called=called)


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Send it again, or note that the recipient was told."""
    operation = ACTS.get(form["do"])
    if operation is None:
        raise OutcomeError(Issue("value", "message-act", "do", "Send it again, or say that they were told."))
    try:
        await work.fhir.operate(operation, One(form["id"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404}:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"{OUTBOX}/{form['id']}?done={form['do']}")


async def card(work: UnitOfWork, _form: Form) -> View | None:
    """Say how many are to be called; nothing when none is."""
    failed = await work.fhir.count("Communication", category=f"{NOTICES}|", status="stopped")
    calls = Figure(Text("待电话告知", "To be called"), failed, f"{OUTBOX}?status=stopped", "warning")
    return figures((calls,)) if failed else None


async def _figures(work: UnitOfWork) -> list[Figure]:
    found = []
    for asked, state, tone in STATES:
        number = await work.fhir.count("Communication", category=f"{NOTICES}|", **asked)
        query = "&".join(f"{name}={value}" for name, value in asked.items() if name == "status")
        found.append(Figure(shown.WORDS[state][0], number, f"{OUTBOX}?{query}", tone))
    return found


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...] = (), called: Called | None = None) -> View:
    document = document_of((await work.fhir.read("Communication", form["id"])).body())
    if not rules.kind_of(document):
        raise OutcomeError(not_found("Communication", form["id"]))
    text, tone = shown.WORDS[rules.state_of(document)]
    values = {
        "title": shown.title_of(document, await shown.titles(work, ()), form.language),
        "sent": document.get("sent", ""),
        "received": document.get("received", ""),
        "person": document["recipient"][0].get("display", ""),
        "state": said(text, form.language),
        "tone": tone,
        "tries": shown.tries(document, form.language),
        "failed": rules.state_of(document) == "failed",
        "done": form["done"],
        "called": called,
        "issues": issues,
        "back": OUTBOX,
    }
    return View("notifications/sent.html", values, status=422 if issues else 200)
