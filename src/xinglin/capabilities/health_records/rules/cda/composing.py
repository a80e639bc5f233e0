"""The Composition of a shared document: sections of a template, filled with what the record holds. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.health_records.rules.cda.sources import Source, marked
from xinglin.capabilities.health_records.rules.cda.templates import LOINC, Group, Section, Template
from xinglin.capabilities.health_records.rules.documents import ZONE, Document, instant, when
from xinglin.capabilities.health_records.rules.narratives import confidentiality, line, narrative, remark
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.fhirpath import evaluate
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# Why a section is empty: nothing is recorded, or the reader may not see it; nothing tells which (docs/trust.md).
EMPTY: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}]
}
UNTOLD: Final = "未记录 Not recorded"


def fits(template: Template, focus: Document) -> tuple[Issue, ...]:
    """Say why a document of *template* cannot be made about *focus*; empty when it can."""
    if focus.get("resourceType") == template.focus:
        found = evaluate(template.when, codec.decode(bytes_of(focus), template.focus))
        if found and found[0].value is True:
            return ()
    text = f"No {template.title} ({template.standard}) is made about this."
    return (Issue("business-rule", "document-focus", str(focus.get("resourceType", "")), text),)


@cites("ST-06", "ST-07")
def compose(
    template: Template,
    focus: Document,
    content: Iterable[Document],
    *,
    subject: str,
    author: Mapping[str, str],
    custodian: Mapping[str, str] | None,
    texts: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Make the Composition of a document about *focus*.

    content: what was found for it; of that each section names what its groups pick. texts: what somebody wrote, by the
    code of the section. The date is the newest of what it holds, so that the same contents give the same Composition,
    and a change gives a new version of it; *now* when nothing says when it was.
    """
    documents = [focus, *content]
    once = {f"{one['resourceType']}/{one['id']}": one for one in documents}
    source = Source(_bundle(once.values()))
    system, code, display = template.type
    name = f"{focus['resourceType']}/{focus['id']}"
    dates = (instant(one) for document in once.values() for one in (_updated(document), when(document)) if one)
    made: dict[str, Any] = {
        "resourceType": "Composition",
        "language": "zh-CN",
        "identifier": {"system": "urn:oid:2.16.156.10011.1.1", "value": number(template, focus)},
        "status": "final",
        "type": {"coding": [{"system": system, "code": code, "display": display}], "text": template.title},
        "subject": {"reference": subject},
        "date": max((one for one in dates if one is not None), default=now).astimezone(ZONE).isoformat(),
        "author": [dict(author)],
        "title": template.title,
        "confidentiality": confidentiality(once.values()),
        "section": [_section(source, one, texts) for one in template.sections],
    }
    visit = name if template.focus == "Encounter" else (focus.get("encounter") or {}).get("reference")
    made |= {"encounter": {"reference": visit}} if visit else {}
    made |= {"custodian": dict(custodian)} if custodian else {}
    if template.focus != "Patient":
        made["event"] = [{"detail": [{"reference": name}]}]
    return made


@cites("ST-07")
def lacking(template: Template, composition: Document) -> tuple[Issue, ...]:
    """Say what is missing without which there is nothing to write; empty when there is all."""
    filled = {one["code"]["coding"][0]["code"] for one in composition["section"] if one.get("entry")}
    return tuple(
        Issue(
            "business-rule", "document-empty", f"Composition.section[{one.code}]", f"{one.title}: nothing is recorded."
        )
        for one in template.sections
        if one.code in template.needs and one.code not in filled
    )


def number(template: Template, focus: Document) -> str:
    """Give the number of the set of versions: one for each thing that documents of a template are about."""
    return f"{template.code}-{focus['id']}"


def _section(source: Source, section: Section, texts: Mapping[str, str]) -> dict[str, Any]:
    named: dict[str, str] = {}
    written = ""
    for group in section.groups:
        of = group.elements[0].text_of
        if of:
            written = texts.get(of, "").strip() or written
            continue
        for one in _picked(source, group):
            named[f"{one['resourceType']}/{one['id']}"] = line(one)
    coding = {"system": LOINC, "code": section.code, "display": section.display}
    made: dict[str, Any] = {"title": section.title, "code": {"coding": [coding]}}
    if written:
        made["text"] = {"status": "additional", "div": marked(written)}
    elif named:
        made["text"] = narrative(named.values())
    if named:
        made["entry"] = [{"reference": one} for one in named]
    if not named and not written:
        made |= {"text": remark(UNTOLD), "emptyReason": EMPTY}
    return made


def _picked(source: Source, group: Group) -> list[Document]:
    found: list[Any] = [one.value for one in source.foci(group)]
    return [codec.to_dict(one) for one in found]


def _bundle(documents: Iterable[Document]) -> Any:
    entries = [{"resource": one} for one in documents]
    return codec.decode(bytes_of({"resourceType": "Bundle", "type": "collection", "entry": entries}), "Bundle")


def _updated(document: Document) -> str:
    return str(document.get("meta", {}).get("lastUpdated", ""))
