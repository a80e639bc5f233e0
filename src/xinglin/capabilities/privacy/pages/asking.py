"""Copies without identity, for who needs them: asking for one, what became of it, and the file."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.privacy.contract import ASK_COPY, COPY_CODE, FETCH_COPY, Copying, Fetching
from xinglin.capabilities.privacy.operations.copies import MEDIA, project_of
from xinglin.capabilities.privacy.pages import words
from xinglin.capabilities.privacy.pages.copies import TONES
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.security.deidentify import refusals
from xinglin.security.labels import belongs
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.names import type_name
from xinglin.web.view import Download, Form, Redirect, Rejected, View

RESEARCH: Final = "/research/copies"
CLINIC: Final = "/clinic/copies"
TITLE: Final = Text("去标识化副本", "Copies without identity")
KINDS: Final = tuple(sorted(one for one in RESOURCES if belongs(one) and not refusals(one)))


def _what(found: Found) -> str:
    name = type_name(str(found.document["focus"]["reference"]).partition("/")[0], found.language)
    return words.said("copy.file", found.language, what=name) if _file(found) else name


def _file(found: Found) -> str:
    # Relative, as the list stands in two portals.
    return f"copies/{found.id}/file" if found.document["status"] == "completed" else ""


def _state(found: Found) -> Cell:
    code = str(found.document["status"])
    return Cell(words.said(f"copy.{code}", found.language), TONES[code])


def _answer(found: Found) -> str:
    return " ".join(str(one.get("text", "")) for one in found.document.get("note", ()))


ASKED: Final = Listing(
    name="copies-asked",
    title=TITLE,
    type="Task",
    where=(("code", COPY_CODE),),
    columns=(
        Column(words.text("copy.what"), _what),
        Column(words.text("copy.project"), lambda found: project_of(dict(found.document))),
        Column(words.text("request.at"), lambda found: moment(str(found.document["authoredOn"])), "authored-on"),
        Column(words.text("request.outcome"), _state),
        Column(words.text("copy.note"), _answer),
    ),
    filters=(
        Filter(
            "state",
            words.text("request.outcome"),
            "choice",
            options=tuple((code, words.text(f"copy.{code}")) for code in TONES),
            ask=lambda code: (("status", code),),
        ),
        Filter("day", words.text("request.at"), "days", "authored-on"),
    ),
    sort="-authored-on",
    href=_file,
    empty=Empty("copy", words.text("copies.asked-none"), words.text("copies.asked-none-what")),
    template="privacy/asking.html",
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List what one asked for, below the form."""
    return await show_list(work, form, ASKED, _values(form))


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Ask for a copy; what one may not read is told as what is not there."""
    resource = f"{form['type']}/{form['record'].strip().removeprefix(form['type'] + '/')}"
    try:
        await work.fhir.operate(ASK_COPY, Copying(resource, form["project"].strip(), form["reason"]))
    except OutcomeError as refused:
        if refused.status == 403:
            raise
        view = await view_list(
            work, replace(form, pairs=()), ASKED, _values(form) | {"faulty": refused.issues}, status=422
        )
        raise Rejected(view) from refused
    return Redirect(_here(work))


async def file(work: UnitOfWork, form: Form) -> Download:
    """Give a copy that was approved, to who asked for it."""
    text = await work.fhir.operate(FETCH_COPY, Fetching(form["id"]))
    return Download(text.encode(), MEDIA, f"copy-{form['id']}.json")


def _here(work: UnitOfWork) -> str:
    return RESEARCH if "researcher" in work.principal.roles else CLINIC


def _values(form: Form) -> dict[str, object]:
    return {"filled": form, "faulty": (), "kinds": KINDS}
