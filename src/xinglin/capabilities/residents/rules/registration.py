"""Whether a person may be registered as written: name, documents, birth, phone."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.matching.persons import NEWBORN, name_of
from xinglin.security.identifiers import (
    AGE_MAX,
    BIRTH_CERTIFICATE,
    HONG_KONG_MACAO_PERMIT,
    IDENTITY_CARD,
    NETWORK_IDENTITY,
    OFFICER_CARD,
    PASSPORT,
    TAIWAN_PERMIT,
    PersonNumber,
    disagreements,
    expanded,
    network_identity_faults,
    normal,
    person_number,
)

HOUSEHOLD_REGISTER: Final = "https://xinglin.health/id/household-register"
DRIVING_LICENCE: Final = "https://xinglin.health/id/driving-licence"
OTHER_DOCUMENT: Final = "https://xinglin.health/id/other-document"

# CV02.01.101 → system; foreign permanent residents' cards and residence permits are numbers like identity cards.
SYSTEMS: Final = cites("CD-05", "R6-003")(
    {
        "01": IDENTITY_CARD,
        "02": HOUSEHOLD_REGISTER,
        "03": PASSPORT,
        "04": OFFICER_CARD,
        "05": DRIVING_LICENCE,
        "06": HONG_KONG_MACAO_PERMIT,
        "07": TAIWAN_PERMIT,
        "99": OTHER_DOCUMENT,
    }
)

# Counties that are no more: births registered there keep their codes (CD-03). Nothing is refused for them.
FORMER_COUNTIES: Final = cites("CD-03")({"410824": "沁阳县", "410826": "孟县", "410827": "济源县", "410881": "济源市"})

_MOBILE: Final = re.compile(r"1[3-9]\d{9}", re.ASCII)
_CERTIFICATE: Final = re.compile(r"[A-Z]\d{9}", re.ASCII)
NAME_LEAST: Final = 2
NAME_MOST: Final = 50


@cites("R6-001", "R6-002", "R6-004", "CD-01", "CD-02", "CD-04", "CD-12")
def registration_faults(patient: Mapping[str, Any], today: date) -> tuple[Issue, ...]:
    """Say all that is wrong with a person as registered (Patient in JSON form).

    A document is needed, as names are not unique; what a number says must agree with what was typed, and nothing is
    overwritten. An old number of 15 digits is refused: it serves for searching only.
    """
    return (*_name_faults(patient), *_birth_faults(patient, today), *_documents(patient, today), *_phones(patient))


def _name_faults(patient: Mapping[str, Any]) -> Iterator[Issue]:
    names = [name_of(one) for one in patient.get("name") or ()]
    if not any(names):
        yield Issue("required", "resident-name", "Patient.name", "A person is registered by the real name.")
    for name in names:
        if name and not NAME_LEAST <= len(name) <= NAME_MOST:
            text = f"A name has {NAME_LEAST} to {NAME_MOST} characters."
            yield Issue("value", "resident-name-length", "Patient.name", text)


def _birth_faults(patient: Mapping[str, Any], today: date) -> Iterator[Issue]:
    text = patient.get("birthDate")
    if not text:
        yield Issue("required", "resident-birth", "Patient.birthDate", "Say when the person was born.")
        return
    if len(text) < 10:
        return
    born = _day(text)
    if born is None:
        yield Issue("value", "resident-birth-form", "Patient.birthDate", "There is no such date.")
    elif born > today:
        yield Issue("value", "resident-birth-future", "Patient.birthDate", "The birth date is still to come.")
    elif born.year < today.year - AGE_MAX:
        yield Issue("value", "resident-birth-age", "Patient.birthDate", f"Nobody is older than {AGE_MAX} years.")


def _documents(patient: Mapping[str, Any], today: date) -> Iterator[Issue]:
    for one in patient.get("identifier") or ():
        if one.get("system") == NETWORK_IDENTITY:
            yield from network_identity_faults(str(one.get("value") or ""))
    known = {*SYSTEMS.values(), BIRTH_CERTIFICATE, NEWBORN}
    given = [one for one in patient.get("identifier") or () if one.get("system") in known and one.get("value")]
    if not given:
        text = "Name a document; a newborn without one is registered by the mother."
        yield Issue("required", "resident-document", "Patient.identifier", text)
    for one in given:
        if one["system"] == IDENTITY_CARD:
            read = person_number(one["value"], today)
            if isinstance(read, PersonNumber):
                yield from disagreements(read, gender=patient.get("gender"), born=patient.get("birthDate"))
            else:
                yield from read
        elif one["system"] == BIRTH_CERTIFICATE and not _CERTIFICATE.fullmatch(normal(one["value"])):
            yield Issue(
                "value", "birth-certificate", "Patient.identifier", "A birth certificate has a letter and nine digits."
            )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@cites("CD-12")
def _phones(patient: Mapping[str, Any]) -> Iterator[Issue]:
    for one in patient.get("telecom") or ():
        if (
            one.get("system") == "phone"
            and one.get("use") == "mobile"
            and not _MOBILE.fullmatch(one.get("value") or "")
        ):
            yield Issue("value", "mobile-form", "Patient.telecom", "A mobile number has 11 digits and begins with 1.")


def former_county(number: str) -> str:
    """Name the former county in whose register a number was given out; empty for others."""
    return FORMER_COUNTIES.get(number[:6], "")


# -- newborns ---------------------------------------------------------------------------------------------------------

_AFTER: Final = {"male": "之子", "female": "之女"}


@cites("CD-06")
def newborn_faults(mother: Mapping[str, Any], born: str, order: int, now: datetime) -> Iterator[Issue]:
    """Reasons why a newborn is not registered by its mother. mother: her Patient in JSON form."""
    at = moment(born)
    if at is None or at.tzinfo is None:
        yield Issue("value", "newborn-time", "born", "The time of birth is a date and a time.")
    elif at > now:
        yield Issue("value", "newborn-future", "born", "The time of birth is still to come.")
    elif (now - at).days > 366:
        yield Issue("business-rule", "newborn-age", "born", "A child older than a year has a number of its own.")
    if not 1 <= order <= 9:
        yield Issue("value", "newborn-order", "order", "The order among those of one birth is 1 to 9.")
    if mother.get("gender") == "male":
        yield Issue("business-rule", "newborn-mother", "mother", "The mother is not a man.")
    if not mothers_number(mother):
        yield Issue("business-rule", "newborn-mother-number", "mother", "The mother needs an identity number.")


@cites("CD-06")
def newborn_number(mother: str, born: datetime, order: int) -> str:
    """Write the identity of a newborn: number of the mother, date and time of birth, order."""
    return f"{mother}-{born:%Y%m%d%H%M}-{order}"


def newborn_name(mother: str, gender: str, order: int) -> str:
    """Write the name of a newborn that has none yet: 张小梅之女; of several the order."""
    return f"{mother}{_AFTER.get(gender, '之婴')}" + (f"{order}" if order > 1 else "")


def mothers_number(mother: Mapping[str, Any]) -> str:
    """Give the identity number of a mother, empty when she has none."""
    for one in mother.get("identifier") or ():
        if one.get("system") == IDENTITY_CARD and one.get("value"):
            return expanded(one["value"]) or normal(one["value"])
    return ""


def moment(text: str) -> datetime | None:
    """Read a date and time; None when it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
