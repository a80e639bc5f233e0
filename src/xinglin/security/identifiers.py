"""National numbers of persons, bodies and institutions: their structure, check characters and what they tell.

Every check takes the text as written and gives issues in plain words, none when the number is sound. Nothing is
corrected silently: only `normal` folds what people write differently (full-width digits, blanks, a small x).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# Identifier systems (docs/architecture.md).
IDENTITY_CARD: Final = "urn:oid:2.16.156.10011.1.3"
USCC: Final = "https://xinglin.health/id/uscc"
INSTITUTION_LICENCE: Final = "https://xinglin.health/id/institution-licence"
ORGANIZATION_CODE: Final = "https://xinglin.health/id/organization-code"
PRACTISING_CERTIFICATE: Final = "https://xinglin.health/id/practising-certificate"
QUALIFICATION_CERTIFICATE: Final = "https://xinglin.health/id/qualification-certificate"
NURSE_CERTIFICATE: Final = "https://xinglin.health/id/nurse-certificate"
PASSPORT: Final = "https://xinglin.health/id/passport"
OFFICER_CARD: Final = "https://xinglin.health/id/officer-card"
HONG_KONG_MACAO_PERMIT: Final = "https://xinglin.health/id/hong-kong-macao-pass"
TAIWAN_PERMIT: Final = "https://xinglin.health/id/taiwan-pass"
BIRTH_CERTIFICATE: Final = "https://xinglin.health/id/birth-certificate"
NETWORK_IDENTITY: Final = "https://xinglin.health/id/network-identity"
# Of an institution at the insurance: H or P and 11 digits (R4-054).
INSURANCE_INSTITUTION: Final = "https://xinglin.health/id/insurance-institution"

# CV02.01.101 kinds of identity documents; only 01 has a check character.
DOCUMENT_KINDS: Final = cites("R6-003")(
    {
        "01": ("居民身份证", "Resident identity card"),
        "02": ("居民户口簿", "Household register"),
        "03": ("护照", "Passport"),
        "04": ("军官证", "Officer card"),
        "05": ("驾驶证", "Driving licence"),
        "06": ("港澳居民来往内地通行证", "Hong Kong and Macao pass"),
        "07": ("台湾居民来往内地通行证", "Taiwan pass"),
        "99": ("其他法定有效证件", "Other valid document"),
    }
)

# GB/T 2260, first two digits; 83 stands in residence permits of Taiwan residents only.
PROVINCES: Final = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82".split()
)
PERMIT_AREAS: Final = frozenset({"810000", "820000", "830000"})
AGE_MAX: Final = 130

PersonKind = Literal["resident", "residence-permit", "permanent-resident"]


@dataclass(frozen=True, slots=True)
class PersonNumber:
    """What a sound 18-character number says of its holder. gender: FHIR's ``male`` or ``female``."""

    number: str
    kind: PersonKind
    area: str
    born: date
    gender: Literal["male", "female"]


def normal(text: str) -> str:
    """Fold a number as written: full-width to half-width, no blanks or hyphens, capital letters."""
    return re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()


# -- persons ----------------------------------------------------------------------------------------------------------

_PERSON: Final = re.compile(r"\d{17}[\dX]", re.ASCII)
_OLD_PERSON: Final = re.compile(r"\d{15}", re.ASCII)
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_NETWORK: Final = re.compile(r"[A-Za-z0-9]{8,64}", re.ASCII)
# An identity number, or a mobile phone alone.
_PLAIN: Final = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[\dX]|^1[3-9]\d{9}$", re.ASCII)


@cites("R6-001")
def person_check(first_17: str) -> str:
    """Compute the check character of a resident number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True)) % 11]


@cites("R6-001", "R6-003")
def person_number(text: str, today: date) -> PersonNumber | tuple[Issue, ...]:
    """Read a resident number, residence permit or permanent resident number, or say all that is wrong with it."""
    number = normal(text)
    if not _PERSON.fullmatch(number):
        hint = " An old number of 15 digits serves for searching only." if _OLD_PERSON.fullmatch(number) else ""
        return (_wrong("person-number-form", "An identity number has 17 digits and a check character." + hint),)
    faults: list[Issue] = []
    area, kind = number[:6], _kind_of(number)
    if kind is None:
        faults.append(_wrong("person-number-area", f"No province has the code {area[:2]}."))
    born = _date(number[6:14])
    if born is None:
        faults.append(_wrong("person-number-date", f"The number says born on {_dashed(number[6:14])}: no such date."))
    elif born > today:
        faults.append(_wrong("person-number-future", f"The number says born on {born}, which is still to come."))
    elif _years(born, today) > AGE_MAX:
        faults.append(_wrong("person-number-age", f"The number says born on {born}, more than {AGE_MAX} years ago."))
    if person_check(number[:17]) != number[17]:
        faults.append(
            _wrong("person-number-check", "The last character does not fit the others: a digit is wrong or swapped.")
        )
    if faults or kind is None or born is None:
        return tuple(faults)
    return PersonNumber(number, kind, area, born, "male" if int(number[16]) % 2 else "female")


@cites("R6-002")
def expanded(text: str) -> str | None:
    """Give the 18-character form of an old number of 15 digits, for searching only; None when it has none."""
    number = normal(text)
    if not _OLD_PERSON.fullmatch(number) or _date("19" + number[6:12]) is None:
        return None
    first = number[:6] + "19" + number[6:]
    return first + person_check(first)


@cites("R6-001", "R6-002")
def searched(value: str) -> str:
    """Give the value of a token search with the spellings that numbers of residents are kept in.

    An old number of 15 digits also finds the new one, a small x the capital. Other values stay as they are.
    """
    return ",".join(spelled for one in value.split(",") for spelled in _spellings(one))


def _spellings(token: str) -> Iterator[str]:
    yield token
    system, bar, number = token.rpartition("|")
    if system not in {"", IDENTITY_CARD}:
        return
    if (new := expanded(number)) is not None:
        yield f"{system}{bar}{new}"
    elif number.endswith("x") and _PERSON.fullmatch(number.upper()):
        yield f"{system}{bar}{number.upper()}"


@cites("R6-044")
def network_identity_faults(value: str) -> tuple[Issue, ...]:
    """Say what is wrong with a network number (网号): letters and digits that tell nothing of the person.

    It stands beside a document, never in the place of one: what issues it knows the person, we do not.
    """
    faults = []
    if not _NETWORK.fullmatch(value):
        text = "A network number consists of 8 to 64 letters and digits."
        faults.append(Issue("value", "network-identity", "identifier", text))
    elif _PLAIN.search(value.upper()):
        text = "A network number holds no identity number and no telephone number."
        faults.append(Issue("business-rule", "network-identity-plain", "identifier", text))
    return tuple(faults)


@cites("R6-004")
def disagreements(number: PersonNumber, *, gender: str | None, born: str | None) -> tuple[Issue, ...]:
    """Compare what was entered with what the number says.

    gender: FHIR's code; unknown and other contradict nothing. born: a FHIR date, perhaps only a year or month.
    """
    found: list[Issue] = []
    if gender in {"male", "female"} and gender != number.gender:
        text = f"The sex entered is {gender}, but the identity number belongs to a {number.gender} person."
        found.append(Issue("business-rule", "person-number-sex", "gender", text))
    if born and not number.born.isoformat().startswith(born):
        text = f"The birth date entered is {born}, but the identity number says {number.born}."
        found.append(Issue("business-rule", "person-number-birth", "birthDate", text))
    return tuple(found)


def _kind_of(number: str) -> PersonKind | None:
    if number[:6] in PERMIT_AREAS:
        return "residence-permit"
    if number[0] == "9":
        # 2023 version: 9, province that took the application, nationality as three digits.
        return "permanent-resident" if number[1:3] in PROVINCES else None
    return "resident" if number[:2] in PROVINCES else None


# -- bodies -----------------------------------------------------------------------------------------------------------

_USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_BODY_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_BODY: Final = re.compile(r"[0-9A-Z]{8}[0-9X]", re.ASCII)
# GB 32100: registering department, and the categories it gives out.
_REGISTERING: Final = {"1": "1239", "2": "19", "3": "123459", "4": "19", "5": "1239", "6": "129", "7": "129"} | {
    "8": "19",
    "9": "123",
    "A": "19",
    "N": "1239",
    "Y": "1",
}


@cites("R6-011")
def organization_check(first_8: str) -> str:
    """Compute the check character of an organization code (GB 11714)."""
    total = sum(weight * int(character, 36) for weight, character in zip(_BODY_WEIGHTS, first_8, strict=True))
    return "0123456789X0"[11 - total % 11]


@cites("R6-011")
def organization_code_faults(text: str) -> tuple[Issue, ...]:
    """Say what is wrong with an organization code of 8 characters and a check character (GB 11714)."""
    code = normal(text)
    if not _BODY.fullmatch(code):
        return (_wrong("organization-code-form", "An organization code has 8 characters and a check character."),)
    if organization_check(code[:8]) != code[8]:
        return (_wrong("organization-code-check", "The check character of the organization code does not fit."),)
    return ()


@cites("R6-010")
def uscc_check(first_17: str) -> str:
    """Compute the check character of a unified social credit code (GB 32100-2015)."""
    total = sum(
        weight * _USCC_ALPHABET.index(character) for weight, character in zip(_USCC_WEIGHTS, first_17, strict=True)
    )
    return _USCC_ALPHABET[(31 - total % 31) % 31]


@cites("R6-010", "R6-011")
def uscc_faults(text: str) -> tuple[Issue, ...]:
    """Say what is wrong with a unified social credit code (统一社会信用代码, GB 32100-2015)."""
    code = normal(text)
    if len(code) != 18:
        return (_wrong("uscc-form", f"A unified social credit code has 18 characters, this one {len(code)}."),)
    strange = sorted(set(code) - set(_USCC_ALPHABET))
    if strange:
        text = f"A unified social credit code never holds {' '.join(strange)} (no I, O, S, V, Z)."
        return (_wrong("uscc-alphabet", text),)
    faults = []
    if code[1] not in _REGISTERING.get(code[0], ""):
        # Later offices may give out codes too, so this alone refuses nothing.
        faults.append(_doubt("uscc-department", f"No registering department gives out codes that begin {code[:2]}."))
    if not code[2:8].isdigit():
        faults.append(_wrong("uscc-area", "Characters 3 to 8 are the area, six digits."))
    if uscc_check(code[:17]) != code[17]:
        faults.append(_wrong("uscc-check", "The check character does not fit: a character is wrong or swapped."))
    if organization_code_faults(code[8:17]):
        faults.append(_wrong("uscc-organization-code", "The organization code inside (characters 9 to 17) is wrong."))
    return tuple(faults)


_CATEGORIES: Final = frozenset("ABCDEFGHJKLMNOPQ")  # first letters of WS 218
MANAGEMENT_CLASSES: Final = {"1": "non-profit", "2": "for-profit", "9": "other"}


@cites("R6-020", "R6-021")
def institution_licence_faults(text: str) -> tuple[Issue, ...]:
    """Say what is wrong with a licence registration number (登记号, WS 218): 22 characters, or 12 of small clinics.

    22 = 9 organization code + 6 area + 2 economic type + 4 institution category + 1 management class.
    The form of 12 digits (6 area, 4 serial, 2 attribute) is known from a secondary source, so only its area is judged.
    """
    code = normal(text)
    if len(code) == 12 and code.isascii() and code.isdigit():
        return () if code[:2] in PROVINCES else (_wrong("licence-area", f"No province has the code {code[:2]}."),)
    if len(code) != 22 or not code.isascii() or not code.isalnum():
        text = f"A licence registration number has 22 characters (small clinics: 12 digits), this one {len(code)}."
        return (_wrong("licence-form", text),)
    faults = []
    if organization_code_faults(code[:9]):
        faults.append(_wrong("licence-organization-code", "The organization code inside (characters 1 to 9) is wrong."))
    if not code[9:15].isdigit() or code[9:11] not in PROVINCES:
        faults.append(_wrong("licence-area", f"No area has the code {code[9:15]} (characters 10 to 15)."))
    if not code[15:17].isdigit():
        faults.append(_wrong("licence-economy", "Characters 16 and 17 are the economic type, two digits."))
    if code[17] not in _CATEGORIES or not code[18:21].isdigit():
        text = "Characters 18 to 21 are the category, a letter and three digits such as A100."
        faults.append(_wrong("licence-category", text))
    if code[21] not in MANAGEMENT_CLASSES:
        faults.append(_wrong("licence-management", "The last character is the management class: 1, 2 or 9."))
    return tuple(faults)


# -- practitioners ----------------------------------------------------------------------------------------------------

_QUALIFICATION: Final = re.compile(r"\d{24}|\d{26}[\dX]", re.ASCII)
_PRACTISING: Final = re.compile(r"\d{15}", re.ASCII)
_NURSE: Final = re.compile(r"\d{12}", re.ASCII)
LEVELS: Final = {"1": "physician", "2": "assistant-physician"}
CATEGORIES: Final = {
    "10": "clinical",
    "20": "stomatology",
    "30": "public-health",
    "41": "tcm",
    "42": "ethnic",
    "43": "integrated",
}


@cites("R6-030")
def qualification_faults(text: str, *, person: str | None, today: date) -> tuple[Issue, ...]:
    """Say what is wrong with a physician's qualification certificate code (医师资格证书编码).

    24 or 27 characters: 4 year, 2 province, 1 level, 2 category, then the holder's identity number of 15 or 18.
    person: the holder's identity number, None when it is not known.
    """
    code = normal(text)
    if not _QUALIFICATION.fullmatch(code):
        return (_wrong("qualification-form", "A qualification certificate code has 24 digits, or 27 characters."),)
    faults = list(_start_faults("qualification", code[:4], code[4:6], today))
    faults += _kind_faults("qualification", code[6], code[7:9])
    tail = code[9:]
    whole = expanded(tail) if len(tail) == 15 else tail
    if whole is None or not isinstance(person_number(whole, today), PersonNumber):
        faults.append(_wrong("qualification-person", "The identity number at the end of the certificate is wrong."))
    elif person is not None and whole != normal(person):
        faults.append(_wrong("qualification-holder", "The certificate carries the identity number of somebody else."))
    return tuple(faults)


@cites("R6-031")
def practising_faults(text: str) -> tuple[Issue, ...]:
    """Say what is wrong with a physician's practising certificate code (医师执业证书编码).

    15 digits: 1 level, 2 category, 6 area, 6 serial. Published structures contradict each other, so only length,
    digits and level are refused; the rest are warnings.
    """
    code = normal(text)
    if not _PRACTISING.fullmatch(code):
        return (_wrong("practising-form", "A practising certificate code has 15 digits."),)
    faults = list(_kind_faults("practising", code[0], code[1:3]))
    if code[3:5] not in PROVINCES:
        faults.append(_doubt("practising-area", f"No province has the code {code[3:5]} (digits 4 and 5)."))
    return tuple(faults)


@cites("R6-033")
def nurse_faults(text: str, today: date) -> tuple[Issue, ...]:
    """Say what is wrong with a nurse's practising certificate number: 4 year, 2 province, 6 serial."""
    code = normal(text)
    if not _NURSE.fullmatch(code):
        return (_wrong("nurse-form", "A nurse's practising certificate number has 12 digits."),)
    return tuple(_start_faults("nurse", code[:4], code[4:6], today))


def _start_faults(what: str, year: str, province: str, today: date) -> Iterator[Issue]:
    if not 1949 <= int(year) <= today.year:
        yield _wrong(f"{what}-year", f"The certificate says it is of the year {year}.")
    if province not in PROVINCES:
        yield _wrong(f"{what}-area", f"No province has the code {province}.")


def _kind_faults(what: str, level: str, category: str) -> Iterator[Issue]:
    if level not in LEVELS:
        yield _wrong(f"{what}-level", f"The level is 1 (physician) or 2 (assistant physician), not {level}.")
    if category not in CATEGORIES:
        yield _doubt(f"{what}-category", f"The category {category} is not known.")


def _wrong(key: str, text: str) -> Issue:
    return Issue("value", key, "identifier", text)


def _doubt(key: str, text: str) -> Issue:
    return Issue("value", key, "identifier", text, severity="warning")


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _dashed(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
