"""Parts of the directory as the decisions want them, read through the door."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.directory.rules.checklist import Facts, Physician
from xinglin.capabilities.directory.rules.forms import ROLES, named
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.security import credential_forms as credentials
from xinglin.security import institution_forms as forms
from xinglin.store.door import Fhir
from xinglin.store.executor import Row
from xinglin.store.search import Page

Document = dict[str, Any]
BEIJING: Final = ZoneInfo("Asia/Shanghai")
PAGE: Final = 500
DEPARTMENTS: Final = f"{forms.TYPES}|{forms.DEPARTMENT}"
PHYSICIANS: Final = ",".join(
    f"{ROLES}|{one}" for one in ("physician", "family-doctor", "village-doctor", "public-health")
)
PHARMACISTS: Final = ",".join(f"{ROLES}|{one}" for one in ("pharmacist", "retail-pharmacist"))


def today(now: datetime) -> date:
    """Give the date in Beijing."""
    return now.astimezone(BEIJING).date()


async def pages(fhir: Fhir, type: str, /, **asked: str) -> AsyncIterator[Page]:
    """Give what a search finds, page by page."""
    token = ""
    while True:
        page = await fhir.find(type, _count=str(PAGE), **asked, **({TOKEN: token} if token else {}))
        yield page
        if page.next_token is None:
            return
        token = page.next_token


async def document(fhir: Fhir, type: str, id: str) -> Document:
    """Read one resource."""
    found: Document = document_of((await fhir.read(type, id)).body())
    return found


async def found(fhir: Fhir, type: str, /, **asked: str) -> list[Document]:
    """Give what a search of a bounded kind finds (the departments of an institution), as documents."""
    return [document_of(row.body()) async for page in pages(fhir, type, **asked) for row in page.matches]


async def hospital_of(fhir: Fhir, host: str) -> Document | None:
    """Give the internet hospital under an institution; None when there is none. host: reference."""
    page = await fhir.find(
        "Organization", partof=host, type=f"{forms.KINDS}|{forms.INTERNET_HOSPITAL}", _sort="_lastUpdated", _count="1"
    )
    return document_of(page.matches[0].body()) if page.matches else None


async def departments(fhir: Fhir, institution: str) -> list[Document]:
    """Give the open departments of an institution."""
    return await found(fhir, "Organization", partof=institution, type=DEPARTMENTS, active="true")


async def facts(fhir: Fhir, id: str) -> Facts:
    """Read what the checklist asks of an internet hospital; OutcomeError 404 when there is none of that id."""
    hospital = await document(fhir, "Organization", id)
    if not forms.is_internet_hospital(hospital):
        raise OutcomeError(Issue("not-found", "not-found", text=f"Organization/{id} is no internet hospital."))
    host_reference = str((hospital.get("partOf") or {}).get("reference") or "")
    host = await document(fhir, "Organization", host_reference.removeprefix("Organization/"))
    here = await departments(fhir, host_reference)
    own = await departments(fhir, f"Organization/{id}")
    offered = await found(fhir, "HealthcareService", organization=f"Organization/{id}", active="true")
    places = f"{host_reference},Organization/{id}"
    return Facts(
        hospital=forms.institution_of(hospital),
        host=forms.institution_of(host, (code for one in here for code in forms.department_codes(one))),
        offices=tuple((code, named(one)) for one in (*here, *own) for code in forms.department_codes(one)),
        online=frozenset(
            code for one in offered for code in forms.codes_of(one.get("specialty") or (), forms.SUBJECTS)
        ),
        physicians=tuple([one async for one in _physicians(fhir, host_reference)]),
        pharmacists=await fhir.count("PractitionerRole", organization=places, role=PHARMACISTS, active="true"),
    )


async def _physicians(fhir: Fhir, organization: str) -> AsyncIterator[Physician]:
    asked = {"organization": organization, "role": PHYSICIANS, "active": "true"}
    async for page in pages(fhir, "PractitionerRole", **asked, _include="PractitionerRole:practitioner"):
        levels = {f"{row.rt}/{row.id}": _level(row) for row in page.included}
        for row in page.matches:
            one = document_of(row.body())
            who = str((one.get("practitioner") or {}).get("reference") or "")
            yield Physician(forms.codes_of(one.get("specialty") or (), forms.SUBJECTS), levels.get(who, ""))


def _level(row: Row) -> str:
    titled = forms.extension(document_of(row.body()), credentials.PROFESSIONAL_TITLE)
    return str(forms.value(titled, "level") or "")
