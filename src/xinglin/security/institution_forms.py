"""How institutions stand in FHIR: Organization with its licence record, departments, and internet hospitals.

Reading takes what is there and leaves out what is not; whether it suffices is decided in `institutions`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from xinglin.fhir.declarations import canonical
from xinglin.security.credential_forms import final_day, first_day
from xinglin.security.identifiers import INSTITUTION_LICENCE, normal
from xinglin.security.institutions import Institution, Licence, Verification

Json = Mapping[str, Any]

TYPES: Final = "http://terminology.hl7.org/CodeSystem/organization-type"
DEPARTMENT: Final = "dept"
# Departments: by the list of subjects of a licence (诊疗科目), and those without patients by the list of statistics.
SUBJECTS: Final = canonical("department", "CodeSystem")
OFFICES: Final = canonical("department-statistics", "CodeSystem")
CATEGORIES: Final = canonical("ws-218", "CodeSystem")
KINDS: Final = canonical("institution-kind", "CodeSystem")
INTERNET_HOSPITAL: Final = "internet-hospital"
LEVELS: Final = canonical("hospital-level", "CodeSystem")
LEVEL: Final = canonical("level")
POSITION: Final = canonical("position")
DIVISION: Final = canonical("division")

# Of an Organization: period, legal, principal, ownership, beds, mode (several), verification (date, passed; several).
LICENCE: Final = canonical("licence")
# Of an internet hospital: naming, partner.
SET_UP: Final = canonical("internet-hospital")
# Of an internet hospital that stopped: since when, why.
SUSPENDED: Final = canonical("suspended")
# Why a version of a department, place, service or role of staff was written.
CHANGE_REASON: Final = canonical("change-reason")


def institution_of(document: Json, departments: Iterable[str] = ()) -> Institution:
    """Read an Organization. departments: codes of those that stand under it, which only a search knows."""
    licence, set_up = extension(document, LICENCE), extension(document, SET_UP)
    return Institution(
        reference=f"Organization/{document.get('id', '')}",
        name=str(document.get("name") or ""),
        active=document.get("active") is not False,
        licence=_licence(document, licence),
        departments=frozenset(departments),
        host=str((document.get("partOf") or {}).get("reference") or "") if set_up else "",
        naming=str(value(set_up, "naming") or ""),
        partner=str(value(set_up, "partner") or ""),
    )


def codes_of(concepts: Sequence[Json], system: str) -> tuple[str, ...]:
    """Give the codes of a system among CodeableConcepts."""
    return tuple(
        str(coding["code"])
        for concept in concepts
        for coding in concept.get("coding") or ()
        if coding.get("system") == system and coding.get("code")
    )


def department_codes(document: Json) -> tuple[str, ...]:
    """Give the codes of a department, of either list."""
    types = document.get("type") or ()
    return (*codes_of(types, SUBJECTS), *codes_of(types, OFFICES))


def is_internet_hospital(document: Json) -> bool:
    """Tell whether an Organization is an internet hospital."""
    return INTERNET_HOSPITAL in codes_of(document.get("type") or (), KINDS)


def identifier(document: Json, system: str) -> str:
    """Give the identifier of a system; empty when there is none."""
    found = (one.get("value") for one in document.get("identifier") or () if one.get("system") == system)
    return normal(str(next(found, "") or ""))


def extension(holder: Json, url: str) -> Json:
    """Give the first extension *url*; an empty mapping when there is none."""
    return next(extensions(holder, url), {})


def extensions(holder: Json, url: str) -> Any:
    """Give every extension *url*."""
    return (one for one in holder.get("extension") or () if one.get("url") == url)


def value(holder: Json, url: str) -> Any:
    """Give the value of the first extension *url*; None when there is none."""
    found = extension(holder, url)
    return next((found[name] for name in found if name.startswith("value")), None)


def values(holder: Json, url: str) -> tuple[Any, ...]:
    """Give the values of every extension *url*."""
    return tuple(one[name] for one in extensions(holder, url) for name in one if name.startswith("value"))


def with_extension(document: Json, url: str, given: Json | None) -> dict[str, Any]:
    """Give the document with *given* in place of its extensions *url*; None takes them away."""
    kept = [one for one in document.get("extension") or () if one.get("url") != url]
    made = dict(document)
    if given is not None:
        kept.append({"url": url} | dict(given))
    made.pop("extension", None)
    return made | ({"extension": kept} if kept else {})


def _licence(document: Json, licence: Json) -> Licence:
    period = value(licence, "period") or {}
    return Licence(
        number=identifier(document, INSTITUTION_LICENCE),
        since=first_day(period.get("start")),
        until=final_day(period.get("end")),
        legal=str(value(licence, "legal") or ""),
        principal=str(value(licence, "principal") or ""),
        ownership=str(value(licence, "ownership") or ""),
        beds=int(value(licence, "beds") or 0),
        modes=frozenset(map(str, values(licence, "mode"))),
        verifications=tuple(
            Verification(day, value(one, "passed") is not False)
            for one in extensions(licence, "verification")
            if (day := _day(value(one, "date"))) is not None
        ),
    )


def _day(text: Any) -> date | None:
    return first_day(str(text)) if text else None
