"""Everything that duplicates add."""

from functools import partial

from xinglin.capabilities.duplicates import contract, jobs, policy
from xinglin.capabilities.duplicates.operations import merge
from xinglin.capabilities.duplicates.pages import desk
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, INSTITUTION, Capability, Card, Handler, Job, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="duplicates",
        title=Text("查重合并", "Duplicates"),
        notices=(contract.RECORDS_JOINED, contract.RECORDS_PARTED),
        needs=("notifications", "residents"),
        code_sets=(contract.FIELDS,),
        operations=(
            Handler(contract.MERGE, partial(merge.merge, zone=settings.zone)),
            Handler(contract.UNMERGE, merge.unmerge),
            Handler(contract.DECIDE, merge.decide),
        ),
        jobs=(Job(contract.BY_STEPS, jobs.by_steps, retries=8),),
        grants=policy.grants(),
        pages=(
            Page(
                contract.AT,
                contract.LIST,
                show=desk.show_list,
                menu=Text("查重合并", "Duplicates"),
                icon="users",
            ),
            Page(
                contract.AT,
                contract.LIST + "/{id}",
                show=partial(desk.show_one, zone=settings.zone),
                send=partial(desk.send_one, zone=settings.zone),
            ),
        ),
        cards=tuple(
            Card(at, Text("疑似重复档案", "Possible duplicates"), desk.show_card, order=60, roles=roles)
            for at, roles in (
                (INSTITUTION, contract.KEEPERS & INSTITUTION.guests),
                (CLINIC, contract.KEEPERS & CLINIC.roles),
            )
        ),
        templates="xinglin.capabilities.duplicates:templates",
    )
