"""What a verdict brings about at once: marks, closed places of work, ended sessions, frozen drafts."""

from collections.abc import Collection
from datetime import date
from typing import Final

import structlog

from xinglin.capabilities.practitioners import contract
from xinglin.capabilities.practitioners.operations.people import Person
from xinglin.capabilities.practitioners.rules import drafts, states
from xinglin.fhir.sources import cites
from xinglin.security.verification import State, Verdict
from xinglin.store.door import Fhir, UnitOfWork
from xinglin.store.identity import accounts, events
from xinglin.store.identity.sessions import end_sessions

# Roles that nobody has without a credential.
BEDSIDE: Final = frozenset(
    {"physician", "village-doctor", "nurse", "pharmacist", "retail-pharmacist", "family-doctor", "public-health"}
)


@cites("R6-036")
async def take_effect(work: UnitOfWork, person: Person, said: Verdict, today: date) -> None:
    """Let a verdict take effect in the same transaction: sessions end, places of work close, drafts freeze."""
    reference = person.standing.reference
    id = reference.rpartition("/")[2]
    await mark(
        work.platform, person, states.register_part(person.mark) if said.state == "unknown" else said.state, today
    )
    if said.stops:
        await deactivate(work.platform, "Practitioner", id)
    ended = [site for site, _ in person.sites if said.stops or site.reference in said.gone]
    for site in ended:
        await deactivate(work.platform, "PractitionerRole", site.reference.rpartition("/")[2])
    if said.stops or said.gone:
        await shut_out(work, reference, None if said.stops else {site.organization for site in ended}, said.state)
        structlog.get_logger().warning("practitioners.stopped", practitioner=id, state=said.state, places=len(ended))
    if said.stops:
        await work.defer(contract.FREEZE, practitioner=reference)


async def shut_out(work: UnitOfWork, practitioner: str, organizations: Collection[str] | None, why: str) -> None:
    """End a practitioner's roles at the bedside, of some organizations or (None) of all, and every session.

    A new login finds no role; the security administrator gives it again, which verifies again.
    """
    for account in await accounts.of_person(work.executor, practitioner):
        for one in await accounts.assignments(work.executor, account.id, work.now):
            if one.role in BEDSIDE and (organizations is None or one.organization in organizations):
                await accounts.unassign(work.executor, account.id, one.id, work.now)
                events.note(work, "role", detail=f"ended {one.role} of {account.id}: {why}")
    await end_sessions(work.executor, why=f"credential {why}", practitioner=practitioner)


async def freeze(work: UnitOfWork, practitioner: str) -> int:
    """Mark every draft of a practitioner as frozen; gives how many were new."""
    count = 0
    for type_name, (parameter, statuses, _) in drafts.DRAFTS.items():
        while True:
            # What is frozen already does not count, so each round finds the next ones.
            open_ones = {parameter: practitioner, "status": statuses, "_tag:not": f"{contract.TAGS}|{contract.FROZEN}"}
            page = await work.platform.find(type_name, _count="100", **open_ones)
            for row in page.matches:
                await work.platform.patch(drafts.frozen, type=type_name, id=row.id)
                count += 1
            if page.next_token is None:
                break
    return count


async def mark(fhir: Fhir, person: Person, register: State | None, today: date) -> str:
    """Keep how a practitioner stands as a tag of the Practitioner, so that lists can ask for it; gives the code."""
    code = states.overall(register, person.standing, today)
    # No mark says the same as "unknown", without a new version of everybody who came from elsewhere.
    if code != (person.mark or "unknown"):
        await fhir.patch(
            lambda document: states.marked(document, code),
            type="Practitioner",
            id=person.standing.reference.rpartition("/")[2],
        )
    return code


async def deactivate(fhir: Fhir, type_name: str, id: str) -> None:
    """Set a resource inactive."""
    await fhir.patch(lambda document: document | {"active": False}, type=type_name, id=id)
