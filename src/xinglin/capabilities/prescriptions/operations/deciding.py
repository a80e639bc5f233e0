"""RequestGroup/$review: the pharmacist's decision, signed."""

from typing import Any

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import REASONS, Reviewing
from xinglin.capabilities.prescriptions.operations.gathering import author_of, credentials, roles_of
from xinglin.capabilities.prescriptions.operations.signing import move
from xinglin.capabilities.prescriptions.rules import reading, states
from xinglin.capabilities.prescriptions.rules.reviewing import decision_faults, on_duty, result_of, reviewer_faults
from xinglin.capabilities.signatures.contract import SIGN, Sign
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security.credential_forms import site_of
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.reading import not_found
from xinglin.web.format import ZONE, today

NEXT = {"pass": "released", "return": "review-failed", "refuse": "rejected"}


@cites("R3-050", "R3-051", "R3-052", "R3-054", "R3-055")
async def review(work: UnitOfWork, given: Reviewing) -> str:
    """RequestGroup/$review: pass, return or refuse; only a pass makes the prescription effective."""
    row = await work.platform.read("RequestGroup", given.id, lock=True)
    header: Any = codec.decode(row.body(), "RequestGroup")
    waiting = await waiting_for(work, given.id)
    if waiting is None:
        raise OutcomeError(not_found("RequestGroup", given.id))
    task = document_of(waiting.body())
    issues = [*decision_faults(given), *await reviewer(work, task["owner"]["reference"], author_of(header))]
    if not issues:
        issues += states.refusals(contract.state_of(header), NEXT[given.outcome])
    until = reading.value(header, contract.VALID_UNTIL, "")
    if given.outcome == "pass" and until and until < work.now.astimezone(ZONE).isoformat():
        issues.append(Issue("business-rule", "prescription-over", text="The prescription is no longer valid."))
    refuse(issues)
    await work.platform.update(bytes_of(_decided(task, given, work)), type="Task", id=waiting.id, if_match=waiting.vid)
    await work.fhir.operate(SIGN["Task"], Sign(waiting.id))
    await move(work, given.id, NEXT[given.outcome], if_match=row.vid)
    await work.announce(contract.queue_topic(task["owner"]["reference"]))
    work.note("prescription-reviewed", type="RequestGroup", refs=(f"RequestGroup/{given.id}",), detail=given.outcome)
    if given.outcome != "pass":
        await _tell(work, header, given)
    return given.id


async def waiting_for(work: UnitOfWork, id: str) -> Row | None:
    """Give the review of a prescription, as far as the caller's institution has it to do; the open one, else the last.

    None: there is none for this caller, which is the same as that there is no prescription.
    """
    kind = f"{contract.REVIEWS.system}|{contract.REVIEW}"
    page = await work.fhir.find(
        "Task",
        focus=f"RequestGroup/{id}",
        code=kind,
        owner=work.principal.organization or "Organization/none",
        _sort="-authored-on",
        _count="1",
    )
    return next(iter(page.matches), None)


async def reviewer(work: UnitOfWork, organization: str, author: str) -> tuple[Issue, ...]:
    """Say why the caller may not review for an institution what somebody wrote."""
    who, day = work.principal.practitioner, today(work.now)
    if who is None:
        return (Issue("forbidden", "not-a-pharmacist", text="A pharmacist reviews."),)
    standing, _ = await credentials(work, who, organization, day)
    prescriber, _ = await credentials(work, author, organization, day)
    roles = await roles_of(work, who)
    here = [role for role in roles if role.organization and role.organization.reference == organization]
    now = work.now.astimezone(ZONE)
    duty = any(on_duty(role, now) for role in here)
    return reviewer_faults(standing, [site_of(role) for role in roles], prescriber, organization, now, duty=duty)


def _decided(task: dict[str, Any], given: Reviewing, work: UnitOfWork) -> dict[str, Any]:
    result = result_of(given.reason)
    shown = contract.RESULTS.codes[result]
    reasons = [{"system": REASONS.system, "code": one, "display": REASONS.codes[one].zh} for one in given.reason]
    outputs = [
        {"type": {"coding": [{"system": contract.CHECKS.system, "code": one}]}, "valueBoolean": True}
        for one in contract.CHECKS.codes
        if one in given.checked
    ]
    by = {"reference": work.principal.practitioner, "display": work.principal.display}
    outputs.append({"type": {"text": "outcome"}, "valueCode": given.outcome})
    outputs.append({"type": {"text": "reviewer"}, "valueReference": {k: v for k, v in by.items() if v}})
    made = task | {
        "status": "completed",
        "businessStatus": {"coding": [{"system": contract.RESULTS.system, "code": result, "display": shown.zh}]},
        "lastModified": work.now.isoformat(),
        "output": outputs,
    }
    if reasons:
        made["reasonCode"] = {"coding": reasons}
    if given.note.strip():
        made["note"] = [{"text": given.note.strip()[:2000]}]
    return made


async def _tell(work: UnitOfWork, header: Any, given: Reviewing) -> None:
    """Tell the prescriber what came of the review (R3-052)."""
    kind = contract.RETURNED if given.outcome == "return" else contract.REFUSED
    number = next((one.value or "" for one in header.identifier or ()), "")
    reason = "；".join([*(REASONS.codes[one].zh for one in given.reason), *filter(None, [given.note.strip()[:500]])])
    notice = Notice(
        kind.code,
        author_of(header),
        parameters=(f"number={number}", f"reason={reason}"),
        about=f"RequestGroup/{given.id}",
        key=f"{given.outcome} {given.id}",
    )
    await work.platform.operate(NOTIFY, notice)
