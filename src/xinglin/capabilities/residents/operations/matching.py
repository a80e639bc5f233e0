"""Who may be the same person: candidates by blocks, weights, grades; and what is raised for the duplicates desk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.residents.contract import (
    DUPLICATE,
    DUPLICATE_CANDIDATE,
    MATCH_GRADE,
    PAIRS,
    TASK_CODES,
    Match,
)
from xinglin.capabilities.residents.operations import people
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Bundle
from xinglin.fhir.search.keys import rid_of
from xinglin.fhir.sources import cites
from xinglin.matching import blocks
from xinglin.matching.model import Specification
from xinglin.matching.persons import GRADES, grade, siblings, traits, two_citizens
from xinglin.security.masks import masked
from xinglin.store.door import UnitOfWork
from xinglin.store.matching import candidates

COUNT_MOST: Final = 100
# What nobody may see who does not reach the record, of whoever is a candidate.
COVERED: Final = frozenset(
    f"Patient.{one}" for one in ("name", "identifier", "telecom", "address", "contact", "photo", "birthDate")
)


@dataclass(frozen=True)
class Terms:
    """How persons are matched: the time zone of days, and the weights."""

    zone: str
    specification: Specification


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate. document: the Patient in JSON form. told: levels by field. grade: of `persons.GRADES`."""

    id: str
    document: dict[str, Any]
    probability: float
    grade: str
    told: Mapping[str, str]


@cites("CD-11", "HR-03")
async def same_as(work: UnitOfWork, person: Mapping[str, Any], terms: Terms, *, but: str = "") -> list[Found]:
    """Give those who may be *person* (Patient in JSON form), likeliest first; those who certainly are not are left out.

    but: logical id of a Patient that does not count.
    """
    near = await candidates(work.executor, blocks.keys(person), but=rid_of("Patient", but) if but else 0)
    own, day = traits(person), people.today(work, terms.zone)
    best: dict[str, Found] = {}
    for one in near:
        found = judged(terms.specification, own, person, document_of(one.row.body()), day)
        if found.grade != "certainly-not" and not replaced(found.document):
            there = best.get(one.person)
            best[one.person] = min(there, found, key=_order) if there is not None else found
    standing = [one if one.id == id else await _survivor(work, one, id) for id, one in best.items()]
    return sorted(standing, key=_order)


def _order(one: Found) -> tuple[int, float, str]:
    return GRADES.index(one.grade), -one.probability, one.id


async def _survivor(work: UnitOfWork, found: Found, id: str) -> Found:
    """Put the record that stands for a merged one in its place: what the merged one says found the person."""
    return replace(found, id=id, document=document_of((await work.platform.read("Patient", id)).body()))


def judged(
    specification: Specification,
    own: Mapping[str, Sequence[str]],
    person: Mapping[str, Any],
    other: dict[str, Any],
    day: date,
) -> Found:
    """Compare a person with one candidate."""
    pattern = specification.pattern(own, traits(other))
    told, probability = specification.told(pattern), specification.probability(pattern)
    how = grade(
        specification, told, probability, two_citizens=two_citizens(person, other, day) or siblings(person, other)
    )
    return Found(other["id"], other, probability, how, told)


def replaced(document: Mapping[str, Any]) -> bool:
    """Tell whether another Patient stands for this one."""
    return any(link.get("type") == "replaced-by" for link in document.get("link") or ())


async def match(work: UnitOfWork, given: Match, *, terms: Terms) -> Bundle:
    """Patient/$match: those who may be the same person, each with grade and score (FHIR R4).

    Whom the caller may not read is told covered: that there is somebody, and where the record is kept.
    """
    person = codec.to_dict(given.resource)
    if not blocks.keys(person):
        text = "Name at least a number, or a name with a birth date, a phone or a place."
        raise OutcomeError(Issue("required", "match-empty", "Patient", text))
    if not 0 < given.count <= COUNT_MOST:
        raise OutcomeError(Issue("value", "match-count", "count", f"The count is 1 to {COUNT_MOST}."))
    found = await same_as(work, person, terms)
    if given.only_certain_matches:
        found = [one for one in found if one.grade == "certain"]
    entries = [await _entry(work, one) for one in found[: given.count]]
    work.note("match", type="Patient", refs=tuple(f"Patient/{one.id}" for one in found[: given.count]))
    made = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)} | (
        {"entry": entries} if entries else {}
    )
    bundle = codec.decode(bytes_of(made), "Bundle")
    if not isinstance(bundle, Bundle):
        raise TypeError("a Bundle is a Bundle")
    return bundle


async def _entry(work: UnitOfWork, one: Found) -> dict[str, Any]:
    shown = one.document if await people.reachable(work, one.id) else masked(one.document, COVERED)
    return {
        "resource": shown,
        "search": {
            "extension": [{"url": MATCH_GRADE, "valueCode": one.grade}],
            "mode": "match",
            "score": Decimal(f"{one.probability:.6f}"),
        },
    }


@cites("CD-11", "HR-03")
async def raise_duplicate(work: UnitOfWork, id: str, other: str, how: str, probability: float) -> bool:
    """Raise a pair for the duplicates desk; False when it was raised before, whatever was decided then."""
    key = "_".join(sorted((id, other)))
    task = {
        "resourceType": "Task",
        "meta": {"profile": [DUPLICATE_CANDIDATE.url]},
        "identifier": [{"system": PAIRS, "value": key}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODES, "code": DUPLICATE}]},
        "focus": {"reference": f"Patient/{id}"},
        "for": {"reference": f"Patient/{other}"},
        "authoredOn": work.now.isoformat(),
        "input": [
            {"type": {"text": "candidate"}, "valueReference": {"reference": f"Patient/{other}"}},
            {"type": {"text": "score"}, "valueDecimal": Decimal(f"{probability:.6f}")},
            {"type": {"text": "grade"}, "valueCode": how},
        ],
    }
    written = await work.platform.create(bytes_of(task), type="Task", if_none_exist=f"identifier={PAIRS}|{key}")
    if written.created:
        work.note("duplicate", type="Task", refs=(f"Task/{written.id}",), detail=how)
    return written.created
