"""Patients as residents need them: read, found by a number, written as the platform."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4.resources import Patient
from xinglin.fhir.sources import cites
from xinglin.matching.numbers import standing
from xinglin.security.identifiers import IDENTITY_CARD
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


def today(work: UnitOfWork, zone: str) -> date:
    """Give the local date."""
    return work.now.astimezone(ZoneInfo(zone)).date()


async def document(work: UnitOfWork, id: str) -> dict[str, Any]:
    """Read a Patient within the caller's reach as JSON form; 404 otherwise."""
    made: dict[str, Any] = document_of((await work.fhir.read("Patient", id)).body())
    return made


async def reachable(work: UnitOfWork, id: str) -> bool:
    """Tell whether the caller may read a Patient."""
    if work.fhir.reach("search", "Patient").nothing:
        return False
    return bool((await work.fhir.find("Patient", _id=id, _count="1")).matches)


@cites("CD-06", "R6-002")
async def with_number(work: UnitOfWork, number: str, *, but: str = "") -> list[dict[str, Any]]:
    """Find the Patients with an identity number, as the platform does; 15 digits find the 18. but: not this id."""
    page = await work.platform.find("Patient", identifier=f"{IDENTITY_CARD}|{standing(number)}", _count="5")
    return [document_of(row.body()) for row in page.matches if row.id != but]


async def rewritten(work: UnitOfWork, made: dict[str, Any], *, version: int) -> Patient:
    """Write a Patient as the platform, when nobody else has written it since."""
    written = await work.platform.update(bytes_of(made), type="Patient", id=made["id"], if_match=version)
    return await patient(work, written.id)


async def created(work: UnitOfWork, made: dict[str, Any]) -> Patient:
    """Write a new Patient as the platform."""
    written = await work.platform.create(bytes_of(made), type="Patient")
    return await patient(work, written.id)


async def patient(work: UnitOfWork, id: str) -> Patient:
    """Read a Patient as the platform."""
    found = codec.decode((await work.platform.read("Patient", id)).body(), "Patient")
    if not isinstance(found, Patient):
        raise OutcomeError(not_found("Patient", id))
    return found


def version_of(document: dict[str, Any]) -> int:
    """Give the version of a resource that was read."""
    return int(document["meta"]["versionId"])
