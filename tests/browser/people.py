"""Invented people for the journey: a patient with an allergy and a visit, who then changes the telephone."""

from typing import Any, Final

PATIENT: Final = {
    "resourceType": "Patient",
    "id": "zhang",
    "name": [{"use": "official", "family": "张", "given": ["小梅"]}],
    "gender": "female",
    "birthDate": "1999-03-08",
    "telecom": [{"system": "phone", "value": "13800000000", "use": "mobile"}],
    "address": [{"state": "河南省", "city": "焦作市", "district": "解放区"}],
    "generalPractitioner": [{"reference": "Practitioner/wang"}],
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>张小梅，<b>女</b></p></div>',
    },
}
SUBJECT: Final = {"reference": "Patient/zhang"}


def _glucose(day: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"glucose-{day:02d}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0", "display": "Glucose"}], "text": "血糖"},
        "subject": SUBJECT,
        "encounter": {"reference": "Encounter/visit"},
        "effectiveDateTime": f"2026-10-{day:02d}T08:30:00+08:00",
        "valueQuantity": {
            "value": 6 + day / 10,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }


RECORDS: Final[tuple[dict[str, Any], ...]] = (
    {"resourceType": "Practitioner", "id": "wang", "name": [{"family": "王", "given": ["建国"]}], "gender": "male"},
    PATIENT,
    {
        "resourceType": "AllergyIntolerance",
        "id": "penicillin",
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        },
        "code": {"text": "青霉素"},
        "patient": SUBJECT,
    },
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "门诊"},
        "subject": SUBJECT,
        "period": {"start": "2026-10-02T08:00:00+08:00", "end": "2026-10-02T08:40:00+08:00"},
    },
    *(_glucose(day) for day in range(1, 26)),
    PATIENT | {"telecom": [{"system": "phone", "value": "13900000000", "use": "mobile"}]},
    {"resourceType": "Practitioner", "id": "gone", "name": [{"family": "李"}]},
)
