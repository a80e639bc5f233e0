"""Institutions: their licences verified as the certificates of practitioners are, and what a lost one brings about."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import structlog

from xinglin.capabilities.practitioners import contract
from xinglin.capabilities.practitioners.gateways import Asked, Register
from xinglin.capabilities.practitioners.operations.effects import deactivate, shut_out
from xinglin.capabilities.practitioners.operations.people import today
from xinglin.capabilities.practitioners.operations.verify import is_there, keep
from xinglin.capabilities.practitioners.rules import results
from xinglin.fhir import codec
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import INSTITUTION_LICENCE, normal
from xinglin.security.verification import Entry, State, institution_verdict
from xinglin.store.door import UnitOfWork

PAGE: Final = 100


@cites("R6-036", "R0-004")
async def verify_institutions(
    work: UnitOfWork, organizations: Sequence[str], sweep: str, *, register: Register
) -> Mapping[str, State]:
    """Verify the licences of some institutions; RegisterSilent lets the job come again, and skip what it has done."""
    licences = {}
    for id in organizations:
        if not await is_there(work.platform, results.periodic_id(sweep, id)):
            read = codec.decode((await work.platform.read("Organization", id)).body(), "Organization")
            licences[id] = (str(cast("Any", read).name or ""), _licence(read))
    asked = [Asked("institution", number, name) for name, number in licences.values() if number]
    entries: Mapping[str, Entry] = await register.entries(asked, query=f"{sweep}-institutions") if asked else {}
    found: dict[str, State] = {}
    for id, (name, number) in licences.items():
        if not number:
            continue
        said = institution_verdict(name, entries.get(number), today(work.now))
        made = results.result(
            f"Organization/{id}",
            said,
            work.now,
            occasion="periodic",
            asked=f"institution:{number}",
            operator=work.principal.id,
            presence=None,
        )
        await keep(work.platform, made, results.periodic_id(sweep, id))
        if said.stops:
            await deactivate(work.platform, "Organization", id)
            await work.defer(contract.CLOSE_INSTITUTION, organization=f"Organization/{id}")
            structlog.get_logger().warning("practitioners.institution_stopped", organization=id, state=said.state)
        found[id] = said.state
    return found


async def close(work: UnitOfWork, organization: str) -> bool:
    """Close some places of work at an institution that lost its licence; True when there are more."""
    page = await work.platform.find("PractitionerRole", organization=organization, active="true", _count=str(PAGE))
    for row in page.matches:
        await deactivate(work.platform, "PractitionerRole", row.id)
        role = cast("Any", codec.decode(row.body(), "PractitionerRole"))
        if role.practitioner is not None and role.practitioner.reference:
            await shut_out(work, role.practitioner.reference, {organization}, "institution closed")
    return page.next_token is not None


def _licence(organization: Any) -> str:
    numbers = [one.value for one in organization.identifier or () if one.system == INSTITUTION_LICENCE and one.value]
    return normal(numbers[0]) if numbers else ""
