"""The demonstration: becoming somebody of a role by one click. Declared for demo mode on loopback alone."""

from xinglin.capabilities.accounts.operations import demo, entering
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect


async def send_role(limits: Limits, work: UnitOfWork, form: Form) -> Redirect:
    """Become the demonstration's person of a role; ``developer`` is whoever has no session."""
    await entering.leave(work)
    if form["role"] == "developer":
        return Redirect("/", session="")
    return Redirect("/", session=await demo.become(work, limits, form["role"]))
