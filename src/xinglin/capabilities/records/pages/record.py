"""A record: its content as a tree, its versions with their differences, its JSON."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from markupsafe import Markup

from xinglin.capabilities.records.contract import address
from xinglin.capabilities.records.pages.shown import banner, labels, row_of
from xinglin.fhir import narrative
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.signatures import read_line
from xinglin.store import executor
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.diff import changes
from xinglin.web.tree import references, tree
from xinglin.web.view import Form, View

VERSIONS: Final = 50
COLOURED: Final = 200_000  # characters of JSON; colour for more costs the browser too much
_JSON: Final = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)')


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the current version, or the one that is asked for, as a readable tree."""
    try:
        row = await _asked(work, form)
    except OutcomeError as refused:
        if refused.status != 410:
            raise
        return await _deleted(work, form)
    document: dict[str, Any] = document_of(row.body())
    known = await labels(work, references(document), form.language)
    values = {
        "nodes": tree(document, form.language, known, address),
        "narrative": _narrative(document),
        "patient": await banner(work, document, form.language),
        "profiles": document["meta"].get("profile", ()),
        "signatures": await signatures(work, form["type"], form["id"]),
    }
    return View("records/record.html", about(form, row, "content") | values)


async def signatures(work: UnitOfWork, on: str, id: str) -> list[dict[str, object]]:
    """List the signatures of a record, of whatever version, and whether they hold."""
    found = work.door.rulebook.operations.get((on, "verify"))
    if found is None or not work.door.rulebook.may_operate(work.principal, "verify", on):
        return []
    operation, _ = found
    judged = await work.fhir.operate(operation, operation.takes(id))
    lines = [read_line(line) for line in judged.finding]
    return [
        {
            "valid": verdict.valid,
            "what": verdict.target,
            "href": address(of),
            "who": verdict.signer,
            "at": show_as.stamp(datetime.fromisoformat(verdict.time)) if verdict.time else "",
            "certificate": verdict.serial,
            "test": verdict.test,
            "faults": verdict.faults,
        }
        for of, verdict in lines
    ]


async def raw(work: UnitOfWork, form: Form) -> View:
    """Show a version as it is kept, every digit of it."""
    row = await _asked(work, form)
    text = msgspec.json.format(row.body(), indent=2).decode()
    pieces = list(_pieces(text)) if len(text) <= COLOURED else [("", text)]
    return View("records/raw.html", about(form, row, "raw") | {"pieces": pieces, "size": len(row.body())})


async def versions(work: UnitOfWork, form: Form) -> View:
    """List the versions, newest first, and compare two of them: the newest two unless ``a`` and ``b`` say which."""
    on, id = form["type"], form["id"]
    page = await work.fhir.history(on, id, count=VERSIONS, token=form["_page"] or None)
    living = [row for row in page.rows if not row.deleted]
    after = await _version(work, form, living, form["b"] or (str(living[0].vid) if living else ""))
    before = await _version(work, form, living, form["a"] or _older(living, after))
    found = None
    if before is not None and after is not None:
        found = changes(document_of(before.body()), document_of(after.body()), form.language)
    named = [row.vid for row in (before, after) if row is not None]
    values = {
        "versions": [
            {"vid": row.vid, "op": row.op, "at": show_as.stamp(row.ts), "deleted": row.deleted} for row in page.rows
        ],
        "a": before.vid if before else None,
        "b": after.vid if after else None,
        "living": sorted({*(row.vid for row in living), *named}, reverse=True),
        "changes": found,
        "next": f"?_page={page.next_token}" if page.next_token else "",
        "total": page.total,
    }
    return View("records/versions.html", about(form, after or page.rows[0], "versions") | values)


def about(form: Form, row: executor.Row, tab: str) -> dict[str, object]:
    """Give what every page about a record shows: title, tabs, address of its FHIR form."""
    on, id = form["type"], form["id"]
    version = form["version"]
    return {
        "on": on,
        "id": id,
        "row": row_of(row, form.language),
        "vid": row.vid,
        "version": version,
        "tab": tab,
        "here": address(f"{on}/{id}"),
        "fhir": f"{form.base}/{on}/{id}" + (f"/_history/{row.vid}" if version else ""),
        "patient": None,
    }


async def _asked(work: UnitOfWork, form: Form) -> executor.Row:
    if form["version"]:
        return await work.fhir.vread(form["type"], form["id"], form["version"])
    return await work.fhir.read(form["type"], form["id"])


async def _version(work: UnitOfWork, form: Form, known: Sequence[executor.Row], vid: str) -> executor.Row | None:
    if not vid:
        return None
    found = next((row for row in known if str(row.vid) == vid), None)
    return found or await work.fhir.vread(form["type"], form["id"], vid)


def _older(living: Sequence[executor.Row], than: executor.Row | None) -> str:
    return next((str(row.vid) for row in living if than is not None and row.vid < than.vid), "")


async def _deleted(work: UnitOfWork, form: Form) -> View:
    """Say that a record is gone, and lead to what it said before."""
    page = await work.fhir.history(form["type"], form["id"], count=2)
    last = next((row for row in page.rows if not row.deleted), None)
    values = about(form, last or page.rows[0], "content") | {
        "last": last.vid if last else None,
        "at": show_as.stamp(page.rows[0].ts),
    }
    return View("records/deleted.html", values, status=410)


def _narrative(document: dict[str, Any]) -> Markup | None:
    """Give the narrative's markup, which stands in the page as it is: so it is checked once more."""
    told = document.get("text")
    div = told.get("div", "") if isinstance(told, dict) else ""
    return Markup(div) if div and narrative.fault(div) is None else None  # noqa: S704  checked on this line


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Cut JSON text for colouring: (class, text), the class empty for punctuation."""
    at = 0
    for found in _JSON.finditer(text):
        if found.start() > at:
            yield "", text[at : found.start()]
        if found[1] is not None:
            yield ("k" if found[2] else "s"), found[1]
            if found[2]:
                yield "", found[2]
        else:
            yield ("n" if found[3] else "l"), found[0]
        at = found.end()
    if at < len(text):
        yield "", text[at:]
