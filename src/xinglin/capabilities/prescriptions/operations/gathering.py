"""What a check needs to know, read from the record: the visit, the patient, the prescriber, the diagnoses."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.rules import reading
from xinglin.care.prescribing import forms
from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.references import local
from xinglin.security.credential_forms import site_of, standing_of
from xinglin.security.credentials import Site, Standing, site_holds
from xinglin.security.institution_forms import institution_of, is_internet_hospital
from xinglin.store.door import Fhir, UnitOfWork
from xinglin.tables import catalogues
from xinglin.web.format import today

MOST: Final = 100
MEDICINES_MOST: Final = 40
EPISODES: Final = "https://xinglin.health/fhir/CodeSystem/episode"
ALLERGY_STATE: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
LEVEL: Final = "https://xinglin.health/fhir/StructureDefinition/level"
KINDS: Final = "https://xinglin.health/fhir/CodeSystem/ws218"
LOINC: Final = "http://loinc.org"
WEIGHT: Final = "29463-7"
WEIGHT_DAYS: Final = 365
_PRIMARY: Final = ("B", "C", "D")  # WS 218: community centres, town institutions, clinics


@dataclass(frozen=True, slots=True)
class Case:
    """Everything around a prescription but the prescription. encounter, patient: as read."""

    encounter: Any
    patient: Any
    provider: str
    standing: Standing
    facts: forms.Patient
    prescriber: forms.Prescriber
    setting: forms.Setting
    conditions: tuple[Any, ...]
    day: date


async def case_of(work: UnitOfWork, header: Any, practitioner: str, *, besides: str = "") -> Case:
    """Read the case with the rights of whoever asks; OutcomeError 404 where something is not there for them.

    practitioner: reference of the prescriber. besides: number of the prescription that is looked at, which is not one
    of the patient's other medicines.
    """
    encounter = await one(work.fhir, header.encounter, "Encounter")
    patient = await one(work.fhir, header.subject, "Patient")
    if encounter.subject is None or encounter.subject.reference != f"Patient/{patient.id}":
        raise OutcomeError(Issue("business-rule", "prescription-visit", text="The visit is not of this patient."))
    reasons = [await one(work.fhir, reason, "Condition") for reason in (header.reasonReference or ())[:MOST]]
    if any(each.subject is None or each.subject.reference != f"Patient/{patient.id}" for each in reasons):
        raise OutcomeError(Issue("business-rule", "diagnosis-of-another", text="A diagnosis is not of this patient."))
    provider = encounter.serviceProvider.reference if encounter.serviceProvider else work.principal.organization
    day = today(work.now)
    standing, site = await credentials(work, practitioner, provider or "", day)
    institution = await _institution(work, next(iter(await _hosts(work, provider or "")), provider))
    return Case(
        encounter=encounter,
        patient=patient,
        provider=provider or "",
        standing=standing,
        facts=await facts_of(work.fhir, patient, day, besides),
        prescriber=forms.prescriber(standing, site, day, institution_level=institution[0], primary=institution[1]),
        setting=forms.Setting(reading.place_of(encounter), department_of(encounter)),
        conditions=tuple(reasons),
        day=day,
    )


async def one(fhir: Fhir, reference: Any, type_name: str) -> Any:
    """Read what a reference names; OutcomeError 422 when it names nothing of the type."""
    named = local(reference.reference or "", "") if reference is not None else None
    if named is None or named.type != type_name:
        raise OutcomeError(Issue("required", "reference-missing", type_name, f"Name the {type_name}."), status=422)
    return codec.decode((await fhir.read(type_name, named.id)).body(), type_name)


async def credentials(work: UnitOfWork, practitioner: str, organization: str, day: date) -> tuple[Standing, Site]:
    """Read what somebody's certificates and place of work say; by the platform, as colleagues see them masked."""
    id = practitioner.removeprefix("Practitioner/")
    standing = standing_of(codec.decode((await work.platform.read("Practitioner", id)).body(), "Practitioner"))
    sites = [site_of(role) for role in await roles_of(work, practitioner)]
    # Who works at an internet hospital is registered there, or at the institution that it relies on (R1-034).
    places = {organization, *await _hosts(work, organization)}
    here = [each for each in sites if each.organization in places]
    here.sort(key=lambda each: not site_holds(each, day))
    return standing, here[0] if here else Site("", organization, active=False)


async def _hosts(work: UnitOfWork, organization: str) -> tuple[str, ...]:
    """Give the institution that an internet hospital relies on; none for any other."""
    if not organization:
        return ()
    row = await work.platform.read("Organization", organization.removeprefix("Organization/"))
    document = document_of(row.body())
    return (institution_of(document).host,) if is_internet_hospital(document) else ()


async def roles_of(work: UnitOfWork, practitioner: str) -> list[Any]:
    """Read the places of work of somebody."""
    page = await work.platform.find("PractitionerRole", practitioner=practitioner, _count=str(MOST))
    return [codec.decode(row.body(), "PractitionerRole") for row in page.matches]


async def facts_of(fhir: Fhir, patient: Any, day: date, besides: str) -> forms.Patient:
    """Read what is known of a patient; what the reader may not see does not count."""
    whose = f"Patient/{patient.id}"
    allergies = await _found(fhir, "AllergyIntolerance", patient=whose)
    problems = await _found(fhir, "Condition", patient=whose, category="problem-list-item")
    requests = await _found(fhir, "MedicationRequest", patient=whose, status="active,on-hold", _sort="-authoredon")
    since = (day - timedelta(days=WEIGHT_DAYS)).isoformat()
    weights = await fhir.find(
        "Observation", patient=whose, code=f"{LOINC}|{WEIGHT}", date=f"ge{since}", _sort="-date", _count="1"
    )
    weighed: list[Any] = [codec.decode(row.body(), "Observation") for row in weights.matches]
    return forms.Patient(
        born=date.fromisoformat((f"{patient.birthDate or '1900'}-01-01")[:10]),
        sex=patient.gender or "unknown",
        weight_kg=next((_number(each.valueQuantity) for each in weighed if each.valueQuantity), None),
        pregnant=await _pregnant(fhir, patient, whose),
        allergies=tuple(filter(None, (_word(each) for each in allergies if not _over(each.clinicalStatus)))),
        conditions=tuple(
            filter(
                None, (reading.code_of(each.code, contract.ICD) for each in problems if not _over(each.clinicalStatus))
            )
        ),
        current=tuple(_current(requests, day, besides))[:MEDICINES_MOST],
    )


async def _pregnant(fhir: Fhir, patient: Any, whose: str) -> forms.Told:
    if patient.gender == "male":
        return "no"
    if fhir.reach("search", "EpisodeOfCare").nothing:
        return "unknown"
    open_ = await fhir.count("EpisodeOfCare", patient=whose, type=f"{EPISODES}|pregnancy", status="active")
    return "yes" if open_ else "unknown"


async def _found(fhir: Fhir, type_name: str, **parameters: str) -> list[Any]:
    page = await fhir.find(type_name, _count=str(MOST), **parameters)
    return [codec.decode(row.body(), type_name) for row in page.matches]


def _current(requests: Iterable[Any], day: date, besides: str) -> Iterable[forms.Current]:
    """Give the medicines that the patient has by other prescriptions and that last to the day or longer."""
    for each in requests:
        if each.groupIdentifier is not None and each.groupIdentifier.value == besides:
            continue
        supply = each.dispenseRequest
        days = supply.expectedSupplyDuration.value if supply and supply.expectedSupplyDuration else None
        begun = date.fromisoformat(each.authoredOn[:10]) if each.authoredOn and len(each.authoredOn) >= 10 else None
        until = begun + timedelta(days=int(days)) if begun is not None and days is not None else None
        if until is not None and until < day:
            continue
        concept = each.medicationCodeableConcept
        code = reading.code_of(concept, contract.DRUGS) or reading.code_of(concept, contract.SLICES)
        yield forms.Current(code=code, name=(concept.text or "") if concept is not None else "", until=until)


def department_of(encounter: Any) -> str:
    """Give the national code of a visit's department; empty when it has none."""
    concept = encounter.serviceType
    return next((each.code or "" for each in (concept.coding or () if concept else ())), "")


async def _institution(work: UnitOfWork, provider: str | None) -> tuple[int, bool]:
    """Give level (0 to 3) of an institution, and whether it is one of primary care."""
    if not provider:
        return 0, False
    row = await work.platform.read("Organization", provider.removeprefix("Organization/"))
    read: Any = codec.decode(row.body(), "Organization")
    level = next((each.valueCoding.code or "" for each in reading.nested(read, LEVEL) if each.valueCoding), "")
    kinds = [each.code or "" for concept in read.type or () for each in concept.coding or () if each.system == KINDS]
    return int(level[:1]) if level[:1].isdigit() else 0, any(kind[:1] in _PRIMARY for kind in kinds)


def _over(status: Any) -> bool:
    codes = {each.code for each in (status.coding or () if status is not None else ())}
    return bool(codes & {"inactive", "resolved", "remission"})


def _word(allergy: Any) -> str:
    concept = allergy.code
    if concept is None:
        return ""
    return str(concept.text or next((each.display for each in concept.coding or () if each.display), ""))


def _number(quantity: Any) -> Decimal | None:
    return None if quantity.value is None else Decimal(str(quantity.value))


def author_of(header: Any) -> str:
    """Give the reference of a prescription's author."""
    return cast("str", header.author.reference or "") if header.author is not None else ""


def lines_of(header: Any) -> list[str]:
    """Give the references of the lines in their order."""
    return [each.resource.reference for each in header.action or () if each.resource is not None]


def named(code: str) -> str:
    """Name a drug or slice of the catalogues."""
    return catalogues.drug(code).name if code.startswith("D") else catalogues.tcm_slice(code).name
