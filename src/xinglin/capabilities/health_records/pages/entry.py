"""One entry of a record: a result, a visit with what belongs to it, a document; and all that any entry says."""

import base64
import binascii
from typing import Any, Final

from markupsafe import Markup

from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.contract import source
from xinglin.capabilities.health_records.operations.names import LOCAL, look_up
from xinglin.capabilities.health_records.operations.reading import Pairs, Record
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened
from xinglin.capabilities.health_records.pages.papers import taken_along
from xinglin.capabilities.health_records.pages.shown import Line, Teller
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, reference, when
from xinglin.capabilities.health_records.rules.medicines import medicine
from xinglin.capabilities.health_records.rules.results import abnormal_first, series
from xinglin.fhir import narrative
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.names import code_name, type_name
from xinglin.web.tree import Address, tree
from xinglin.web.view import Download, Form, View

MOST: Final = 100
LONGEST: Final = 200_000  # characters of a text that is shown in the page
# What of a visit is shown with it; each names its visit by the parameter `encounter`.
OF_VISIT: Final = ("Condition", "Observation", "DiagnosticReport", "MedicationRequest", "Procedure", "Composition")


async def show(work: UnitOfWork, form: Form) -> View:
    """Show an entry: what it is, where and when from; what hangs on it; everything that it says."""
    whose, type = await opened(work, form), form["type"]
    record = whose.record
    document = await entry(record, type, form["rid"])
    parts = await _parts(record, document)
    names = await look_up(record, [document, *parts])
    teller = Teller(whose, names, form)
    status = str(document.get("status", ""))
    labels = {at: words.person({"reference": at}, names, form.language) for at in names.known}
    meta = document.get("meta", {})
    values = {
        "type": type,
        "rid": form["rid"],
        "kind": type_name(type, form.language),
        "title": teller.called(document),
        "about": [
            ("date", moment(when(document))),
            ("place", teller.where(document)),
            ("by", _by(document, teller)),
            ("status", code_name(status, form.language)),
            ("detail", teller.reasons(document)),
            ("dose", words.dose(document.get("dosageInstruction") or document.get("dosage") or (), form.language)),
        ],
        "result": teller.result(series([document])[0]) if type == "Observation" and series([document]) else None,
        "results": [teller.result(one) for one in abnormal_first(series(_of(parts, "Observation")))],
        "lines": _lines(parts, teller, record),
        "sections": _sections(document),
        "files": _files(document, whose),
        "texts": _texts(document),
        "papers": taken_along(document, whose) if record.at is None else [],
        "nodes": tree(document, form.language, {at: said for at, said in labels.items() if said}, _link(whose)),
        "version": str(meta.get("versionId", "")),
        "updated": moment(str(meta.get("lastUpdated", ""))),
        "tags": [str(one.get("display") or one.get("code", "")) for one in meta.get("tag", ())],
    }
    return View("health_records/entry.html", head(whose, form, "") | values)


async def show_file(work: UnitOfWork, form: Form) -> Download:
    """Give a file that a document holds, as it was attached."""
    record = (await opened(work, form)).record
    document = await entry(record, "DocumentReference", form["rid"])
    contents = document.get("content", ())
    at = int(form["n"]) if form["n"].isdecimal() and len(form["n"]) < 4 else 0
    attachment = contents[at].get("attachment", {}) if at < len(contents) else {}
    body = _data(attachment)
    if body is None:
        raise _missing("DocumentReference", form["rid"])
    name = str(attachment.get("title") or f"{form['rid']}-{at + 1}")
    return Download(body, str(attachment.get("contentType") or "application/octet-stream"), name)


async def entry(record: Record, type: str, id: str) -> Document:
    """Give an entry of the record; OutcomeError 404 for a type that is none, or for what is not of this patient."""
    if type not in RESOURCES or "patient" not in _parameters(type):
        raise _missing(type, id)
    return await record.one(type, id)


def _parameters(type: str) -> frozenset[str]:
    return frozenset(PARAMETERS[type])


async def _parts(record: Record, document: Document) -> list[Document]:
    """Find what hangs on a visit or a report."""
    type, id = document.get("resourceType"), str(document.get("id", ""))
    if type == "Encounter":
        of_it: Pairs = (("encounter", f"Encounter/{id}"),)
        return list((await record.search(dict.fromkeys(OF_VISIT, of_it), MOST)).documents)
    if type == "DiagnosticReport":
        ids = [found["id"] for one in document.get("result", ()) if (found := LOCAL.match(reference(one)))]
        wanted: Pairs = (("_id", ",".join(ids[:MOST])),)
        return list((await record.search({"Observation": wanted}, MOST)).documents) if ids else []
    return []


def _of(parts: list[Document], type: str) -> list[Document]:
    return [one for one in parts if one.get("resourceType") == type]


def _lines(parts: list[Document], teller: Teller, record: Record) -> list[tuple[str, str, list[Line]]]:
    """Give the lines of a visit, by kind, with the text that says what their date is."""
    today = (record.at or record.work.now).astimezone(ZONE).date()
    medicines = [teller.medicine(medicine(one, today)) for one in _of(parts, "MedicationRequest")]
    others = ("Condition", "DiagnosticReport", "Procedure", "Composition")
    groups = [("MedicationRequest", medicines), *((on, [teller.event(one) for one in _of(parts, on)]) for on in others)]
    until = {"MedicationRequest": "health_records.until"}
    return [(type_name(on, teller.language), until.get(on, ""), lines) for on, lines in groups if lines]


def _by(document: Document, teller: Teller) -> str:
    """Name who did it."""
    for member in ("requester", "recorder", "asserter", "performer", "author", "participant"):
        value = document.get(member)
        for one in value if isinstance(value, list) else [value]:
            inner = (one.get("actor") or one.get("individual") or one) if isinstance(one, dict) else None
            said = words.person(inner, teller.names, teller.language)
            if said and not reference(inner).startswith("Organization"):
                return said
    return ""


def _sections(document: Document, depth: int = 0) -> list[dict[str, Any]]:
    """Give the sections of a Composition, with their narrative; deeper ones follow their parents."""
    found: list[dict[str, Any]] = []
    for one in document.get("section", ()) if depth < 5 else ():
        found.append({"title": str(one.get("title", "")), "text": _markup(one.get("text", {})), "depth": depth})
        found += _sections(one, depth + 1)
    return found


def _markup(text: Any) -> Markup | None:
    """Give a narrative's markup, which stands in the page as it is: so it is checked once more."""
    div = str(text.get("div", "")) if isinstance(text, dict) else ""
    return Markup(div) if div and narrative.fault(div) is None else None  # noqa: S704  checked on this line


def _texts(document: Document) -> list[str]:
    """Give the attached texts that are short enough to read here."""
    found = []
    for one in document.get("content", ()):
        attachment = one.get("attachment", {})
        if str(attachment.get("contentType", "")).startswith("text/plain"):
            body = _data(attachment)
            if body is not None and len(body) <= LONGEST:
                found.append(body.decode("utf-8", errors="replace"))
    return found


def _files(document: Document, whose: Whose) -> list[tuple[str, str]]:
    """Name the attached files and where each is fetched."""
    base = source(whose.id, "DocumentReference", str(document.get("id", "")), whose.base)
    return [
        (_file_name(one["attachment"]), f"{base}/file?n={at}")
        for at, one in enumerate(document.get("content", ()))
        if one.get("attachment", {}).get("data")
    ]


def _file_name(attachment: Document) -> str:
    return str(attachment.get("title") or str(attachment.get("contentType", "")).partition(";")[0])


def _data(attachment: Document) -> bytes | None:
    try:
        return base64.b64decode(str(attachment["data"]), validate=False) if attachment.get("data") else None
    except (binascii.Error, ValueError):
        return None


def _link(whose: Whose) -> Address:
    """Make the links of the tree: what belongs to the record leads to its entry, everything else to nothing."""

    def link(given: str) -> str | None:
        found = LOCAL.match(given)
        if not found or found["type"] not in RESOURCES:
            return None
        if found["type"] == "Patient":
            return address(whose.id, whose.base) if found["id"] == whose.id else None
        return (
            source(whose.id, found["type"], found["id"], whose.base)
            if "patient" in _parameters(found["type"])
            else None
        )

    return link


def _missing(type: str, id: str) -> OutcomeError:
    return OutcomeError(Issue("not-found", "not-found", text=f"{type[:60]}/{id[:64]} is not known."), status=404)
