"""What the first page of a record needs: a handful of searches, each as long as its part of the page."""

from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.health_records.operations.reading import Found, Pairs, Record
from xinglin.capabilities.health_records.rules.documents import Document
from xinglin.capabilities.health_records.rules.implants import acts
from xinglin.capabilities.health_records.rules.results import LOINC, VITALS

STANDING: Final = 60
CONDITIONS: Final = 40
MEDICINES: Final = 40
RESULTS: Final = 80
SIGNS: Final = 48
EVENTS: Final = 8
PAPERS: Final = 5
DOSES: Final = 6

_SIGNS: Final = ",".join(f"{LOINC}|{code}" for code in VITALS)
# Observations that are no results of examinations of the body.
_OTHER: Final = "vital-signs,social-history,survey,activity,therapy"

STANDING_TYPES: Final[dict[str, Pairs]] = {
    "AllergyIntolerance": (),
    "Flag": (),
    "FamilyMemberHistory": (),
    "RelatedPerson": (),
    "CareTeam": (("status", "active"),),
    "EpisodeOfCare": (("status", "active,onhold"),),
    "Coverage": (("status", "active"),),
    "Device": (("status", "active"),),
}
ACTIVE: Final[dict[str, Pairs]] = {"Condition": (("clinical-status", "active,recurrence,relapse"),)}
TAKEN: Final[dict[str, Pairs]] = {
    "MedicationRequest": (("status", "active,on-hold"),),
    "MedicationStatement": (("status", "active,on-hold"),),
}
# What was taken, or is still being used up.
FORMER: Final[dict[str, Pairs]] = {
    "MedicationRequest": (("status", "completed,stopped"),),
    "MedicationStatement": (("status", "completed,stopped,not-taken"),),
}
FILLED: Final[dict[str, Pairs]] = {"MedicationDispense": (("status", "completed"),)}
IMPLANTED: Final[dict[str, Pairs]] = {
    "Procedure": (("code", ",".join(f"{system}|{code}" for system, code in acts())), ("status", "completed"))
}
VITAL_SIGNS: Final[dict[str, Pairs]] = {"Observation": (("code", _SIGNS),)}
LABORATORY: Final[dict[str, Pairs]] = {"Observation": (("category:not", _OTHER), ("code:not", _SIGNS))}
EVENT_TYPES: Final[dict[str, Pairs]] = {
    "Encounter": (),
    "Procedure": (),
    "DiagnosticReport": (),
    "Immunization": (),
}
DOCUMENTS: Final[dict[str, Pairs]] = {"Composition": (), "DocumentReference": (("status", "current"),)}
VACCINATIONS: Final[dict[str, Pairs]] = {"Immunization": ()}


@dataclass(frozen=True, slots=True)
class Parts:
    """What the first page is made of, each newest first."""

    patient: Document
    standing: Found
    conditions: Found
    medicines: Found
    results: Found
    vitals: Found
    events: Found
    documents: Found
    vaccinations: Found
    fills: Found
    implants: Found

    def of(self, type: str) -> tuple[Document, ...]:
        """Give the standing resources of a type."""
        return tuple(one for one in self.standing.documents if one.get("resourceType") == type)

    @property
    def dangerous(self) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
        """Give what dangers are told from: what stands, and the conditions."""
        return self.standing.documents, self.conditions.documents

    @property
    def partial(self) -> bool:
        """Tell whether something may be missing, as more was changed since than was looked through."""
        return any(
            one.partial
            for one in (
                *(self.standing, self.conditions, self.medicines, self.fills, self.implants),
                *(self.results, self.vitals, self.events, self.documents, self.vaccinations),
            )
        )


async def read(record: Record, patient: Document) -> Parts:
    """Read what the first page shows."""
    taken, former = await record.search(TAKEN, MEDICINES), await record.search(FORMER, MEDICINES)
    return Parts(
        patient=patient,
        standing=await record.search(STANDING_TYPES, STANDING),
        conditions=await record.search(ACTIVE, CONDITIONS),
        medicines=Found((*taken.documents, *former.documents), partial=taken.partial or former.partial),
        results=await record.search(LABORATORY, RESULTS),
        vitals=await record.search(VITAL_SIGNS, SIGNS),
        events=await record.search(EVENT_TYPES, EVENTS),
        documents=await record.search(DOCUMENTS, PAPERS),
        vaccinations=await record.search(VACCINATIONS, DOSES),
        fills=await record.search(FILLED, MEDICINES),
        implants=await record.search(IMPLANTED, CONDITIONS),
    )
