"""The reviewer's list of copies without identity that were asked for."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.privacy.contract import COPY_CODE, JUDGE_COPY, Judging
from xinglin.capabilities.privacy.operations.copies import asker_of, project_of
from xinglin.capabilities.privacy.pages import words
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.names import type_name
from xinglin.web.view import Download, Form, Redirect, Rejected, View

LIST: Final = "/security/copies"
TITLE: Final = Text("去标识化复核", "Copies without identity")
TONES: Final = {"requested": "warning", "completed": "success", "rejected": "neutral"}


def _what(found: Found) -> str:
    return type_name(str(found.document["focus"]["reference"]).partition("/")[0], found.language)


def _state(found: Found) -> Cell:
    code = str(found.document["status"])
    return Cell(words.said(f"copy.{code}", found.language), TONES[code])


COPIES: Final = Listing(
    name="copies",
    title=TITLE,
    type="Task",
    where=(("code", COPY_CODE),),
    columns=(
        Column(words.text("copy.what"), _what),
        Column(words.text("copy.reason"), lambda found: str(found.document["description"])),
        Column(words.text("copy.project"), lambda found: project_of(dict(found.document))),
        Column(words.text("copy.asker"), lambda found: asker_of(dict(found.document))),
        Column(words.text("request.at"), lambda found: moment(str(found.document["authoredOn"])), "authored-on"),
        Column(words.text("request.outcome"), _state),
    ),
    filters=(
        Filter(
            "state",
            words.text("request.outcome"),
            "choice",
            options=tuple((code, words.text(f"copy.{code}")) for code in TONES),
            ask=lambda code: (("status", code),),
            default="requested",
            tabs=True,
        ),
        Filter("day", words.text("request.at"), "days", "authored-on"),
    ),
    sort="authored-on",
    empty=Empty("circle-check", words.text("copies.none"), words.text("copies.none-what")),
    template="privacy/copies.html",
    headed=False,
)


async def waiting(work: UnitOfWork) -> int:
    """Count the requests that wait."""
    return await work.fhir.count("Task", code=COPY_CODE, status="requested")


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List requests; the oldest that waits stands first."""
    return await show_list(work, form, COPIES, {"filled": form, "faulty": ()})


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Review one."""
    try:
        await work.fhir.operate(JUDGE_COPY, Judging(form["task"], form["do"] == "approve", form["note"]))
    except OutcomeError as refused:
        own = refused.issues[0].key == "copy-own"
        if refused.status == 404 or (refused.status == 403 and not own):
            raise
        asked = replace(form, pairs=form.without("state"))
        view = await view_list(work, asked, COPIES, {"filled": form, "faulty": refused.issues}, status=422)
        raise Rejected(view) from refused
    return Redirect(LIST)
