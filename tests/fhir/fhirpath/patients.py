"""A patient and an observation that the tests of FHIRPath ask about."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec

from xinglin.fhir.fhirpath import Environment, evaluate
from xinglin.fhir.fhirpath.nodes import Node
from xinglin.fhir.fhirpath.output import shown
from xinglin.fhir.r4 import Observation, Patient

NOW: Final = datetime.datetime(2026, 11, 22, 8, 30, 15, 123000, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))

PATIENT: Final = msgspec.convert(
    {
        "resourceType": "Patient",
        "id": "li",
        "active": True,
        "name": [
            {"use": "official", "text": "李明", "family": "李", "given": ["明", "小明"]},
            {"use": "nickname", "given": ["Ming"], "period": {"start": "2001", "end": "2010-05"}},
        ],
        "telecom": [
            {"system": "phone", "value": "0391-1234567", "use": "home"},
            {"system": "email", "value": "li@example.org", "rank": 1},
        ],
        "gender": "male",
        "birthDate": "1974-12-25",
        "_birthDate": {
            "extension": [{"url": "http://example.org/birth-time", "valueDateTime": "1974-12-25T14:35:45-05:00"}]
        },
        "deceasedBoolean": False,
        "multipleBirthInteger": 2,
        "contact": [{"name": {"family": "王"}, "gender": "female"}],
        "contained": [{"resourceType": "Organization", "id": "org", "name": "焦作市人民医院"}],
        "managingOrganization": {"reference": "#org"},
        "generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "Organization/9"}],
    },
    Patient,
)

OBSERVATION: Final = msgspec.convert(
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/li"},
        "effectiveDateTime": "2026-03-28T10:00:00+08:00",
        "valueQuantity": {
            "value": Decimal("72.50"),
            "unit": "kg",
            "system": "http://unitsofmeasure.org",
            "code": "kg",
        },
        "component": [{"code": {"text": "a"}, "valueInteger": 5}, {"code": {"text": "b"}, "valueString": "x"}],
    },
    Observation,
)

ENVIRONMENT: Final = Environment(now=NOW)


def results(expression: str, resource: msgspec.Struct | None = PATIENT, **settings: object) -> list[Node]:
    """Evaluate with a fixed clock; *settings* are those of Environment."""
    make: Callable[..., Environment] = Environment
    return evaluate(expression, resource, environment=make(now=NOW, **settings) if settings else ENVIRONMENT)


def values(expression: str, resource: msgspec.Struct | None = PATIENT) -> list[object]:
    """Evaluate; return plain values, dates as text, complex values as their FHIR location."""
    found: list[object] = []
    for node in results(expression, resource):
        value = shown(node)["value"]
        found.append(node.location if isinstance(value, msgspec.Struct) else value)
    return found
