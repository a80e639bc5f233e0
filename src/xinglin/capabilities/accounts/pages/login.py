"""Signing in and out."""

from urllib.parse import urlsplit

from xinglin.capabilities.accounts import contract
from xinglin.capabilities.accounts.operations import entering, login
from xinglin.capabilities.accounts.operations.entering import Step
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, View

REFUSED = 422


async def show_staff(limits: Limits, _work: UnitOfWork, form: Form) -> View:
    """Ask staff for login name and password."""
    return _first(limits, own_path(form["back"]))


async def send_staff(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Take login name and password, and ask for the second factor."""
    step = await login.give_password(work, limits, form["login"], form["password"])
    back = own_path(form["back"])
    return _first(limits, back, form["login"], step.fault) if step.fault else _second(step, back)


async def send_second(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Take the code of the second factor."""
    return after(limits, await login.give_code(work, limits, form["ticket"], form["code"]), own_path(form["back"]))


async def send_logout(work: UnitOfWork, _form: Form) -> Redirect:
    """Sign out."""
    await entering.leave(work)
    return Redirect(contract.LOGIN, session="")


def after(limits: Limits, step: Step, back: str) -> View | Redirect:
    """Show what comes after an answer: the page one wanted, the same question again, or the start."""
    if step.cookie:
        return Redirect("/account/roles" if step.several else back, session=step.cookie)
    if step.ticket:
        return _second(step, back)
    return _first(limits, back, "", step.fault)


def _first(limits: Limits, back: str, name: str = "", fault: str = "") -> View:
    values = {
        "back": back,
        "login": name,
        "fault": fault,
        "most": limits.locks.most,
        "minutes": int(limits.locks.pause.total_seconds()) // 60,
    }
    return View("accounts/staff.html", values, status=REFUSED if fault else 200)


def _second(step: Step, back: str) -> View:
    values = {"back": back, "ticket": step.ticket, "fault": step.fault, "passkey": ""}
    return View("accounts/second.html", values, status=REFUSED if step.fault else 200)


def own_path(address: str) -> str:
    """Give an address of ours to go on to; anything that could lead elsewhere, or round in a circle, is the start."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    own = not parts.scheme and not parts.netloc and parts.path.startswith("/") and "\\" not in address
    if not own or parts.path.startswith(("//", contract.LOGIN, "/logout")):
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")
