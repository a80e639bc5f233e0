"""Patient/$may tells whether this person may do this to that, and why or why not."""

from xinglin.capabilities.access.contract import Answer, May
from xinglin.fhir.sources import cites
from xinglin.security.principal import Principal
from xinglin.store.door import UnitOfWork


@cites("R7-041")
async def may(work: UnitOfWork, given: May) -> Answer:
    """Judge somebody who is described as the door would, and explain each line; nothing of the record is shown."""
    who = Principal(
        id="described",
        roles=frozenset({given.role}),
        patient=given.patient,
        practitioner=given.practitioner,
        practitioner_role=given.practitioner_role,
        organization=given.organization,
        purpose=given.purpose,
        patients=(given.patient,) if given.patient else (),
        level=given.level,
        strong=given.strong,
    )
    decision = await work.fhir.explain(who, given.interaction, given.type, given.id)
    work.note("explain", type=given.type, detail=f"{given.role} {given.interaction}")
    return Answer(decision.allowed, tuple(str(reason) for reason in decision.why))
