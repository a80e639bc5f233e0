"""CDA R2 into FHIR: the way back of every template, so that each data element that is required is kept."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5
from xml.etree.ElementTree import Element as Tag

from xinglin.capabilities.health_records.rules.cda import header
from xinglin.capabilities.health_records.rules.cda.composing import EMPTY, UNTOLD
from xinglin.capabilities.health_records.rules.cda.paths import kind_at, put
from xinglin.capabilities.health_records.rules.cda.people import (
    author,
    custodian,
    encounter,
    patient,
    provider,
)
from xinglin.capabilities.health_records.rules.cda.sources import marked
from xinglin.capabilities.health_records.rules.cda.templates import (
    LOINC,
    Element,
    Group,
    Section,
    Template,
    of_root,
)
from xinglin.capabilities.health_records.rules.cda.tree import parse
from xinglin.capabilities.health_records.rules.cda.values import TYPE, back, date_of
from xinglin.capabilities.health_records.rules.narratives import line, narrative, remark
from xinglin.fhir.model import members
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites

Json = dict[str, Any]
_HL7: Final = "http://terminology.hl7.org/CodeSystem/"
_BODY: Final = "component/structuredBody/component/section"
_INTERPRETATION: Final = f"{_HL7}v3-ObservationInterpretation"


def template_in(document: Tag) -> Template:
    """Give the template that a document names; OutcomeError when we have none of it."""
    for one in document.iterfind("templateId"):
        found = of_root(one.get("root") or "")
        if found is not None:
            return found
    text = "The document is of no template that is known here."
    raise OutcomeError(Issue("not-supported", "cda-template", "ClinicalDocument.templateId", text), status=422)


@cites("ST-08")
def read(xml: bytes) -> Json:
    """Read a document as a document Bundle (JSON form); OutcomeError when it is no XML or of no known template.

    Names of the entries are made of the document's id, so that the same document gives the same Bundle.
    """
    document = parse(xml)
    template = template_in(document)
    return _Reader(document, template).bundle()


class _Reader:
    """Makes the resources of one document, and names each once."""

    def __init__(self, document: Tag, template: Template) -> None:
        self.document = document
        self.template = template
        self.id = _attribute(document, "id", "extension")
        self.entries: list[tuple[str, Json]] = []
        self.composition: Json = self._composition()
        self.patient = self._add(patient(document))
        self.author = self._add(author(document))
        self.custodian = self._add(custodian(document))
        self.visit = self._visit()

    def bundle(self) -> Json:
        """Give the Bundle: the Composition first, then all that it names."""
        made = self.composition
        made["subject"], made["author"], made["custodian"] = self.patient, [self.author], self.custodian
        if self.visit is not None:
            made["encounter"] = self.visit
        sections = [self._section(*one) for one in self._sections()]
        made["section"] = [one for one in sections if one]
        self._link_results()
        first = {"fullUrl": self._url("Composition", 0), "resource": made}
        entries = [first, *({"fullUrl": url, "resource": one} for url, one in self.entries)]
        identifier = {"system": f"urn:oid:{header.DOCUMENT}", "value": self.id}
        return {
            "resourceType": "Bundle",
            "type": "document",
            "identifier": identifier,
            "timestamp": _instant(made["date"]),
            "entry": entries,
        }

    @cites("ST-06")
    def _composition(self) -> Json:
        document, template = self.document, self.template
        system, code, display = template.type
        version = _attribute(document, "versionNumber", "value") or "1"
        made: Json = {
            "resourceType": "Composition",
            "meta": {"versionId": version},
            "language": "zh-CN",
            "identifier": {"system": f"urn:oid:{header.DOCUMENT}", "value": _attribute(document, "setId", "extension")},
            "status": "final",
            "type": {"coding": [{"system": system, "code": code, "display": display}]},
            "date": date_of(_attribute(document, "effectiveTime", "value")),
            "title": (document.findtext("title") or template.title).strip(),
            "confidentiality": _attribute(document, "confidentialityCode", "code") or "N",
        }
        parent = document.find("relatedDocument[@typeCode='RPLC']/parentDocument")
        if parent is not None:
            before = {"system": f"urn:oid:{header.DOCUMENT}", "value": _attribute(parent, "id", "extension")}
            made["relatesTo"] = [{"code": "replaces", "targetIdentifier": before}]
        return made

    def _visit(self) -> Json | None:
        made = encounter(self.document, self.template.numbers)
        if made is None:
            return None
        made["subject"] = self.patient
        institution = provider(self.document)
        if institution is not None:
            made["serviceProvider"] = self._add(institution)
        return self._add(made)

    def _sections(self) -> Iterator[tuple[Section, Tag]]:
        for tag in self.document.iterfind(_BODY):
            section = self.template.section(_attribute(tag, "code", "code"))
            if section is not None:
                yield section, tag

    def _section(self, section: Section, tag: Tag) -> Json:
        entries: list[Json] = []
        text = ""
        for organizer in tag.iterfind("entry/organizer"):
            observations = {_attribute(one, "code", "code"): one for one in organizer.iterfind("component/observation")}
            group = next((found for de in observations if (found := section.group_of(de)) is not None), None)
            if group is None:
                continue
            if group.elements[0].text_of:
                text = text or _text(observations[group.elements[0].de])
            else:
                entries += self._resource(group, organizer, observations)
        coding = {"system": LOINC, "code": section.code, "display": section.display}
        made: Json = {"title": section.title, "code": {"coding": [coding]}}
        if text:
            made["text"] = {"status": "additional", "div": marked(text)}
        if entries:
            made["entry"] = entries
            made.setdefault("text", narrative(self._lines(entries)))
        if not text and not entries:
            made |= {"text": remark(UNTOLD), "emptyReason": EMPTY}
        return made

    def _resource(self, group: Group, organizer: Tag, observations: Mapping[str, Tag]) -> list[Json]:
        """Make the resource of an organizer; none when nothing of it is known."""
        if group.on == "Encounter":
            self._into_visit(group, observations)
            return []
        made: Json = {"resourceType": group.on}
        known = False
        for element in group.elements:
            if element.de in observations:
                known = _take(made, group, element, observations[element.de]) or known
        if not known:
            return []
        _begin(made, group.fixed)
        when = date_of(_attribute(organizer, "effectiveTime", "value"))
        if when and group.time:
            put(made, group.on, group.time, when, {})
        self._about(made, group)
        return [self._add(made)]

    def _into_visit(self, group: Group, observations: Mapping[str, Tag]) -> None:
        made = next((one for _, one in self.entries if one["resourceType"] == "Encounter"), None)
        for element in group.elements if made is not None else ():
            if made is not None and element.de in observations:
                _take(made, group, element, observations[element.de])

    def _about(self, made: Json, group: Group) -> None:
        """Say whose it is and of which visit, and what a type needs beside."""
        known = members(group.on)
        for name in ("subject", "patient", "beneficiary"):
            if name in known and not (name == "patient" and "subject" in known):
                made[name] = self.patient
        if "encounter" in known and self.visit is not None:
            made["encounter"] = self.visit
        if group.on == "Coverage":
            made["payor"] = [self.custodian]
        if group.on == "FamilyMemberHistory":
            made.setdefault("relationship", {"text": "未说明"})

    def _link_results(self) -> None:
        """Name the results in their report, and the diagnoses in their visit."""
        of = {
            type: [(url, one) for url, one in self.entries if one["resourceType"] == type]
            for type in ("Observation", "DiagnosticReport")
        }
        for _, report in of["DiagnosticReport"]:
            if of["Observation"]:
                report["result"] = [{"reference": url} for url, _ in of["Observation"]]
        visit = next((one for _, one in self.entries if one["resourceType"] == "Encounter"), None)
        if visit is not None:
            self._diagnoses(visit)

    def _diagnoses(self, visit: Json) -> None:
        roles = {s.code: g.role for s in self.template.sections for g in s.groups if g.role}
        for section in self.composition["section"]:
            role = roles.get(section["code"]["coding"][0]["code"])
            for entry in section.get("entry", ()) if role else ():
                use = {"coding": [{"system": f"{_HL7}diagnosis-role", "code": role}]}
                if self._type_of(entry["reference"]) == "Condition":
                    visit.setdefault("diagnosis", []).append({"condition": entry, "use": use})

    def _lines(self, entries: list[Json]) -> list[str]:
        named = dict(self.entries)
        return [line(named[one["reference"]]) for one in entries]

    def _type_of(self, url: str) -> str:
        return next((str(one["resourceType"]) for at, one in self.entries if at == url), "")

    def _add(self, resource: Json) -> Json:
        url = self._url(resource["resourceType"], len(self.entries) + 1)
        self.entries.append((url, resource))
        return {"reference": url}

    def _url(self, type: str, number: int) -> str:
        return f"urn:uuid:{uuid5(NAMESPACE_OID, f'{header.DOCUMENT}/{self.id}/{type}/{number}')}"


def _take(made: Json, group: Group, element: Element, observation: Tag) -> bool:
    """Put the value of a data element into the resource; False when it isn't known."""
    tag = observation.find("value")
    value = None if tag is None else back(element, tag, kind_at(group.on, element.path))
    if value is None:
        return False
    put(made, group.on, element.path, value, element.make)
    if group.on == "Observation" and element.path.startswith("value"):
        made |= _judged(observation)
    return True


def _judged(observation: Tag) -> Json:
    """Read how a result is judged, and between which values it is usual."""
    made: Json = {}
    codes = [one.get("code") for one in observation.iterfind("interpretationCode") if one.get("code")]
    if codes:
        made["interpretation"] = [{"coding": [{"system": _INTERPRETATION, "code": code}]} for code in codes]
    usual = observation.find("referenceRange/observationRange")
    if usual is not None:
        limits = {name: found for name in ("low", "high") if (found := _limit(usual, name))}
        text = usual.findtext("text")
        if limits or text:
            made["referenceRange"] = [limits | ({"text": text} if text else {})]
    return made


def _limit(usual: Tag, name: str) -> Any:
    tag = usual.find(f"value/{name}")
    quantity = Element("", "", "PQ", "", required=False, domain=None, text_of="", make={})
    return None if tag is None else back(quantity, tag, "Quantity")


def _begin(made: Json, fixed: Mapping[str, Any]) -> None:
    """Add what a group says of every resource; what the document says stands."""
    for name, value in fixed.items():
        made.setdefault(name, value)


def _text(observation: Tag) -> str:
    value = observation.find("value")
    return "" if value is None or value.get(TYPE) != "ST" else (value.text or "").strip()


def _attribute(parent: Tag, tag: str, name: str) -> str:
    found = parent.find(tag)
    return "" if found is None else found.get(name) or ""


def _instant(date: str) -> str:
    return date if "T" in date else f"{date or '1900-01-01'}T00:00:00+08:00"
