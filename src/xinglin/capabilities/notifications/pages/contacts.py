"""Where one wants to be told: mail address and WeChat on the account page, confirmed by a code."""

from functools import partial
from typing import Final

from xinglin.capabilities.notifications.contract import CONTACTS
from xinglin.capabilities.notifications.operations import contacts
from xinglin.capabilities.notifications.operations.deliver import Terms
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, Rejected, View

REFUSED: Final = 422
SEEN: Final = 3  # signs of an address that its own page shows


async def show(work: UnitOfWork, form: Form, *, terms: Terms, name: str) -> View:
    """Show what is bound, and how to bind."""
    return await _page(work, form, terms, name)


async def send(work: UnitOfWork, form: Form, *, terms: Terms, name: str) -> View | Redirect:
    """Begin to bind an address, take its code, or let it go."""
    page = partial(_page, work, form, terms, name)
    try:
        match form["do"]:
            case "mail":
                return await page(ticket=await contacts.ask_mail(work, form["address"], form.language))
            case "code":
                fault = await contacts.give_code(work, form["ticket"], form["code"])
                # Wrong answers are counted, so this is no refusal that undoes what was done.
                again = form["ticket"] if fault == "code-wrong" else ""
                return await page(ticket=again, fault=fault) if fault else Redirect(f"{CONTACTS}?done=mail")
            case "wechat":
                return await page(code=await contacts.ask_wechat(work, form.language))
            case "release":
                await contacts.release(work, form["channel"])
                return Redirect(f"{CONTACTS}?done=released")
            case _:
                return await page(issues=(Issue("value", "contact-act", "do", "Say what is to be done."),))
    except OutcomeError as refused:
        if refused.status in {401, 403, 404}:
            raise
        raise Rejected(await page(issues=refused.issues)) from refused


async def _page(
    work: UnitOfWork,
    form: Form,
    terms: Terms,
    name: str,
    *,
    ticket: str = "",
    code: str = "",
    fault: str = "",
    issues: tuple[Issue, ...] = (),
) -> View:
    known = (work.principal.patient or work.principal.practitioner) is not None
    bound = await contacts.mine(work) if known else {}
    values = {
        "known": known,
        "mail": _part(bound.get("mail", "")),
        "wechat": "wechat" in bound,
        "offers": frozenset(terms.gateways),
        "ticket": ticket,
        "address": form["address"],
        "code": code,
        "account": name,
        "fault": fault,
        "issues": issues,
        "done": form["done"],
        "back": "/account",
    }
    return View("notifications/contacts.html", values, status=REFUSED if fault or issues else 200)


def _part(address: str) -> str:
    """Show as much of an address as its owner needs."""
    name, at, domain = address.rpartition("@")
    return f"{name[:SEEN]}***{at}{domain}" if at else ""
