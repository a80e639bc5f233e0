"""What an answer of the practitioners' register means, how long it serves, and what opens a reception."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites
from xinglin.security.credentials import Site, Standing, site_holds

RegisterStatus = Literal["valid", "suspended", "revoked", "cancelled", "expired", "not-found"]
State = Literal["valid", "moved", "mismatch", "suspended", "revoked", "expired", "not-found", "unknown"]

# After these the practitioner may not go on; the others wait for somebody to look, or for an answer.
STOPPING: Final = frozenset({"revoked", "expired", "suspended", "not-found"})


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register knows under one certificate number (国家医师、护士电子注册系统).

    institutions: licence numbers or credit codes, the main one first. until: last day of the registration.
    An institution's licence is a certificate like others.
    """

    number: str
    status: RegisterStatus
    name: str = ""
    level: str = ""
    category: str = ""
    scope: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. gone: places of work (PractitionerRole) that the register no longer knows."""

    state: State
    reasons: tuple[Issue, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def stops(self) -> bool:
        """True when the practitioner may not go on at all."""
        return self.state in STOPPING


UNREACHABLE: Final = Verdict("unknown", (Issue("transient", "register-unreachable", "", "The register is silent."),))


NOTHING_TO_ASK: Final = Verdict(
    "unknown",
    (Issue("business-rule", "certificate-missing", "", "No certificate is recorded that could be asked for."),),
)


@cites("R6-036", "R0-004")
def institution_verdict(name: str, entry: Entry | None, today: date) -> Verdict:
    """Compare an institution with the register's entry of its licence; None: the register knows none."""
    if entry is None:
        return Verdict("not-found", (_no("register-not-found", "The register knows no such licence."),))
    state = _ended(entry, today)
    if state is not None:
        return Verdict(state, (_no(f"register-{state}", f"The register says of {entry.number}: {state}."),))
    if entry.name and name and entry.name != name:
        return Verdict("mismatch", (_no("register-name", "The register has another name for this licence."),))
    return Verdict("valid")


@cites("R1-030", "R6-036")
def verdict(
    standing: Standing, sites: Sequence[tuple[Site, frozenset[str]]], entries: Sequence[Entry], today: date
) -> Verdict:
    """Compare the record with the register's entries of all certificates of one practitioner.

    sites: places of work, each with the numbers (licence, credit code) of its institution. The worst entry counts.
    """
    if not entries:
        return Verdict("not-found", (_no("register-not-found", "The register knows none of the certificates."),))
    for entry in entries:
        state = _ended(entry, today)
        if state is not None:
            return Verdict(state, (_no(f"register-{state}", f"The register says of {entry.number}: {state}."),))
    differing = tuple(issue for entry in entries for issue in _differences(standing, entry))
    if differing:
        return Verdict("mismatch", differing)
    known = {number for entry in entries for number in entry.institutions}
    gone = tuple(site.reference for site, numbers in sites if known and not numbers & known and site_holds(site, today))
    if gone:
        text = "The register names other institutions: this place of work is no longer registered or filed."
        return Verdict("moved", (_no("register-moved", text),), gone)
    return Verdict("valid")


_ENDS: Final[Mapping[str, State]] = {
    "revoked": "revoked",
    "cancelled": "revoked",
    "suspended": "suspended",
    "not-found": "not-found",
    "expired": "expired",
}


def _ended(entry: Entry, today: date) -> State | None:
    if entry.status == "valid" and entry.until is not None and entry.until < today:
        return "expired"
    return _ENDS.get(entry.status)


def _differences(standing: Standing, entry: Entry) -> list[Issue]:
    found = []
    if entry.name and standing.name and entry.name != standing.name:
        found.append(_no("register-name", "The register has another name for this certificate."))
    held = next((one for one in standing.credentials if one.number == entry.number), None)
    if held is None:
        return found
    if entry.level and held.level and entry.level != held.level:
        found.append(_no("register-level", f"The register says the level is {entry.level}."))
    if entry.category and held.category and entry.category != held.category:
        found.append(_no("register-category", f"The register says the category is {entry.category}."))
    if entry.scope and set(held.scope) - set(entry.scope):
        found.append(_no("register-scope", "The record claims a wider scope than the register."))
    return found


@cites("R1-033", "R6-036")
def still_serves(state: State | None, checked: datetime | None, now: datetime, grace: timedelta) -> tuple[Issue, ...]:
    """Say why the last good verification does not carry a session while the register is silent."""
    if state != "valid" or checked is None:
        return (_no("never-verified", "There is no good verification to rely on while the register is silent."),)
    if now - checked > grace:
        return (_no("verification-old", "The last verification is too old, and the register is silent."),)
    return ()


@dataclass(frozen=True, slots=True)
class Presence:
    """Proof that the physician in person is there. kind: ``face``, ``liveness`` or ``certificate``."""

    evidence: str
    kind: str
    passed: bool
    at: datetime


@cites("R2-010")
def presence_faults(presence: Presence | None, now: datetime, *, minutes: int) -> tuple[Issue, ...]:
    """Say why the proof of presence does not open a reception (监管细则 Art. 13); a software has no presence."""
    if presence is None or not presence.evidence:
        return (_no("presence-missing", "Before a reception the physician proves to be there in person."),)
    if presence.kind not in {"face", "liveness", "certificate"}:
        return (_no("presence-kind", "Presence is proved by face, liveness or certificate."),)
    if not presence.passed:
        return (_no("presence-failed", "The check of presence failed."),)
    if not timedelta(0) <= now - presence.at <= timedelta(minutes=minutes):
        return (_no("presence-old", f"The proof of presence is not of the last {minutes} minutes."),)
    return ()


def _no(key: str, text: str) -> Issue:
    return Issue("business-rule", key, "", text)
