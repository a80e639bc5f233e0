"""A copy of a resource without what tells whom it is about (GB/T 39725): what is kept is named, the rest goes.

Kept are codes, numbers, quantities and truth values. Dates move by a number of days, the same for all data of a person
in a project; the reference to the person becomes a pseudonym. Names, numbers of documents, texts, narratives, displays,
attachments, extensions, other references, ids and labels go. A birth date keeps its year, and no year of whoever is
older than 89. One copy alone is not k-anonymous: that is judged over a whole extract.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from xinglin.fhir import model
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# Where a pseudonym stands in the place of a person; the key by which it was made stays with the controller.
PSEUDONYM: Final = "https://xinglin.health/id/pseudonym"
KEPT_PRIMITIVES: Final = frozenset({"code", "boolean", "integer", "decimal", "positiveInt", "unsignedInt", "time"})
DATES: Final = frozenset({"date", "dateTime", "instant"})
# Types that tell of a person or hold words, wherever they stand.
DROPPED: Final = frozenset(
    {
        *("Narrative", "Extension", "Identifier", "HumanName", "ContactPoint", "Address", "Attachment", "Annotation"),
        *("Meta", "Signature", "Resource", "ContactDetail", "RelatedArtifact", "UsageContext", "Contributor"),
    }
)
# What has no meaning without who it names, or is words throughout.
REFUSED: Final = frozenset(
    {
        *(
            "Binary",
            "Bundle",
            "Parameters",
            "Person",
            "RelatedPerson",
            "Practitioner",
            "PractitionerRole",
            "AuditEvent",
        ),
        *("Consent", "Provenance", "Communication", "DocumentReference", "Media", "Composition", "List", "Basic"),
        "MolecularSequence",  # it tells whom it is about by itself
    }
)
AGE_MOST: Final = 89
UNIT_MOST: Final = 20
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-+*/ ]{0,19}", re.ASCII)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Project:
    """How one person is spelled in a project. subject: reference of the person. shift: days, not 0."""

    subject: str
    pseudonym: str
    shift: int
    today: date


@cites("R7-031", "R7-033")
def refusals(type_name: str) -> tuple[Issue, ...]:
    """Reasons why no copy of a type can be made."""
    if type_name in REFUSED or not model.is_resource(type_name):
        return (Issue("not-supported", "deidentify-type", text=f"No copy without identity is made of {type_name}."),)
    return ()


@cites("R7-031", "R7-033")
def deidentified(resource: Mapping[str, Any], project: Project) -> dict[str, Any]:
    """Give the copy; *resource* in JSON form."""
    type_name = str(resource["resourceType"])
    made = {"resourceType": type_name} | _object(resource, type_name, project)
    return made | {"identifier": [_pseudonym(project)]} if type_name == "Patient" else made


def shift_of(digest: bytes) -> int:
    """Give the days by which the dates of a person move: −182 to 183, never 0."""
    days = int.from_bytes(digest[:4]) % 365 - 182
    return days if days < 0 else days + 1


def _object(value: Mapping[str, Any], type_name: str, project: Project) -> dict[str, Any]:
    known = model.members(type_name)
    made: dict[str, Any] = {}
    for name, inner in value.items():
        if name.startswith("_") or name in {"id", "resourceType"} or name not in known:
            continue
        kept = _value(inner, known[name][1], name, project)
        if kept not in (None, {}, []):
            made[name] = kept
    return made


def _value(value: Any, type_name: str, name: str, project: Project) -> Any:
    if isinstance(value, list):
        found = [_value(one, type_name, name, project) for one in value]
        return [one for one in found if one not in (None, {}, [])]
    if type_name == "Reference":
        return _reference(value, project)
    if type_name == "Coding":
        return _coding(value)
    if type_name in DROPPED:
        return None
    if isinstance(value, Mapping):
        return _object(value, type_name, project)
    if type_name in DATES:
        return _birth(value, project) if name in {"birthDate", "deceasedDateTime"} else _moved(value, project.shift)
    # The unit and the system of a quantity are codes by another name.
    unit = name == "unit" and len(str(value)) <= UNIT_MOST
    return value if type_name in KEPT_PRIMITIVES or unit or (name == "system" and type_name == "uri") else None


def _coding(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Keep system and code; what looks like words, or is of no system, goes."""
    code = str(value.get("code", ""))
    foreign = not str(value.get("system", "")).startswith(("http://", "https://", "urn:"))
    if not _CODE.fullmatch(code) or foreign:
        return None
    return {name: value[name] for name in ("system", "version", "code") if name in value}


def _reference(value: Mapping[str, Any], project: Project) -> dict[str, Any] | None:
    if value.get("reference") != project.subject:
        return None
    return {"type": "Patient", "identifier": _pseudonym(project)}


def _pseudonym(project: Project) -> dict[str, str]:
    return {"system": PSEUDONYM, "value": project.pseudonym}


def _birth(value: str, project: Project) -> str | None:
    year = int(value[:4])
    return str(year) if project.today.year - year <= AGE_MOST else None


def _moved(value: str, shift: int) -> str:
    """Move a FHIR date by days. A month or a year, which cannot be moved so, keeps its year; a time keeps its hour."""
    if len(value) < 10:
        return value[:4]
    if len(value) == 10:
        return (date.fromisoformat(value) + shift * _DAY).isoformat()
    return (datetime.fromisoformat(value) + shift * _DAY).replace(minute=0, second=0, microsecond=0).isoformat()
