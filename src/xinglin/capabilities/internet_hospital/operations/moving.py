"""Moving a visit along the table of states: one function for each act, all of them guarded alike."""

from collections.abc import Callable, Mapping
from typing import Any

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Ending, Interruption, Visit
from xinglin.capabilities.internet_hospital.operations import admitting, paying, reading, talking
from xinglin.capabilities.internet_hospital.rules import forms, states
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.practitioners.contract import OPEN_SESSION, Opening
from xinglin.care.revisit import DEFAULT, Policy, gate, refused, termination_faults
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.resources import Encounter
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import sessions

Apply = Callable[[Document], Document]


@cites("R1-033", "R2-010", "R1-034", "R1-036")
async def accept(work: UnitOfWork, given: Visit) -> Encounter:
    """Encounter/$accept: a doctor takes a visit; he is verified in person before this reception, every time."""
    encounter = await reading.visit(work, given.id)
    who = work.principal.practitioner or ""
    chosen = forms.doctor_of(encounter)
    if not who or chosen not in {"", who}:
        raise OutcomeError(Issue("forbidden", "visit-of-another", text="The patient chose another doctor."), status=403)
    refuse(states.move_faults("accept", forms.state_of(encounter), "doctor"))
    refuse(states.paid_faults(forms.paid_of(encounter)))
    at = await reading.hospital(work, encounter["serviceProvider"]["reference"])
    department = forms.department_of(encounter)
    treats = await reading.doctor(work, who, at, department)
    refuse(treats.faults)
    passed = await _in_person(work)
    evidence = f"session {work.principal.session}" if work.principal.session else work.principal.id
    opening = Opening(who[13:], treats.place, evidence, "certificate", passed, work.now.isoformat(), department)
    verification = await work.fhir.operate(OPEN_SESSION, opening)
    verified = {"url": contract.VERIFIED, "valueReference": {"reference": f"VerificationResult/{verification.id}"}}

    def taken(one: Document) -> Document:
        made = forms.with_extension(one, verified)
        return made | {"participant": [{"individual": {"reference": who}}]}

    moved = await _move(work, given.id, "accept", "doctor", taken)
    await _tell(work, moved, Notice(contract.ACCEPTED.code, "", about=f"Encounter/{given.id}"))
    return await reading.typed(work, given.id)


@cites("R2-010")
async def _in_person(work: UnitOfWork) -> bool:
    """Tell whether the second factor was given lately in the clinic session: what shows that the doctor is there."""
    if not work.principal.strong:
        return False
    if not work.principal.session:
        return True
    until = await sessions.strong_until(work.executor, work.principal.session)
    return until is not None and until > work.now


async def enter(work: UnitOfWork, given: Visit) -> Encounter:
    """Encounter/$enter: the patient is there and waits for the doctor."""
    await _move(work, given.id, "enter", await _side(work, given.id))
    return await reading.typed(work, given.id)


@cites("R1-043", "R1-070")
async def start(work: UnitOfWork, given: Visit, *, policy: Policy = DEFAULT) -> Encounter:
    """Encounter/$start: the doctor begins, once the gate is open: consent in force, evidence reviewed, and the rest."""
    encounter = await reading.visit(work, given.id)
    who = reading.side(work.principal, encounter)
    refuse(states.move_faults("start", forms.state_of(encounter), who))
    # A child's guardian is seen when the conversation runs; whether that was so stands in the note.
    beside = _beside(encounter)
    refuse(admitting.issues(gate(await admitting.case_of(work, encounter, guardian=beside), policy)))
    await _move(work, given.id, "start", who)
    return await reading.typed(work, given.id)


def _beside(encounter: Mapping[str, Any]) -> Any:
    named = forms.guardian_of(encounter)
    return (
        None if named is None else type(named)(named.name, named.number, named.relation, named.verified, present=True)
    )


async def interrupt(work: UnitOfWork, given: Interruption) -> Encounter:
    """Encounter/$interrupt: the line broke; the visit may go on later."""
    line = _line(work, "", given)
    await _move(work, given.id, "interrupt", await _side(work, given.id), line)
    return await reading.typed(work, given.id)


async def resume(work: UnitOfWork, given: Visit) -> Encounter:
    """Encounter/$resume: both go on."""
    await _move(work, given.id, "resume", await _side(work, given.id))
    return await reading.typed(work, given.id)


@cites("R2-029")
async def change_medium(work: UnitOfWork, given: Interruption) -> Encounter:
    """Encounter/$change-medium: video becomes audio, audio text, text a call back, or upwards; with the line's quality.

    What broke and why is written down, so that it can be told later why there is no picture.
    """
    encounter = await locked(work, given.id)
    reading.side(work.principal, encounter)
    if forms.state_of(encounter) not in states.TALKING:
        raise OutcomeError(Issue("conflict", "visit-state", text="Nobody is speaking in this visit now."))
    refuse(states.degrade_faults(str(forms.value(encounter, contract.MEDIUM) or ""), given.medium))
    made = forms.with_extension(encounter, {"url": contract.MEDIUM, "valueCode": given.medium})
    await write(work, _line(work, given.medium, given)(made))
    await talking.system_says(work, made, "visit.medium", contract.MEDIA.codes[given.medium])
    return await reading.typed(work, given.id)


@cites("R2-029")
async def note_line(work: UnitOfWork, given: Interruption) -> None:
    """Write down how a line was when it ended."""
    await write(work, _line(work, given.medium, given)(await locked(work, given.id)))


def _line(work: UnitOfWork, medium: str, given: Interruption) -> Apply:
    said = forms.nested(
        contract.LINE,
        medium=medium,
        at=forms.instant(work.now),
        quality=given.quality[:200],
        reason=given.reason[:200],
        by=work.principal.id,
    )
    return lambda one: forms.with_extension(one, said, alone=False)


@cites("R1-046", "R1-047", "R2-022")
async def reject(work: UnitOfWork, given: Ending) -> Encounter:
    """Encounter/$refuse: the doctor refuses before the visit began, says why, and where to go; the fee goes back."""
    return await _end(work, given, "refuse")


@cites("R1-046", "R1-047", "R2-022")
async def terminate(work: UnitOfWork, given: Ending) -> Encounter:
    """Encounter/$terminate: the doctor ends a visit that does not suit care online, with advice where to go."""
    return await _end(work, given, "terminate")


async def _end(work: UnitOfWork, given: Ending, act: str) -> Encounter:
    refuse(
        tuple(
            Issue("required", key, text="A code and advice are needed.")
            for key in termination_faults(given.code, given.advice.strip())
        )
    )
    who = await _side(work, given.id)
    said = forms.nested(
        contract.ENDED,
        code=given.code,
        advice=given.advice.strip()[:2000],
        referred_to=given.referred_to.strip()[:500],
        by=work.principal.practitioner or "",
        at=forms.instant(work.now),
    )

    def ended(one: Document) -> Document:
        refund = {"url": contract.REFUND, "valueCode": "full" if act == "refuse" else "by-rule"}
        return forms.with_extension(forms.with_extension(one, said), refund)

    moved = await _move(work, given.id, act, who, ended)
    await paying.refund(work, moved, states.refund_reason(act, given.code))
    reason = refused(given.code).zh
    parameters = (f"reason={reason}", f"advice={given.advice.strip()[:200]}")
    await _tell(work, moved, Notice(contract.REFUSED.code, "", parameters, f"Encounter/{given.id}"))
    return await reading.typed(work, given.id)


async def cancel(work: UnitOfWork, given: Visit) -> Encounter:
    """Encounter/$cancel-visit: the patient does not want it any more, before it began; the fee goes back in full."""
    refund = {"url": contract.REFUND, "valueCode": "full"}
    moved = await _move(
        work, given.id, "cancel", await _side(work, given.id), lambda one: forms.with_extension(one, refund)
    )
    await paying.refund(work, moved, states.refund_reason("cancel"))
    return await reading.typed(work, given.id)


async def expire(work: UnitOfWork, visit: str) -> bool:
    """Close a visit that nobody began in the promised time, and give the fee back; True when it did.

    By the platform itself, as a job; one that began, or has ended, is left as it is.
    """
    await work.lock(f"Encounter/{visit}")
    encounter = await reading.visit(work, visit, lock=True)
    promised = forms.moment(forms.value(encounter, contract.PROMISED))
    late = promised is not None and promised <= work.now and not states.paid_faults(forms.paid_of(encounter))
    if not late or states.move_faults("expire", forms.state_of(encounter), "platform"):
        return False
    refund = {"url": contract.REFUND, "valueCode": "full"}
    made = forms.with_extension(encounter, refund)
    await write(work, forms.with_move(made, "no-answer", now=work.now, by=work.principal.id))
    await paying.refund(work, made, states.refund_reason("expire"))
    await _tell(work, made, Notice(contract.UNANSWERED.code, "", about=f"Encounter/{visit}"))
    return True


# -- inside -----------------------------------------------------------------------------------------------------------


async def _side(work: UnitOfWork, id: str) -> states.Side:
    return reading.side(work.principal, await reading.visit(work, id))


async def locked(work: UnitOfWork, id: str) -> Document:
    """Read a visit, and hold it until the end of the transaction."""
    await work.lock(f"Encounter/{id}")
    return await reading.visit(work, id, lock=True)


async def _move(work: UnitOfWork, id: str, act: str, who: states.Side, apply: Apply = lambda one: one) -> Document:
    encounter = await locked(work, id)
    refuse(states.move_faults(act, forms.state_of(encounter), who))
    made = forms.with_move(apply(encounter), states.MOVES[act].to, now=work.now, by=work.principal.id)
    await write(work, made)
    return made


async def write(work: UnitOfWork, encounter: Document) -> None:
    """Write a visit, and tell the pages that show it."""
    await work.platform.update(bytes_of(encounter), type="Encounter", id=str(encounter["id"]))
    await work.announce(contract.topic(str(encounter["id"])))
    await work.announce(contract.desk_topic(encounter["serviceProvider"]["reference"]))


async def _tell(work: UnitOfWork, encounter: Mapping[str, Any], notice: Notice) -> None:
    """Tell the patient, once."""
    told = Notice(
        notice.kind,
        encounter["subject"]["reference"],
        notice.parameters,
        notice.about,
        f"{notice.kind} {encounter['id']}",
    )
    await work.platform.operate(NOTIFY, told)
