"""The first login of staff: a password, then the authenticator app, then recovery codes."""

from xinglin.capabilities.accounts.operations import setup
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.operations.setup import Invited
from xinglin.capabilities.accounts.pages import qr
from xinglin.capabilities.accounts.pages.login import REFUSED
from xinglin.fhir.outcome import Issue
from xinglin.security.totp import address
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, View

ISSUER = "Xinglin"


async def show(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Show the step at which the newcomer is."""
    return await _step(limits, work, form["ticket"])


async def send_password(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Take the password."""
    text = form["ticket"]
    if await setup.invited(work, text) is None:
        return _over()
    faults = await setup.choose_password(work, limits, text, form["password"], form["again"])
    return await _step(limits, work, text, faults)


async def send_code(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Take the first code of the app; then the account is open, and the recovery codes are shown once."""
    step, codes = await setup.confirm_app(work, limits, form["ticket"], form["code"])
    if codes:
        values = {"codes": codes, "fault": step.fault}
        return View("accounts/codes.html", values, session=step.cookie or None)
    return await _step(limits, work, form["ticket"], fault=step.fault)


async def _step(limits: Limits, work: UnitOfWork, text: str, faults: tuple[Issue, ...] = (), fault: str = "") -> View:
    here = await setup.invited(work, text)
    if here is None:
        return _over()
    status = REFUSED if faults or fault else 200
    if not here.secret or faults:
        values = {"ticket": text, "name": here.name, "login": here.account.login, "faults": faults}
        return View("accounts/invitation.html", values | {"least": limits.passwords.least}, status=status)
    return View("accounts/app.html", _app(text, here) | {"fault": fault}, status=status)


def _app(text: str, here: Invited) -> dict[str, object]:
    link = address(here.secret, here.account.login, ISSUER)
    grouped = " ".join(here.secret[at : at + 4] for at in range(0, len(here.secret), 4))
    return {"ticket": text, "qr": qr.picture(link), "secret": grouped, "link": link}


def _over() -> View:
    return View("accounts/over.html", {}, status=410)
