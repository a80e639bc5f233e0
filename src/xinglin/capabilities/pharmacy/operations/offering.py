"""What pharmacies can do for a prescription, in the public order (R3-085)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.pharmacy.operations import reading
from xinglin.capabilities.pharmacy.rules import sheets
from xinglin.care import dispensing
from xinglin.care.dispensing import Offer, Order
from xinglin.care.prescribing.supply import WAYS, Barred, Way, ways_of
from xinglin.fhir.declarations import canonical
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

Json = dict[str, Any]
POSITION: Final = canonical("position")
SHOPS: Final = "http://terminology.hl7.org/CodeSystem/organization-type|bus"
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Offered:
    """Pharmacies in order, what bars a way, and the ways that stay open for the medicine at all."""

    offers: tuple[Offer, ...]
    barred: tuple[Barred, ...]
    ways: frozenset[Way]


@cites("R3-085", "R3-076", "R3-077", "R3-078")
async def offers(work: UnitOfWork, prescription: Json, lines: Sequence[Json], by: Order) -> Offered:
    """Find who can fill a prescription: every shop, and the hospital where it was written."""
    ways = ways_of(sheets.code_of(one) for one in lines)
    ordered = [sheets.ordered(one) for one in lines]
    shops = await work.platform.find("Organization", type=SHOPS, active="true", _count=str(MOST))
    places = [document_of(row.body()) for row in shops.matches]
    hospital = await _hospital(work, prescription)
    here = _position(await _home(work, prescription)) or (_position(hospital) if hospital else None)
    stock = await reading.stocks(work, (one.code for one in ordered))
    found = []
    for place in [*([hospital] if hospital else []), *places]:
        retail = reading.is_retail(place)
        open_ = tuple(one for one in WAYS if one in ways.whole and one.startswith("hospital") != retail)
        known = stock.get(f"Organization/{place['id']}")
        at = _position(place)
        if open_:
            found.append(
                Offer(
                    id=place["id"],
                    name=str(place.get("name", place["id"])),
                    km=dispensing.kilometres(here, at) if here and at else None,
                    missing=sheets.missing(ordered, known or {}) if known is not None or retail else None,
                    fen=sheets.cost(ordered, known) if known is not None else None,
                    ways=open_,
                )
            )
    return Offered(dispensing.ordered(found, by), ways.barred, ways.whole)


async def _hospital(work: UnitOfWork, prescription: Json) -> Json | None:
    """Give the hospital of the visit; of an internet hospital, the one it belongs to."""
    id = prescription.get("encounter", {}).get("reference", "").removeprefix("Encounter/") or "none"
    for row in (await work.platform.find("Encounter", _id=id)).matches:
        provider = document_of(row.body()).get("serviceProvider", {}).get("reference", "")
        if provider:
            place = await reading.organization(work, provider)
            above = place.get("partOf", {}).get("reference")
            return await reading.organization(work, above) if above else place
    return None


async def _home(work: UnitOfWork, prescription: Json) -> Json:
    """Give the health centre that keeps the patient's record: the distance is measured from there."""
    id = prescription["subject"]["reference"].removeprefix("Patient/")
    patient = document_of((await work.platform.read("Patient", id)).body())
    centre = patient.get("managingOrganization", {}).get("reference", "")
    if not centre:
        return {}
    try:
        return await reading.organization(work, centre)
    except OutcomeError as refused:
        if refused.status in {404, 410}:  # the centre is gone: the distance is not known
            return {}
        raise


def _position(place: Json) -> tuple[float, float] | None:
    found = next((one for one in place.get("extension", ()) if one["url"] == POSITION), None)
    if found is None:
        return None
    parts = {one["url"]: float(one["valueDecimal"]) for one in found["extension"]}
    return parts["latitude"], parts["longitude"]


def missing_names(offer: Offer, lines: Sequence[Json]) -> tuple[str, ...]:
    """Name what a pharmacy has not enough of."""
    names = [str(one.get("medicationCodeableConcept", {}).get("text", "")) for one in lines]
    return tuple(names[number - 1] for number in offer.missing or ())
