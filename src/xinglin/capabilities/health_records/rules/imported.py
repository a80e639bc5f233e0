"""A shared document of elsewhere: whether it is of the person, and how it stands in the record. Pure."""

import base64
from collections.abc import Sequence
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

IDENTITY: Final = "urn:oid:2.16.156.10011.1.3"


@cites("ST-02")
def of_another(patient: Document, bundle: Document) -> tuple[Issue, ...]:
    """Say why a document is not of this patient; empty when it is.

    By the identity number when both have one, else by name and birth date.
    """
    named = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Patient")
    numbers = [_number(one) for one in (patient, named)]
    same = numbers[0] == numbers[1] if all(numbers) else _called(patient) == _called(named)
    if same:
        return ()
    text = "The document is of another person: number, or name and birth date, are not those of the record."
    return (Issue("business-rule", "another-person", "ClinicalDocument.recordTarget", text),)


def reference_to(bundle: Document, patient: str, xml: bytes, labels: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Make the DocumentReference that keeps a document as it came.

    masterIdentifier: of this version; the first identifier: of the set. labels: of what it holds.
    """
    composition = bundle["entry"][0]["resource"]
    said = {one["fullUrl"]: one["resource"] for one in bundle["entry"]}
    author = said[composition["author"][0]["reference"]]
    keeper = said[composition["custodian"]["reference"]]
    made: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "masterIdentifier": bundle["identifier"],
        "identifier": [composition["identifier"]],
        "status": "current",
        "docStatus": "final",
        "type": composition["type"],
        "subject": {"reference": patient},
        "date": bundle["timestamp"],
        "description": composition["title"],
        "content": [
            {
                "attachment": {
                    "contentType": "application/xml",
                    "language": "zh-CN",
                    "data": base64.b64encode(xml).decode("ascii"),
                    "title": f"{composition['title']}.xml",
                }
            }
        ],
    }
    name = (author.get("name") or [{}])[0].get("text")
    made |= {"author": [{"display": name}]} if name else {}
    made |= {"custodian": {"display": keeper["name"]}} if keeper.get("name") else {}
    return made | ({"meta": {"security": list(labels)}} if labels else {})


def _number(patient: Document) -> str:
    numbers = (one.get("value", "") for one in patient.get("identifier", ()) if one.get("system") == IDENTITY)
    return str(next(numbers, "")).upper()


def _called(patient: Document) -> tuple[str, str]:
    name = (patient.get("name") or [{}])[0].get("text", "")
    return str(name), str(patient.get("birthDate", ""))
