"""The state of a record: opened, closed and why, kept by whom, in use, and the groups that care is given to. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document, codes, codings, day, extension
from xinglin.capabilities.health_records.rules.problems import episode, in_force
from xinglin.fhir.sources import cites

RECORD_NUMBERS: Final = frozenset({"MR"})
CITIZEN_NUMBERS: Final = frozenset({"NNCHN", "NI"})
_MENTAL: Final = ("F20", "F22", "F25", "F31", "F70", "F71", "F72")
_TUBERCULOSIS: Final = ("A15", "A16", "A17", "A18", "A19")


@dataclass(frozen=True, slots=True)
class State:
    """How a record stands. number: of the record; citizen: the identity number that it is known by everywhere."""

    number: str
    citizen: str
    opened: str
    closed: str
    reason: str
    moved_to: str
    keeper: Any
    doctor: Any
    dynamic: bool
    groups: tuple[str, ...]


@cites("HR-03", "HR-07")
def state(
    patient: Document, latest: str, conditions: Iterable[Document], episodes: Iterable[Document], today: date
) -> State:
    """Say how the record of a patient stands.

    latest: when the last service was given. A record ends by death, moving away or being lost, with its date; it is
    kept. Source: 规范三版 1.1.
    """
    closed = extension(patient, "record-closed")
    inner = {one.get("url"): one for one in closed.get("extension", ())}
    ended = _value(inner.get("date", {})) or _value(closed) or str(patient.get("deceasedDateTime") or "")
    reason = _value(inner.get("reason", {})) or ("death" if patient.get("deceasedDateTime") else "")
    return State(
        number=number(patient, RECORD_NUMBERS),
        citizen=number(patient, CITIZEN_NUMBERS),
        opened=_value(extension(patient, "record-opened")),
        closed=ended,
        reason=reason,
        moved_to=_value(inner.get("to", {})),
        keeper=patient.get("managingOrganization"),
        doctor=patient.get("generalPractitioner"),
        dynamic=is_dynamic(latest, today),
        groups=groups(patient, conditions, episodes, today),
    )


@cites("HR-09")
def is_dynamic(latest: str, today: date) -> bool:
    """Tell whether a record is in use (有动态记录): a service within one year. Source: 规范三版 1.1."""
    last = day(latest)
    return last is not None and today - timedelta(days=365) <= last <= today


@cites("HR-05")
def groups(
    patient: Document, conditions: Iterable[Document], episodes: Iterable[Document], today: date
) -> tuple[str, ...]:
    """Give the priority groups that somebody belongs to, in the order of the book (重点人群). Source: 规范三版 1.1."""
    found = set()
    born = day(str(patient.get("birthDate", "")))
    years = None if born is None else today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years is not None and not patient.get("deceasedDateTime"):
        found |= {"child"} if years <= 6 else {"elder"} if years >= 65 else set()
    for one in episodes:
        if one.get("status") in {"active", "onhold"}:
            found |= episode(one) & {"pregnancy", "hypertension", "diabetes", "mental", "tuberculosis"}
    for one in conditions:
        if in_force(one):
            found |= {kind for system, code in codings(one.get("code")) if "icd-10" in system for kind in _of(code)}
    order = ("child", "pregnancy", "elder", "hypertension", "diabetes", "mental", "tuberculosis")
    return tuple(one for one in order if one in found)


def _of(code: str) -> Iterable[str]:
    if code.startswith(("I10", "I11", "I12", "I13", "I15")):
        yield "hypertension"
    if code.startswith("E11"):
        yield "diabetes"
    if code.startswith(_MENTAL):
        yield "mental"
    if code.startswith(_TUBERCULOSIS):
        yield "tuberculosis"


def number(patient: Document, kinds: frozenset[str]) -> str:
    """Give the number of a kind (codes of v2-0203); empty without one, or when it is masked."""
    for one in patient.get("identifier", ()):
        if codes(one.get("type")) & kinds:
            return str(one.get("value", ""))
    return ""


def _value(one: Document) -> str:
    return next((str(one[member]) for member in one if member.startswith("value")), "")
