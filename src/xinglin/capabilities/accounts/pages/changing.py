"""Another phone for one's account, by oneself or at a desk, and the end of an account."""

from xinglin.capabilities.accounts.operations import changing
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.pages.login import REFUSED
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, View


async def show_phone(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Ask for the new phone."""
    await changing.resident(work)
    return _phone(limits, form, done=bool(form["done"]))


async def send_phone(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Have the codes sent, or take them."""
    if not form["old"]:
        begun = await changing.begin_move(work, limits, form["phone"])
        return _phone(limits, form, fault=begun.fault, old=begun.old, new=begun.new)
    tickets = (form["old"], form["new"])
    fault = await changing.finish_move(work, limits, tickets, (form["code"], form["code-new"]))
    return _phone(limits, form, fault, *tickets) if fault else Redirect("/account/phone?done=1")


async def show_close(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Tell what is kept and why, before an account is closed."""
    return _close(limits, form, person=changing.may_restrict(limits, await changing.resident(work)))


async def send_close(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Have a code sent, or close the account."""
    person = changing.may_restrict(limits, await changing.resident(work))
    if not form["ticket"]:
        begun = await changing.begin_closing(work, limits)
        return _close(limits, form, begun.fault, begun.old, person=person)
    fault = await changing.close(work, limits, form["ticket"], form["code"], restrict=bool(form["restrict"]))
    return _close(limits, form, fault, form["ticket"], person=person) if fault else Redirect("/login", session="")


async def show_desk(limits: Limits, _work: UnitOfWork, form: Form) -> View:
    """Ask for the document of who lost the phone."""
    return _desk(limits, form)


async def send_desk(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Have a code sent to the new phone, or take it."""
    number, evidence = form["number"], form["evidence"]
    if not form["ticket"]:
        ticket, fault = await changing.begin_at_desk(work, limits, number, form["phone"], evidence)
        return _desk(limits, form, fault, ticket)
    fault = await changing.finish_at_desk(work, limits, number, form["ticket"], form["code"], evidence)
    return _desk(limits, form, fault, form["ticket"] if fault else "", done=not fault)


def _phone(limits: Limits, form: Form, fault: str = "", old: str = "", new: str = "", *, done: bool = False) -> View:
    values = {"phone": form["phone"], "old": old, "new": new, "fault": fault, "done": done, **_sending(limits)}
    return View("accounts/change-phone.html", values, status=REFUSED if fault else 200)


def _close(limits: Limits, form: Form, fault: str = "", ticket: str = "", *, person: bool) -> View:
    restrict = bool(form["restrict"])
    values = {"ticket": ticket, "fault": fault, "person": person, "restrict": restrict, **_sending(limits)}
    return View("accounts/close.html", values, status=REFUSED if fault else 200)


def _desk(limits: Limits, form: Form, fault: str = "", ticket: str = "", *, done: bool = False) -> View:
    given = {name: "" if done else form[name] for name in ("number", "phone", "evidence")}
    values = {**given, "ticket": ticket, "fault": fault, "done": done, **_sending(limits)}
    return View("accounts/desk-phone.html", values, status=REFUSED if fault else 200)


def _sending(limits: Limits) -> dict[str, object]:
    demo = limits.settings.sms_url if limits.settings.demo else None
    return {"minutes": limits.settings.code_minutes, "messages": demo, "most": limits.settings.code_hourly}
