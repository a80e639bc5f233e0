"""Two retail pharmacies beside the clinic of the prescriptions, with staff and stock."""

from typing import Any, Final

from tests.capabilities.prescriptions import clinic
from tests.capabilities.residents.people import number
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.prescriptions.contract import Reviewing
from xinglin.fhir.declarations import canonical
from xinglin.security import identifiers as ids
from xinglin.store.door import Door
from xinglin.tables.catalogues import drugs

ALL: Final = tuple(prescriptions.CHECKS.codes)
CARD: Final = number("1961-03-08", 44)
ANNE: Final = clinic.staff("retail-pharmacist", "s1", "林药师", "shop1")
BELL: Final = clinic.staff("retail-pharmacist", "s2", "周药师", "shop1")
OTHER: Final = clinic.staff("retail-pharmacist", "s3", "何药师", "shop2")


def shop(id: str, name: str, latitude: float) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": id,
        "active": True,
        "name": name,
        "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/organization-type", "code": "bus"}]}],
        "extension": [
            {
                "url": canonical("position"),
                "extension": [
                    {"url": "latitude", "valueDecimal": latitude},
                    {"url": "longitude", "valueDecimal": 113.44},
                ],
            }
        ],
    }


def licensed(id: str, name: str) -> dict[str, Any]:
    made = clinic.pharmacist(id, name, "2015-07-01")
    made["qualification"][0]["code"]["coding"][0]["code"] = "licensed-pharmacist"
    made["qualification"][0]["period"] = {"start": "2024-01-01", "end": "2028-12-31"}
    return made


def stock(shop_: str, name: str, packs: int, yuan: float) -> dict[str, Any]:
    drug = next(one for one in drugs() if one.name == name)
    return {
        "resourceType": "Basic",
        "id": f"{shop_}-{drug.code}",
        "meta": {"profile": [contract.STOCK.url]},
        "code": {
            "coding": [
                {"system": contract.STOCK_CODES.system, "code": "stock"},
                {"system": prescriptions.DRUGS, "code": drug.code},
            ]
        },
        "subject": {"reference": f"Organization/{shop_}"},
        "extension": [
            {"url": contract.ON_HAND, "valueQuantity": {"value": packs * drug.pack, "unit": drug.unit}},
            {
                "url": contract.PRICE,
                "extension": [
                    {"url": "amount", "valueMoney": {"value": yuan, "currency": "CNY"}},
                    {"url": "per", "valueQuantity": {"value": drug.pack, "unit": drug.unit}},
                ],
            },
        ],
    }


def documents() -> tuple[dict[str, Any], ...]:
    """The clinic, and two shops: the nearer is dearer."""
    patient = clinic.patient(identifier=[{"system": ids.IDENTITY_CARD, "value": CARD}])
    patient["managingOrganization"] = {"reference": "Organization/h1"}
    hospital = clinic.hospital()
    hospital["extension"].append(shop("x", "x", 35.2)["extension"][0])
    return (
        *(one for one in clinic.documents() if one["id"] not in {"p1", "h1"}),
        hospital,
        patient,
        shop("shop1", "怀庆堂大药房", 35.21),
        shop("shop2", "四大怀药大药房", 35.3),
        *(licensed(id, name) for id, name in (("s1", "林药师"), ("s2", "周药师"), ("s3", "何药师"))),
        clinic.role("rs1", "s1", "retail-pharmacist", "shop1"),
        clinic.role("rs2", "s2", "retail-pharmacist", "shop1"),
        clinic.role("rs3", "s3", "retail-pharmacist", "shop2"),
        stock("shop1", "苯磺酸氨氯地平片", 5, 12.5),
        stock("shop2", "苯磺酸氨氯地平片", 1, 11.8),
    )


async def act(door: Door, who: Any, operation: Any, given: Any) -> Any:
    async with door.work(who) as work:
        return await work.fhir.operate(operation, given)


async def released(door: Door, *lines: dict[str, Any]) -> str:
    """A prescription that a pharmacist has passed."""
    id: str = await act(door, await clinic.signed_in(door, clinic.DOCTOR), prescriptions.SIGN, clinic.draft(*lines))
    await act(
        door,
        await clinic.signed_in(door, clinic.PHARMACIST),
        prescriptions.DECIDE,
        Reviewing(id, "pass", checked=ALL),
    )
    return id


def herb_stock(shop_: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Basic",
        "id": f"{shop_}-{code}",
        "meta": {"profile": [contract.STOCK.url]},
        "code": {
            "coding": [
                {"system": contract.STOCK_CODES.system, "code": "stock"},
                {"system": prescriptions.SLICES, "code": code},
            ]
        },
        "subject": {"reference": f"Organization/{shop_}"},
        "extension": [
            {"url": contract.ON_HAND, "valueQuantity": {"value": 5000, "unit": "g"}},
            {
                "url": contract.PRICE,
                "extension": [
                    {"url": "amount", "valueMoney": {"value": 1.5, "currency": "CNY"}},
                    {"url": "per", "valueQuantity": {"value": 10, "unit": "g"}},
                ],
            },
        ],
    }


async def formula(door: Door, id: str = "tcm1", doses: int = 7) -> str:
    """A released formula of two slices, one of them added late; written as the platform keeps it."""
    number = [{"system": prescriptions.NUMBERS, "value": f"CF{id}"}]
    lines = []
    for code, grams, footnote in (("Z0002", 10, ""), ("Z0003", 6, "后下")):
        made: dict[str, Any] = {
            "resourceType": "MedicationRequest",
            "id": f"{id}-{code}",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/p1"},
            "medicationCodeableConcept": {"coding": [{"system": prescriptions.SLICES, "code": code}], "text": code},
            "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": grams, "unit": "g"}}]}],
            "dispenseRequest": {
                "quantity": {"value": grams * doses, "unit": "g"},
                "expectedSupplyDuration": {"value": doses, "unit": "天"},
            },
        }
        if footnote:
            made["extension"] = [{"url": prescriptions.FOOTNOTE, "valueString": footnote}]
        lines.append(made)
    header: dict[str, Any] = {
        "resourceType": "RequestGroup",
        "id": id,
        "meta": {"profile": [prescriptions.PRESCRIPTION.url]},
        "identifier": number,
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "encounter": {"reference": "Encounter/v1"},
        "author": {"reference": "Practitioner/d1", "display": "王杏"},
        "authoredOn": "2026-11-20T12:00:00+08:00",
        "action": [{"resource": {"reference": f"MedicationRequest/{one['id']}"}} for one in lines],
    }
    await clinic.put(door, *lines, herb_stock("shop1", "Z0002"), herb_stock("shop1", "Z0003"))
    for state in ("signed", "review-pending", "released"):
        header["extension"] = [
            {"url": prescriptions.STATE, "valueCode": state},
            {"url": prescriptions.DOSES, "valueInteger": doses},
            {"url": prescriptions.USAGE, "valueString": "水煎服，早晚分服"},
        ]
        await clinic.put(door, header)
    return id
