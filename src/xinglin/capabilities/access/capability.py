"""Everything that access control adds."""

from functools import partial

from xinglin.capabilities.access import contract, pages, policy
from xinglin.capabilities.access.operations.break_glass import Terms, break_glass
from xinglin.capabilities.access.operations.may import may
from xinglin.capabilities.access.operations.review import review
from xinglin.capabilities.access.rules import days_of
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    terms = Terms(
        settings.break_glass_minutes,
        settings.break_glass_review_days,
        settings.zone,
        days_of(settings.holidays),
        days_of(settings.workdays),
    )
    return Capability(
        name="access",
        title=Text("访问控制", "Access control"),
        needs=("notifications",),
        code_sets=(
            contract.TASKS,
            contract.REQUESTS,
            contract.SPECIAL,
            contract.DATA_CLASSES,
            contract.LEVELS,
            contract.REVIEWS,
        ),
        profiles=(contract.EMERGENCY,),
        operations=(
            Handler(contract.BREAK_GLASS, partial(break_glass, terms=terms)),
            Handler(contract.REVIEW, review),
            Handler(contract.MAY, may),
        ),
        grants=policy.grants(settings),
        pages=(
            Page(
                contract.CARE,
                contract.PAGE,
                show=pages.show,
                send=pages.send,
                menu=Text("紧急访问", "Emergency access"),
                icon="heartbeat",
            ),
        ),
        notices=(contract.OPENED,),
        templates="xinglin.capabilities.access:templates",
    )
