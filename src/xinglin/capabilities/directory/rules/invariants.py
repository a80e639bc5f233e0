"""What every writer of the directory keeps to: codes that stand in the national tables, names, who is invited."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

from msgspec import Struct

from xinglin.capabilities.directory.contract import REMOTE_CONSULT, REQUESTS
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.institution_forms import CATEGORIES, INTERNET_HOSPITAL, KINDS, OFFICES, SUBJECTS
from xinglin.security.institutions import INTERNET_HOSPITAL as ENDING
from xinglin.security.institutions import invitation_faults
from xinglin.tables.codes import by_code

TABLES: Final = {SUBJECTS: "departments", OFFICES: "department_statistics", CATEGORIES: "ws218"}


@cites("R6-023", "R6-021")
def known_codes(_before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """Refuse codes of departments and categories that the national tables do not have."""
    return tuple(_unknown(after)) if after is not None else ()


@cites("R1-010")
def hospital_name(_before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """Refuse an internet hospital whose name does not end as it has to; the whole rule needs the institution."""
    one: Any = after
    if one is None or not any(_is(coding, KINDS, INTERNET_HOSPITAL) for coding in _codings(one.type)):
        return ()
    if (one.name or "").endswith(ENDING):
        return ()
    text = f"The name of an internet hospital ends with {ENDING}."
    return (Issue("business-rule", "hospital-name-ending", "Organization.name", text),)


@cites("R1-003")
def institution_invited(_before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """Refuse a remote consultation that invites staff directly; a PractitionerRole names its institution."""
    one: Any = after
    concepts = [] if one is None else [one.code, *(one.category or ())]
    if not any(_is(coding, REQUESTS, REMOTE_CONSULT) for coding in _codings(concepts)):
        return ()
    references = [each.reference or "" for each in one.performer or ()]
    return invitation_faults((each, each if each.startswith("PractitionerRole/") else "") for each in references)


def same_person(before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """Refuse a place of work that becomes another's: its institution sees the file of who works there."""
    old, new = (_reference(cast("Any", one)) for one in (before, after))
    if before is None or after is None or not old or old == new:
        return ()
    text = "A place of work stays that of its practitioner; close it and open another."
    return (Issue("business-rule", "staff-moved", "PractitionerRole.practitioner", text),)


def _reference(one: Any) -> str:
    return (one.practitioner.reference or "") if one is not None and one.practitioner is not None else ""


def _unknown(after: Any) -> Iterator[Issue]:
    for name in ("type", "specialty"):
        for coding in _codings(getattr(after, name, None)):
            table = TABLES.get(coding.system or "")
            if table is not None and coding.code not in by_code(table):
                where = f"{type(after).__name__}.{name}"
                yield Issue("code-invalid", "directory-code", where, f"{coding.code} is no code of {coding.system}.")


def _codings(concepts: Any) -> Iterator[Any]:
    listed = concepts if isinstance(concepts, Sequence) else [concepts] if concepts is not None else []
    for concept in listed:
        yield from (getattr(concept, "coding", None) or ()) if concept is not None else ()


def _is(coding: Any, system: str, code: str) -> bool:
    return bool(coding.system == system and coding.code == code)
