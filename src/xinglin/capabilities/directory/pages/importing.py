"""Importing a table: a template, what the file would change, and applying it."""

from typing import Any, Final

from xinglin.capabilities.directory.contract import IMPORT, TASKS
from xinglin.capabilities.directory.operations import importing
from xinglin.capabilities.directory.operations.files import KINDS, ROWS_MOST, template
from xinglin.capabilities.directory.operations.importing import STATES, Row
from xinglin.capabilities.directory.operations.reading import document
from xinglin.capabilities.directory.rules.fields import FIELDS, told
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment, said
from xinglin.web.view import Download, Form, Redirect, Rejected, View

SHOWN: Final = 200
BEFORE: Final = 20
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TONES: Final = {"faulty": "danger", "new": "success", "changed": "warning", "unchanged": "neutral"}


async def show(work: UnitOfWork, form: Form, *, path: str, kinds: tuple[str, ...]) -> View | Download:
    """Ask for a file, or give a template."""
    if form["template"] in kinds:
        return Download(template(form["template"], form.language), XLSX, f"{form['template']}.xlsx")
    return await _ask(work, form, path, kinds, ())


async def send(work: UnitOfWork, form: Form, *, path: str, kinds: tuple[str, ...]) -> Redirect:
    """Keep the file and lead to its preview."""
    file = form.file("file")
    if file is None or form["kind"] not in kinds:
        missing = Issue("required", "table-missing", "file", "Choose a file.")
        raise Rejected(await _ask(work, form, path, kinds, (missing,)))
    try:
        id = await importing.keep(work, form["kind"], file.name, file.content)
    except OutcomeError as refused:
        raise Rejected(await _ask(work, form, path, kinds, refused.issues)) from refused
    return Redirect(f"{path}/{id}")


async def show_one(work: UnitOfWork, form: Form, *, path: str) -> View:
    """Show what a file would change, or what it did."""
    return await _one(work, form, path, ())


async def send_one(work: UnitOfWork, form: Form, *, path: str) -> Redirect:
    """Apply or undo an import."""
    try:
        await (importing.undo if form["act"] == "undo" else importing.apply)(work, form["id"])
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, form, path, refused.issues)) from refused
    return Redirect(f"{path}/{form['id']}")


async def _ask(work: UnitOfWork, form: Form, path: str, kinds: tuple[str, ...], issues: tuple[Issue, ...]) -> View:
    page = await work.fhir.find("Task", code=f"{TASKS}|{IMPORT}", _sort="-authored-on", _count=str(BEFORE))
    return View(
        "directory/import.html",
        {
            "kinds": kinds,
            "kind": form["kind"],
            "most": ROWS_MOST,
            "path": path,
            "issues": issues,
            "imports": [_import(document_of(row.body())) for row in page.matches],
        },
        status=422 if issues else 200,
    )


def _import(task: dict[str, Any]) -> dict[str, str]:
    return {
        "id": str(task["id"]),
        "name": importing.name_of(task),
        "kind": importing.kind_of(task),
        "at": moment(str(task.get("authoredOn", ""))),
        "status": str(task["status"]),
    }


async def _one(work: UnitOfWork, form: Form, path: str, issues: tuple[Issue, ...]) -> View:
    task = await document(work.fhir, "Task", form["id"])
    if importing.kind_of(task) not in KINDS:
        raise OutcomeError(Issue("not-found", "not-found", text="There is no such import."))
    counts, shown, status = importing.counted(task), [], str(task["status"])
    lines = importing.lines_of(task)
    if status == "draft":
        counts = dict.fromkeys((*STATES, "done"), 0)
        kept: dict[str, list[Row]] = {state: [] for state in STATES}
        async for row in importing.plan(work, importing.kind_of(task), str(task["focus"]["reference"]), lines):
            counts[row.state] += 1
            if len(kept[row.state]) < SHOWN:
                kept[row.state].append(row)
        shown = [one for state in STATES for one in kept[state]][:SHOWN]
    return View(
        "directory/imported.html",
        {
            "task": _import(task),
            "counts": [(state, counts[state], TONES[state]) for state in STATES],
            "faulty": counts["faulty"],
            "to_apply": counts["new"] + counts["changed"],
            "done": counts["done"],
            "whole": len(lines),
            "rows": [_row(one, form) for one in shown],
            "cut": status == "draft" and len(lines) > len(shown),
            "most": SHOWN,
            "path": f"{path}/{form['id']}",
            "back": path,
            "issues": issues,
        },
        status=422 if issues else 200,
    )


def _row(one: Row, form: Form) -> dict[str, Any]:
    return {
        "number": one.number,
        "label": one.label,
        "state": one.state,
        "tone": TONES[one.state],
        "changes": [
            (said(field.title, form.language), told(field, before, form.language), told(field, after, form.language))
            for field, before, after in one.changes
        ],
        "faults": [(_title(one, issue, form), issue) for issue in one.faults],
    }


def _title(_row: Row, issue: Issue, form: Form) -> str:
    return next(
        (said(one.title, form.language) for fields in FIELDS.values() for one in fields if one.name == issue.where), ""
    )
