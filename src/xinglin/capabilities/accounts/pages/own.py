"""One's own account: who one is here, sessions, what proves it, roles, and whom one acts for."""

from collections.abc import Callable
from typing import Any, Final

from xinglin.capabilities.accounts.operations import dependants, entering, passkeys, proofing, setup
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.pages.login import REFUSED, own_path, site
from xinglin.capabilities.accounts.rules import device_name
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.proofing import RELATIONS
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, factors, sealed, sessions
from xinglin.store.identity.accounts import Account
from xinglin.web.catalogue import texts
from xinglin.web.format import moment, said
from xinglin.web.given import at_hand
from xinglin.web.listing import Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.names import role_name
from xinglin.web.view import Download, Form, Redirect, Rejected, View

PACKAGE: Final = "xinglin.capabilities.accounts"
SESSIONS_MOST: Final = 500


async def show(work: UnitOfWork, _form: Form) -> View:
    """Show who one is here, and what can be done."""
    account = await entering.own(work)
    phone = ""
    if account.phone is not None:
        phone = sealed.unseal(work.vault, sealed.phone_place(account.id), account.phone)
    values = {
        "name": _name(work, account),
        "role": next(iter(work.principal.roles)),
        "account": account,
        "phone": phone,
        "resident": account.kind == "resident",
    }
    return View("accounts/home.html", values)


async def show_start(work: UnitOfWork, _form: Form) -> View:
    """Show where one may go in one's role: what the menu holds, and nothing else."""
    account = await entering.own(work)
    return View("accounts/start.html", {"name": _name(work, account), "role": next(iter(work.principal.roles))})


async def _load(work: UnitOfWork) -> list[dict[str, Any]]:
    """Give the last sessions of the reader."""
    found = await sessions.of_account(work.executor, work.principal.id, work.now, count=SESSIONS_MOST)
    return [
        {
            "id": one.id,
            "role": one.role,
            "state": "this" if one.id == work.principal.session else "live" if one.live else "over",
            "device": device_name(one.device),
            "address": one.address,
            "created": one.created.isoformat(),
            "seen": one.seen.isoformat(),
        }
        for one in found
    ]


def _text(key: str) -> Text:
    return Text(texts(PACKAGE)["zh"](key), texts(PACKAGE)["en"](key))


def _state(found: Found) -> str:
    return said(_text(f"accounts.sessions.{found.document['state']}"), found.language)


def _plain(member: str) -> Callable[[Found], str]:
    return lambda found: str(found.document[member])


SESSIONS: Final = Listing(
    name="sessions",
    title=_text("accounts.sessions.title"),
    type="Session",
    source=at_hand(_load),
    columns=(
        Column(Text("角色", "Role"), lambda found: role_name(str(found.document["role"]), found.language), "role"),
        Column(Text("状态", "State"), _state, "state"),
        Column(Text("设备", "Device"), _plain("device"), "device"),
        Column(Text("地址", "Address"), _plain("address"), "address"),
        Column(Text("登录时间", "Signed in"), lambda found: moment(str(found.document["created"])), "created"),
        Column(Text("最近使用", "Last used"), lambda found: moment(str(found.document["seen"])), "seen"),
    ),
    filters=(
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple((one, _text(f"accounts.sessions.{one}")) for one in ("this", "live", "over")),
        ),
        Filter("seen", Text("最近使用", "Last used"), "days"),
    ),
    sort="-seen",
    empty=Empty("user", _text("accounts.sessions.title"), _text("accounts.sessions.what")),
    template="accounts/sessions.html",
    headed=False,
)


async def show_sessions(work: UnitOfWork, form: Form) -> View | Download:
    """List where one is, or was, signed in."""
    return await show_list(work, form, SESSIONS)


async def end_sessions(work: UnitOfWork, form: Form) -> Redirect:
    """Sign out elsewhere: one session, or all but this one."""
    one = form["session"]
    if one == work.principal.session:
        await entering.leave(work)
        return Redirect("/login", session="")
    await entering.end_elsewhere(work, one or None)
    return Redirect("/account/sessions")


async def show_security(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Show what proves who one is."""
    return await _security(limits, work, form)


async def send_password(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Change the password."""
    faults = await setup.change_password(work, limits, form["old"], form["password"], form["again"])
    return await _security(limits, work, form, faults) if faults else Redirect("/account/security?done=password")


async def send_codes(limits: Limits, work: UnitOfWork, _form: Form) -> View | Redirect:
    """Make new recovery codes; a fresh second factor is asked for first."""
    if not await setup.fresh(work):
        return Redirect("/account/step-up?back=/account/security")
    return View("accounts/codes.html", {"codes": await setup.new_codes(work, work.principal.id), "fault": ""})


async def send_passkey(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Add or remove a passkey; a fresh second factor is asked for first."""
    if not await setup.fresh(work):
        return Redirect("/account/step-up?back=/account/security")
    if form["remove"]:
        await passkeys.remove(work, form["remove"])
        return Redirect("/account/security?done=passkey-removed")
    try:
        await passkeys.add(work, form["ticket"], form["credential"], form["label"], site(form))
    except OutcomeError:
        # The question is put anew on that page, so it has to be kept.
        return Redirect("/account/security?done=passkey-fault")
    return Redirect("/account/security?done=passkey")


async def show_step_up(_work: UnitOfWork, form: Form) -> View:
    """Ask for a second factor again."""
    return View("accounts/step-up.html", {"back": own_path(form["back"]), "fault": ""})


async def send_step_up(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Take it."""
    back = own_path(form["back"])
    if await setup.step_up(work, limits, form["code"]):
        return Redirect(back)
    return View("accounts/step-up.html", {"back": back, "fault": "accounts.fault.code"}, status=REFUSED)


async def show_roles(work: UnitOfWork, _form: Form) -> View:
    """Show the roles one may act in, or the persons one may act for."""
    account = await entering.own(work)
    held = await accounts.assignments(work.executor, account.id, work.now)
    children = [one for one in await dependants.listed(work) if one.state == "bound" and not one.of_age]
    values = {
        "resident": account.kind == "resident",
        "assignments": held,
        "children": children,
        "own": account.person,
        "name": _name(work, account),
        "acting": await entering.acting(work),
    }
    return View("accounts/roles.html", values)


async def send_roles(limits: Limits, work: UnitOfWork, form: Form) -> Redirect:
    """Act in another role, or for another person."""
    cookie = await entering.switch(work, limits, assignment=form["assignment"], patient=form["patient"])
    return Redirect("/", session=cookie)


async def _security(limits: Limits, work: UnitOfWork, form: Form, faults: tuple[Issue, ...] = ()) -> View:
    account = await entering.own(work)
    if account.kind != "staff":
        raise OutcomeError(Issue("not-found", "not-found"))
    held = await factors.live(work.executor, account.id)
    ticket = options = ""
    if await setup.fresh(work):
        ticket, options = await passkeys.offer(work, limits, site(form))
    values = {
        "passkeys": [one for one in held if one.kind == "passkey"],
        "app": next((one for one in held if one.kind == "totp"), None),
        "codes": sum(one.kind == "recovery" for one in held),
        "password": next((one for one in held if one.kind == "password"), None),
        "least": limits.passwords.least,
        "faults": faults,
        "done": form["done"],
        "ticket": ticket,
        "options": options,
    }
    return View("accounts/security.html", values, status=REFUSED if faults else 200)


async def show_proofing(work: UnitOfWork, _form: Form) -> View:
    """Show how well one is known, and the next step."""
    return await _proofing(work)


async def send_proofing(work: UnitOfWork, form: Form) -> Redirect:
    """Ask to be known better."""
    claim = proofing.Claim(form["name"], form["number"], form["evidence"])
    try:
        await proofing.ask(work, form["level"], form["method"], claim)
    except OutcomeError as refused:
        raise Rejected(await _proofing(work, refused.issues, form["name"])) from None
    return Redirect("/account/proofing")


async def _proofing(work: UnitOfWork, faults: tuple[Issue, ...] = (), name: str = "") -> View:
    account = await entering.own(work)
    if account.kind != "resident":
        raise OutcomeError(Issue("not-found", "not-found"))
    last = await proofing.last(work)
    values = {
        "level": account.level,
        "name": name,
        "known": _name(work, account),
        "last": last,
        "waiting": last is not None and last.state in proofing.WAITING,
        "faults": faults,
    }
    return View("accounts/proofing.html", values, block="state", status=REFUSED if faults else 200)


async def show_dependants(limits: Limits, work: UnitOfWork, _form: Form) -> View:
    """Show whom one acts for."""
    return await _dependants(limits, work)


async def send_dependants(limits: Limits, work: UnitOfWork, form: Form) -> Redirect:
    """Bind a dependant, or let one go."""
    if form["release"]:
        await dependants.release(work, form["release"])
        return Redirect("/account/dependants")
    child = dependants.Child(form["name"], form["certificate"], form["born"], form["relation"])
    try:
        await dependants.bind(work, limits, child)
    except OutcomeError as refused:
        raise Rejected(await _dependants(limits, work, refused.issues, child)) from None
    return Redirect("/account/dependants")


async def _dependants(
    limits: Limits, work: UnitOfWork, faults: tuple[Issue, ...] = (), child: dependants.Child | None = None
) -> View:
    account = await entering.own(work)
    if account.kind != "resident":
        raise OutcomeError(Issue("not-found", "not-found"))
    found = await dependants.listed(work)
    values = {
        "level": account.level,
        "dependants": found,
        "waiting": any(one.state in dependants.WAITING for one in found),
        "most": limits.settings.dependants_most,
        "relations": RELATIONS,
        "faults": faults,
        "child": child or dependants.Child("", "", "", "child"),
    }
    return View("accounts/dependants.html", values, block="state", status=REFUSED if faults else 200)


def _name(work: UnitOfWork, account: Account) -> str:
    """Give the name as it is now; the session's may be some seconds old."""
    return sealed.unseal(work.vault, sealed.name_place(account.id), account.name)
