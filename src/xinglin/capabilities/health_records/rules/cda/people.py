"""Who stands in the header of a document, as resources."""

from typing import Any, Final
from xml.etree.ElementTree import Element as Tag

from xinglin.capabilities.health_records.rules.cda import header
from xinglin.capabilities.health_records.rules.cda.templates import domains
from xinglin.capabilities.health_records.rules.cda.values import date_of
from xinglin.fhir.sources import cites

Json = dict[str, Any]
_SHAPE: Final = "https://xinglin.health/fhir/StructureDefinition/"
_HL7: Final = "http://terminology.hl7.org/CodeSystem/"
_SYSTEM: Final = "https://xinglin.health/fhir/CodeSystem/department"
# FH-07: 9 (not stated) is unknown to FHIR; the extension keeps the code.
_GENDERS: Final = {"1": "male", "2": "female", "0": "unknown", "9": "unknown"}
# The type of a person's number (FH-04).
_TYPES: Final = {header.IDENTITY: "NNCHN", header.RECORD: "MR", header.CARD: "JHN"}
_EXTENSIONS: Final = (
    ("ethnicGroupCode", "ethnic-group", "ethnic"),
    ("educationLevelCode", "education", "education"),
    ("occupationCode", "occupation", "occupation"),
)


@cites("ST-02")
def patient(document: Tag) -> Json:
    """Give the Patient of a document."""
    role = document.find("recordTarget/patientRole")
    made: Json = {"resourceType": "Patient"}
    if role is None:
        return made
    person = role.find("patient")
    numbers = [one for part in (person, role) if part is not None for one in part.iterfind("id")]
    identifiers = [
        {"type": {"coding": [{"system": f"{_HL7}v2-0203", "code": _TYPES[root]}]}} | _identifier(root, value)
        for one in numbers
        if (root := one.get("root") or "") in _TYPES and (value := one.get("extension"))
    ]
    made |= {"identifier": identifiers} if identifiers else {}
    phone, address = _attribute(role, "telecom", "value"), _said(role, "addr")
    made |= {"telecom": [{"system": "phone", "value": phone}]} if phone else {}
    made |= {"address": [{"text": address}]} if address else {}
    return made if person is None else made | _person(person)


def _person(person: Tag) -> Json:
    made: Json = {}
    name = _said(person, "name")
    made |= {"name": [{"text": name}]} if name else {}
    sex = _coding(person, "administrativeGenderCode", "sex")
    if sex:
        made["gender"] = _GENDERS.get(sex["code"], "unknown")
        made["_gender"] = {"extension": [{"url": f"{_SHAPE}sex", "valueCoding": sex}]}
    born = date_of(_attribute(person, "birthTime", "value"))[:10]
    made |= {"birthDate": born} if born else {}
    marital = _coding(person, "maritalStatusCode", "marital")
    made |= {"maritalStatus": {"coding": [marital]}} if marital else {}
    extensions = [
        {"url": _SHAPE + name, "valueCoding": coding}
        for tag, name, domain in _EXTENSIONS
        if (coding := _coding(person, tag, domain))
    ]
    return made | ({"extension": extensions} if extensions else {})


def author(document: Tag) -> Json:
    """Give who wrote the document."""
    tag = document.find("author/assignedAuthor")
    return _named("Practitioner", tag, header.AUTHOR, "assignedPerson/name")


def custodian(document: Tag) -> Json:
    """Give the institution that keeps the document."""
    tag = document.find("custodian/assignedCustodian/representedCustodianOrganization")
    return _named("Organization", tag, header.INSTITUTION, "name")


def provider(document: Tag) -> Json | None:
    """Give the institution of the visit."""
    place = "componentOf/encompassingEncounter/location/healthCareFacility/serviceProviderOrganization"
    tag = document.find(f"{place}/asOrganizationPartOf/wholeOrganization")
    return None if tag is None else _named("Organization", tag, header.INSTITUTION, "name")


def encounter(document: Tag, numbers: tuple[str, ...]) -> Json | None:
    """Give the visit; None when the document is of none."""
    tag = document.find("componentOf/encompassingEncounter")
    if tag is None:
        return None
    code = _attribute(tag, "code", "code")
    coding = {"system": f"{_HL7}v3-ActCode", "code": code or "AMB"}
    made: Json = {"resourceType": "Encounter", "status": "finished", "class": coding}
    role = document.find("recordTarget/patientRole")
    identifiers = [
        _identifier(root, value)
        for one in (role.iterfind("id") if role is not None else ())
        if (root := one.get("root") or "") in numbers and (value := one.get("extension"))
    ]
    made |= {"identifier": identifiers} if identifiers else {}
    ends = (("start", "effectiveTime/low"), ("end", "effectiveTime/high"))
    period = {name: when for name, path in ends if (when := date_of(_attribute(tag, path, "value")))}
    made |= {"period": period} if period else {}
    place = tag.find("location/healthCareFacility/serviceProviderOrganization")
    if place is not None:
        code, name = _attribute(place, "id", "extension"), _said(place, "name")
        known = {"coding": [{"system": _SYSTEM, "code": code}]} if code else {}
        made |= {"serviceType": known | ({"text": name} if name else {})} if code or name else {}
    return made


def _named(type: str, tag: Tag | None, root: str, path: str) -> Json:
    number = "" if tag is None else _attribute(tag, "id", "extension")
    name = "" if tag is None else _said(tag, path)
    made: Json = {"resourceType": type}
    made |= {"identifier": [_identifier(root, number)]} if number else {}
    shown: Any = name if type == "Organization" else [{"text": name}]
    return made | ({"name": shown} if name else {})


def _identifier(root: str, value: str) -> dict[str, str]:
    return {"system": f"urn:oid:{root}", "value": value}


def _coding(parent: Tag, tag: str, domain: str) -> dict[str, str]:
    found = parent.find(tag)
    known = domains()[domain]
    if found is None or not found.get("code") or found.get("codeSystem") != known.oid:
        return {}
    display = found.get("displayName")
    return {"system": known.system, "code": str(found.get("code"))} | ({"display": display} if display else {})


def _said(parent: Tag, path: str) -> str:
    found = parent.find(path)
    return "" if found is None else "".join(found.itertext()).strip()


def _attribute(parent: Tag, path: str, name: str) -> str:
    found = parent.find(path)
    return "" if found is None else found.get(name) or ""
