"""Code systems and the smallest building blocks of resources; blocks are shared, so none is ever changed."""

from datetime import date
from functools import cache
from typing import Any, Final

from xinglin.fhir.declarations import canonical
from xinglin.fhir.sources import cites
from xinglin.security.labels import LEVEL, SPECIAL
from xinglin.tables.codes import by_code

Json = dict[str, Any]

HEALTH_RECORD: Final = "urn:oid:2.16.156.10011.1.2"
HEALTH_CARD: Final = "urn:oid:2.16.156.10011.1.19"
OUTPATIENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.11"
INPATIENT_NUMBER: Final = "urn:oid:2.16.156.10011.1.12"
PRESCRIPTION_NUMBER: Final = "urn:oid:2.16.156.10011.1.20"
INSURED_PERSON: Final = "https://xinglin.health/id/insurance-person"
HOUSEHOLD: Final = "https://xinglin.health/id/household"
NEWBORN: Final = "https://xinglin.health/id/newborn"

ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
ICD9: Final = canonical("icd-9-cm-3-cn", "CodeSystem")
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
HL7: Final = "http://terminology.hl7.org/CodeSystem"
SYNTHETIC: Final = canonical("synthetic", "CodeSystem")
FAULT: Final = canonical("synthetic-fault", "CodeSystem")
UNDIAGNOSED: Final = canonical("synthetic-undiagnosed", "CodeSystem")
# What is made up says so (PG-10).
META: Final[Json] = cites("PG-10")({"tag": [{"system": SYNTHETIC, "code": "city", "display": "合成数据"}]})

# What tells of a severe mental disorder though none of its codes does: the label of that class (SM-11, R7-031).
MENTAL_META: Final[Json] = META | {"security": [{"system": SPECIAL, "code": "mental"}, {"system": LEVEL, "code": "5"}]}


def system(name: str) -> str:
    """Give the address of one of the project's own code systems."""
    return canonical(name, "CodeSystem")


@cache
def coding(system: str, code: str, display: str = "") -> Json:
    """Write a Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


@cache
def concept(system: str, code: str, text: str = "") -> Json:
    """Write a CodeableConcept of one coding; its text is the display."""
    return {"coding": [coding(system, code, text)]} | ({"text": text} if text else {})


@cache
def disease(code: str, text: str) -> Json:
    """Write a disease of the clinical edition: the name of the table, and what was written of it."""
    return {"coding": [coding(ICD10, code, by_code("icd10")[code].name)], "text": text}


@cache
def procedure(code: str, text: str) -> Json:
    """Write a procedure of ICD-9-CM-3: the name of the table, and what was written of it."""
    return {"coding": [coding(ICD9, code, by_code("icd9cm3")[code].name)], "text": text}


def reference(type_: str, id_: str, display: str = "") -> Json:
    """Write a Reference."""
    made: Json = {"reference": f"{type_}/{id_}"}
    if display:
        made["display"] = display
    return made


def identifier(system: str, value: str) -> Json:
    """Write an Identifier."""
    return {"system": system, "value": value}


def extension(name: str, **value: object) -> Json:
    """Write an extension of the project with one value, such as ``valueCode="410802"``."""
    return {"url": canonical(name), **value}


def nested(url: str, *parts: tuple[str, Json]) -> Json:
    """Write an extension of extensions."""
    return {"url": url, "extension": [{"url": name, **value} for name, value in parts]}


def instant(day: date, minute: int) -> str:
    """Write an instant of Beijing. minute: of the day."""
    return f"{day.isoformat()}T{minute // 60:02d}:{minute % 60:02d}:00+08:00"
