"""The doctor's part: judging evidence, and the note that finishes a visit."""

from typing import Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Judging, Noting
from xinglin.capabilities.internet_hospital.operations import admitting, reading
from xinglin.capabilities.internet_hospital.rules import forms, noting, states
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.capabilities.signatures.contract import SIGN, Sign
from xinglin.care.revisit import DEFAULT, Guardian, Policy, gate
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.fhir.r4.resources import Composition, DocumentReference
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

_BEFORE_THE_NOTE: Final = frozenset({"accepted", "waiting", "in-progress", "interrupted"})


@cites("R1-042", "R2-021")
async def judge(work: UnitOfWork, given: Judging) -> DocumentReference:
    """DocumentReference/$judge-evidence: what the receiving doctor makes of one evidence, kept with the order."""
    row = await work.fhir.read("DocumentReference", given.id, lock=True)
    paper: Document = document_of(row.body())
    if contract.EVIDENCE.url not in paper.get("meta", {}).get("profile", ()):
        raise OutcomeError(not_found("DocumentReference", given.id))
    encounter = await reading.visit(work, paper["context"]["encounter"][0]["reference"][10:])
    who = reading.side(work.principal, encounter)
    uploaded = forms.value(paper, contract.ORIGIN) == "patient-upload"
    refuse(
        noting.judging_faults(
            given,
            side=who,
            open_visit=forms.state_of(encounter) in _BEFORE_THE_NOTE,
            uploaded=uploaded,
            today=reading.today(work.now),
        )
    )
    made = forms.judged(paper, given, now=work.now, by=work.principal.practitioner or "")
    await work.platform.update(bytes_of(made), type="DocumentReference", id=given.id)
    await work.announce(contract.topic(str(encounter["id"])))
    kept = codec.decode((await work.platform.read("DocumentReference", given.id)).body(), "DocumentReference")
    if not isinstance(kept, DocumentReference):
        raise TypeError("a DocumentReference is a DocumentReference")
    return kept


@cites("R1-057", "R1-060", "R1-043")
async def finish(work: UnitOfWork, given: Noting, *, terms: Terms, policy: Policy = DEFAULT) -> Composition:
    """Encounter/$finish: the note with diagnoses within the evidence, signed by the doctor; the visit is over.

    A diagnosis outside the evidence shuts the gate: such a visit is ended early ($terminate) and led to a hospital.
    """
    encounter = await reading.visit(work, given.id, lock=True)
    who = reading.side(work.principal, encounter)
    refuse(states.move_faults("finish", forms.state_of(encounter), who))
    codings = tuple(noting.coding(one) for one in given.diagnoses)
    refuse(noting.note_faults(given, codings))
    beside = _guardian(encounter, given)
    codes = tuple(code for _, code, _ in codings)
    case = await admitting.case_of(work, encounter, diagnoses=codes, acted_at=work.now, guardian=beside)
    refuse(admitting.issues(gate(case, policy)))
    by = work.principal.practitioner or ""
    made = []
    for one in codings:
        document = forms.condition(encounter, one, now=work.now, by=by)
        written = await work.fhir.create(bytes_of(document), type="Condition")
        made.append((f"Condition/{written.id}", one[2] or one[1]))
    paper = forms.note(encounter, given, made, now=work.now, by=by)
    note = await work.fhir.create(bytes_of(paper), type="Composition")
    await work.fhir.operate(SIGN["Composition"], Sign(note.id))
    over = encounter | {
        "diagnosis": [{"condition": {"reference": one}, "rank": at} for at, (one, _) in enumerate(made, 1)]
    }
    terms = await reading.terms_of(work, encounter["serviceProvider"]["reference"], terms)
    window = {"url": contract.FOLLOW_UP, "valueInstant": forms.instant(work.now + terms.follow_up)}
    over = forms.with_extension(over, window)
    if beside is not None:
        there = forms.guardian(
            beside.name, beside.number, beside.relation, verified=beside.verified, present=beside.present
        )
        over = forms.with_extension(over, there)
    over = forms.with_move(over, "finished", now=work.now, by=work.principal.id)
    await work.platform.update(bytes_of(over), type="Encounter", id=given.id)
    await work.announce(contract.topic(given.id))
    await work.announce(contract.desk_topic(encounter["serviceProvider"]["reference"]))
    kept = codec.decode((await work.fhir.read("Composition", note.id)).body(), "Composition")
    if not isinstance(kept, Composition):
        raise TypeError("a Composition is a Composition")
    return kept


def _guardian(encounter: Document, given: Noting) -> Guardian | None:
    named = forms.guardian_of(encounter)
    if named is None:
        return None
    return Guardian(named.name, named.number, named.relation, named.verified, given.guardian_present)
