"""Everything that accounts add."""

from functools import partial

from xinglin.capabilities.accounts import contract
from xinglin.capabilities.accounts.operations.limits import limits
from xinglin.capabilities.accounts.pages import login, own
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Page
from xinglin.settings import Settings


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    bounds = limits(settings)
    return Capability(
        name="accounts",
        title=Text("账户", "Accounts"),
        pages=(
            Page(
                contract.DOORSTEP,
                "/login/staff",
                show=partial(login.show_staff, bounds),
                send=partial(login.send_staff, bounds),
            ),
            Page(contract.DOORSTEP, "/login/second", send=partial(login.send_second, bounds)),
            Page(contract.DOORSTEP, "/logout", send=login.send_logout),
            Page(contract.OWN, "/", show=own.show),
            Page(contract.OWN, "/account", show=own.show, menu=Text("我的账户", "My account"), icon="user"),
        ),
        templates="xinglin.capabilities.accounts:templates",
    )
