"""Identifiers of our own systems must be sound numbers; identifiers of foreign systems are not judged."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security import identifiers as ids

Check = Callable[[Struct | None, Struct | None], tuple[Issue, ...]]


_SPELLED: Final = frozenset(
    {
        *(ids.IDENTITY_CARD, ids.USCC, ids.ORGANIZATION_CODE, ids.INSTITUTION_LICENCE, ids.PRACTISING_CERTIFICATE),
        *(ids.NURSE_CERTIFICATE, ids.QUALIFICATION_CERTIFICATE),
    }
)


def sound_numbers(today: Callable[[], date]) -> Check:
    """Make the check over writes of a person, practitioner or organization. today: the date in Beijing.

    Only numbers that the write brings or changes are judged, so that an old fault does not stop an honest correction
    elsewhere; sex and birth date are compared with the number whenever one of the three changes.
    """

    def check(before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
        if after is None:
            return ()
        known = _numbers(before)
        day = today()
        found = [
            replace(issue, where=f"{type(after).__name__}.{place}.value")
            for place, system, value in _placed(after)
            if (system, value) not in known
            for issue in _faults(system, value, after, day) or _spelling(system, value)
        ]
        return (*found, *_disagreements(before, after, day))

    return check


@cites("R6-004")
def _disagreements(before: Any, after: Any, today: date) -> Iterator[Issue]:
    """Compare sex and birth date with the resident's number; neither is overwritten."""
    if _told(before) == _told(after):
        return
    for each in after.identifier or ():
        if each.system == ids.IDENTITY_CARD and each.value:
            number = ids.person_number(each.value, today)
            if isinstance(number, ids.PersonNumber):
                for issue in ids.disagreements(
                    number, gender=getattr(after, "gender", None), born=getattr(after, "birthDate", None)
                ):
                    yield replace(issue, where=f"{type(after).__name__}.{issue.where}")


@cites("R6-022")
def _faults(system: str, value: str, holder: Any, today: date) -> tuple[Issue, ...]:
    """Judge a number by the system it stands under; a code of one system is never taken for another's."""
    match system:
        case ids.IDENTITY_CARD:
            read = ids.person_number(value, today)
            return () if isinstance(read, ids.PersonNumber) else read
        case ids.USCC:
            return ids.uscc_faults(value)
        case ids.ORGANIZATION_CODE:
            return ids.organization_code_faults(value)
        case ids.INSTITUTION_LICENCE:
            return ids.institution_licence_faults(value)
        case ids.PRACTISING_CERTIFICATE:
            return ids.practising_faults(value)
        case ids.NURSE_CERTIFICATE:
            return ids.nurse_faults(value, today)
        case ids.QUALIFICATION_CERTIFICATE:
            return ids.qualification_faults(value, person=_person(holder), today=today)
        case _:
            return ()


@cites("R6-001")
def _spelling(system: str, value: str) -> tuple[Issue, ...]:
    """Ask for the one spelling that searches find: half-width, capital letters, no blanks."""
    spelled = ids.normal(value)
    if system not in _SPELLED or value in {spelled, f"{spelled[:-1]}-{spelled[-1:]}"}:
        return ()
    return (Issue("value", "number-spelling", text=f"Write the number as {spelled}, so that it is found again."),)


def _person(holder: Any) -> str | None:
    return next((each.value for each in holder.identifier or () if each.system == ids.IDENTITY_CARD), None)


def _told(holder: Any) -> object:
    if holder is None:
        return None
    return _person(holder), getattr(holder, "gender", None), getattr(holder, "birthDate", None)


def _numbers(holder: Any) -> frozenset[tuple[str, str]]:
    return frozenset((system, value) for _, system, value in _placed(holder)) if holder is not None else frozenset()


def _placed(holder: Any) -> Iterator[tuple[str, str, str]]:
    """Give place, system and value of each identifier, of qualifications too."""
    places = [(f"identifier[{i}]", one) for i, one in enumerate(holder.identifier or ())]
    for q, qualification in enumerate(getattr(holder, "qualification", None) or ()):
        places += [(f"qualification[{q}].identifier[{i}]", one) for i, one in enumerate(qualification.identifier or ())]
    for place, one in places:
        if one is not None and one.system and one.value:
            yield place, one.system, one.value
