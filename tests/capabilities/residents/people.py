"""Invented residents with sound identity numbers."""

from dataclasses import replace
from typing import Any

from tests.capabilities.access.ward import staff
from xinglin.fhir.declarations import canonical
from xinglin.security.identifiers import IDENTITY_CARD, person_check
from xinglin.security.principal import Principal
from xinglin.tables.divisions import divisions

VILLAGE = next(one.code for one in divisions().values() if one.record)
DESK = staff("receptionist", "5", organization="Organization/1")
VILLAGE_DOCTOR = staff("village-doctor", "6", organization="Organization/1")
NURSE = staff("nurse", "7", organization="Organization/1")
MEI = Principal(
    "mei", frozenset({"resident"}), patient="Patient/mei", patients=("Patient/mei",), purpose="PATRQT", level="L2"
)
# As a browser calls them.
PEOPLE = {
    "mei": replace(MEI, display="张小梅", patients=("Patient/mei", "Patient/child")),
    "nurse": replace(NURSE, display="孙晓燕"),
    "desk": replace(DESK, display="高雨欣"),
}


def number(born: str, sequence: int = 123, area: str = "410802") -> str:
    """Write a sound identity number; an odd sequence is a man's."""
    first = f"{area}{born.replace('-', '')}{sequence:03d}"
    return first + person_check(first)


def resident(name: str, born: str, sequence: int = 123, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "identifier": [{"system": IDENTITY_CARD, "value": number(born, sequence)}],
        "name": [{"text": name}],
        "gender": "male" if sequence % 2 else "female",
        "birthDate": born,
        "address": [{"text": "民主街道12号", "extension": [{"url": canonical("division"), "valueCode": VILLAGE}]}],
    }
    return made | more
