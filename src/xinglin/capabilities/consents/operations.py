"""Give and withdraw consents: a withdrawal takes effect at once, and the consent is kept."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from xinglin.capabilities.consents.contract import KINDS, PROFILES, WITHDRAWN, Give, Withdraw
from xinglin.capabilities.consents.rules import provision, refusals
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding, Meta, Period, Reference
from xinglin.fhir.r4.resources import Consent
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

_SCOPE = CodeableConcept(
    coding=[Coding(system="http://terminology.hl7.org/CodeSystem/consentscope", code="patient-privacy")]
)
_LAW = "《中华人民共和国个人信息保护法》"


@cites("R7-002", "R7-021")
async def give(work: UnitOfWork, given: Give, *, zone: str) -> Consent:
    """Patient/$give-consent: write down what a person allows or refuses."""
    today = work.now.astimezone(ZoneInfo(zone)).date()
    who = work.principal
    acts_for = frozenset(filter(None, (who.patient, *who.patients)))
    born = await _born(work, given.id) if f"Patient/{given.id}" in acts_for else None
    refuse(refusals(given, acts_for=acts_for, own=who.patient, born=born, today=today))
    made = Consent(
        meta=Meta(profile=[PROFILES[given.kind].url]),
        status="active",
        scope=_SCOPE,
        category=[CodeableConcept(coding=[Coding(system=KINDS.system, code=given.kind)])],
        patient=Reference(reference=f"Patient/{given.id}"),
        dateTime=work.now.isoformat(),
        performer=[Reference(reference=who.patient or f"Patient/{given.id}")],
        policyRule=CodeableConcept(text=_LAW),
        provision=provision(given, today),
    )
    written = await work.platform.create(made, type="Consent")
    work.note("consent", type="Consent", refs=(f"Consent/{written.id}",), detail=given.kind)
    return _consent((await work.platform.read("Consent", written.id)).body())


@cites("R7-008", "R7-021")
async def withdraw(work: UnitOfWork, given: Withdraw, *, zone: str) -> Consent:
    """Patient/$withdraw-consent: what it allowed is over now, and what it restricted is free; the paper is kept."""
    who = work.principal
    patient = f"Patient/{given.id}"
    if patient not in {who.patient, *who.patients}:
        raise OutcomeError(not_found("Consent", given.consent))
    row = await work.fhir.read("Consent", given.consent)
    consent = _consent(row.body())
    if consent.patient is None or consent.patient.reference != patient:
        raise OutcomeError(not_found("Consent", given.consent))
    if consent.status != "active":
        raise OutcomeError(Issue("conflict", "consent-withdrawn", text="This consent is not in force any more."))
    old = consent.provision
    ended = None
    if old is not None:
        start = old.period.start if old.period is not None else None
        # A day, as the start is: an instant would lie before it in the first hours of a day that is ahead of UTC.
        today = work.now.astimezone(ZoneInfo(zone)).date()
        ended = msgspec.structs.replace(old, period=Period(start=start, end=today.isoformat()))
    over = msgspec.structs.replace(consent, status="inactive", provision=ended)
    await work.platform.update(over, type="Consent", id=given.consent, if_match=row.vid)
    work.note("consent-withdrawn", type="Consent", refs=(f"Consent/{given.consent}",))
    told = Notice(WITHDRAWN.code, patient, about=f"Consent/{given.consent}", key=f"withdrawn {given.consent}")
    await work.platform.operate(NOTIFY, told)
    return over


async def _born(work: UnitOfWork, id: str) -> str | None:
    patient: Any = codec.decode((await work.platform.read("Patient", id)).body(), "Patient")
    born: str | None = patient.birthDate
    return born


def _consent(body: bytes) -> Consent:
    made = codec.decode(body, "Consent")
    if not isinstance(made, Consent):
        raise TypeError("a Consent is a Consent")
    return made
