"""Apps and systems that ask to be let in, and those that were: approve, refuse, disable."""

from typing import Final, get_args

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.purposes import PURPOSES
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import apps
from xinglin.store.identity.clients import State
from xinglin.web.view import Form, Redirect, Rejected, View

STATES: Final[tuple[State, ...]] = get_args(State)
LIST: Final = "/security/apps"


async def show(work: UnitOfWork, form: Form) -> View:
    """List registrations in a state; those that wait unless another is asked for."""
    return await _view(work, form, form["state"], ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Decide over one."""
    try:
        await _decide(work, form)
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _view(work, form, form["was"], refused.issues)) from refused
    return Redirect(f"{LIST}?state={form['was']}" if form["was"] in STATES else LIST)


async def _decide(work: UnitOfWork, form: Form) -> None:
    decided = next((one for one in STATES if one == form["decision"] and one != "asked"), None)
    if decided is None:
        raise OutcomeError(Issue("value", "app-decision", text="Approve, refuse or disable."))
    if decided != "approved" and not form["reason"].strip():
        raise OutcomeError(Issue("required", "app-reason", text="Say why."))
    organization = form["organization"].strip().removeprefix("Organization/")
    await apps.decide(
        work,
        form["client"],
        decided,
        reason=form["reason"].strip()[:500],
        scopes=" ".join(form["scopes"].split()) or None,
        organization=f"Organization/{organization}" if organization else None,
        purpose=form["purpose"] if form["purpose"] in PURPOSES else None,
    )


async def _view(work: UnitOfWork, form: Form, asked: str, issues: tuple[Issue, ...]) -> View:
    state: State = next((one for one in STATES if one == asked), "asked")
    return View(
        "watching/apps.html",
        {
            "clients": await apps.listed(work, state),
            "state": state,
            "states": STATES,
            "purposes": sorted(PURPOSES),
            "filled": form,
            "untyped": Form(),
            "issues": issues,
        },
        status=422 if issues else 200,
    )
