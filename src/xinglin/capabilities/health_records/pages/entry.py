"""One entry of a record: a result, a visit with what belongs to it, a document; and all that any entry says."""

from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.contract import source
from xinglin.capabilities.health_records.operations.names import LOCAL, look_up
from xinglin.capabilities.health_records.operations.reading import Pairs, Record
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.files import entry, files, parameters, texts
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened, query_of
from xinglin.capabilities.health_records.pages.papers import may_issue, sections, taken_along
from xinglin.capabilities.health_records.pages.shown import Line, Teller
from xinglin.capabilities.health_records.rules.cda.templates import template_of
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, reference, when
from xinglin.capabilities.health_records.rules.medicines import medicine
from xinglin.capabilities.health_records.rules.results import abnormal_first, person_of, series
from xinglin.fhir.r4 import RESOURCES
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment, stamp
from xinglin.web.names import code_name, type_name
from xinglin.web.tree import Address, tree
from xinglin.web.view import Form, View

MOST: Final = 100
VERSIONS: Final = 20
# What of a visit is shown with it; each names its visit by the parameter `encounter`.
OF_VISIT: Final = ("Condition", "Observation", "DiagnosticReport", "MedicationRequest", "Procedure", "Composition")


async def show(work: UnitOfWork, form: Form) -> View:
    """Show an entry: what it is, where and when from; what hangs on it; everything that it says."""
    whose, type = await opened(work, form), form["type"]
    record = whose.record
    document = await entry(record, type, form["rid"])
    parts = await _parts(record, document)
    who = person_of(whose.patient)
    single = series([document], who) if type == "Observation" else ()
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
            ("dose", _dose(document, whose, form)),
        ],
        "result": teller.result(single[0]) if single else None,
        "results": [teller.result(one) for one in abnormal_first(series(_of(parts, "Observation"), who))],
        "lines": _lines(parts, teller, record),
        "sections": sections(document),
        "files": files(document, whose, form),
        "texts": texts(document),
        "filing": _filing(document, whose),
        "origin": _origin(document, whose, form),
        "versions": await _versions(record, type, form["rid"], whose),
        "papers": taken_along(document, whose) if record.at is None else [],
        "nodes": tree(document, form.language, {at: said for at, said in labels.items() if said}, _link(whose)),
        "version": str(meta.get("versionId", "")),
        "updated": moment(str(meta.get("lastUpdated", ""))),
        "tags": [str(one.get("display") or one.get("code", "")) for one in meta.get("tag", ())],
    }
    return View("health_records/entry.html", head(whose, form, "") | values)


async def _versions(record: Record, type: str, id: str, whose: Whose) -> list[dict[str, str]]:
    """Give the versions that the platform held by then, newest first, each with the page that shows it."""
    if record.work.fhir.reach("history", type).nothing:
        return []
    base = source(whose.id, type, id, whose.base)
    return [
        {
            "vid": str(row.vid),
            "at": stamp(row.ts),
            "op": row.op,
            "href": "" if row.deleted else f"{base}?{urlencode({'at': row.ts.isoformat()})}",
        }
        for row in await record.versions(type, id, VERSIONS)
    ]


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


def _dose(document: Document, whose: Whose, form: Form) -> str:
    """Say how a medicine is taken: to residents in their words, to staff as it was written."""
    dosage = document.get("dosageInstruction") or document.get("dosage") or ()
    said = words.plain_dose if whose.own else words.dose
    return said(dosage, form.language, document.get("medicationCodeableConcept"))


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


def _filing(document: Document, whose: Whose) -> str:
    """Give the page that files the entries of a shared document; empty for others, and for who files none."""
    shared = document.get("resourceType") == "DocumentReference" and template_of(document.get("type", {})) is not None
    if not shared or whose.record.at is not None or not may_issue(whose.record.work):
        return ""
    return f"{address(whose.id, whose.base)}/filing/{document['id']}"


def _origin(document: Document, whose: Whose, form: Form) -> str:
    """Give the document that an entry was filed from; empty for what was written here."""
    found = LOCAL.match(str(document.get("meta", {}).get("source", "")))
    known = found is not None and found["type"] == "DocumentReference"
    return source(whose.id, "DocumentReference", found["id"], whose.base) + query_of(form) if found and known else ""


def _link(whose: Whose) -> Address:
    """Make the links of the tree: what belongs to the record leads to its entry, everything else to nothing."""

    def link(given: str) -> str | None:
        found = LOCAL.match(given)
        if not found or found["type"] not in RESOURCES:
            return None
        if found["type"] == "Patient":
            return address(whose.id, whose.base) if found["id"] == whose.id else None
        return (
            source(whose.id, found["type"], found["id"], whose.base) if "patient" in parameters(found["type"]) else None
        )

    return link
