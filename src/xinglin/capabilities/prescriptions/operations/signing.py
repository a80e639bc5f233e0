"""RequestGroup/$check, $sign, $revise and $cancel: the physician's side."""

from collections.abc import Sequence
from typing import Any, Final

from xinglin.capabilities.internet_hospital.contract import GATE, Gating
from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import Cancelling, Checked, Draft, Revising, told
from xinglin.capabilities.prescriptions.operations.gathering import Case, author_of, case_of, lines_of, one
from xinglin.capabilities.prescriptions.rules import reading, states, writing
from xinglin.capabilities.prescriptions.rules.visits import visit_faults
from xinglin.capabilities.prescriptions.rules.writing import About, moved
from xinglin.capabilities.signatures.contract import SIGN, Sign
from xinglin.care.findings import Finding, ordered
from xinglin.care.prescribing import forms
from xinglin.care.prescribing.checks import check as judge
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import Reference
from xinglin.fhir.sources import cites
from xinglin.security.signatures import canonical, digest_of
from xinglin.store.door import UnitOfWork

PARENTS_MOST: Final = 4
PHARMACISTS: Final = "https://xinglin.health/fhir/CodeSystem/role|pharmacist"


async def check(work: UnitOfWork, given: Draft) -> Checked:
    """RequestGroup/$check: what the checks find in a prescription as it is written; nothing is written."""
    _, prescription, findings = await _judged(work, given.prescription, given.line)
    return answer(prescription, findings)


def answer(prescription: forms.Prescription, findings: tuple[Finding, ...]) -> Checked:
    """Tell findings, and whether the prescription could be signed."""
    blocked = any(each.weight == "block" for each in findings)
    waiting = forms.outstanding(findings, prescription.signatures)
    return Checked(not blocked and not waiting, tuple(told(each) for each in ordered(findings)))


@cites("R2-025", "R1-057")
async def sign(work: UnitOfWork, given: Draft) -> str:
    """RequestGroup/$sign: the physician of the visit signs in one act; the prescription waits for its review.

    The identifier of the group (groupIdentifier), when there is one, makes the act done once: the same is answered.
    """
    return await _issue(work, given.prescription, given.line, replaces="", insisted="")


@cites("R3-052", "R3-054")
async def revise(work: UnitOfWork, given: Revising) -> str:
    """RequestGroup/$revise: a returned prescription is written anew and reviewed again; the old one stays."""
    old, row = await own(work, given.id)
    refuse(states.refusals(contract.state_of(old), "revised"))
    made = await _issue(
        work, given.prescription, given.line, replaces=f"RequestGroup/{given.id}", insisted=given.insisted.strip()
    )
    await move(work, given.id, "revised", if_match=row)
    return made


async def cancel(work: UnitOfWork, given: Cancelling) -> str:
    """RequestGroup/$cancel: the prescriber takes a prescription back, before anybody has claimed it (R3-080)."""
    old, row = await own(work, given.id)
    if not given.reason.strip():
        raise OutcomeError(Issue("required", "cancel-reason", "reason", "Say why it is taken back."), status=422)
    refuse(states.refusals(contract.state_of(old), "cancelled"))
    await move(work, given.id, "cancelled", if_match=row)
    for waiting in (await _reviews(work, given.id, status="requested")).matches:
        ended = document_of(waiting.body()) | {"status": "cancelled", "note": [{"text": given.reason.strip()[:500]}]}
        await work.platform.update(bytes_of(ended), type="Task", id=waiting.id, if_match=waiting.vid)
        await work.announce(contract.queue_topic(ended["owner"]["reference"]))
    work.note("prescription-cancelled", type="RequestGroup", refs=(f"RequestGroup/{given.id}",))
    return given.id


async def own(work: UnitOfWork, id: str) -> tuple[Any, int]:
    """Read and hold a prescription that the caller wrote; gives it with its version. OutcomeError 403 of another's."""
    await work.fhir.read("RequestGroup", id)
    row = await work.platform.read("RequestGroup", id, lock=True)
    header = codec.decode(row.body(), "RequestGroup")
    if author_of(header) != work.principal.practitioner:
        raise OutcomeError(Issue("forbidden", "not-the-prescriber", text="Only the prescriber may do this."))
    return header, row.vid


async def move(work: UnitOfWork, id: str, state: str, *, if_match: int | None = None) -> None:
    """Bring a prescription and its lines into a state, and tell the pages that show it."""

    def header(document: dict[str, Any]) -> dict[str, Any]:
        return moved(document, state)

    def line(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"status": states.STATUS[state][1]}

    await work.platform.patch(header, type="RequestGroup", id=id, if_match=if_match)
    group = codec.decode((await work.platform.read("RequestGroup", id)).body(), "RequestGroup")
    for reference in lines_of(group):
        await work.platform.patch(line, type="MedicationRequest", id=reference.removeprefix("MedicationRequest/"))
    await work.announce(contract.topic(id))


async def _judged(
    work: UnitOfWork, header: Any, lines: Sequence[Any], besides: str = ""
) -> tuple[Case, forms.Prescription, tuple[Finding, ...]]:
    """Read the case and judge the prescription; OutcomeError with everything that cannot be read at all."""
    who = work.principal.practitioner
    if who is None:
        raise OutcomeError(Issue("forbidden", "not-a-physician", text="A physician prescribes."))
    case = await case_of(work, header, who, besides=besides)
    read, issues = reading.prescription_of(
        header, lines, case.conditions, issued=case.day, born=case.facts.born, place=case.setting.place
    )
    refuse((*issues, *visit_faults(case.encounter, who, work.now)))
    return case, read, judge(read, case.facts, prescriber=case.prescriber, setting=case.setting, day=case.day)


async def _issue(work: UnitOfWork, header: Any, lines: Sequence[Any], *, replaces: str, insisted: str) -> str:
    key = header.groupIdentifier
    if key is not None and key.value:
        await work.lock(f"prescription {work.principal.practitioner} {key.value}")
        known = await _known(work, key.value)
        if known:
            return known
    replaced = await one(work.fhir, Reference(reference=replaces), "RequestGroup") if replaces else None
    besides = replaced.identifier[0].value if replaced is not None and replaced.identifier else ""
    case, prescription, findings = await _judged(work, header, lines, besides)
    refuse(_against(prescription, findings))
    await _gated(work, case)
    about = About(
        patient=f"Patient/{case.patient.id}",
        encounter=f"Encounter/{case.encounter.id}",
        reasons=tuple(f"Condition/{each.id}" for each in case.conditions),
        named={f"Condition/{each.id}": reading.called(each) for each in case.conditions},
        author=work.principal.practitioner or "",
        author_name=case.standing.name,
        online=case.setting.online,
        number=f"CF{case.day:%Y%m%d}{work.new_id()[-10:].upper()}",
        at=work.now.isoformat(),
        replaces=replaces,
        insisted=insisted,
        key=(key.value or "") if key is not None else "",
    )
    id = await _write(work, case, prescription, findings, about)
    work.note("prescription-signed", type="RequestGroup", refs=(f"RequestGroup/{id}",))
    await work.defer_at(writing.valid_until(prescription), contract.EXPIRE, prescription=id)
    return id


@cites("R1-043", "R1-040")
async def _gated(work: UnitOfWork, case: Case) -> None:
    """Ask the gate of re-visits, for an order that is written online."""
    if not case.setting.online:
        return
    codes = tuple(filter(None, (reading.code_of(each.code, contract.ICD) for each in case.conditions)))
    answer = await work.fhir.operate(GATE, Gating(str(case.encounter.id), codes))
    if not answer.passed:
        text = "; ".join(answer.findings)
        raise OutcomeError(Issue("business-rule", "revisit-gate", "RequestGroup.encounter", text))


async def _write(
    work: UnitOfWork, case: Case, prescription: forms.Prescription, findings: tuple[Finding, ...], about: About
) -> str:
    """Write header, lines and the review that is asked for; the signature under the review covers all of them."""
    digests: dict[str, str] = {}
    references = []
    for line in writing.lines(prescription, about, "signed"):
        made = await work.platform.create(bytes_of(line), type="MedicationRequest")
        references.append(f"MedicationRequest/{made.id}")
        digests |= await _digest(work, "MedicationRequest", made.id)
    head = writing.with_lines(writing.header(prescription, about, "signed"), references)
    group = await work.platform.create(bytes_of(head), type="RequestGroup")
    digests = await _digest(work, "RequestGroup", group.id) | digests
    owner = await _reviewed_by(work, case.provider)
    urgency = writing.priority(prescription, case.setting.place, findings)
    asked = writing.review(about, f"RequestGroup/{group.id}", references, owner, urgency, ordered(findings), digests)
    task = await work.platform.create(bytes_of(asked), type="Task")
    await work.fhir.operate(SIGN["Task"], Sign(task.id))
    await move(work, group.id, "review-pending")
    await work.announce(contract.queue_topic(owner))
    return group.id


async def _digest(work: UnitOfWork, type_name: str, id: str) -> dict[str, str]:
    row = await work.platform.read(type_name, id)
    return {f"{type_name}/{id}/_history/{row.vid}": digest_of(canonical(row.body()))}


async def _known(work: UnitOfWork, key: str) -> str:
    """Give the prescription that the caller has signed under a key; empty when there is none."""
    page = await work.platform.find(
        "RequestGroup", **{"group-identifier": key}, author=work.principal.practitioner or "", _count="1"
    )
    return next((row.id for row in page.matches), "")


async def _reviewed_by(work: UnitOfWork, provider: str) -> str:
    """Give the institution whose pharmacists review: of the visit, or the one above it where that has none."""
    reference = provider
    for _ in range(PARENTS_MOST):
        if await work.platform.count("PractitionerRole", organization=reference, role=PHARMACISTS, active="true"):
            return reference
        row = await work.platform.read("Organization", reference.removeprefix("Organization/"))
        above = document_of(row.body()).get("partOf", {}).get("reference")
        if not above:
            break
        reference = above
    return provider


async def _reviews(work: UnitOfWork, id: str, **more: str) -> Any:
    kind = f"{contract.REVIEWS.system}|{contract.REVIEW}"
    return await work.platform.find("Task", focus=f"RequestGroup/{id}", code=kind, _count="20", **more)


@cites("R3-006", "R3-090")
def _against(prescription: forms.Prescription, findings: tuple[Finding, ...]) -> list[Issue]:
    """Say why a prescription cannot be signed: what nobody may do, and what waits for a second signature."""
    issues = [
        Issue("business-rule", "prescription-blocked", _where(each), f"{each.code}: {each.text.en}")
        for each in findings
        if each.weight == "block"
    ]
    issues += [
        Issue("business-rule", "prescription-second-signature", _where(each), f"{each.code}: {each.text.en}")
        for each in forms.outstanding(findings, prescription.signatures)
    ]
    return issues


def _where(finding: Finding) -> str:
    return f"line[{finding.lines[0] - 1}]" if finding.lines else "prescription"
