"""Decisions about consents: what may be given by whom, and what it says as a provision."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from xinglin.capabilities.consents.contract import KINDS, Give
from xinglin.fhir.outcome import Issue
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding, Period, Reference
from xinglin.fhir.r4.resources import ConsentProvision, ConsentProvisionActor
from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.fhir.search.references import local
from xinglin.fhir.sources import cites
from xinglin.security import labels
from xinglin.security import purposes as reasons
from xinglin.security.accounts import STAFF_ROLES
from xinglin.security.consents import RESOURCE_TYPES, ROLES

# What a kind is for, where it is for one thing.
PURPOSE_OF: Final = {"care": "TREAT", "research": "HRESCH", "marketing": "HMARKT"}
_ACTORS: Final = frozenset({"Organization", "Practitioner", "PractitionerRole"})
_RECIPIENT: Final = CodeableConcept(
    coding=[Coding(system="http://terminology.hl7.org/CodeSystem/v3-ParticipationType", code="IRCP")]
)


@cites("R7-003", "R7-006", "R7-021")
def refusals(
    given: Give, *, acts_for: frozenset[str], own: str | None, born: str | None, today: date
) -> Iterator[Issue]:
    """Reasons why a consent is not taken.

    acts_for: patients that the giver may act for, references. own: the giver's own. born: birth date of the patient.
    """
    patient = f"Patient/{given.id}"
    if patient not in acts_for:
        yield Issue("forbidden", "consent-of-another", text="You may not decide for this person.")
    elif born and labels.is_minor(born, today) and patient == own:
        yield Issue("forbidden", "consent-of-minor", text="Below 14 the guardian decides.")
    if given.kind not in KINDS.codes:
        yield Issue("value", "consent-kind", "kind", "There is no such kind of consent.")
    if given.kind == "sharing" and not given.actors and not given.roles:
        yield Issue("required", "consent-recipient", "actors", "Sharing names who gets the data.")
    if given.kind == "sharing" and not given.purposes:
        yield Issue("required", "consent-purpose", "purposes", "Sharing names what for.")
    if given.kind == "sensitive" and not set(given.classes) & labels.SPECIAL_CODES.keys():
        yield Issue("required", "consent-class", "classes", "A consent to sensitive data names its classes.")
    for one in given.actors:
        target = local(one, "")
        if target is None or target.type not in _ACTORS:
            yield Issue("value", "consent-actor", "actors", f"{one[:80]} is no institution and nobody who treats.")
    for role in given.roles:
        if role not in STAFF_ROLES:
            yield Issue("value", "consent-role", "roles", f"There is no role {role[:80]}.")
    for purpose in given.purposes:
        if purpose not in reasons.PURPOSES:
            yield Issue("value", "consent-purpose-unknown", "purposes", f"There is no purpose {purpose[:80]}.")
    for one in given.classes:
        if _class(one) is None:
            yield Issue("value", "consent-class-unknown", "classes", f"There is no class of data {one[:80]}.")
    if given.until is not None and not _is_ahead(given.until, today):
        yield Issue("value", "consent-until", "until", "The last day is a date, today or later.")


@cites("R7-002", "R7-006", "R7-021")
def provision(given: Give, today: date) -> ConsentProvision:
    """Say what the consent permits, or denies when it is a restriction."""
    actors = [ConsentProvisionActor(role=_RECIPIENT, reference=Reference(reference=one)) for one in given.actors]
    actors += [
        ConsentProvisionActor(
            role=CodeableConcept(coding=[Coding(system=ROLES, code=role)]), reference=Reference(display=role)
        )
        for role in given.roles
    ]
    purposes = given.purposes or ((PURPOSE_OF[given.kind],) if given.kind in PURPOSE_OF else ())
    classes = [coding for one in given.classes if (coding := _class(one)) is not None]
    return ConsentProvision(
        type="deny" if given.kind == "restriction" else "permit",
        period=Period(start=today.isoformat(), end=given.until),
        actor=actors or None,
        purpose=[Coding(system=reasons.SYSTEM, code=one) for one in purposes] or None,
        class_=classes or None,
    )


def _class(code: str) -> Coding | None:
    if code in labels.SPECIAL_CODES:
        return Coding(system=labels.SPECIAL, code=code)
    if code in labels.CLASSES:
        return Coding(system=labels.CLASS, code=code)
    return Coding(system=RESOURCE_TYPES, code=code) if code in TYPE_CODES else None


def _is_ahead(text: str, today: date) -> bool:
    try:
        return date.fromisoformat(text) >= today
    except ValueError:
        return False
