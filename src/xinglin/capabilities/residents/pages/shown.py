"""What pages show of a person: names, numbers covered, ages, how alike two are."""

from collections.abc import Mapping
from typing import Any

from xinglin.capabilities.residents.operations.matching import Found
from xinglin.capabilities.residents.rules import records
from xinglin.matching.persons import DIVISION, FIELDS, extension, name_of, values
from xinglin.security import masks
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.tables.divisions import place_of

# How the level of a field stands: agreeing, nearly, or not.
TONES: Mapping[str, str] = {"equal": "success", "variant": "success", "differs": "danger"}


def name(document: Mapping[str, Any]) -> str:
    """Give the name of a Patient."""
    return next((found for one in document.get("name") or () if (found := name_of(one))), "")


def person(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a page of the desk shows of a person within reach."""
    number = next(values(document, IDENTITY_CARD), "")
    return {
        "id": document["id"],
        "name": name(document),
        "gender": document.get("gender") or "unknown",
        "born": document.get("birthDate") or "",
        "number": masks.number(number) if number else "",
        "phone": next(
            (one.get("value", "") for one in document.get("telecom") or () if one.get("system") == "phone"), ""
        ),
        "place": _place(document),
        "record": records.number_of(document),
        "live": records.is_live(document),
        "closing": records.closing_of(document),
        "deceased": bool(document.get("deceasedDateTime") or document.get("deceasedBoolean")),
    }


def _place(document: Mapping[str, Any]) -> str:
    for one in document.get("address") or ():
        division = str(extension(one, DIVISION).get("valueCode") or "")
        text = str(one.get("text") or "")
        where = place_of(division) if division else ""
        if where or text:
            return text if text.startswith(where) and where else where + text
    return ""


def candidate(found: Found, *, reached: bool) -> dict[str, Any]:
    """Give what a page shows of somebody who may be the same; covered when the desk does not reach the record."""
    shown = person(found.document) if reached else person(masks.masked(found.document, _COVERED))
    fields = [
        (field, found.told[field], TONES.get(found.told[field], "warning")) for field in FIELDS if field in found.told
    ]
    return shown | {
        "reached": reached,
        "grade": found.grade,
        "percent": f"{100 * found.probability:.1f}",
        "fields": fields,
    }


_COVERED = frozenset(f"Patient.{one}" for one in ("name", "identifier", "telecom", "address", "contact", "birthDate"))
