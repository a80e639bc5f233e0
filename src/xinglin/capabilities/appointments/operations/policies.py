"""Policies of institutions: read where a session is, and decided by their administrators."""

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.rules import policies
from xinglin.care.booking import Policy
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


async def of(work: UnitOfWork, organization: str, default: Policy) -> Policy:
    """Give the policy of an institution (reference)."""
    return (await of_many(work, [organization], default))[organization]


async def of_many(work: UnitOfWork, organizations: list[str], default: Policy) -> dict[str, Policy]:
    """Give the policies of institutions, by reference."""
    rows = await work.read_many("Library", [policies.id_of(one) for one in organizations])
    found = {id: policies.read(document_of(row.body()), default) for id, row in rows.items()}
    return {one: found.get(policies.id_of(one), default) for one in organizations}


async def decide(work: UnitOfWork, given: contract.Decided) -> str:
    """Organization/$decide-booking-policy: what holds from now on; numbers that were made stay. Gives the Library."""
    organization = f"Organization/{given.id}"
    if "system-admin" in work.principal.roles and work.principal.organization != organization:
        raise OutcomeError(not_found("Organization", given.id))
    await work.platform.read("Organization", given.id)
    said = dict(one.partition("=")[::2] for one in given.values)
    refuse(tuple(policies.refusals(said)))
    made = policies.write(organization, {name: int(text) for name, text in said.items()})
    return (await work.platform.update(bytes_of(made), type="Library", id=made["id"])).id
