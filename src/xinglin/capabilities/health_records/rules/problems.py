"""Problems and dangers: what everybody who treats has to know first. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from xinglin.capabilities.health_records.rules.documents import (
    Document,
    codes,
    codings,
    day,
    key_of,
    order,
    reference,
    when,
)
from xinglin.capabilities.health_records.rules.implants import Implant, of_device, of_procedures

Kind = Literal["allergy", "flag", "pregnancy", "infection", "implant"]

_OVER: Final = frozenset({"inactive", "resolved", "remission"})
_NOT: Final = frozenset({"refuted", "entered-in-error"})
# Infections that whoever treats protects himself from: tuberculosis, syphilis, viral hepatitis, HIV (ICD-10).
_INFECTIONS: Final = (
    *("A15", "A16", "A17", "A18", "A19", "A50", "A51", "A52", "A53"),
    *("B15", "B16", "B17", "B18", "B19", "B20", "B21", "B22", "B23", "B24", "Z21", "Z22.5", "U07.1"),
)
# SNOMED CT codes that foreign records use for the same.
_INFECTIONS_ELSEWHERE: Final = frozenset({"86406008", "165816005", "66071002", "50711007", "56717001", "840539006"})
_PREGNANCIES_ELSEWHERE: Final = frozenset({"77386006", "72892002", "47200007"})
# SNOMED CT: no known allergy, no known drug allergy.
_NONE_KNOWN: Final = frozenset({"716186003", "409137002"})
_EPISODES: Final = "https://xinglin.health/fhir/CodeSystem/episode"
LONGEST_PREGNANCY: Final = 308  # days, 44 weeks: a code that nobody closed does not make pregnant for ever


@dataclass(frozen=True, slots=True)
class Danger:
    """One danger. concept: what; severity: ``high`` when it may kill; detail: how it shows, as FHIR values.

    guessed: told by a name alone, as nothing is coded.
    """

    kind: Kind
    type: str
    id: str
    concept: Any
    severity: str
    detail: tuple[Any, ...]
    since: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: the newest Condition of its code. managed: an episode of care is kept for it."""

    id: str
    concept: Any
    since: str
    recorded: str
    by: Any
    encounter: str
    managed: bool
    severity: Any


def in_force(document: Document) -> bool:
    """Tell whether an allergy or condition is neither over nor wrong."""
    return not (codes(document.get("clinicalStatus")) & _OVER or codes(document.get("verificationStatus")) & _NOT)


def allergies(documents: Iterable[Document]) -> Literal["some", "none-known", "not-recorded"]:
    """Say what is known of allergies: that there are none is something else than that nobody asked."""
    found = [one for one in documents if in_force(one)]
    if not found:
        return "not-recorded"
    return "none-known" if all(codes(one.get("code")) & _NONE_KNOWN for one in found) else "some"


def dangers(
    standing: Iterable[Document], conditions: Iterable[Document], today: date, procedures: Iterable[Document] = ()
) -> tuple[Danger, ...]:
    """Give allergies, flags, pregnancy, infections and implants that are in force, the worst first.

    procedures: those that put something into the body or take it out.
    """
    found = [one for document in standing if (one := _standing(document, today)) is not None]
    seen: set[str] = set()
    for document in sorted(conditions, key=order, reverse=True):
        kind = _of_condition(document, today)
        key = key_of(document.get("code"))
        if kind is not None and key not in seen:
            seen.add(key)
            found.append(_danger(kind, document, document.get("code"), since=_since(document)))
    found += [_implant(one) for one in of_procedures(procedures)]
    if any(one.kind == "pregnancy" and one.type == "EpisodeOfCare" for one in found):
        found = [one for one in found if one.kind != "pregnancy" or one.type == "EpisodeOfCare"]
    rank = {"allergy": 1, "flag": 2, "pregnancy": 3, "infection": 4, "implant": 5}
    return tuple(sorted(found, key=lambda one: (one.severity != "high", rank[one.kind])))


def _standing(document: Document, today: date) -> Danger | None:
    kind = document.get("resourceType")
    if kind == "AllergyIntolerance" and in_force(document) and not codes(document.get("code")) & _NONE_KNOWN:
        reactions = document.get("reaction", ())
        signs = tuple(sign for one in reactions for sign in one.get("manifestation", ()))
        severe = document.get("criticality") == "high" or any(one.get("severity") == "severe" for one in reactions)
        return _danger("allergy", document, document.get("code"), severe=severe, detail=signs)
    if kind == "Flag" and document.get("status") == "active":
        ended = day(str(document.get("period", {}).get("end", "")))
        if ended is None or ended >= today:
            return _danger("flag", document, document.get("code"), since=_since(document))
    if kind == "EpisodeOfCare" and document.get("status") in {"active", "onhold"} and "pregnancy" in episode(document):
        return _danger("pregnancy", document, document["type"][0], since=_since(document))
    if kind == "Device":
        implant = of_device(document)
        return None if implant is None else _implant(implant)
    return None


def _implant(one: Implant) -> Danger:
    document = one.source
    names = document.get("deviceName") or ()
    concept = document.get("type") or document.get("code") or ({"text": names[0].get("name", "")} if names else {})
    since = str(document.get("manufactureDate") or when(document))
    return _danger("implant", document, concept, since=since, guessed=one.guessed)


def _of_condition(document: Document, today: date) -> Kind | None:
    if not in_force(document):
        return None
    for system, code in codings(document.get("code")):
        icd = "icd-10" in system
        if (icd and code.startswith(_INFECTIONS)) or code in _INFECTIONS_ELSEWHERE:
            return "infection"
        if (icd and code.startswith(("Z33", "Z34", "Z35", "Z3A"))) or code in _PREGNANCIES_ELSEWHERE:
            began = day(_since(document))
            return "pregnancy" if began is None or (today - began).days <= LONGEST_PREGNANCY else None
    return None


def _danger(
    kind: Kind,
    document: Document,
    concept: Any,
    *,
    severe: bool = False,
    detail: tuple[Any, ...] = (),
    since: str = "",
    guessed: bool = False,
) -> Danger:
    type, id = str(document.get("resourceType", "")), str(document.get("id", ""))
    return Danger(kind, type, id, concept or {}, "high" if severe else "", detail, since, guessed)


def problems(conditions: Iterable[Document], episodes: Iterable[Document]) -> tuple[Problem, ...]:
    """Give what is in force, each code once with its earliest beginning, managed problems first, then the newest."""
    managed = {kind for one in episodes if one.get("status") == "active" for kind in episode(one)}
    ids = {reference(given.get("condition")) for one in episodes for given in one.get("diagnosis", ())}
    groups: dict[str, list[Document]] = {}
    for document in sorted((one for one in conditions if in_force(one)), key=order, reverse=True):
        groups.setdefault(key_of(document.get("code")), []).append(document)
    found = [_problem(group, managed, ids) for group in groups.values()]
    return tuple(sorted(found, key=lambda one: not one.managed))


def _problem(group: list[Document], managed: set[str], ids: set[str]) -> Problem:
    newest = group[0]
    since = min((_since(one) for one in group if _since(one)), default="")
    named = any(f"Condition/{one.get('id')}" in ids for one in group)
    return Problem(
        id=str(newest.get("id", "")),
        concept=newest.get("code") or {},
        since=since,
        recorded=str(newest.get("recordedDate", "")),
        by=newest.get("asserter") or newest.get("recorder"),
        encounter=reference(newest.get("encounter")),
        managed=named or bool(_kinds(newest.get("code")) & managed),
        severity=newest.get("severity"),
    )


def episode(document: Document) -> frozenset[str]:
    """Give the kinds of an episode of care: ``hypertension``, ``diabetes``, ``pregnancy``."""
    return frozenset(code for system, code in codings(list(document.get("type", ()))) if system == _EPISODES)


def _kinds(concept: Any) -> frozenset[str]:
    kinds = set()
    for system, code in codings(concept):
        if "icd-10" in system:
            kinds |= {"hypertension"} if code.startswith(("I10", "I11", "I12", "I13", "I15")) else set()
            kinds |= {"diabetes"} if code.startswith(("E10", "E11", "E12", "E13", "E14")) else set()
    return frozenset(kinds)


def _since(document: Document) -> str:
    given = document.get("onsetDateTime") or document.get("onsetPeriod", {}).get("start")
    given = given or document.get("period", {}).get("start") or document.get("recordedDate")
    return str(given or "")
