"""A record: its content as a tree, its versions with their differences, its JSON."""

import re
from collections.abc import Iterator
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

from xinglin.capabilities.records.contract import address
from xinglin.capabilities.records.pages.shown import row_of
from xinglin.capabilities.records.rules import tree as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.r4 import RESOURCES
from xinglin.store import executor
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web import names
from xinglin.web.view import Form, Language, View

VERSIONS: Final = 50
_JSON: Final = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)')
_SYSTEMS: Final = {
    "http://loinc.org": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
    "http://unitsofmeasure.org": "UCUM",
}
_DATED: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the current version as a readable tree."""
    row = await work.fhir.read(form["type"], form["id"])
    document: dict[str, Any] = document_of(row.body())
    values = {"branches": _nodes(rules.tree(document), form.language), "narrative": _narrative(document)}
    return View("records/record.html", about(work, form, row, "content") | values)


async def raw(work: UnitOfWork, form: Form) -> View:
    """Show the current version as it is kept, every digit of it."""
    row = await work.fhir.read(form["type"], form["id"])
    text = msgspec.json.format(row.body(), indent=2).decode()
    return View("records/raw.html", about(work, form, row, "raw") | {"pieces": list(_pieces(text))})


async def versions(work: UnitOfWork, form: Form) -> View:
    """List the versions, newest first, and compare two of them: the newest two unless ``a`` and ``b`` say which."""
    on, id = form["type"], form["id"]
    page = await work.fhir.history(on, id, count=VERSIONS, token=form["_page"] or None)
    living = [str(row.vid) for row in page.rows if not row.deleted]
    after = form["b"] or (living[0] if living else "")
    before = form["a"] or next((vid for vid in living if vid.isdecimal() and int(vid) < _number(after)), "")
    changes = None
    if before and after:
        old, new = await work.fhir.vread(on, id, before), await work.fhir.vread(on, id, after)
        found = rules.differences(document_of(old.body()), document_of(new.body()))
        changes = [
            {
                "label": names.element_name(one.type_path, form.language),
                "path": one.path,
                "before": one.before,
                "after": one.after,
            }
            for one in found
        ]
    values = {
        "versions": [
            {"vid": row.vid, "op": row.op, "at": show_as.stamp(row.ts), "deleted": row.deleted} for row in page.rows
        ],
        "a": before,
        "b": after,
        "living": living,
        "changes": changes,
        "next": f"?_page={page.next_token}" if page.next_token else "",
    }
    return View("records/versions.html", about(work, form, page.rows[0], "versions") | values)


def _number(vid: str) -> int:
    return int(vid) if vid.isdecimal() else 0


def about(work: UnitOfWork, form: Form, row: executor.Row, tab: str) -> dict[str, object]:
    """Give what every page about a record shows: title, tabs, address of its FHIR form."""
    on, id = form["type"], form["id"]
    return {
        "on": on if on in RESOURCES else "",
        "id": id,
        "row": row_of(row, work.now, form.language),
        "vid": row.vid,
        "tab": tab,
        "here": f"/records/{on}/{id}",
        "fhir": f"{form.base}/{on}/{id}",
    }


def _nodes(branches: tuple[rules.Branch, ...], language: Language) -> list[dict[str, object]]:
    return [_node(branch, language) for branch in branches]


def _node(branch: rules.Branch, language: Language) -> dict[str, object]:
    label = names.element_name(branch.type_path, language)
    node: dict[str, object] = {
        "label": f"{label} {branch.number}" if branch.number else label,
        "path": branch.path,
        "gist": branch.gist,
        "children": (),
        "value": None,
    }
    if branch.reference and address(branch.reference):
        origin = branch.reference if branch.gist != branch.reference else ""
        node["value"] = {"text": branch.gist, "href": address(branch.reference), "origin": origin}
    elif branch.value is not None:
        node["value"] = _value(branch, language)
    else:
        node["children"] = _nodes(branch.children, language)
        if not branch.children:
            node["value"] = {"text": branch.gist, "href": "", "origin": ""}
    return node


def _value(branch: rules.Branch, language: Language) -> dict[str, object]:
    value = branch.value or ""
    if branch.type_path.endswith(".div"):
        return {"text": _plain(value), "href": "", "origin": ""}
    if _DATED.match(value):
        return {"text": show_as.moment(value), "href": "", "origin": value}
    named = names.code_name(value, language)
    if named != value:
        return {"text": named, "href": "", "origin": value}
    return {"text": value, "href": "", "origin": _SYSTEMS.get(value, "")}


def _narrative(document: dict[str, Any]) -> str:
    return _plain(document.get("text", {}).get("div", ""))


def _plain(xhtml: str) -> str:
    """Give the words of a narrative, one line a block. It was checked when it was written; markup is not shown."""
    if not xhtml:
        return ""
    parts: list[str] = []
    for element in ET.fromstring(xhtml).iter():  # noqa: S314  no entities: the door refused them
        tag = element.tag.rpartition("}")[2]
        if tag in {"p", "tr", "li", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6"}:
            parts.append("\n")
        parts.extend((" " if tag in {"td", "th"} else "", element.text or "", element.tail or ""))
    lines = (" ".join(one.split()) for one in "".join(parts).splitlines())
    return "\n".join(one for one in lines if one)


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
