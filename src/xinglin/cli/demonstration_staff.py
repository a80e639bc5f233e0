"""Institutions' numbers and practitioners' credentials of the demonstration: sound in form, given out by nobody."""

from collections.abc import Mapping
from datetime import date
from hashlib import blake2b
from typing import Final

from xinglin.fhir.declarations import canonical
from xinglin.security import credential_forms as forms
from xinglin.security.identifiers import (
    IDENTITY_CARD,
    PRACTISING_CERTIFICATE,
    QUALIFICATION_CERTIFICATE,
    organization_check,
    person_check,
)

Json = dict[str, object]

INSURED_UNTIL: Final = "2027-06-30"
_TCM: Final = frozenset({"50", "51", "52"})
_COUNTY: Final = {"wz-county": "410823", "jz-tcm": "410811"}


def identity_card(area: str, born: date, gender: str) -> str:
    """Write a sound number; the order numbers 000 (women) and 999 (men) are hardly ever given out."""
    first = f"{area}{born:%Y%m%d}{'999' if gender == 'male' else '000'}"
    return first + person_check(first)


def licence(id: str, category: str) -> str:
    """Write a sound licence registration number (WS 218) of an institution. category: such as A100."""
    code = str(int.from_bytes(blake2b(id.encode(), digest_size=8).digest()) % 10**8).zfill(8)
    return f"{code}{organization_check(code)}{_COUNTY.get(id, '410802')}11{category}1"


def credentials(number: int, gender: str, department: str) -> Json:
    """Give what a Practitioner of the demonstration holds: certificates, insurance, years of independent work."""
    born = date(1970 + number, 1 + number % 12, 5)
    person = identity_card("410802", born, gender)
    category, code = ("tcm", "41") if department[:2] in _TCM else ("clinical", "10")
    if department[:2] == "01":
        category, code = "public-health", "30"
    scope = department[:2]
    return {
        "identifier": [
            {"system": IDENTITY_CARD, "value": person},
            {"system": PRACTISING_CERTIFICATE, "value": _practising(number, code)},
        ],
        "birthDate": born.isoformat(),
        "qualification": [
            _qualification("qualification", QUALIFICATION_CERTIFICATE, f"{born.year + 26}411{code}{person}"),
            _qualification("practising", PRACTISING_CERTIFICATE, _practising(number, code))
            | {
                "extension": [
                    _nested(
                        forms.CREDENTIAL,
                        ("level", {"valueCode": "physician"}),
                        ("category", {"valueCode": category}),
                        ("scope", {"valueCode": scope}),
                    )
                ]
            },
        ],
        "extension": [
            {"url": forms.INDEPENDENT_SINCE, "valueDate": f"{born.year + 30}-07-01"},
            _nested(
                forms.LIABILITY_INSURANCE,
                ("policy", {"valueString": f"DEMO-{number:04d}"}),
                ("period", {"valuePeriod": {"start": "2026-07-01", "end": INSURED_UNTIL}}),
            ),
            _nested(
                forms.PROFESSIONAL_TITLE,
                ("title", {"valueString": "主任医师" if number < 4 else "主治医师"}),
                ("level", {"valueCode": "senior" if number < 4 else "intermediate"}),
            ),
        ],
    }


def place_of_work(number: int, department: str) -> Json:
    """Give what a PractitionerRole of the demonstration says about registration, consent and rights."""
    rights = ("western", "patent", "slices") if department[:2] in _TCM else ("western", "patent")
    return {
        "identifier": [{"system": forms.PRACTICE_REGISTRATION, "value": f"DEMO-R{number:04d}"}],
        "code": [{"coding": [{"system": canonical("role", "CodeSystem"), "code": "physician"}]}],
        "period": {"start": "2016-01-01"},
        "extension": [
            {"url": forms.SITE_KIND, "valueCode": "main"},
            _nested(forms.ONLINE_CONSENT, ("period", {"valuePeriod": {"start": "2026-01-01", "end": "2027-12-31"}})),
            _nested(
                forms.PRESCRIBING,
                *(("right", {"valueCode": right}) for right in rights),
                ("antibiotic", {"valueCode": "restricted" if number < 4 else "non-restricted"}),
                ("narcotic", {"valueBoolean": number == 1}),
            ),
        ],
    }


def _practising(number: int, category: str) -> str:
    return f"1{category}410802{number:06d}"


def _qualification(kind: str, system: str, value: str) -> Json:
    return {
        "identifier": [{"system": system, "value": value}],
        "code": {"coding": [{"system": forms.KINDS, "code": kind}]},
        "period": {"start": "2014-05-01"},
    }


def _nested(url: str, *parts: tuple[str, Mapping[str, object]]) -> Json:
    return {"url": url, "extension": [{"url": name, **value} for name, value in parts]}
