"""Apps and systems that ask to be let in, and those that were: approve, refuse, disable."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, get_args

from xinglin.capabilities.watching.pages import words
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.purposes import PURPOSES
from xinglin.store import egress
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import apps
from xinglin.store.identity.clients import State
from xinglin.web.format import moment
from xinglin.web.given import at_hand
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

STATES: Final[tuple[State, ...]] = get_args(State)
LIST: Final = "/security/apps"
HERE: Final = "cn"  # where an app stands, when not abroad


async def _load(work: UnitOfWork) -> list[dict[str, Any]]:
    """Give every registration, newest first; there are as many as somebody decided over or has to."""
    every = [one for state in STATES for one in await apps.listed(work, state)]
    every.sort(key=lambda one: one.made, reverse=True)
    return [
        {
            "id": one.id,
            "name": one.name,
            "state": one.state,
            "kind": "system" if "client_credentials" in one.grants else "public" if one.method == "none" else "secret",
            "made": one.made.isoformat(),
            "organization": one.organization or "",
            "purpose": one.purpose,
            "scopes": one.scopes,
            "reason": one.reason,
            "client": one,
        }
        for one in every
    ]


def _said(member: str, key: str = "") -> Callable[[Found], str]:
    """Say a member, by the text ``key.value`` when a key is given."""

    def say(found: Found) -> str:
        value = str(found.document[member])
        return words.said(f"{key}{value}", found.language) if key and value else value

    return say


def _state(found: Found) -> Cell:
    code = str(found.document["state"])
    tone = {"asked": "warning", "approved": "success"}.get(code, "neutral")
    return Cell(words.said(f"app.{code}", found.language), tone)


APPS: Final = Listing(
    name="apps",
    title=Text("应用与系统", "Apps"),
    type="Client",
    source=at_hand(_load),
    columns=(
        Column(Text("名称", "Name"), _said("name"), "name"),
        Column(Text("状态", "State"), _state, "state"),
        Column(Text("类别", "Kind"), _said("kind", "app-"), "kind"),
        Column(Text("登记时间", "Registered"), lambda found: moment(str(found.document["made"])), "made"),
        Column(Text("机构", "Institution"), _said("organization"), "organization"),
        Column(Text("目的", "Purpose"), _said("purpose", "purpose.")),
        Column(Text("授权范围", "Scopes"), _said("scopes")),
        Column(Text("理由", "Reason"), _said("reason")),
    ),
    filters=(
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple((one, words.text(f"app.{one}")) for one in STATES),
            default="asked",
            tabs=True,
        ),
        Filter("name", Text("名称", "Name")),
        Filter(
            "kind",
            Text("类别", "Kind"),
            "choice",
            options=tuple((one, words.text(f"app-{one}")) for one in ("system", "public", "secret")),
        ),
        Filter("made", Text("登记日期", "Registered"), "days"),
    ),
    sort="-made",
    empty=Empty("packages", words.text("no-apps"), words.text("no-apps-what")),
    template="watching/apps.html",
    headed=False,
)


async def waiting(work: UnitOfWork) -> int:
    """Count the registrations to decide over."""
    return len(await apps.listed(work, "asked"))


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List registrations in a state; those that wait unless another is asked for."""
    return await show_list(work, form, APPS, await _values(work, form))


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Decide over one."""
    try:
        await _decide(work, form)
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        asked = replace(form, pairs=(("state", form["was"]),))
        raise Rejected(
            await view_list(work, asked, APPS, await _values(work, form, refused.issues), status=422)
        ) from refused
    return Redirect(f"{LIST}?state={form['was']}" if form["was"] in STATES else LIST)


async def _decide(work: UnitOfWork, form: Form) -> None:
    decided = next((one for one in STATES if one == form["decision"] and one != "asked"), None)
    if decided is None:
        raise OutcomeError(Issue("value", "app-decision", text="Approve, refuse or disable."))
    if decided != "approved" and not form["reason"].strip():
        raise OutcomeError(Issue("required", "app-reason", text="Say why."))
    if decided == "approved" and not form["where"]:
        raise OutcomeError(Issue("required", "app-where", text="Choose where it stands."))
    organization = form["organization"].strip().removeprefix("Organization/")
    await apps.decide(
        work,
        form["client"],
        decided,
        reason=form["reason"].strip()[:500],
        scopes=" ".join(form["scopes"].split()) or None,
        organization=f"Organization/{organization}" if organization else None,
        purpose=form["purpose"] if form["purpose"] in PURPOSES else None,
        abroad=("" if form["where"] == HERE else form["where"]) if decided == "approved" else None,
    )


async def _values(work: UnitOfWork, form: Form, issues: tuple[Issue, ...] = ()) -> dict[str, object]:
    was = form.get("was", form.get("state", "asked"))
    listed = {one.id: one.name for one in await egress.listed(work.executor)}
    return {
        "was": was,
        "listed": listed,
        "here": HERE,
        "purposes": sorted(PURPOSES),
        "filled": form,
        "untyped": Form(),
        "faulty": issues,
    }
