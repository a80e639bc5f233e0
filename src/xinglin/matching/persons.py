"""What of a Patient is compared: its values by field, from the JSON form."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from xinglin.fhir.declarations import canonical
from xinglin.fhir.sources import cites
from xinglin.matching.model import Specification
from xinglin.matching.numbers import standing
from xinglin.matching.places import spelled
from xinglin.security.identifiers import IDENTITY_CARD, PersonNumber, expanded, normal, person_number

# Numbers that the health system gives out itself: they name a record, not a person.
HEALTH_RECORD: Final = "urn:oid:2.16.156.10011.1.2"
HEALTH_CARD: Final = "urn:oid:2.16.156.10011.1.19"
NEWBORN: Final = "https://xinglin.health/id/newborn"
_OWN: Final = frozenset({IDENTITY_CARD, HEALTH_RECORD, HEALTH_CARD})
DIVISION: Final = canonical("division")
HOUSEHOLD: Final = canonical("household")
_MOTHERS: Final = frozenset({"MTH", "NMTH", "GESTM", "52"})
_SEXES: Final = frozenset({"male", "female"})
_DATE: Final = 10

# Fields in the order in which pages show them.
FIELDS: Final = ("number", "document", "name", "sex", "birth", "phone", "place", "mother")


def traits(patient: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Give the values of a Patient (JSON form) by field of `FIELDS`; fields without values are left out.

    number: identity cards. document: other documents, as ``system|value``. sex: male or female. place: as of
    `places.spelled`. mother: the names of contacts who are the mother.
    """
    found = {
        "number": _distinct(standing(one) for one in values(patient, IDENTITY_CARD)),
        "document": _distinct(_documents(patient)),
        "name": _distinct(name_of(one) for one in patient.get("name") or ()),
        "sex": (patient["gender"],) if patient.get("gender") in _SEXES else (),
        "birth": _distinct((str(patient.get("birthDate") or "")[:_DATE],)),
        "phone": _distinct(
            one.get("value") or "" for one in patient.get("telecom") or () if one.get("system") in {"phone", "sms"}
        ),
        "place": _distinct(_places(patient)),
        "mother": _distinct(_mothers(patient)),
    }
    return {field: each for field, each in found.items() if each}


def values(patient: Mapping[str, Any], system: str) -> Iterator[str]:
    """Give the values of a Patient's identifiers of one system, but those that are not in use any more."""
    for one in patient.get("identifier") or ():
        if one.get("system") == system and one.get("value") and one.get("use") != "old":
            yield one["value"]


def name_of(name: Mapping[str, Any]) -> str:
    """Give a whole name: its text, else family and given names without blanks between them."""
    text = name.get("text")
    if text:
        return str(text)
    parts = [name.get("family") or "", *(one for one in name.get("given") or () if one)]
    joiner = " " if any(part.isascii() and part for part in parts) else ""
    return joiner.join(part for part in parts if part)


def extension(element: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    """Give the first extension of an element with the url; an empty one when there is none."""
    found: Mapping[str, Any] = next((one for one in element.get("extension") or () if one.get("url") == url), {})
    return found


def division_of(patient: Mapping[str, Any]) -> str:
    """Give the code of the division of a Patient's home, empty when it is not known."""
    for one in patient.get("address") or ():
        if code := extension(one, DIVISION).get("valueCode"):
            return str(code)
    return ""


def _places(patient: Mapping[str, Any]) -> Iterator[str]:
    for one in patient.get("address") or ():
        parts = (one.get("city"), one.get("district"), *(one.get("line") or ()))
        text = one.get("text") or "".join(part for part in parts if part)
        division = str(extension(one, DIVISION).get("valueCode") or "")
        if text or division:
            yield spelled(division, text)


def _documents(patient: Mapping[str, Any]) -> Iterator[str]:
    for one in patient.get("identifier") or ():
        system, value = one.get("system"), one.get("value")
        if system and value and system not in _OWN and one.get("use") != "old":
            yield f"{system}|{normal(value)}"


def _mothers(patient: Mapping[str, Any]) -> Iterator[str]:
    for contact in patient.get("contact") or ():
        codes = {
            coding.get("code")
            for concept in contact.get("relationship") or ()
            for coding in concept.get("coding") or ()
        }
        if codes & _MOTHERS and contact.get("name"):
            yield name_of(contact["name"])


def _distinct(found: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in found if one))


@cites("CD-11")
def two_citizens(one: Mapping[str, Any], other: Mapping[str, Any], today: date) -> bool:
    """Tell whether two Patients have different valid citizen numbers: they are never merged automatically."""
    a, b = _valid(one, today), _valid(other, today)
    return bool(a and b) and not a & b


@cites("CD-06", "CD-11")
def siblings(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two newborns of one mother are two: of another order, or born on other days."""
    return any(a[0] == b[0] and (a[2] != b[2] or a[1][:8] != b[1][:8]) for a in _births(one) for b in _births(other))


def _births(patient: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Take the identities of a newborn apart: number of the mother, date and time, order."""
    parts = (value.split("-") for value in values(patient, NEWBORN))
    return [(part[0], part[1], part[2]) for part in parts if len(part) == 3]


def _valid(patient: Mapping[str, Any], today: date) -> set[str]:
    spelled_out = {expanded(one) or normal(one) for one in values(patient, IDENTITY_CARD)}
    return {one for one in spelled_out if isinstance(person_number(one, today), PersonNumber)}


GRADES: Final = ("certain", "probable", "possible", "certainly-not")
_SOUNDS_ALIKE: Final = frozenset({"equal", "variant", "sound", "near-sound", "swapped"})


@cites("CD-11", "HR-03")
def grade(specification: Specification, told: Mapping[str, str], probability: float, *, two_citizens: bool) -> str:
    """Grade a pair: a code of http://terminology.hl7.org/CodeSystem/match-grade.

    told: the levels by field (`Specification.told`). certain: the same number under a name that agrees, or beyond the
    threshold without a contradicting document. Two valid citizen numbers that differ are possible at the most, and so
    are two newborns of one mother.
    """
    if two_citizens:
        return "possible" if probability >= specification.possible else "certainly-not"
    same_number = told.get("number") == "equal" or told.get("document") == "equal"
    if same_number and told.get("name") in _SOUNDS_ALIKE:
        return "certain"
    contradicted = "differs" in {told.get("number"), told.get("sex"), told.get("document")}
    if probability >= specification.certain and not contradicted:
        return "certain"
    if probability >= specification.probable:
        return "probable"
    return "possible" if same_number or probability >= specification.possible else "certainly-not"
