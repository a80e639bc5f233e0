"""One's own account."""

from xinglin.capabilities.accounts.operations import entering
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, View


async def show(work: UnitOfWork, _form: Form) -> View:
    """Show who one is here."""
    account = await entering.own(work)
    values = {
        "name": work.principal.display,
        "role": next(iter(work.principal.roles)),
        "login": account.login,
        "organization": work.principal.organization or "",
    }
    return View("accounts/home.html", values)
