"""Copies without identity: asked by who may read the original, reviewed by somebody else, made by the platform.

The original keeps its labels whatever comes of it; nothing else lowers a label.
"""

import base64
from typing import Any, Final

import msgspec

from xinglin.capabilities.privacy.contract import (
    ACCOUNTS,
    COPY_CODE,
    DEIDENTIFICATION,
    TASKS,
    Copying,
    Fetching,
    Judging,
)
from xinglin.capabilities.privacy.rules import copies as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.security.deidentify import Project, deidentified, refusals, shift_of
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import today

MEDIA: Final = "application/fhir+json"


@cites("R7-031")
async def ask(work: UnitOfWork, given: Copying) -> str:
    """Task/$ask-deidentified: ask for a copy of the version that stands now; whoever asks may read it."""
    refuse(rules.asking_faults(given.project, given.reason))
    type_name, _, id = given.resource.partition("/")
    refuse(refusals(type_name))
    row = await work.fhir.read(type_name, id)
    subject = _subject(document_of(row.body()))
    task: dict[str, Any] = {
        "resourceType": "Task",
        "meta": {"profile": [DEIDENTIFICATION.url]},
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASKS.system, "code": "de-identification"}]},
        "focus": {"reference": f"{type_name}/{id}/_history/{row.vid}"},
        "requester": {"identifier": {"system": ACCOUNTS, "value": work.principal.id}},
        "authoredOn": work.now.isoformat(),
        "description": given.reason.strip(),
        "input": [
            {"type": {"text": "project"}, "valueString": given.project},
            {"type": {"text": "method"}, "valueString": rules.METHOD},
        ],
    }
    made = await work.platform.create(msgspec.json.encode(task), type="Task")
    refs = (subject, f"{type_name}/{id}/_history/{row.vid}", f"Task/{made.id}")
    work.note("deidentify-asked", type=type_name, refs=refs, detail=given.project)
    return made.id


@cites("R7-031", "R7-033")
async def judge(work: UnitOfWork, given: Judging) -> str:
    """Task/$review-deidentified: somebody else decides; then the copy is made."""
    row = await work.fhir.read("Task", given.id)
    task = document_of(row.body())
    if not is_copy(task):
        raise OutcomeError(not_found("Task", given.id))
    refuse(rules.judging_faults(asker_of(task), work.principal.id, str(task["status"]), given.note))
    task["status"] = "completed" if given.approved else "rejected"
    task["note"] = [
        {"time": work.now.isoformat(), "authorString": work.principal.id, "text": given.note.strip()}
    ]  # fmt: skip
    focus = str(task["focus"]["reference"])
    refs: tuple[str, ...] = (focus, f"Task/{given.id}")
    if given.approved:
        binary, subject = await _made(work, task)
        task["output"] = [{"type": {"text": "copy"}, "valueReference": {"reference": binary}}]
        refs = (subject, *refs, binary)
    await work.platform.update(msgspec.json.encode(task), type="Task", id=given.id, if_match=row.vid)
    work.note("deidentify-approved" if given.approved else "deidentify-refused", type="Task", refs=refs)
    return str(task["status"])


async def fetch(work: UnitOfWork, given: Fetching) -> str:
    """Task/$deidentified: give the copy to who asked for it, and to nobody else."""
    task = document_of((await work.platform.read("Task", given.id)).body())
    if not is_copy(task) or asker_of(task) != work.principal.id:
        raise OutcomeError(not_found("Task", given.id))
    if not task.get("output"):
        raise OutcomeError(Issue("business-rule", "copy-waiting", text="No copy has been approved."))
    reference = str(task["output"][0]["valueReference"]["reference"])
    binary = document_of((await work.platform.read("Binary", reference.partition("/")[2])).body())
    work.note("read", type="Binary", refs=(reference,))
    return base64.b64decode(binary["data"]).decode()


def is_copy(task: dict[str, Any]) -> bool:
    """Tell requests of copies from other tasks."""
    return any(f"{one.get('system')}|{one.get('code')}" == COPY_CODE for one in task.get("code", {}).get("coding", ()))


def asker_of(task: dict[str, Any]) -> str:
    """Read the account that asked."""
    return str(task["requester"]["identifier"]["value"])


def project_of(task: dict[str, Any]) -> str:
    """Read the project."""
    return next(str(one["valueString"]) for one in task["input"] if one["type"]["text"] == "project")


async def _made(work: UnitOfWork, task: dict[str, Any]) -> tuple[str, str]:
    """Make the copy of the version that was asked for; its reference, and the person it was about."""
    type_name, id, _, version = str(task["focus"]["reference"]).split("/")
    original = document_of((await work.platform.vread(type_name, id, version)).body())
    subject = _subject(original)
    digest = work.vault.digest(f"pseudonym/{project_of(task)}", subject)
    project = Project(subject, digest.hex()[:32], shift_of(digest[16:]), today(work.now))
    copy = msgspec.json.encode(deidentified(original, project))
    document = {"resourceType": "Binary", "contentType": MEDIA, "data": base64.b64encode(copy).decode()}
    made = await work.platform.create(msgspec.json.encode(document), type="Binary")
    return f"Binary/{made.id}", subject


def _subject(document: dict[str, Any]) -> str:
    """Name the one person that a resource is about."""
    if document["resourceType"] == "Patient":
        return f"Patient/{document['id']}"
    found = document.get("subject") or document.get("patient") or {}
    reference = found.get("reference", "") if isinstance(found, dict) else ""
    if not reference.startswith("Patient/"):
        raise OutcomeError(Issue("business-rule", "copy-nobody", text="This is about no person: it needs no copy."))
    return str(reference)
