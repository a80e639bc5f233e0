"""The administrators' pages: accounts of staff, invitations and roles; and the desk where residents are confirmed."""

from typing import Any, Final

from xinglin.capabilities.accounts.operations import phone, proofing, staff
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.operations.staff import Newcomer
from xinglin.capabilities.accounts.pages.login import REFUSED, site
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.security.accounts import STAFF_ROLES
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts
from xinglin.web.catalogue import texts
from xinglin.web.format import moment
from xinglin.web.given import at_hand
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing
from xinglin.web.listing import show_list as listed
from xinglin.web.names import role_name, role_names
from xinglin.web.view import Download, Form, Redirect, Rejected, View

TONES: Final = {"active": "success", "invited": "info", "disabled": "danger"}
MOST: Final = 5_000
PACKAGE: Final = "xinglin.capabilities.accounts"


async def _load(work: UnitOfWork) -> list[dict[str, Any]]:
    """Give the accounts that the administrator keeps: as many as an institution has staff."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "login": one.login,
            "roles": [held.role for held in one.roles],
            "state": one.state,
            "locked": one.locked is not None,
            "made": one.made.isoformat(),
            "used": one.used.isoformat() if one.used else "",
        }
        for one in await staff.listed(work, after=None, count=MOST)
    ]


def _name(found: Found) -> Cell:
    return Cell(str(found.document["name"]), note=str(found.document["login"]))


def _roles(found: Found) -> str:
    none = texts(PACKAGE)[found.language]("accounts.one.no-roles")
    return role_names(found.document["roles"], found.language) or none


def _state(found: Found) -> Cell:
    code = "locked" if found.document["locked"] else str(found.document["state"])
    return Cell(texts(PACKAGE)[found.language](f"accounts.state.{code}"), TONES.get(code, "danger"))


def _text(key: str) -> Text:
    return Text(texts(PACKAGE)["zh"](key), texts(PACKAGE)["en"](key))


ACCOUNTS: Final = Listing(
    name="accounts",
    title=_text("accounts.list.title"),
    type="Account",
    source=at_hand(_load),
    columns=(
        Column(Text("姓名", "Name"), _name, "name"),
        Column(Text("角色", "Roles"), _roles),
        Column(Text("状态", "State"), _state, "state"),
        Column(Text("最近登录", "Last used"), lambda found: moment(str(found.document["used"])), "used"),
        Column(Text("建立时间", "Made"), lambda found: moment(str(found.document["made"])), "made"),
    ),
    filters=(
        Filter("name", Text("姓名", "Name")),
        Filter("login", Text("登录名", "Login name")),
        Filter(
            "role",
            Text("角色", "Role"),
            "choice",
            "roles",
            tuple((one, Text(role_name(one, "zh"), role_name(one, "en"))) for one in STAFF_ROLES),
        ),
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple((code, _text(f"accounts.state.{code}")) for code in TONES),
        ),
    ),
    sort="-made",
    href=lambda found: f"/accounts/{found.document['id']}",
    empty=Empty("users", _text("accounts.list.none"), _text("accounts.list.none-what")),
    template="accounts/list.html",
)


async def show_list(work: UnitOfWork, form: Form) -> View | Download:
    """List accounts, newest first."""
    return await listed(work, form, ACCOUNTS, {"may_hire": "system-admin" in work.principal.roles})


async def show_new(_work: UnitOfWork, _form: Form) -> View:
    """Ask for whom an account is made."""
    return View("accounts/new.html", {"given": Newcomer("", ""), "faults": ()})


async def send_new(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Make an account, and show its invitation once."""
    given = Newcomer(
        form["login"].strip(), form["name"].strip(), form["practitioner"].strip(), form["organization"].strip()
    )
    try:
        id, ticket = await staff.hire(work, limits, given)
    except OutcomeError as refused:
        view = View("accounts/new.html", {"given": given, "faults": refused.issues}, status=refused.status)
        raise Rejected(view) from None
    return await _one(work, id, link=_link(form, ticket), hours=limits.settings.invitation_hours)


async def show_one(limits: Limits, work: UnitOfWork, form: Form) -> View:
    """Show one account."""
    return await _one(work, form["id"])


async def send_one(limits: Limits, work: UnitOfWork, form: Form) -> View | Redirect:
    """Do to an account what the button says."""
    id = form["id"]
    try:
        match form["do"]:
            case "invite":
                link = _link(form, await staff.invite(work, limits, id))
                return await _one(work, id, link=link, hours=limits.settings.invitation_hours)
            case "disable":
                await staff.set_state(work, id, "disabled", form["why"])
            case "enable":
                await staff.set_state(work, id, "active")
            case "unlock":
                await staff.unlock(work, id)
            case "give":
                await staff.give_role(work, id, form["role"])
            case "take":
                await staff.take_role(work, id, form["assignment"])
            case _:
                refuse((Issue("invalid", "unknown-act", text="This page knows no such act."),))
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, id, faults=refused.issues)) from None
    return Redirect(f"/accounts/{id}")


async def show_desk(_work: UnitOfWork, _form: Form) -> View:
    """Ask for the resident's phone and document."""
    return View("accounts/desk.html", {"phone": "", "faults": (), "done": False})


async def send_desk(work: UnitOfWork, form: Form) -> View:
    """Confirm that a resident stands here, with the document of the number that is known (L3)."""
    given = phone.phone_of(form["phone"])
    try:
        account = None
        if given is not None:
            account = await accounts.by_handle(work.executor, "phone", work.vault.digest("phone", given))
        await proofing.confirm(work, account, form["number"], form["evidence"])
    except OutcomeError as refused:
        values = {"phone": form["phone"], "faults": refused.issues, "done": False}
        raise Rejected(View("accounts/desk.html", values, status=REFUSED)) from None
    return View("accounts/desk.html", {"phone": "", "faults": (), "done": True})


async def _one(work: UnitOfWork, id: str, *, link: str = "", hours: int = 0, faults: tuple[Issue, ...] = ()) -> View:
    found = await staff.shown(work, await staff.within(work, id))
    held = {one.role for one in found.roles}
    values = {
        "account": found,
        "link": link,
        "hours": hours,
        "faults": faults,
        "own": id == work.principal.id,
        "may_hire": "system-admin" in work.principal.roles,
        "may_assign": "security-admin" in work.principal.roles,
        "roles": [role for role in STAFF_ROLES if role not in held],
    }
    return View("accounts/one.html", values, status=REFUSED if faults else 200)


def _link(form: Form, ticket: str) -> str:
    return f"{site(form)}/invitation/{ticket}"
