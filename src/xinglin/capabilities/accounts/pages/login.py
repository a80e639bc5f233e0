"""Signing in and out, for residents and staff."""

from typing import Final
from urllib.parse import urlencode, urlsplit

from xinglin.capabilities.accounts import contract
from xinglin.capabilities.accounts.operations import entering, login, passkeys, phone, setup
from xinglin.capabilities.accounts.operations.entering import Step
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.privacy.contract import NOTICE
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, View

REFUSED: Final = 422


async def show_phone(limits: Limits, _work: UnitOfWork, form: Form) -> View:
    """Ask a resident for their phone."""
    return _phone(limits, own_path(form["back"]))


async def send_phone(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Have a code sent, and ask for it."""
    step = await phone.ask_code(work, limits, form["phone"])
    back = own_path(form["back"])
    return _phone(limits, back, form["phone"], step.fault) if step.fault else _code(limits, step, back, form["phone"])


async def send_code(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Take the code that was sent."""
    step = await phone.give_code(work, limits, form["ticket"], form["code"])
    back = own_path(form["back"])
    if step.cookie:
        # What is done with data is told before any of it is processed.
        return Redirect(f"{NOTICE}?{urlencode({'back': back})}" if step.notice else back, session=step.cookie)
    if step.ticket:
        return _code(limits, step, back, form["phone"])
    return _phone(limits, back, form["phone"], step.fault)


async def show_staff(limits: Limits, _work: UnitOfWork, form: Form) -> View:
    """Ask staff for login name and password."""
    return _first(limits, own_path(form["back"]))


async def send_staff(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Take login name and password, and ask for the second factor."""
    step = await login.give_password(work, limits, form["login"], form["password"])
    back = own_path(form["back"])
    return _first(limits, back, form["login"], step.fault) if step.fault else await _second(work, step, form, back)


async def send_second(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Take the code of the second factor."""
    return await _after(limits, work, form, await login.give_code(work, limits, form["ticket"], form["code"]))


async def send_passkey(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Take the answer of a passkey."""
    return await _after(
        limits, work, form, await passkeys.give(work, limits, form["ticket"], form["credential"], site(form))
    )


async def send_renewal(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Take a new password in the place of one that is too old."""
    step, faults = await setup.renew_password(work, limits, form["ticket"], form["password"], form["again"])
    if faults:
        values = {
            "ticket": step.ticket,
            "back": own_path(form["back"]),
            "faults": faults,
            "least": limits.passwords.least,
        }
        return View("accounts/renew.html", values, status=REFUSED)
    return await _after(limits, work, form, step)


async def send_logout(work: UnitOfWork, _form: Form) -> Redirect:
    """Sign out."""
    await entering.leave(work)
    return Redirect(contract.LOGIN, session="")


async def _after(limits: Limits, work: UnitOfWork, form: Form, step: Step) -> View | Redirect:
    back = own_path(form["back"])
    if step.cookie:
        return Redirect("/account/roles" if step.several else back, session=step.cookie)
    if step.renew:
        values = {"ticket": step.ticket, "back": back, "faults": (), "least": limits.passwords.least}
        return View("accounts/renew.html", values)
    return await _second(work, step, form, back) if step.ticket else _first(limits, back, "", step.fault)


async def _second(work: UnitOfWork, step: Step, form: Form, back: str) -> View:
    asked = await passkeys.asked(work, step.ticket, site(form))
    values = {"back": back, "ticket": step.ticket, "fault": step.fault, "passkey": asked}
    return View("accounts/second.html", values, status=REFUSED if step.fault else 200)


def _first(limits: Limits, back: str, name: str = "", fault: str = "") -> View:
    minutes = int(limits.locks.pause.total_seconds()) // 60
    values = {"back": back, "login": name, "fault": fault, "most": limits.locks.most, "minutes": minutes}
    return View("accounts/staff.html", values, status=REFUSED if fault else 200)


def _phone(limits: Limits, back: str, given: str = "", fault: str = "") -> View:
    values = {"back": back, "phone": given, "fault": fault, "most": limits.settings.code_hourly}
    return View("accounts/phone.html", values, status=REFUSED if fault else 200)


def _code(limits: Limits, step: Step, back: str, given: str) -> View:
    values = {
        "back": back,
        "ticket": step.ticket,
        "fault": step.fault,
        "phone": given,
        "minutes": limits.settings.code_minutes,
        "messages": limits.settings.sms_url if limits.settings.demo else None,
    }
    return View("accounts/code.html", values, status=REFUSED if step.fault else 200)


def site(form: Form) -> str:
    """Give the address of the site, as the browser knows it: that of the FHIR base without its path."""
    parts = urlsplit(form.base)
    return f"{parts.scheme}://{parts.netloc}"


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
