"""Who looked at my record (谁看过我的档案): in plain words, newest first, with a way to object."""

from xinglin.capabilities.audit.contract import OBJECT, OBJECTIONS, Objection
from xinglin.capabilities.audit.pages.shown import PAGE, named, seen
from xinglin.capabilities.audit.rules import kinds, lines
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, Rejected, View


@cites("R7-041")
async def show(work: UnitOfWork, form: Form) -> View:
    """List who did what with one's record; one's own acts only when asked for."""
    patient = work.principal.patient
    if patient is None:
        return View("audit/looked.html", {"lines": (), "names": {}, "own": False, "next": "", "known": False})
    own = form["own"] == "yes"
    asked = {"patient": patient, "_count": str(PAGE)}
    if form["after"]:
        asked["_page"] = form["after"]
    page = await work.fhir.find("AuditEvent", **asked)
    events = [seen(row) for row in page.matches]
    others = [one for one in events if own or one.who != work.principal.id]
    values = {
        "lines": lines(others),
        "names": await named(work, others),
        "kinds": kinds,
        "own": own,
        "me": work.principal.id,
        "next": page.next_token or "",
        "known": True,
    }
    return View("audit/looked.html", values)


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one act, and the form to object to it."""
    return await _one(work, form, ())


async def send_objection(work: UnitOfWork, form: Form) -> Redirect:
    """Object to an act."""
    try:
        await work.fhir.operate(OBJECT, Objection(form["id"], form["text"]))
    except OutcomeError as refused:
        if refused.status >= 500 or refused.status in {401, 403, 404}:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"/who-looked/{form['id']}?sent=yes")


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    event = seen(await work.fhir.read("AuditEvent", form["id"]))
    objections = await work.platform.find(
        "Task",
        code=f"{OBJECTIONS.system}|access-objection",
        patient=work.principal.patient or "Patient/none",
        focus=f"AuditEvent/{event.id}",
        _count="10",
    )
    values = {
        "event": event,
        "kinds": kinds(event.types),
        "names": await named(work, (event,)),
        "me": work.principal.id,
        "objections": [codec.decode(row.body(), "Task") for row in objections.matches],
        "sent": form["sent"] == "yes",
        "text": form["text"],
        "issues": issues,
    }
    return View("audit/one.html", values, status=422 if issues else 200)
