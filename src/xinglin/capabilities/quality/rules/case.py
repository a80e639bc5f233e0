"""A record with what stands around it, and how its parts are read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct, field

Json: TypeAlias = Mapping[str, Any]
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
ICD9: Final = "https://xinglin.health/fhir/CodeSystem/icd-9-cm-3-cn"
TCM: Final = "https://xinglin.health/fhir/CodeSystem/gbt-15657-"
LOINC: Final = "http://loinc.org"
LABS: Final = "https://xinglin.health/fhir/CodeSystem/laboratory-item"
EXTENSION: Final = "https://xinglin.health/fhir/StructureDefinition/"
# Records are kept in the time of the region; a date alone is a day there.
ZONE: Final = ZoneInfo("Asia/Shanghai")
_MOMENTS: Final = (
    *("effectiveDateTime", "performedDateTime", "occurrenceDateTime", "onsetDateTime", "recordedDate", "authoredOn"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found. detail: the element or figure, never what names a person."""

    rule: str
    detail: str = ""


class Case(Struct, frozen=True):
    """A record to be judged. patient, encounter: what it belongs to, empty when there is none.

    parts: of a stay, all that was recorded under it, by type. now: when it is judged.
    """

    resource: Json
    now: datetime
    patient: Json = field(default_factory=dict)
    encounter: Json = field(default_factory=dict)
    parts: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The FHIR type of the record."""
        return str(self.resource["resourceType"])


def codings(concept: Json | None) -> Iterator[Json]:
    """Give the codings of a CodeableConcept."""
    yield from (concept or {}).get("coding") or ()


def code_in(concept: Json | None, system: str) -> str:
    """Give the code of a concept in a system; empty when it has none there."""
    return next((str(one.get("code", "")) for one in codings(concept) if one.get("system") == system), "")


def moment(text: object) -> datetime | None:
    """Read a FHIR dateTime of at least a day; None for a coarser or impossible one. A day begins in the region."""
    return _moment(str(text or ""))


@lru_cache(maxsize=4_096)
def _moment(text: str) -> datetime | None:
    # What was done in one visit bears the same times.
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def day(text: object) -> date | None:
    """Give the day in the region on which a FHIR dateTime falls."""
    found = moment(text)
    return found.astimezone(ZONE).date() if found else None


def updated(resource: Json) -> datetime:
    """Say when a record was written; of one that never was, long ago."""
    return moment(resource.get("meta", {}).get("lastUpdated")) or datetime(1970, 1, 1, tzinfo=UTC)


def extension(element: Json, name: str) -> Json:
    """Give one of our own extensions; empty when there is none."""
    return next((one for one in element.get("extension") or () if one.get("url") == EXTENSION + name), {})


def happened(resource: Json) -> str:
    """Give the FHIR dateTime at which what a record tells began; empty when it does not say."""
    period = resource.get("performedPeriod") or resource.get("effectivePeriod") or resource.get("period") or {}
    for name in _MOMENTS:
        if resource.get(name):
            return str(resource[name])
    return str(period.get("start") or "")


def years(born: date, on: date) -> int:
    """Give the whole years between two days."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def is_stay(resource: Json) -> bool:
    """Tell whether a record is a finished stay in hospital: one that has a front page."""
    return (
        resource.get("resourceType") == "Encounter"
        and resource.get("class", {}).get("code") == "IMP"
        and resource.get("status") == "finished"
    )
