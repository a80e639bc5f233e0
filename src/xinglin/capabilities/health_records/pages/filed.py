"""Taking in a shared document of elsewhere: the file, what of it is new, and filing that."""

import base64

from xinglin.capabilities.health_records.contract import FILE, IMPORT, Filing, Import, source
from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.operations import filing
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened
from xinglin.capabilities.health_records.rules.documents import when
from xinglin.capabilities.health_records.rules.filing import Proposal
from xinglin.capabilities.health_records.rules.narratives import line
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Binary
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.names import type_name
from xinglin.web.view import Form, Redirect, Rejected, View


async def show_import(work: UnitOfWork, form: Form) -> View:
    """Ask for the file of a document."""
    return _asking(await opened(work, form), form, ())


async def send_import(work: UnitOfWork, form: Form) -> Redirect:
    """Check and keep the document, and lead to what it holds."""
    whose = await opened(work, form)
    file = form.file("file")
    if file is None or not file.content:
        raise Rejected(_asking(whose, form, (Issue("required", "no-document", "file", "Choose a file."),)))
    given = Binary(contentType="application/xml", data=base64.b64encode(file.content).decode("ascii"))
    try:
        kept = await work.fhir.operate(IMPORT, Import(f"Patient/{whose.id}", given))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404} or refused.status >= 500:
            raise
        raise Rejected(_asking(whose, form, refused.issues)) from refused
    return Redirect(_here(whose, str(kept.id)))


async def show(work: UnitOfWork, form: Form) -> View:
    """Show what of a document is new, what stands in the record already, and what stays in the document alone."""
    whose = await opened(work, form)
    return await _previewed(whose, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """File what was chosen."""
    whose = await opened(work, form)
    chosen = tuple(form.all("entry"))
    if not chosen:
        nothing = Issue("required", "nothing-chosen", "entry", "Choose at least one entry.")
        raise Rejected(await _previewed(whose, form, (nothing,)))
    document = await whose.record.one("DocumentReference", form["rid"])
    try:
        await work.fhir.operate(FILE, Filing(str(document["id"]), chosen))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404} or refused.status >= 500:
            raise
        raise Rejected(await _previewed(whose, form, refused.issues)) from refused
    return Redirect(_here(whose, form["rid"]))


def _here(whose: Whose, rid: str) -> str:
    return f"{address(whose.id, whose.base)}/filing/{rid}"


def _asking(whose: Whose, form: Form, issues: tuple[Issue, ...]) -> View:
    values = {"issues": issues}
    return View("health_records/import.html", head(whose, form, "documents") | values, status=422 if issues else 200)


async def _previewed(whose: Whose, form: Form, issues: tuple[Issue, ...]) -> View:
    found = await filing.preview(whose.record, form["rid"])
    new = [one for one in found.proposals if not one.same]
    known = [one for one in found.proposals if one.same]
    values = {
        "title": str(found.document.get("description") or ""),
        "date": moment(when(found.document)),
        "read": f"{source(whose.id, 'DocumentReference', form['rid'], whose.base)}/read?n=0",
        "new": [_row(one, whose, form) for one in new],
        "known": [_row(one, whose, form) for one in known],
        "left": [(type_name(str(one["resourceType"]), form.language), line(one)) for one in found.left],
        "unread": found.unread,
        "issues": issues,
    }
    return View("health_records/filing.html", head(whose, form, "documents") | values, status=422 if issues else 200)


def _row(one: Proposal, whose: Whose, form: Form) -> dict[str, str]:
    type, _, id = one.same.partition("/")
    return {
        "key": one.key,
        "kind": type_name(one.type, form.language),
        "text": one.text,
        "href": source(whose.id, type, id, whose.base) if id else "",
    }
