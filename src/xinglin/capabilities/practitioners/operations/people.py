"""A practitioner as the decisions want it: read from the record with places of work and last verification."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from xinglin.capabilities.practitioners.rules import results
from xinglin.capabilities.practitioners.rules.states import mark_of
from xinglin.fhir import codec
from xinglin.fhir.r4.resources import VerificationResult
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import Site, Standing
from xinglin.security.identifiers import INSTITUTION_LICENCE, USCC
from xinglin.store.door import Fhir

BEIJING: Final = ZoneInfo("Asia/Shanghai")
PLACES_MOST: Final = 50
RESULTS_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """A practitioner with the places of work, the numbers of their institutions, and the mark on the record."""

    standing: Standing
    sites: tuple[tuple[Site, frozenset[str]], ...]
    mark: str = ""


async def person_of(fhir: Fhir, id: str) -> Person:
    """Read a practitioner with the places of work."""
    practitioner = codec.decode((await fhir.read("Practitioner", id)).body(), "Practitioner")
    page = await fhir.find(
        "PractitionerRole",
        practitioner=f"Practitioner/{id}",
        _include="PractitionerRole:organization",
        _count=str(PLACES_MOST),
    )
    roles = [site_of(codec.decode(row.body(), "PractitionerRole")) for row in page.matches]
    numbers = {
        f"Organization/{row.id}": _institution_numbers(codec.decode(row.body(), "Organization"))
        for row in page.included
    }
    sites = tuple((site, numbers.get(site.organization, frozenset())) for site in roles)
    return Person(standing_of(practitioner), sites, mark_of(practitioner))


async def last_result(fhir: Fhir, practitioner: str) -> VerificationResult | None:
    """Give the last verification of a practitioner that had an answer."""
    found = await results_of(fhir, practitioner, count=20)
    return next((one for one in found if results.state_of(one) != "unknown"), None)


async def results_of(fhir: Fhir, practitioner: str, *, count: int) -> list[VerificationResult]:
    """Give the last verifications of a practitioner, newest first."""
    page = await fhir.find("VerificationResult", target=practitioner, _sort="-_lastUpdated", _count=str(count))
    return [cast("VerificationResult", codec.decode(row.body(), "VerificationResult")) for row in page.matches]


async def last_results(fhir: Fhir, practitioners: Sequence[str]) -> dict[str, VerificationResult]:
    """Give the last verification of each of a few practitioners, as far as the last thousand of them hold it."""
    if not practitioners:
        return {}
    page = await fhir.find(
        "VerificationResult", target=",".join(practitioners), _sort="-_lastUpdated", _count=str(RESULTS_MOST)
    )
    found: dict[str, VerificationResult] = {}
    for row in page.matches:
        one = cast("VerificationResult", codec.decode(row.body(), "VerificationResult"))
        for target in one.target or ():
            found.setdefault(target.reference or "", one)
    return found


def today(now: datetime) -> date:
    """Give the date in Beijing."""
    return now.astimezone(BEIJING).date()


def _institution_numbers(organization: Any) -> frozenset[str]:
    return frozenset(
        one.value for one in organization.identifier or () if one.system in {INSTITUTION_LICENCE, USCC} and one.value
    )
