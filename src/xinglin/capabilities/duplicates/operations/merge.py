"""Patient/$merge, Patient/$unmerge, Task/$decide-duplicate: what becomes of two records of one person."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.duplicates import rules
from xinglin.capabilities.duplicates.contract import (
    BEFORE,
    BY_STEPS,
    DUPLICATE,
    DUPLICATE_CANDIDATE,
    MANUAL,
    MERGED,
    MERGING,
    OVERRIDING,
    PAIRS,
    PARTING,
    SURVIVOR,
    TAKEN,
    TASK_CODES,
    Deciding,
    Merging,
    Unmerging,
)
from xinglin.capabilities.duplicates.operations.telling import tell_joined, tell_parted
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import Reference
from xinglin.fhir.r4.resources import Patient, Task
from xinglin.fhir.sources import cites
from xinglin.matching.persons import two_citizens
from xinglin.store import merging, moving
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

Document = dict[str, Any]
_PREFIX: Final = "Patient/"


@cites("HR-03", "CD-11")
async def merge(work: UnitOfWork, given: Merging, *, zone: str, large: int = moving.LARGE) -> Patient:
    """Patient/$merge: let the target stand for the source; gives the target. Nothing is moved, and it can be undone.

    One of the two has to be within the caller's reach. Idempotent. large: a source of more resources is merged by a
    job; until that is done the target is as it was, and the Task of the pair is ``in-progress``.
    """
    await merging.hold(work.executor)
    source, target = _id(given.source_patient, "source-patient"), _id(given.target_patient, "target-patient")
    old, new = await both(work, source, target)
    standing = await merging.merge_of(work.executor, source)
    if standing is not None and standing.target == target:
        return await _patient(work, target)
    refuse(
        rules.merge_faults(
            given.reason,
            given.keep,
            two_citizens=differ(work, old, new, zone=zone),
            override=given.override,
            may_override=bool(work.principal.roles & OVERRIDING),
        )
    )
    task = _decided(work, await _task_of(work, source, target), given.reason)
    told = _merged_outputs(source, target, given.keep)
    if await moving.size(work.executor, source, most=large + 1) > large:
        await _later(work, task, MERGING, told, source, target)
    else:
        await merge_now(work, task | {"output": told})
    return await _patient(work, target)


async def merge_now(work: UnitOfWork, task: Document) -> None:
    """Merge as the Task says in its outputs and its last note; `merging.hold` came before."""
    source, target = merged_of(task)
    keep = tuple(_outputs(task, TAKEN))
    old, new = await _two(work, source, target)
    told = task["note"][-1]
    await merging.merge(
        work.executor,
        source,
        target,
        by=told["authorString"],
        reason=told["text"],
        task=f"Task/{task['id']}",
        base_url=work.door.base_url,
    )
    await write(work, rules.stands(new, old, keep))
    await write(work, rules.stood_for(old, target))
    outputs = [*_merged_outputs(source, target, keep), *(_before(one) for one in (old, new))]
    await write(work, _closed(work, task, "completed") | {"output": outputs})
    _note(work, "merge", source, target)
    await tell_joined(work, target)


@cites("HR-03", "CD-11")
async def unmerge(work: UnitOfWork, given: Unmerging, *, large: int = moving.LARGE) -> Patient:
    """Patient/$unmerge: let a merged record stand for itself again; gives it. What names it goes with it.

    Of a large record a job does so, as with `merge`.
    """
    await merging.hold(work.executor)
    source = _id(given.source_patient, "source-patient")
    standing = await merging.merge_of(work.executor, source)
    if standing is None:
        await _reached(work, source)
        return await _patient(work, source)
    await both(work, source, standing.target)
    refuse(rules.reason_faults(given.reason))
    row = await work.platform.read("Task", standing.task.removeprefix("Task/"))
    task = _decided(work, document_of(row.body()), given.reason)
    if await moving.size(work.executor, source, most=large + 1) > large:
        await _later(work, task, PARTING, task["output"], source, standing.target)
    else:
        await unmerge_now(work, task)
    return await _patient(work, source)


async def unmerge_now(work: UnitOfWork, task: Document, *, ready: Collection[int] = ()) -> None:
    """Undo the merge that the Task tells of; `merging.hold` came before. ready: as of `merging.unmerge`."""
    source, target = merged_of(task)
    now_source, now_target = await _two(work, source, target)
    then = await _versions(work, task)
    await merging.unmerge(work.executor, source, base_url=work.door.base_url, ready=ready)
    if {source, target} <= then.keys():
        alone = rules.stands_alone(now_target, then[target], then[source], tuple(_outputs(task, TAKEN)))
    else:
        # What is known of the time before did not come with a load: nothing can be given back.
        alone = rules.stands_alone(now_target, now_target, now_source, ())
    await write(work, alone)
    await write(work, rules.stands_for_itself(now_source, then.get(source, {"active": True}), target))
    made = {name: value for name, value in task.items() if name != "output"}
    await write(work, _closed(work, made, "requested"))
    _note(work, "unmerge", source, target)
    await tell_parted(work, source, target)


@cites("CD-11")
async def decide(work: UnitOfWork, given: Deciding) -> Task:
    """Task/$decide-duplicate: they are different persons, or it is to be decided anew."""
    row = await work.fhir.read("Task", given.id)
    task = document_of(row.body())
    if not is_candidate(task):
        raise OutcomeError(not_found("Task", given.id))
    refuse(rules.decision_faults(given.decision, given.reason, task["status"]))
    status = "rejected" if given.decision == "different" else "requested"
    await write(work, _closed(work, _decided(work, task, given.reason), status))
    work.note(f"duplicate-{given.decision}", type="Task", refs=(f"Task/{given.id}",))
    decided = codec.decode((await work.platform.read("Task", given.id)).body(), "Task")
    if not isinstance(decided, Task):
        raise TypeError("a Task is a Task")
    return decided


# -- who ------------------------------------------------------------------------------------------------------------


async def both(work: UnitOfWork, one: str, other: str) -> tuple[Document, Document]:
    """Read two Patients as the platform, when the caller reaches one of them; else neither is there (404)."""
    if not (await _within(work, one) or await _within(work, other)):
        raise OutcomeError(not_found("Patient", one))
    return await _two(work, one, other)


async def _two(work: UnitOfWork, one: str, other: str) -> tuple[Document, Document]:
    first, second = [document_of((await work.platform.read("Patient", id)).body()) for id in (one, other)]
    return first, second


async def _reached(work: UnitOfWork, id: str) -> None:
    if not await _within(work, id):
        raise OutcomeError(not_found("Patient", id))


async def _within(work: UnitOfWork, id: str) -> bool:
    if work.fhir.reach("search", "Patient").nothing:
        return False
    return bool((await work.fhir.find("Patient", _id=id, _count="1")).matches)


def _id(reference: Reference, name: str) -> str:
    text = reference.reference or ""
    if not text.startswith(_PREFIX) or "/" in text.removeprefix(_PREFIX):
        raise OutcomeError(Issue("value", "merge-reference", name, "A record is named as Patient/ID."))
    return text.removeprefix(_PREFIX)


def differ(work: UnitOfWork, one: Document, other: Document, *, zone: str) -> bool:
    """Tell whether two Patients have valid identity numbers, and different ones."""
    return two_citizens(one, other, _today(work, zone))


# -- the Task -------------------------------------------------------------------------------------------------------


def is_candidate(task: Document) -> bool:
    """Tell candidates from other tasks."""
    return any(
        one.get("system") == TASK_CODES and one.get("code") == DUPLICATE
        for one in (task.get("code") or {}).get("coding") or ()
    )


def pair_of(task: Document) -> tuple[str, str]:
    """Give the ids of the two Patients of a candidate."""
    others = [
        one["valueReference"]["reference"]
        for one in task.get("input") or ()
        if (one.get("type") or {}).get("text") == "candidate" and "valueReference" in one
    ]
    first = task["focus"]["reference"]
    one, other = [first, *others] if len(others) == 1 else others[:2]
    return one.removeprefix(_PREFIX), other.removeprefix(_PREFIX)


async def _task_of(work: UnitOfWork, source: str, target: str) -> Document:
    """Give the candidate of a pair; a pair that nobody proposed gets one."""
    one, other = sorted((source, target))
    made = {
        "resourceType": "Task",
        "meta": {"profile": [DUPLICATE_CANDIDATE.url]},
        "identifier": [{"system": PAIRS, "value": f"{one}_{other}"}],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODES, "code": DUPLICATE}]},
        "focus": {"reference": f"Patient/{one}"},
        "for": {"reference": f"Patient/{other}"},
        "authoredOn": work.now.isoformat(),
        "input": [
            {"type": {"text": "candidate"}, "valueReference": {"reference": f"Patient/{other}"}},
            {"type": {"text": "score"}, "valueDecimal": Decimal(1)},
            {"type": {"text": "grade"}, "valueCode": MANUAL},
        ],
    }
    pair = f"identifier={PAIRS}|{one}_{other}"
    written = await work.platform.create(bytes_of(made), type="Task", if_none_exist=pair)
    found: Document = document_of((await work.platform.read("Task", written.id)).body())
    return found


def _decided(work: UnitOfWork, task: Document, reason: str) -> Document:
    """Write down who decides, and why."""
    note = {"text": reason.strip(), "time": work.now.isoformat(), "authorString": work.principal.id}
    return task | {"note": [*(task.get("note") or ()), note]}


def given_up(work: UnitOfWork, task: Document, why: str) -> Document:
    """Give the Task of what a job could not do, as it stood before, with the reason."""
    note = {"text": why, "time": work.now.isoformat(), "authorString": work.principal.id}
    parting = (task.get("businessStatus") or {}).get("text") == PARTING
    made = {name: value for name, value in task.items() if parting or name != "output"}
    return _closed(work, made, "completed" if parting else "requested") | {"note": [*task["note"], note]}


def _closed(work: UnitOfWork, task: Document, status: str) -> Document:
    made = {name: value for name, value in task.items() if name != "businessStatus"}
    return made | {"status": status, "lastModified": work.now.isoformat()}


async def _later(
    work: UnitOfWork, task: Document, what: str, outputs: list[Document], source: str, target: str
) -> None:
    """Leave it to a job, which reads in the Task what is to be done."""
    about = {"status": "in-progress", "businessStatus": {"text": what}, "lastModified": work.now.isoformat()}
    await write(work, task | about | {"output": outputs})
    await work.defer(BY_STEPS, task=task["id"])
    _note(work, f"{what}-begun", source, target)


def _merged_outputs(source: str, target: str, keep: Iterable[str]) -> list[Document]:
    return [
        _output(MERGED, valueReference={"reference": f"Patient/{source}"}),
        _output(SURVIVOR, valueReference={"reference": f"Patient/{target}"}),
        *(_output(TAKEN, valueCode=field) for field in keep),
    ]


def _before(document: Document) -> Document:
    version = f"Patient/{document['id']}/_history/{document['meta']['versionId']}"
    return _output(BEFORE, valueReference={"reference": version})


def _output(kind: str, **value: Any) -> Document:
    return {"type": {"text": kind}, **value}


def _outputs(task: Document, kind: str) -> Iterator[str]:
    for one in task.get("output") or ():
        if (one.get("type") or {}).get("text") == kind:
            yield one.get("valueCode") or one["valueReference"]["reference"]


def merged_of(task: Document) -> tuple[str, str]:
    """Give who was merged into whom by a candidate that was decided so; empty ids else."""
    ids = [next((one.removeprefix(_PREFIX) for one in _outputs(task, kind)), "") for kind in (MERGED, SURVIVOR)]
    return ids[0], ids[1]


# -- reading and writing ---------------------------------------------------------------------------------------------


async def write(work: UnitOfWork, document: Document) -> None:
    """Write the next version of what was read, as the platform."""
    type, id = document["resourceType"], document["id"]
    version = int(document["meta"]["versionId"])
    await work.platform.update(bytes_of(document), type=type, id=id, if_match=version)


async def _patient(work: UnitOfWork, id: str) -> Patient:
    found = codec.decode((await work.platform.read("Patient", id)).body(), "Patient")
    if not isinstance(found, Patient):
        raise TypeError("a Patient is a Patient")
    return found


async def _versions(work: UnitOfWork, task: Document) -> dict[str, Document]:
    """Give the two Patients as they were before the merge, by id, as far as these versions are here."""
    found: dict[str, Document] = {}
    for reference in _outputs(task, BEFORE):
        _, id, _, version = reference.split("/")
        try:
            found[id] = document_of((await work.platform.vread("Patient", id, version)).body())
        except OutcomeError as refused:
            if refused.status not in {404, 410}:
                raise
    return found


def _note(work: UnitOfWork, what: str, source: str, target: str) -> None:
    """Record it with each of the two."""
    for one, other in ((source, target), (target, source)):
        work.note(what, type="Patient", refs=(f"Patient/{one}", f"Patient/{other}"))


def _today(work: UnitOfWork, zone: str) -> date:
    return work.now.astimezone(ZoneInfo(zone)).date()
