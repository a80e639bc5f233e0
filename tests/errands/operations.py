"""Use cases of errands."""

import msgspec

from tests.errands import contract, rules
from xinglin.fhir import codec
from xinglin.fhir.outcome import refuse
from xinglin.fhir.r4.datatypes import Reference
from xinglin.store.door import UnitOfWork


async def claim(work: UnitOfWork, given: contract.Claim) -> str:
    """Task/$claim: one runner takes one errand."""
    task = codec.decode((await work.fhir.read("Task", given.task, lock=True)).body(), "Task")
    refuse(rules.refusals(task.status, task.owner))  # type: ignore[attr-defined]
    taken = msgspec.structs.replace(task, owner=Reference(reference=given.owner), status="accepted")
    written = await work.fhir.update(taken, type="Task", id=given.task)
    await work.defer(contract.REMIND, task=given.task)
    return f"Task/{given.task}/_history/{written.vid}"
