"""A hospital with a physician whose credentials are in order on 2026-11-22, as FHIR documents."""

from typing import Any

from xinglin.fhir.declarations import canonical
from xinglin.security import credential_forms as forms
from xinglin.security import identifiers as ids

PERSON = "410802199003071239"
NUMBER = "110410802000123"
QUALIFICATION = "201541110" + PERSON
LICENCE = "41574321X41080211A1001"
ROLES = canonical("role", "CodeSystem")


def organization(id: str = "h1", licence: str = LICENCE) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": id,
        "identifier": [{"system": ids.INSTITUTION_LICENCE, "value": licence}],
        "name": "焦作市示范医院",
    }


def credential(kind: str, number: str, *, until: str | None = None, **form: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "identifier": [{"system": forms_system(kind), "value": number}],
        "code": {"coding": [{"system": forms.KINDS, "code": kind}]},
        "period": {"start": "2015-01-01"} | ({"end": until} if until else {}),
    }
    if form:
        made["extension"] = [
            {"url": forms.CREDENTIAL, "extension": [{"url": name, "valueCode": code} for name, code in form.items()]}
        ]
    return made


def forms_system(kind: str) -> str:
    return {"qualification": ids.QUALIFICATION_CERTIFICATE, "practising": ids.PRACTISING_CERTIFICATE}.get(
        kind, ids.NURSE_CERTIFICATE
    )


def physician(id: str = "d1", number: str = NUMBER, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": id,
        "active": True,
        "identifier": [{"system": ids.IDENTITY_CARD, "value": PERSON}],
        "name": [{"text": "王杏"}],
        "gender": "male",
        "birthDate": "1990-03-07",
        "qualification": [
            credential("qualification", QUALIFICATION),
            credential("practising", number, level="physician", category="clinical", scope="03"),
        ],
        "extension": [
            {"url": forms.INDEPENDENT_SINCE, "valueDate": "2018"},
            {
                "url": forms.LIABILITY_INSURANCE,
                "extension": [
                    {"url": "policy", "valueString": "P-1"},
                    {"url": "period", "valuePeriod": {"start": "2026-01-01", "end": "2099-12"}},
                ],
            },
            {
                "url": forms.PROFESSIONAL_TITLE,
                "extension": [{"url": "title", "valueString": "主任医师"}, {"url": "level", "valueCode": "senior"}],
            },
        ],
    } | more


def place(id: str = "r1", practitioner: str = "d1", organization: str = "h1", kind: str = "main") -> dict[str, Any]:
    return {
        "resourceType": "PractitionerRole",
        "id": id,
        "active": True,
        "identifier": [{"system": forms.PRACTICE_REGISTRATION, "value": "R-1"}],
        "period": {"start": "2020-02", "end": "2099"},
        "practitioner": {"reference": f"Practitioner/{practitioner}"},
        "organization": {"reference": f"Organization/{organization}"},
        "code": [{"coding": [{"system": ROLES, "code": "physician"}]}],
        "specialty": [{"coding": [{"system": canonical("department", "CodeSystem"), "code": "03.04"}]}],
        "extension": [
            {"url": forms.SITE_KIND, "valueCode": kind},
            {
                "url": forms.ONLINE_CONSENT,
                "extension": [
                    {"url": "period", "valuePeriod": {"start": "2026-01-01"}},
                    {"url": "scope", "valueCode": "03"},
                ],
            },
            {
                "url": forms.PRESCRIBING,
                "extension": [
                    {"url": "right", "valueCode": "western"},
                    {"url": "right", "valueCode": "patent"},
                    {"url": "antibiotic", "valueCode": "restricted"},
                    {"url": "narcotic", "valueBoolean": True},
                ],
            },
            {"url": forms.SIGNATURE_CERTIFICATE, "valueString": "01AB"},
        ],
    }
