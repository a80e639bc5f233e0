"""Files of an entry: shown where nothing of them can run, else given to keep; clinical documents as a page."""

from typing import Final

from xinglin.capabilities.health_records.contract import source
from xinglin.capabilities.health_records.operations.files import file_of
from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened, query_of
from xinglin.capabilities.health_records.rules.cda.rendering import rendered
from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.capabilities.health_records.rules.files import (
    SHOWN,
    TEXT,
    File,
    attachments,
    binary,
    data,
    media_type,
    name,
)
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.view import Download, Form, View

LONGEST: Final = 200_000  # bytes of a text that is shown in the page


async def entry(record: Record, type: str, id: str) -> Document:
    """Give an entry of the record; OutcomeError 404 for a type that is none, or for what is not of this patient."""
    if type not in RESOURCES or "patient" not in parameters(type):
        text = f"{type[:60]}/{id[:64]} is not known."
        raise OutcomeError(Issue("not-found", "not-found", text=text), status=404)
    return await record.one(type, id)


def parameters(type: str) -> frozenset[str]:
    """Give the search parameters of a type."""
    return frozenset(PARAMETERS[type])


def files(document: Document, whose: Whose, form: Form) -> list[dict[str, str]]:
    """Name the files of an entry: where each is opened (a page for a clinical document) and where it is kept from.

    elsewhere: the address of what is not on this platform, told but not linked.
    """
    base = source(whose.id, str(document["resourceType"]), str(document.get("id", "")), whose.base)
    more = query_of(form).replace("?", "&")
    found = []
    for at, one in enumerate(attachments(document)):
        kind = media_type(one.get("contentType"))
        here = bool(one.get("data") or binary(one, whose.record.work.door.base_url))
        opens = f"file?n={at}" if kind in SHOWN or kind == TEXT else f"read?n={at}" if "xml" in kind else ""
        if here or one.get("url"):
            found.append(
                {
                    "name": name(one) or kind,
                    "open": f"{base}/{opens}{more}" if here and opens else "",
                    "keep": f"{base}/file?n={at}&keep=1{more}" if here else "",
                    "elsewhere": "" if here else str(one.get("url")),
                }
            )
    return found


def texts(document: Document) -> list[str]:
    """Give the attached texts that are short enough to read in the page."""
    found = []
    for one in attachments(document):
        body = data(one.get("data")) if media_type(one.get("contentType")) == TEXT else None
        if body is not None and len(body) <= LONGEST:
            found.append(body.decode("utf-8", errors="replace"))
    return found


async def show_file(work: UnitOfWork, form: Form) -> Download:
    """Give a file: to show where that is safe, else (and when asked) to keep."""
    whose = await opened(work, form)
    file, called = await _file(whose, form)
    return Download(file.body, file.sent_as, called, inline=file.shown and not form["keep"])


async def show_read(work: UnitOfWork, form: Form) -> View | Download:
    """Show a clinical document (CDA) as a page of ours; any other XML is given to keep."""
    whose = await opened(work, form)
    file, called = await _file(whose, form)
    if not file.cda:
        return Download(file.body, file.sent_as, called)
    made = rendered(file.body)
    values = {
        "paper": made,
        "date": moment(made.date),
        "back": source(whose.id, form["type"], form["rid"], whose.base) + query_of(form),
    }
    return View("health_records/read.html", head(whose, form, "documents") | values)


async def _file(whose: Whose, form: Form) -> tuple[File, str]:
    document = await entry(whose.record, form["type"], form["rid"])
    at = int(form["n"]) if form["n"].isdecimal() and len(form["n"]) < 4 else 0
    file = await file_of(whose.record, document, at)
    return file, name(attachments(document)[at]) or f"{form['rid']}-{at + 1}"
