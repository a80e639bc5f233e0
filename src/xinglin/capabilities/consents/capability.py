"""Everything that consents add."""

from functools import partial

from xinglin.capabilities.consents import contract, operations, pages, policy
from xinglin.fhir.declarations import Text
from xinglin.registry import RESEARCH, Capability, Card, Handler, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="consents",
        title=Text("知情同意", "Consents"),
        needs=("notifications",),
        code_sets=(contract.KINDS,),
        profiles=tuple(contract.PROFILES.values()),
        operations=(
            Handler(contract.GIVE, partial(operations.give, zone=settings.zone)),
            Handler(contract.WITHDRAW, partial(operations.withdraw, zone=settings.zone)),
        ),
        grants=policy.grants(settings),
        pages=(
            Page(
                contract.OWN,
                contract.PAGE,
                show=pages.show,
                send=pages.send,
                menu=Text("知情同意", "Consents"),
                icon="shield-lock",
                tab="health",
                order=70,
            ),
            Page(contract.OWN, "/consents/withdraw", send=pages.send_withdrawal),
        ),
        cards=(Card(RESEARCH, pages.PERMITTED, pages.permitted, wide=True),),
        notices=(contract.WITHDRAWN,),
        templates="xinglin.capabilities.consents:templates",
    )
