"""Places from the directory: the nearest emergency departments, and who offers a department."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xinglin.care.triage.model import EMERGENCY, GENERAL
from xinglin.fhir.document import document_of
from xinglin.security import institution_forms as forms
from xinglin.store.door import UnitOfWork

MOST: Final = 100
_AMBULANCE: Final = "E"  # WS 218: emergency centres, where nobody goes


@dataclass(frozen=True, slots=True)
class Place:
    """An institution: id, name, address and telephone as the directory has them. near: in the county asked for."""

    id: str
    name: str
    address: str
    phone: str
    near: bool


async def offering(work: UnitOfWork, code: str, county: str, most: int = 3) -> tuple[Place, ...]:
    """Give institutions with a department, those of the county (6 digits) first. The directory is public."""
    page = await work.platform.find(
        "HealthcareService",
        specialty=f"{forms.SUBJECTS}|{code}",
        active="true",
        _include="HealthcareService:organization",
        _sort="name",
        _count=str(MOST),
    )
    found = [document_of(row.body()) for row in page.included if row.rt == "Organization"]
    places = [_place(one, county) for one in found if one.get("active") is not False and not _is_ambulance(one)]
    return tuple(sorted(places, key=lambda one: (not one.near, one.name))[:most])


async def emergencies(work: UnitOfWork, county: str) -> tuple[Place, ...]:
    """Give the nearest emergency departments."""
    return await offering(work, EMERGENCY, county)


async def offered(work: UnitOfWork, code: str, otherwise: str, county: str) -> tuple[str, tuple[Place, ...]]:
    """Give the code under which somebody offers a department, and who: itself, what stands for it, or general care."""
    for one in dict.fromkeys(filter(None, (code, otherwise, GENERAL))):
        places = await offering(work, one, county)
        if places:
            return one, places
    return code, ()


def _place(one: Mapping[str, Any], county: str) -> Place:
    address: Mapping[str, Any] = next(iter(one.get("address") or ()), {})
    phone = next((str(each.get("value")) for each in one.get("telecom") or () if each.get("system") == "phone"), "")
    text = str(address.get("text") or "".join(str(line) for line in address.get("line") or ()))
    division = str(forms.value(address, forms.DIVISION) or "")
    return Place(str(one["id"]), str(one.get("name") or ""), text, phone, bool(county) and division[:6] == county)


def _is_ambulance(one: Mapping[str, Any]) -> bool:
    codes = forms.codes_of(one.get("type") or (), forms.CATEGORIES)
    return any(code.startswith(_AMBULANCE) for code in codes)
