"""Two hospitals, who keeps them, and what an internet hospital needs."""

from dataclasses import replace
from typing import Any

from tests.capabilities.access.ward import staff
from xinglin.fhir.declarations import canonical
from xinglin.security import credential_forms as credentials
from xinglin.security import institution_forms as forms
from xinglin.security.identifiers import (
    IDENTITY_CARD,
    INSTITUTION_LICENCE,
    USCC,
    organization_check,
    person_check,
    uscc_check,
)
from xinglin.security.principal import Principal

KEEPER = replace(staff("system-admin", "5", purpose="HSYSADMIN"), organization="Organization/renmin", practitioner=None)
OTHER = replace(KEEPER, id="other", organization="Organization/second")
COMMISSION = replace(
    staff("regulator", "8", purpose="HLEGAL"), organization="Organization/commission", practitioner=None
)
DESK = replace(staff("receptionist", "6"), organization="Organization/renmin")
RESIDENT = Principal(
    "mei", frozenset({"resident"}), patient="Patient/mei", patients=("Patient/mei",), purpose="PATRQT", level="L2"
)
# As a browser calls them.
PEOPLE = {
    "keeper": replace(KEEPER, display="胡伟"),
    "other": replace(OTHER, display="周强"),
    "commission": replace(COMMISSION, display="朱国栋"),
    "desk": replace(DESK, display="高雨欣"),
    "mei": replace(RESIDENT, display="张小梅"),
}
NAME = "焦作市人民医院"


def credit_code(number: int) -> str:
    """Write a sound unified social credit code."""
    first = f"12410800{number:08d}"
    first += organization_check(first[8:])
    return first + uscc_check(first)


def licence(number: int) -> str:
    """Write a sound licence number, with the organization code of `credit_code`."""
    return credit_code(number)[8:17] + "41080211" + "A1001"


def card(number: int) -> str:
    """Write a sound identity number."""
    first = f"4109021975010{number % 9 + 1}{number:03d}"
    return first + person_check(first)


def hospital(id: str, name: str, number: int, *, verified: str = "2026-03-01", beds: int = 900) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"url": "period", "valuePeriod": {"start": "2020-01-01", "end": "2035-12-31"}},
        {"url": "legal", "valueString": "王建国"},
        {"url": "beds", "valueInteger": beds},
        {
            "url": "verification",
            "extension": [{"url": "date", "valueDate": verified}, {"url": "passed", "valueBoolean": True}],
        },
    ]
    return {
        "resourceType": "Organization",
        "id": id,
        "active": True,
        "identifier": [
            {"system": USCC, "value": credit_code(number)},
            {"system": INSTITUTION_LICENCE, "value": licence(number)},
        ],
        "type": [{"coding": [{"system": forms.CATEGORIES, "code": "A100", "display": "综合医院"}], "text": "综合医院"}],
        "name": name,
        "telecom": [{"system": "phone", "value": "0391-0000001"}],
        "address": [
            {
                "text": "河南省焦作市解放区解放中路1号",
                "city": "焦作市",
                "district": "解放区",
                "extension": [{"url": forms.DIVISION, "valueCode": "410802"}],
            }
        ],
        "extension": [{"url": forms.LICENCE, "extension": parts}],
    }


def department(id: str, of: str, code: str, name: str) -> dict[str, Any]:
    system = forms.OFFICES if code[:1].isalpha() else forms.SUBJECTS
    return {
        "resourceType": "Organization",
        "id": id,
        "active": True,
        "type": [{"coding": [{"system": forms.TYPES, "code": "dept"}, {"system": system, "code": code}]}],
        "name": name,
        "partOf": {"reference": f"Organization/{of}"},
    }


def practitioner(id: str, name: str, number: int, title: str, level: str) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": id,
        "active": True,
        "identifier": [{"system": IDENTITY_CARD, "value": card(number)}],
        "name": [{"text": name}],
        "extension": [
            {
                "url": credentials.PROFESSIONAL_TITLE,
                "extension": [{"url": "title", "valueString": title}, {"url": "level", "valueCode": level}],
            }
        ],
    }


def role(id: str, who: str, of: str, code: str, department: str = "", level: str = "") -> dict[str, Any]:
    coded = [{"coding": [{"system": canonical("role", "CodeSystem"), "code": code}]}]
    if level:
        coded.append({"coding": [{"system": canonical("professional-title", "CodeSystem"), "code": level}]})
    made: dict[str, Any] = {
        "resourceType": "PractitionerRole",
        "id": id,
        "active": True,
        "practitioner": {"reference": f"Practitioner/{who}"},
        "organization": {"reference": f"Organization/{of}"},
        "code": coded,
    }
    if department:
        made["specialty"] = [{"coding": [{"system": forms.SUBJECTS, "code": department}], "text": "心血管内科专业"}]
    return made


RECORDS: tuple[dict[str, Any], ...] = (
    {"resourceType": "Organization", "id": "commission", "name": "焦作市卫生健康委员会", "active": True},
    hospital("renmin", NAME, 41574321),
    hospital("second", "焦作市第二人民医院", 41574322),
    department("renmin-03.04", "renmin", "03.04", "心血管内科"),
    department("second-03.04", "second", "03.04", "心血管内科"),
    practitioner("wang", "王建国", 123, "主任医师", "senior"),
    role("wang-role", "wang", "renmin", "physician", "03.04", "senior"),
    practitioner("li", "李晓红", 124, "副主任医师", "associate-senior"),
    role("li-role", "li", "renmin", "physician", "03.04", "associate-senior"),
    practitioner("zhao", "赵敏", 125, "主管药师", "intermediate"),
    role("zhao-role", "zhao", "second", "pharmacist"),
)
