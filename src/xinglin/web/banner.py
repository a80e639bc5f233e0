"""The patient banner: who it is, what is dangerous, and what lets the reader see this record."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.masks import MASKED
from xinglin.store import relations
from xinglin.store.door import UnitOfWork
from xinglin.web import brief
from xinglin.web import format as show
from xinglin.web.asking import ask
from xinglin.web.cells import named
from xinglin.web.format import said
from xinglin.web.names import code_name
from xinglin.web.view import Language

IDENTITY_CARD: Final = "urn:oid:2.16.156.10011.1.3"
EPISODES: Final = "https://xinglin.health/fhir/CodeSystem/episode"
INSURANCE: Final = "https://xinglin.health/fhir/CodeSystem/insurance-kind"
# SNOMED CT: no known allergy, no known drug allergy
NONE_KNOWN: Final = frozenset({"716186003", "409137002"})
BROUGHT: Final = (
    "AllergyIntolerance:patient",
    "Flag:patient",
    "EpisodeOfCare:patient",
    "Coverage:beneficiary",
)
SURE: Final = Text("无已知过敏", "No known allergies")
UNKNOWN: Final = Text("过敏史未记录", "Allergies not recorded")
HIGH: Final = Text("高危", "high risk")
DEAD: Final = Text("已故 {day}", "Died {day}")
PREGNANT: Final = Text("孕产妇", "Pregnancy")
INSURED: Final[Mapping[str, Text]] = {
    "employee": Text("职工医保", "Employee insurance"),
    "resident": Text("居民医保", "Resident insurance"),
}
WHY: Final[Mapping[str, Text]] = {
    "own": Text("本人或被监护人的档案", "Your own record, or that of whom you act for"),
    "emergency": Text("紧急访问，至 {until}", "Emergency access until {until}"),
    "encounter": Text("因就诊可见", "Visible by a visit"),
    "appointment": Text("因今日预约可见", "Visible by today's appointment"),
    "contract": Text("因签约可见", "Visible by a family doctor contract"),
    "referral": Text("因转诊可见", "Visible by a referral"),
    "consult": Text("因会诊可见", "Visible by a consultation"),
    "order": Text("因检查检验申请可见", "Visible by an order"),
}


@dataclass(frozen=True, slots=True)
class Banner:
    """What stands on top of every page about a patient; texts are in the reader's language.

    facts: sex, age, number (masked) and the like. risks: dangers, allergies first, always in words. calm: what is good
    to know and no danger. why: the relation that lets the reader see this; empty: the role alone. urgent: that is an
    emergency access. document: the Patient as the reader may see it.
    """

    id: str
    name: str
    facts: tuple[str, ...]
    risks: tuple[str, ...]
    calm: tuple[str, ...]
    why: str
    urgent: bool
    masked: bool
    document: Mapping[str, Any]


async def banner_of(work: UnitOfWork, patient: str, language: Language) -> Banner:
    """Give the banner of the patient of this id, by one search; OutcomeError 404 when the reader may not see them."""
    if work.fhir.reach("search", "Patient").nothing:
        raise _unknown(patient)
    brought = [one for one in BROUGHT if not work.fhir.reach("search", one.partition(":")[0]).nothing]
    page = await ask(work, "Patient", ("_id", patient), *(("_revinclude", one) for one in brought))
    if not page.matches:
        raise _unknown(patient)
    document = document_of(page.matches[0].body())
    more = [document_of(row.body()) for row in page.included]
    why, urgent = await _why(work, str(document["id"]), language)
    return Banner(
        id=str(document["id"]),
        name=named(document) or str(document["id"]),
        facts=tuple(_facts(document, work.now.astimezone(show.ZONE).date(), language)),
        risks=tuple(_risks(more, language)),
        calm=tuple(_calm(more, language, allergies="AllergyIntolerance:patient" in brought)),
        why=why,
        urgent=urgent,
        masked=any(one.get("code") == MASKED for one in document.get("meta", {}).get("security", ())),
        document=document,
    )


def _unknown(patient: str) -> OutcomeError:
    return OutcomeError(Issue("not-found", "not-found", text=f"Patient/{patient} is not known."))


@cites("R7-034")
def _facts(patient: Mapping[str, Any], today: date, language: Language) -> Iterator[str]:
    """Say sex, age (as clinics do), the masked number, and a death."""
    if gender := patient.get("gender"):
        yield code_name(str(gender), language)
    died = str(patient.get("deceasedDateTime", ""))
    born = str(patient.get("birthDate", ""))
    on = date.fromisoformat(died[:10]) if len(died) >= 10 else today
    if years := show.age(born, on, language):
        yield years
    if born:
        yield born
    cards = [one.get("value", "") for one in patient.get("identifier", ()) if one.get("system") == IDENTITY_CARD]
    yield from (show.masked_number(str(one)) for one in cards[:1] if one)
    if died or patient.get("deceasedBoolean"):
        yield said(DEAD, language).format(day=show.day_of(died)).strip()


def _risks(more: Sequence[Mapping[str, Any]], language: Language) -> Iterator[str]:
    """Say what is dangerous: allergies, a pregnancy, flags."""
    for one in _allergies(more):
        if not _codes(one.get("code")) & NONE_KNOWN:
            high = f"（{said(HIGH, language)}）" if language == "zh" else f" ({said(HIGH, language)})"
            yield brief.coded(one.get("code", {}), language) + (high if one.get("criticality") == "high" else "")
    for one in _of(more, "EpisodeOfCare"):
        if one.get("status") == "active" and "pregnancy" in _episode(one):
            yield said(PREGNANT, language)
    for one in _of(more, "Flag"):
        if one.get("status") == "active" and (text := brief.coded(one.get("code", {}), language)):
            yield text


def _calm(more: Sequence[Mapping[str, Any]], language: Language, *, allergies: bool) -> Iterator[str]:
    """Say what is known of allergies when there is none, programmes one is enrolled in, and the insurance.

    allergies: the reader may see them.
    """
    found = list(_allergies(more))
    if allergies and all(_codes(one.get("code")) & NONE_KNOWN for one in found):
        yield said(SURE if found else UNKNOWN, language)
    for one in _of(more, "EpisodeOfCare"):
        programmes = [kind for kind in one.get("type", ()) if "pregnancy" not in _codes(kind)]
        if one.get("status") == "active" and programmes and (text := brief.coded(programmes[0], language)):
            yield text
    covers = (one for one in _of(more, "Coverage") if one.get("status") == "active")
    kinds = {code for one in covers for code in _codes(one.get("type")) if code in INSURED}
    yield from (said(INSURED[code], language) for code in sorted(kinds))


@cites("R7-032")
async def _why(work: UnitOfWork, patient: str, language: Language) -> tuple[str, bool]:
    """Say what lets the reader see this: an emergency with its end before all else."""
    if f"Patient/{patient}" in {work.principal.patient, *work.principal.patients}:
        return said(WHY["own"], language), False
    windows = work.door.rulebook.windows
    found = {one.kind: one for one in await relations.held(work.executor, work.principal, patient, windows)}
    emergency = found.pop("emergency", None)
    usual = next(iter(found), "")
    if usual:
        return said(WHY[usual], language), False
    if emergency is not None and emergency.until is not None:
        until = emergency.until.astimezone(show.ZONE).strftime("%H:%M")
        return said(WHY["emergency"], language).format(until=until), True
    return "", False


def _of(more: Sequence[Mapping[str, Any]], type: str) -> Iterator[Mapping[str, Any]]:
    return (one for one in more if one.get("resourceType") == type)


def _allergies(more: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Give the allergies in force, the dangerous ones first."""
    gone = {"inactive", "resolved", "refuted", "entered-in-error"}
    found = [
        one
        for one in _of(more, "AllergyIntolerance")
        if not (_codes(one.get("clinicalStatus")) | _codes(one.get("verificationStatus"))) & gone
    ]
    return iter(sorted(found, key=lambda one: one.get("criticality") != "high"))


def _episode(one: Mapping[str, Any]) -> set[str]:
    return {code for kind in one.get("type", ()) for code in _codes(kind)}


def _codes(concept: Any) -> set[str]:
    codings = concept.get("coding", ()) if isinstance(concept, Mapping) else ()
    return {str(one.get("code", "")) for one in codings}
