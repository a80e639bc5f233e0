"""The monthly verification of everybody, page by page, and the freezing of drafts."""

import structlog

from xinglin.capabilities.practitioners import contract
from xinglin.capabilities.practitioners.gateways import Register
from xinglin.capabilities.practitioners.operations import effects, institutions
from xinglin.capabilities.practitioners.operations import verify as operations
from xinglin.capabilities.practitioners.operations.people import person_of, today
from xinglin.capabilities.practitioners.operations.reminders import remind_of
from xinglin.capabilities.practitioners.rules import states
from xinglin.capabilities.practitioners.rules.results import sweep_name
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.sources import cites
from xinglin.security.identifiers import INSTITUTION_LICENCE
from xinglin.store.door import UnitOfWork

PAGE: int = 100


@cites("R6-036", "R0-004")
async def sweep(work: UnitOfWork, name: str = "", token: str = "") -> None:
    """Verify one page of practitioners by a job of its own, and go on with the next page.

    name: of the sweep, the month when it is begun by the clock.
    """
    name = name or sweep_name(today(work.now))
    more = {TOKEN: token} if token else {}
    page = await work.platform.find("Practitioner", active="true", _count=str(PAGE), _elements="id", **more)
    ids = [row.id for row in page.matches]
    if ids:
        await work.defer(contract.VERIFY_BATCH, practitioners=ids, sweep=name)
    if page.next_token is not None:
        await work.defer(contract.SWEEP, name=name, token=page.next_token)


async def verify(work: UnitOfWork, practitioners: list[str], sweep: str, *, register: Register) -> None:
    """Verify one page of practitioners; RegisterSilent lets the job come again."""
    found = await operations.verify_batch(work, practitioners, sweep, register=register)
    worse = sum(state != "valid" for state in found.values())
    structlog.get_logger().info("practitioners.verified", sweep=sweep, count=len(found), worse=worse)


async def verify_new(work: UnitOfWork, practitioner: str, *, register: Register) -> None:
    """Verify somebody who enters service; whom a silent register leaves unknown, the daily round asks about again."""
    state = await operations.verify_new(work, practitioner, register=register)
    structlog.get_logger().info("practitioners.entered", practitioner=practitioner, state=state)


@cites("R6-033", "R6-036", "R1-030")
async def remind(work: UnitOfWork, token: str = "", *, asks: bool = False) -> None:
    """Look through the dates of one page of practitioners, every day; a certificate that ran out stops its holder.

    asks: there is a register, so those who were never verified are.
    """
    unknown = []
    more = {TOKEN: token} if token else {}
    page = await work.platform.find("Practitioner", active="true", _count=str(PAGE), _elements="id", **more)
    for row in page.matches:
        person = await person_of(work.platform, row.id)
        code = await effects.mark(work.platform, person, states.register_part(person.mark), today(work.now))
        if code == "unknown" and operations.asked_for(person):
            unknown.append(row.id)
        await remind_of(work, person)
        verdict = states.lapsed(person.mark, code)
        if verdict is not None:
            await effects.take_effect(work, person, verdict, today(work.now))
    if asks and unknown:
        await work.defer(contract.VERIFY_BATCH, practitioners=unknown, sweep=f"entry-{today(work.now)}")
    if page.next_token is not None:
        await work.defer(contract.REMIND, token=page.next_token)


@cites("R6-036", "R0-004")
async def sweep_institutions(work: UnitOfWork, name: str = "", token: str = "") -> None:
    """Verify one page of institutions by a job of its own, and go on with the next page."""
    name = name or sweep_name(today(work.now))
    more = {TOKEN: token} if token else {}
    with_licence = {"active:not": "false", "identifier": f"{INSTITUTION_LICENCE}|"}
    page = await work.platform.find("Organization", _count=str(PAGE), _elements="id", **with_licence, **more)
    if page.matches:
        await work.defer(contract.VERIFY_INSTITUTIONS, organizations=[row.id for row in page.matches], sweep=name)
    if page.next_token is not None:
        await work.defer(contract.SWEEP_INSTITUTIONS, name=name, token=page.next_token)


async def verify_institutions(work: UnitOfWork, organizations: list[str], sweep: str, *, register: Register) -> None:
    """Verify one page of institutions."""
    found = await institutions.verify_institutions(work, organizations, sweep, register=register)
    worse = sum(state != "valid" for state in found.values())
    structlog.get_logger().info("practitioners.institutions_verified", sweep=sweep, count=len(found), worse=worse)


async def close_institution(work: UnitOfWork, organization: str) -> None:
    """Close the places of work at an institution that lost its licence, some at a time."""
    if await institutions.close(work, organization):
        await work.defer(contract.CLOSE_INSTITUTION, organization=organization)


async def freeze(work: UnitOfWork, practitioner: str) -> None:
    """Freeze the drafts of a practitioner whose credential ended."""
    count = await effects.freeze(work, practitioner)
    structlog.get_logger().info("practitioners.frozen", practitioner=practitioner.rpartition("/")[2], count=count)
