"""The header of a shared document (文档头, WS/T 482): what it is, of whom, by whom, kept where, of which visit."""

from typing import Any, Final
from xml.etree.ElementTree import Element as Tag
from xml.etree.ElementTree import SubElement

from xinglin.capabilities.health_records.rules.cda.sources import Source
from xinglin.capabilities.health_records.rules.cda.templates import KINDS, Domain, Template, domains
from xinglin.capabilities.health_records.rules.cda.values import UNKNOWN, time_of
from xinglin.fhir.fhirpath import Node
from xinglin.fhir.sources import cites

SPACE: Final = "urn:hl7-org:v3"
TYPE_ID: Final = ("2.16.840.1.113883.1.3", "POCD_MT000040")
DOCUMENT: Final = cites("ST-01")("2.16.156.10011.1.1")
RECORD: Final = "2.16.156.10011.1.2"
IDENTITY: Final = "2.16.156.10011.1.3"
CARD: Final = "2.16.156.10011.1.19"
SIGNER: Final = "2.16.156.10011.1.4"
AUTHOR: Final = "2.16.156.10011.1.7"
INSTITUTION: Final = "2.16.156.10011.1.5"
DEPARTMENT: Final = "2.16.156.10011.1.26"
CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
_CERTIFICATE: Final = "https://xinglin.health/id/practising-certificate"
_LICENCE: Final = "https://xinglin.health/id/institution-licence"
_SHAPE: Final = "https://xinglin.health/fhir/StructureDefinition/"
# Where FHIR has a code of its own and no extension tells that of the table (FH-07).
_SEXES: Final = {
    "male": ("1", "男性"),
    "female": ("2", "女性"),
    "unknown": ("0", "未知的性别"),
    "other": ("9", "未说明的性别"),
}
# Restricted documents stay restricted on the way out.
_LEVELS: Final = {"N": "正常访问保密级别", "R": "受限", "V": "非常受限"}


@cites("ST-01", "ST-06")
def identify(document: Tag, source: Source, template: Template) -> None:
    """Say what the document is: template, ids, kind, title, time, confidentiality, version."""
    composition = _composition(source)
    SubElement(document, "realmCode", {"code": "CN"})
    SubElement(document, "typeId", {"root": TYPE_ID[0], "extension": TYPE_ID[1]})
    SubElement(document, "templateId", {"root": template.root})
    number, version = series(source), version_of(source)
    SubElement(document, "id", {"root": DOCUMENT, "extension": f"{number}.{version}"})
    kind = {"code": template.code, "codeSystem": KINDS, "codeSystemName": "卫生信息共享文档规范编码体系"}
    SubElement(document, "code", kind | {"displayName": template.title})
    SubElement(document, "title").text = template.title
    SubElement(document, "effectiveTime", {"value": time_of(composition.date)})
    level = composition.confidentiality if composition.confidentiality in _LEVELS else "N"
    named = {"codeSystemName": "Confidentiality", "displayName": _LEVELS[level]}
    SubElement(document, "confidentialityCode", {"code": level, "codeSystem": CONFIDENTIALITY, **named})
    SubElement(document, "languageCode", {"code": "zh-CN"})
    SubElement(document, "setId", {"root": DOCUMENT, "extension": number})
    SubElement(document, "versionNumber", {"value": str(version)})


def series(source: Source) -> str:
    """Give what all versions of the document share: Composition.identifier, else its id."""
    composition = _composition(source)
    value = composition.identifier.value if composition.identifier is not None else None
    return str(value or composition.id)


def version_of(source: Source) -> int:
    """Give the number of the version, from 1."""
    meta = _composition(source).meta
    text = meta.versionId if meta is not None else None
    return int(text) if text and text.isdecimal() and int(text) > 0 else 1


def _composition(source: Source) -> Any:
    found = source.one("Bundle.entry.resource.ofType(Composition)")
    if found is None:
        raise ValueError("a document has a Composition")
    return found.value


@cites("ST-02")
def of_whom(document: Tag, source: Source, template: Template) -> None:
    """Name the patient (recordTarget), by every number that the record knows and the template asks for."""
    patient = source.one("Bundle.entry.resource.ofType(Composition).subject.resolve().ofType(Patient)")
    role = SubElement(_part(document, "recordTarget", "RCT"), "patientRole", {"classCode": "PAT"})
    for oid in (RECORD, CARD):
        _number(role, oid, source.text(_identifier(oid), patient), required=oid == RECORD and not template.numbers)
    visits = {
        oid: source.text(f"Bundle.entry.resource.ofType(Encounter).{_identifier(oid)}") for oid in template.numbers
    }
    for oid, value in visits.items():
        _number(role, oid, value, required=oid == template.numbers[0] and not any(visits.values()))
    address = source.text("address.text", patient)
    _words(role, "addr", address)
    phone = source.text("telecom.where(system = 'phone').value", patient)
    SubElement(role, "telecom", {"value": phone} if phone else {"nullFlavor": UNKNOWN})
    _person(SubElement(role, "patient", {"classCode": "PSN", "determinerCode": "INSTANCE"}), source, patient)


def _person(person: Tag, source: Source, patient: Node | None) -> None:
    known = domains()
    _number(person, IDENTITY, source.text(_identifier(IDENTITY), patient), required=True)
    _words(person, "name", source.text(_NAME, patient))
    told = source.one(f"gender.extension('{_SHAPE}sex').value", patient)
    coding: Any = None if told is None else told.value
    code, name = (coding.code, coding.display) if coding is not None and coding.code else ("", "")
    if not code:
        code, name = _SEXES.get(source.text("gender", patient), ("0", "未知的性别"))
    _code(person, "administrativeGenderCode", known["sex"], code, name)
    born = time_of(source.text("birthDate", patient))
    SubElement(person, "birthTime", {"value": born} if born else {"nullFlavor": UNKNOWN})
    marital = f"maritalStatus.coding.where(system = '{known['marital'].system}')"
    for tag, path, domain in (
        ("maritalStatusCode", marital, "marital"),
        ("ethnicGroupCode", f"extension('{_SHAPE}ethnic-group').value", "ethnic"),
        ("educationLevelCode", f"extension('{_SHAPE}education').value", "education"),
        ("occupationCode", f"extension('{_SHAPE}occupation').value", "occupation"),
    ):
        found = source.one(path, patient)
        coded: Any = None if found is None else found.value
        if coded is not None and coded.code:
            _code(person, tag, known[domain], coded.code, coded.display or "")


_NAME: Final = "name.select(iif(text.exists(), text, given.join(' ') & ' ' & family)).first()"


@cites("ST-02")
def by_whom(document: Tag, source: Source) -> None:
    """Name who wrote it, who keeps it, and who signed it."""
    composition = _composition(source)
    author = source.one("Bundle.entry.resource.ofType(Composition).author.resolve()")
    shown = source.text("Bundle.entry.resource.ofType(Composition).author.display")
    part = _part(document, "author", "AUT")
    SubElement(part, "time", {"value": time_of(composition.date)})
    _worker(SubElement(part, "assignedAuthor", {"classCode": "ASSIGNED"}), source, author, AUTHOR, shown)
    keeper = source.one("Bundle.entry.resource.ofType(Composition).custodian.resolve()")
    named = source.text("Bundle.entry.resource.ofType(Composition).custodian.display")
    custodian = SubElement(document, "custodian", {"typeCode": "CST"})
    held = SubElement(custodian, "assignedCustodian", {"classCode": "ASSIGNED"})
    _organization(held, "representedCustodianOrganization", source, keeper, named)
    for tag, mode in (("legalAuthenticator", "legal"), ("authenticator", "professional")):
        _signed(document, tag, mode, source)


def _signed(document: Tag, tag: str, mode: str, source: Source) -> None:
    attester = source.one(f"Bundle.entry.resource.ofType(Composition).attester.where(mode = '{mode}')")
    if attester is None:
        return
    part = SubElement(document, tag)
    when = time_of(source.text("time", attester))
    SubElement(part, "time", {"value": when} if when else {"nullFlavor": UNKNOWN})
    SubElement(part, "signatureCode", {"code": "S"})
    entity = SubElement(part, "assignedEntity", {"classCode": "ASSIGNED"})
    _worker(entity, source, source.one("party.resolve()", attester), SIGNER, source.text("party.display", attester))


@cites("ST-06")
def replaced(document: Tag, source: Source) -> None:
    """Name the version before: same set, version less one, replaced (RPLC)."""
    version, number = version_of(source), series(source)
    if version < 2:
        return
    related = SubElement(document, "relatedDocument", {"typeCode": "RPLC"})
    parent = SubElement(related, "parentDocument", {"classCode": "DOCCLIN", "moodCode": "EVN"})
    SubElement(parent, "id", {"root": DOCUMENT, "extension": f"{number}.{version - 1}"})
    SubElement(parent, "setId", {"root": DOCUMENT, "extension": number})
    SubElement(parent, "versionNumber", {"value": str(version - 1)})


@cites("ST-02")
def of_visit(document: Tag, source: Source) -> None:
    """Name the visit: when, in which department of which institution. Without a visit there is no such part."""
    visit = source.one("Bundle.entry.resource.ofType(Encounter)")
    if visit is None:
        return
    component = SubElement(document, "componentOf", {"typeCode": "COMP"})
    encounter = SubElement(component, "encompassingEncounter", {"classCode": "ENC", "moodCode": "EVN"})
    code = source.text("class.code", visit)
    if code:
        SubElement(encounter, "code", {"code": code, "codeSystem": "2.16.840.1.113883.5.4"})
    period = SubElement(encounter, "effectiveTime")
    for tag, path in (("low", "period.start"), ("high", "period.end")):
        when = time_of(source.text(path, visit))
        if when:
            SubElement(period, tag, {"value": when})
    if len(period) == 0:
        period.set("nullFlavor", UNKNOWN)
    place = SubElement(SubElement(encounter, "location"), "healthCareFacility", {"classCode": "SDLOC"})
    department = source.text("serviceType.text", visit) or source.text("serviceType.coding.display", visit)
    organization = SubElement(place, "serviceProviderOrganization", {"classCode": "ORG", "determinerCode": "INSTANCE"})
    number = source.text("serviceType.coding.code", visit)
    _number(organization, DEPARTMENT, number, required=False)
    _words(organization, "name", department)
    whole = SubElement(organization, "asOrganizationPartOf", {"classCode": "PART"})
    provider = source.one("serviceProvider.resolve()", visit)
    _organization(whole, "wholeOrganization", source, provider, source.text("serviceProvider.display", visit))


def _identifier(oid: str) -> str:
    return f"identifier.where(system = 'urn:oid:{oid}').value"


def _part(document: Tag, tag: str, code: str) -> Tag:
    return SubElement(document, tag, {"typeCode": code, "contextControlCode": "OP"})


@cites("ST-05")
def _number(parent: Tag, root: str, value: str, *, required: bool) -> None:
    """Add an id; one that is required and not known is said to be unknown."""
    if value:
        SubElement(parent, "id", {"root": root, "extension": value})
    elif required:
        SubElement(parent, "id", {"root": root, "nullFlavor": UNKNOWN})


def _words(parent: Tag, tag: str, text: str) -> None:
    made = SubElement(parent, tag)
    if text.strip():
        made.text = text.strip()
    else:
        made.set("nullFlavor", UNKNOWN)


def _code(parent: Tag, tag: str, domain: Domain, code: str, name: str) -> None:
    shown = {"displayName": name} if name else {}
    SubElement(parent, tag, {"code": code, "codeSystem": domain.oid, "codeSystemName": domain.title, **shown})


def _worker(role: Tag, source: Source, node: Node | None, root: str, shown: str) -> None:
    """Name somebody of the staff, by the number of the practising certificate, never by the identity number."""
    number = source.text(_identifier(root), node) or source.text(_held(_CERTIFICATE), node) if node else ""
    number = number or (source.text("id", node) if node else "")
    _number(role, root, number, required=True)
    person = SubElement(role, "assignedPerson", {"classCode": "PSN", "determinerCode": "INSTANCE"})
    name = source.text("name.text", node) if node is not None and node.type != "FHIR.Organization" else ""
    name = name or (source.text("name", node) if node is not None and node.type == "FHIR.Organization" else "")
    _words(person, "name", name or shown)


def _organization(parent: Tag, tag: str, source: Source, node: Node | None, shown: str) -> None:
    made = SubElement(parent, tag, {"classCode": "ORG", "determinerCode": "INSTANCE"})
    number = source.text(_identifier(INSTITUTION), node) or source.text(_held(_LICENCE), node) if node else ""
    number = number or (source.text("id", node) if node else "")
    _number(made, INSTITUTION, number, required=True)
    _words(made, "name", (source.text("name", node) if node is not None else "") or shown)


def _held(system: str) -> str:
    return f"identifier.where(system = '{system}').value"
