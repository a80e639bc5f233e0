"""Two invented hospitals: one in 修武县, one in the city, with the departments that the tests are sent to."""

from typing import Any

from xinglin.fhir.declarations import canonical
from xinglin.security import institution_forms as forms


def hospital(id: str, name: str, county: str, district: str) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": id,
        "name": name,
        "active": True,
        "type": [{"coding": [{"system": forms.CATEGORIES, "code": "A100"}]}],
        "telecom": [{"system": "phone", "value": "0391-0001234"}],
        "address": [
            {
                "extension": [{"url": canonical("division"), "valueCode": county}],
                "text": f"河南省焦作市{district}健康路1号",
            }
        ],
    }


def service(id: str, organization: str, code: str, name: str) -> dict[str, Any]:
    return {
        "resourceType": "HealthcareService",
        "id": id,
        "active": True,
        "name": name,
        "providedBy": {"reference": f"Organization/{organization}"},
        "specialty": [{"coding": [{"system": forms.SUBJECTS, "code": code}], "text": name}],
    }


PLACES: list[dict[str, Any]] = [
    hospital("city", "焦作市人民医院", "410802", "解放区"),
    hospital("county", "修武县人民医院", "410821", "修武县"),
    service("city-0", "city", "20", "急诊"),
    service("city-1", "city", "03.03", "神经内科"),
    service("county-0", "county", "20", "急诊"),
    service("county-1", "county", "02", "全科"),
]
