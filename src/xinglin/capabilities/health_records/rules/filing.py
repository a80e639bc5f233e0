"""Entries of a shared document as resources of a record: which are new, and which stand there already. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document, codings, day, decimal, reference, when
from xinglin.capabilities.health_records.rules.narratives import line, words
from xinglin.capabilities.health_records.rules.problems import in_force
from xinglin.fhir import ucum

# In this order they are filed: a report names its results.
FILED: Final = (
    *("AllergyIntolerance", "Condition", "Procedure", "Immunization", "FamilyMemberHistory"),
    *("MedicationRequest", "Observation", "DiagnosticReport"),
)
# What a document names only to be understood.
AROUND: Final = frozenset({"Composition", "Patient", "Practitioner", "PractitionerRole", "Organization"})
_CALLED: Final = ("code", "vaccineCode", "medicationCodeableConcept")
# How units are written here, and their UCUM codes.
_UNITS: Final = {"mmHg": "mm[Hg]", "次/分": "/min", "℃": "Cel", "°C": "Cel", "kg/m²": "kg/m2"}
# What stays true from one day to the next: it is known by what it is, whatever day is written.
_LASTING: Final = frozenset({"AllergyIntolerance", "Condition", "FamilyMemberHistory"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that could be filed.

    key: its name within the document; resource: as it would be written, without references to others of the document;
    results: keys of others that it names (a report its results); same: ``Type/id`` of what says the same, "" when new.
    """

    key: str
    resource: Document
    results: tuple[str, ...]
    same: str

    @property
    def type(self) -> str:
        """Give the FHIR type."""
        return str(self.resource["resourceType"])

    @property
    def text(self) -> str:
        """Say it in a line."""
        return line(self.resource)


def proposals(bundle: Document, patient: str, document: str, there: Iterable[Document]) -> tuple[Proposal, ...]:
    """Propose the entries of a document Bundle, in the order in which they are filed.

    patient, document: references (``Patient/1``, ``DocumentReference/2``); there: what the record holds.
    """
    known = list(there)
    made: list[Proposal] = []
    keeper = _keeper(bundle)
    entries = [(str(one["fullUrl"]), one["resource"]) for one in bundle["entry"]]
    for type in FILED:
        for url, found in entries:
            if found["resourceType"] == type:
                resource = _as_filed(found, patient, document, keeper)
                results = tuple(reference(one) for one in found.get("result", ()))
                same = next((one for one in known if says_the_same(one, resource)), None)
                twin = any(says_the_same(one.resource, resource) and not one.same for one in made)
                if not twin or same is not None:
                    name = "" if same is None else f"{type}/{same['id']}"
                    made.append(Proposal(url.removeprefix("urn:uuid:"), resource, results, name))
    return tuple(made)


def left(bundle: Document) -> tuple[Document, ...]:
    """Give the entries that are of others to write: the visit, the insurance."""
    types = {*FILED, *AROUND}
    return tuple(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] not in types)


def _keeper(bundle: Document) -> str:
    """Name the institution that keeps the document; empty without a name."""
    said = {one["fullUrl"]: one["resource"] for one in bundle["entry"]}
    custodian = reference(bundle["entry"][0]["resource"].get("custodian"))
    return str(said.get(custodian, {}).get("name", ""))


def _as_filed(given: Document, patient: str, document: str, keeper: str) -> Document:
    """Make the resource of an entry: of this patient, from this document and its keeper, naming nothing else of it."""
    made: dict[str, Any] = {
        member: value for member, value in given.items() if member not in {"id", "meta", "encounter", "result"}
    }
    for member in ("subject", "patient"):
        if member in made:
            made[member] = {"reference": patient}
    made = {member: value for member, value in made.items() if not reference(value).startswith("urn:")}
    made["meta"] = {"source": document}
    for one in (made, *made.get("component", ())):
        if isinstance(one.get("valueQuantity"), dict):
            one["valueQuantity"] = _coded(one["valueQuantity"])
    if keeper and made["resourceType"] in {"Observation", "DiagnosticReport"}:
        made.setdefault("performer", [{"type": "Organization", "display": keeper}])
    if made["resourceType"] == "MedicationRequest":
        made["reportedBoolean"] = True
    return made


def _coded(quantity: Mapping[str, Any]) -> dict[str, Any]:
    """Give a quantity its UCUM code where its unit is one, so that it is found and compared."""
    unit = str(quantity.get("unit", ""))
    code = _UNITS.get(unit, unit)
    known = bool(code) and "code" not in quantity and ucum.parse(code) is not None
    return {**quantity, **({"system": ucum.SYSTEM, "code": code} if known else {})}


def says_the_same(there: Document, given: Document) -> bool:
    """Tell whether two resources say the same: of what, when (but for what lasts), and how much."""
    type = given["resourceType"]
    if there["resourceType"] != type or there.get("status") == "entered-in-error":
        return False
    if not _named_alike(there, given):
        return False
    if type in _LASTING:
        return type == "FamilyMemberHistory" or in_force(there)
    days = day(when(there)), day(when(given))
    return (None in days or days[0] == days[1]) and _measured(there) == _measured(given)


def _named_alike(there: Document, given: Document) -> bool:
    if given["resourceType"] == "FamilyMemberHistory":
        own, others = (_conditions(one) for one in (given, there))
        return own == others and _alike(there.get("relationship"), given.get("relationship"))
    return any(_alike(there.get(name), given.get(name)) for name in _CALLED)


def _conditions(history: Document) -> frozenset[str]:
    return frozenset(words(one.get("code")) for one in history.get("condition", ()))


def _alike(a: Any, b: Any) -> bool:
    """Tell whether two concepts are one: by a code that both have, else by the words."""
    if not a or not b:
        return False
    return bool(set(codings(a)) & set(codings(b))) or bool(_said(a) & _said(b))


def _said(concept: Any) -> frozenset[str]:
    texts = [concept.get("text"), *(one.get("display") for one in concept.get("coding", ()))]
    return frozenset("".join(str(one).split()) for one in texts if one)


def _measured(document: Document) -> tuple[object, ...]:
    """Give what makes two results of a day and code the same."""
    quantity: Mapping[str, Any] = document.get("valueQuantity") or {}
    parts: Sequence[Document] = document.get("component", ())
    inner = sorted(str(_measured(one)) for one in parts)
    value = words(document.get("valueCodeableConcept")) or document.get("valueString")
    number = decimal(quantity.get("value"))
    return (None if number is None else number.normalize(), value or None, *inner)
