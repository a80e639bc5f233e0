"""Ask to correct the record; answer such requests; take a copy of the record along."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.health_records.contract import (
    ASK_CORRECTION,
    DECIDE_CORRECTION,
    DESK,
    REQUESTS,
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
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.brief import name
from xinglin.web.catalogue import LANGUAGES, texts
from xinglin.web.format import moment, said
from xinglin.web.listing import Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.names import type_name
from xinglin.web.view import Download, Form, Language, Redirect, Rejected, View

PACKAGE: Final = "xinglin.capabilities.health_records"
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


WAITING: Final = "requested"
PEOPLE: Final = "people"


def _said(key: str) -> Text:
    return Text(*(texts(PACKAGE)[language](f"health_records.{key}") for language in LANGUAGES))


async def _about(work: UnitOfWork, tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {PEOPLE: await _people(work, tasks)}


def _shown(found: Found) -> dict[str, Any]:
    return _task(found.document, found.more[PEOPLE], found.language)


def _cell(member: str) -> Callable[[Found], str]:
    return lambda found: str(_shown(found)[member])


ASKED: Final = Listing(
    name="corrections",
    title=_said("corrections"),
    type="Task",
    where=(("code", f"{REQUESTS.system}|correction"),),
    columns=(
        Column(Text("居民", "Resident"), _cell("who")),
        Column(Text("提交时间", "Asked"), _cell("date"), "authored-on"),
        Column(Text("关于", "About"), _cell("about")),
        Column(Text("内容", "Text"), _cell("text")),
        Column(Text("状态", "State"), lambda found: said(_said(f"correct.status.{_status(found)}"), found.language)),
        Column(Text("答复", "Answer"), _cell("answer")),
    ),
    filters=(
        Filter(
            "status",
            Text("状态", "State"),
            "choice",
            options=tuple((one, _said(f"correct.status.{one}")) for one in (WAITING, "completed", "rejected")),
            default=WAITING,
            tabs=True,
        ),
        Filter("day", Text("提交日期", "Asked"), "days", "authored-on"),
    ),
    sort="-authored-on",
    more=_about,
    empty=Empty("pencil", _said("correct.none"), _said("correct.none-what")),
    template="health_records/corrections.html",
    headed=False,
)


def _status(found: Found) -> str:
    status = str(found.document.get("status", ""))
    return status if status in {"completed", "rejected"} else WAITING


def _here(work: UnitOfWork) -> Listing:
    """Ask for what is asked of one's own institution; without one, nothing."""
    owner = work.principal.organization or "Organization/none"
    return replace(ASKED, where=(*ASKED.where, ("owner", owner)))


async def show_waiting(work: UnitOfWork, form: Form) -> View | Download:
    """List what residents ask of one's institution to correct."""
    return await show_list(work, form, _here(work), _values(form, ()))


def _values(form: Form, issues: tuple[Issue, ...]) -> dict[str, object]:
    return {"faulty": issues, "done": form["done"] == "yes", "filled": form, "shown": _shown}


async def send_decision(work: UnitOfWork, form: Form) -> Redirect:
    """Answer a request."""
    try:
        await work.fhir.operate(DECIDE_CORRECTION, Decision(form["task"], form["outcome"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404} or refused.status >= 500:
            raise
        view = await view_list(work, form, _here(work), _values(form, refused.issues), status=422)
        raise Rejected(view) from refused
    return Redirect(f"{DESK.path}?done=yes")


def _task(one: Mapping[str, Any], people: Mapping[str, Document], language: Language) -> dict[str, Any]:
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
        "about": type_name(focus["type"], language) if focus else "",
        "about_href": source(id, focus["type"], focus["id"]) if seen and focus and focus["type"] != "Patient" else "",
        "answer": "".join(str(note.get("text", "")) for note in one.get("note", ())),
    }


async def _people(work: UnitOfWork, tasks: Sequence[Mapping[str, Any]]) -> dict[str, Document]:
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
