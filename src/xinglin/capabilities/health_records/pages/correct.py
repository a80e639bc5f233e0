"""Ask to correct the record; answer such requests; take a copy of the record along."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.health_records.contract import (
    ASK_CORRECTION,
    DECIDE_CORRECTION,
    DESK,
    Correction,
    Decision,
    source,
)
from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.operations import correcting
from xinglin.capabilities.health_records.operations.names import LOCAL, look_up
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.documents import Document, reference
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.brief import name
from xinglin.web.format import moment
from xinglin.web.names import type_name
from xinglin.web.view import Download, Form, Redirect, Rejected, View

BATCH: Final = 500
MOST: Final = 50_000


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the form to ask for a correction, and what was asked before with its answers."""
    whose = await opened(work, form)
    return await _asking(whose, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Ask for a correction."""
    whose = await opened(work, form)
    try:
        await work.fhir.operate(ASK_CORRECTION, Correction(whose.id, form["entry"], form["text"]))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404} or refused.status >= 500:
            raise
        raise Rejected(await _asking(whose, form, refused.issues)) from refused
    return Redirect(f"{address(whose.id, whose.base)}/correct?sent=yes")


async def _asking(whose: Whose, form: Form, issues: tuple[Issue, ...]) -> View:
    tasks = await correcting.asked(whose.record)
    names = await look_up(whose.record, tasks)
    teller = Teller(whose, names, form)
    found = LOCAL.match(form["entry"])
    entry = await whose.record.one(found["type"], found["id"]) if found and found["type"] != "Patient" else None
    values = {
        "entry": form["entry"] if entry is not None else "",
        "about_entry": "" if entry is None else teller.called(entry),
        "text": form["text"],
        "issues": issues,
        "sent": form["sent"] == "yes",
        "asked": [
            {
                "date": moment(str(one.get("authoredOn", "")))[:10],
                "text": str(one.get("description", "")),
                "status": str(one.get("status", "")),
                "owner": words.person(one.get("owner"), names, form.language),
                "answer": "".join(str(note.get("text", "")) for note in one.get("note", ())),
            }
            for one in tasks
        ],
    }
    return View("health_records/correct.html", head(whose, form, "") | values, status=422 if issues else 200)


async def show_waiting(work: UnitOfWork, form: Form) -> View:
    """List what residents ask of one's institution to correct."""
    return await _waiting(work, form, ())


async def send_decision(work: UnitOfWork, form: Form) -> Redirect:
    """Answer a request."""
    try:
        await work.fhir.operate(DECIDE_CORRECTION, Decision(form["task"], form["outcome"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404} or refused.status >= 500:
            raise
        raise Rejected(await _waiting(work, form, refused.issues)) from refused
    return Redirect(f"{DESK.path}?done=yes")


async def _waiting(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    status = form["status"] if form["status"] in {"requested", "completed", "rejected"} else "requested"
    tasks, following = await correcting.waiting(work, status, form[TOKEN])
    people = await _people(work, tasks)
    values = {
        "status": status,
        "issues": issues,
        "done": form["done"] == "yes",
        "tasks": [_task(one, people, form) for one in tasks],
        "next": f"?status={status}&{TOKEN}={following}" if following else "",
        "filled": form,
    }
    return View("health_records/corrections.html", values, status=422 if issues else 200)


def _task(one: Document, people: Mapping[str, Document], form: Form) -> dict[str, Any]:
    patient = reference(one.get("for"))
    id = patient.removeprefix("Patient/")
    focus = LOCAL.match(reference(one.get("focus")))
    seen = people.get(id)
    names: list[dict[str, Any]] = (seen.get("name") if seen else None) or [{}]
    return {
        "id": str(one["id"]),
        "date": moment(str(one.get("authoredOn", ""))),
        "text": str(one.get("description", "")),
        "who": name(names[0]) or id,
        "href": address(id) if seen else "",
        "about": type_name(focus["type"], form.language) if focus else "",
        "about_href": source(id, focus["type"], focus["id"]) if seen and focus and focus["type"] != "Patient" else "",
        "answer": "".join(str(note.get("text", "")) for note in one.get("note", ())),
    }


async def _people(work: UnitOfWork, tasks: list[Document]) -> dict[str, Document]:
    """Give those of the patients whom the reader may see: a request shows nothing of a record beyond itself."""
    ids = sorted({reference(one.get("for")).removeprefix("Patient/") for one in tasks})
    if not ids or work.fhir.reach("search", "Patient").nothing:
        return {}
    page = await work.fhir.find("Patient", _id=",".join(ids), _count=str(len(ids)))
    return {row.id: document_of(row.body()) for row in page.matches}


@cites("R8-030")
async def show_export(work: UnitOfWork, form: Form) -> Download:
    """Give everything of the record that the reader may see, as a Bundle."""
    whose = await opened(work, form)
    entries = [entry async for entry in _everything(whose.record)]
    body = b'{"resourceType":"Bundle","type":"collection","timestamp":%b,"entry":[%b]}' % (
        bytes_of(work.now.isoformat()),
        b",".join(b'{"resource":%b}' % one for one in entries),
    )
    return Download(body, "application/fhir+json", f"{head(whose, form, '')['name']}-{work.now:%Y%m%d}.json")


async def _everything(record: Record) -> AsyncIterator[bytes]:
    """Give the resources of the patient's compartment, page by page."""
    base = record.work.door.base_url
    query = replace(parse(None, [], base_url=base, compartment=("Patient", record.id)), count=BATCH)
    seen = 0
    while True:
        page = await record.work.fhir.search(query)
        for row in page.matches:
            yield row.body()
        seen += len(page.matches)
        if page.next_token is None:
            return
        if seen >= MOST:
            text = f"The record has more than {MOST} entries; fetch it by Patient/$everything."
            raise OutcomeError(Issue("too-costly", "record-too-large", text=text), status=400)
        query = replace(query, token=page.next_token)
