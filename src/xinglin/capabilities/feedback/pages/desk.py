"""The institution's pages: complaints to take up and to answer; and the commission's list of all of them."""

from typing import Final

from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.contract import Answering, Taking
from xinglin.capabilities.feedback.pages import shown
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.asking import count
from xinglin.web.format import said
from xinglin.web.listing import Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

HERE: Final = Listing(
    name="complaints",
    title=shown.TITLE,
    type="Task",
    where=shown.WHERE,
    columns=shown.COLUMNS,
    filters=(shown.STATE_FILTER,),
    sort="-authored-on",
    href=lambda found: f"{contract.DESK}/{found.id}",
    empty=shown.EMPTY,
)
EVERYWHERE: Final = Listing(
    name="all-complaints",
    title=shown.TITLE,
    type="Task",
    where=shown.WHERE,
    columns=shown.COLUMNS,
    filters=(shown.STATE_FILTER,),
    sort="-authored-on",
    href=lambda found: f"{contract.COMMISSION_LIST}/{found.id}",
    empty=shown.EMPTY,
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List the complaints of one's institution."""
    return await show_list(work, form, HERE)


async def show_all(work: UnitOfWork, form: Form) -> View | Download:
    """List the complaints everywhere, for the commission."""
    return await show_list(work, form, EVERYWHERE)


async def waiting(work: UnitOfWork) -> int:
    """Count the complaints of one's institution that nobody has answered."""
    states = ",".join(f"{contract.STATES.system}|{one}" for one in contract.OPEN)
    return await count(work, "Task", shown.WHERE[0], ("business-status", states))


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show a complaint with what may be done about it now."""
    return await _one(work, form)


async def show_any(work: UnitOfWork, form: Form) -> View:
    """Show a complaint to the commission, which only looks on."""
    view = await _one(work, form)
    return View(view.template, dict(view.values) | {"staff": False})


async def _one(work: UnitOfWork, form: Form, refused: OutcomeError | None = None) -> View:
    task = document_of((await work.fhir.read("Task", form["id"])).body())
    if contract.COMPLAINT.url not in task.get("meta", {}).get("profile", ()):
        raise OutcomeError(not_found("Task", form["id"]))
    values = await shown.values(work, task, form.language)
    values |= {
        "staff": True,
        "reasons": [(code, said(text, form.language)) for code, text in contract.DECLINED.codes.items()],
        "typed": {name: form[name] for name in ("answer", "mended", "percent", "note")},
        "issues": [{"key": one.key, "text": one.text} for one in refused.issues] if refused else [],
    }
    return View("feedback/complaint.html", values, status=422 if refused else 200)


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Take it up, decline it, or answer."""
    try:
        if form["do"] == "answer":
            percent = int(form["percent"]) if form["percent"].isdecimal() else 0
            given = Answering(form["id"], form["answer"], form["mended"], percent)
            await work.fhir.operate(contract.REPLY, given)
        else:
            declined = form["declined"] if form["do"] == "decline" else ""
            several = form["do"] == "several"
            await work.fhir.operate(contract.TAKE, Taking(form["id"], several, declined, form["note"]))
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
        raise Rejected(await _one(work, form, refused)) from refused
    return Redirect(f"{contract.DESK}/{form['id']}")
