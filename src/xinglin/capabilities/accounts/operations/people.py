"""Patients as accounts need them: found by number, made, and marked with how well their person is known."""

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from xinglin.capabilities.accounts import contract
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.identifiers import BIRTH_CERTIFICATE, IDENTITY_CARD, PersonNumber, person_number
from xinglin.security.proofing import VERIFICATION_TYPES
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import sealed
from xinglin.store.identity.accounts import Account

ZONE: Final = ZoneInfo("Asia/Shanghai")


async def patient_of(work: UnitOfWork, name: str, number: str) -> str | None:
    """Give the Patient with an identity number, made when there is none; None when several have it."""
    # One person may ask twice at the same time.
    await work.lock(f"person/{work.vault.digest('number', number).hex()}")
    page = await work.platform.find("Patient", identifier=f"{IDENTITY_CARD}|{number}", _count="2")
    if len(page.matches) > 1:
        return None
    if page.matches:
        return f"Patient/{page.matches[0].id}"
    read = person_number(number, work.now.astimezone(ZONE).date())
    if not isinstance(read, PersonNumber):
        raise OutcomeError(*read)
    return await make(work, name, IDENTITY_CARD, number, born=read.born, gender=read.gender)


async def child_of(work: UnitOfWork, name: str, certificate: str, born: date) -> str | None:
    """Give the Patient with a birth certificate, made when there is none; None when several have it."""
    await work.lock(f"person/{work.vault.digest('number', certificate).hex()}")
    page = await work.platform.find("Patient", identifier=f"{BIRTH_CERTIFICATE}|{certificate}", _count="2")
    if len(page.matches) > 1:
        return None
    if page.matches:
        return f"Patient/{page.matches[0].id}"
    return await make(work, name, BIRTH_CERTIFICATE, certificate, born=born, gender="unknown")


async def make(work: UnitOfWork, name: str, system: str, value: str, *, born: date, gender: str) -> str:
    """Make a Patient."""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"use": "official", "system": system, "value": value}],
        "active": True,
        "name": [{"use": "official", "text": name}],
        "gender": gender,
        "birthDate": born.isoformat(),
    }
    written = await work.platform.create(msgspec.json.encode(patient), type="Patient")
    return f"Patient/{written.id}"


async def guard(work: UnitOfWork, patient: str, guardian: str, relation: str) -> None:
    """Write down that somebody acts for a Patient."""
    related = {
        "resourceType": "RelatedPerson",
        "active": True,
        "patient": {"reference": patient},
        "relationship": [
            {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}],
                "text": relation,
            }
        ],
        "name": [{"text": guardian}],
    }
    await work.platform.create(msgspec.json.encode(related), type="RelatedPerson")


async def stamp(work: UnitOfWork, patient: str, level: str, method: str) -> None:
    """Mark a Patient with how, how well and when the person was proved (R6-043; types of T1)."""
    at = work.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    mark = {
        "url": contract.PROOFING,
        "extension": [
            {"url": "level", "valueCode": level},
            {"url": "method", "valueCode": method},
            {"url": "type", "valueCode": VERIFICATION_TYPES[method]},
            {"url": "at", "valueInstant": at},
        ],
    }

    def apply(document: dict[str, Any]) -> dict[str, Any]:
        others = [one for one in document.get("extension", []) if one.get("url") != contract.PROOFING]
        return document | {"extension": [*others, mark]}

    await work.platform.patch(apply, type="Patient", id=patient.partition("/")[2])


async def name_and_number(work: UnitOfWork, account: Account) -> tuple[str, str]:
    """Give the name of an account, and the identity number of its Patient."""
    if account.person is None:
        raise OutcomeError(Issue("business-rule", "proofing-order", text="Name and number are checked first."))
    row = await work.platform.read("Patient", account.person.partition("/")[2])
    document = msgspec.json.decode(row.body(), type=dict[str, Any])
    numbers = [one["value"] for one in document.get("identifier", ()) if one.get("system") == IDENTITY_CARD]
    if not numbers:
        raise OutcomeError(Issue("business-rule", "number-missing", text="The record has no identity number."))
    return sealed.unseal(work.vault, sealed.name_place(account.id), account.name), str(numbers[0])
