"""Merging and parting large records, by steps, while others read and write."""

from xinglin.capabilities.duplicates.contract import PARTING
from xinglin.capabilities.duplicates.operations import merge
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store import merging, moving
from xinglin.store.door import UnitOfWork


async def by_steps(work: UnitOfWork, task: str) -> None:
    """Do what a Task in progress asks for; one that is done, or given up, is left as it is.

    What is refused for good is written into the Task; what may pass (somebody else merges) is tried again.
    """
    asked = document_of((await work.platform.read("Task", task)).body())
    if asked["status"] != "in-progress":
        return
    source, target = merge.merged_of(asked)
    parting = asked["businessStatus"]["text"] == PARTING
    store, base_url = work.door.store, work.door.base_url
    try:
        # A transaction of its own, so that it is over before anybody is told that it failed.
        async with moving.announced(store), work.door.work(SYSTEM) as own:
            into = "" if parting else target
            ready = await moving.move(own.executor, store, source, into, task=task, base_url=base_url)
            await merging.hold(own.executor, task=task)
            if parting:
                await merge.unmerge_now(own, asked, ready=ready)
            else:
                await merge.merge_now(own, asked)
    except OutcomeError as refused:
        if refused.status in {409, 412} or refused.status >= 500:
            raise
        await merge.write(work, merge.given_up(work, asked, str(refused)))
