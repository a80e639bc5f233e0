"""Everything that credentials add."""

from datetime import timedelta
from functools import partial
from typing import Final

from xinglin.capabilities.practitioners import contract, jobs, pages, policy
from xinglin.capabilities.practitioners.gateways import register_of
from xinglin.capabilities.practitioners.operations.people import today
from xinglin.capabilities.practitioners.operations.verify import open_session, verify
from xinglin.capabilities.practitioners.rules.drafts import DRAFTS, frozen_drafts_stay
from xinglin.capabilities.practitioners.rules.numbers import sound_numbers
from xinglin.fhir.declarations import Text
from xinglin.registry import INSTITUTION, Capability, Card, Handler, Invariant, Job, Page
from xinglin.settings import Settings
from xinglin.store.clock import Clock

NUMBERED: Final = ("Patient", "RelatedPerson", "Person", "Practitioner", "Organization")


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    register = register_of(settings)
    clock = Clock()
    # Invariants see the resource only; whether a birth date lies in the future needs the day.
    numbers = sound_numbers(lambda: today(clock.now()))
    opened = partial(
        open_session,
        register=register,
        grace=timedelta(hours=settings.register_grace_hours),
        minutes=settings.presence_minutes,
    )
    return Capability(
        name="practitioners",
        title=Text("人员与资质", "Practitioners"),
        needs=("notifications",),
        code_sets=(contract.CREDENTIALS, contract.STATES, contract.STANDINGS, contract.OCCASIONS),
        profiles=(contract.STAFF, contract.PLACE_OF_WORK, contract.VERIFICATION),
        invariants=(
            *(Invariant(type_name, numbers) for type_name in NUMBERED),
            *(Invariant(type_name, frozen_drafts_stay) for type_name in DRAFTS),
        ),
        operations=(
            Handler(contract.VERIFY, partial(verify, register=register)),
            Handler(contract.OPEN_SESSION, opened),
        ),
        grants=policy.GRANTS,
        pages=(
            Page(
                contract.CREDENTIALS_PORTAL,
                contract.LIST,
                show=pages.show_list,
                menu=Text("执业资质", "Credentials"),
                icon="report-medical",
            ),
            Page(contract.CREDENTIALS_PORTAL, "/credentials/{id}", show=pages.show_one),
            Page(contract.CREDENTIALS_PORTAL, "/credentials/{id}/verify", send=pages.send_verify),
        ),
        cards=(
            Card(
                INSTITUTION,
                Text("人员与资质", "Staff and credentials"),
                pages.show_ending,
                order=20,
                roles=frozenset({"system-admin"}),
                wide=True,
            ),
        ),
        jobs=(
            # R6-036: every month; the second of the month, when the night is quiet
            Job(contract.SWEEP, jobs.sweep, every="0 18 1 * *"),
            Job(contract.VERIFY_BATCH, partial(jobs.verify, register=register), retries=8),
            Job(contract.VERIFY_NEW, partial(jobs.verify_new, register=register), retries=8),
            Job(
                contract.REMIND,
                partial(jobs.remind, asks=settings.staff_register_url is not None),
                every="00:10 Asia/Shanghai",
            ),
            Job(contract.SWEEP_INSTITUTIONS, jobs.sweep_institutions, every="0 19 1 * *"),
            Job(contract.VERIFY_INSTITUTIONS, partial(jobs.verify_institutions, register=register), retries=8),
            Job(contract.CLOSE_INSTITUTION, jobs.close_institution, retries=8),
            Job(contract.FREEZE, jobs.freeze, retries=8),
        ),
        notices=(contract.ENDING,),
        templates="xinglin.capabilities.practitioners:templates",
    )
