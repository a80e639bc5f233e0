"""Export abroad: where data may leave to, whose have this year, and what is asked for more."""

from datetime import date
from typing import Final, get_args

from xinglin.capabilities.watching.operations import exporting
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.egress import Ground, Persons, in_force
from xinglin.store import egress
from xinglin.store.door import UnitOfWork
from xinglin.web.format import today
from xinglin.web.view import Form, Redirect, Rejected, View

PATH: Final = "/security/export"
TITLE: Final = Text("数据出境", "Export abroad")
GROUNDS: Final[tuple[Ground, ...]] = get_args(Ground)
NOBODY: Final = Persons(0, 0)


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the list with its counters, and the form of a new destination."""
    return await _view(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """List a destination, or take one off."""
    try:
        if form["end"]:
            await exporting.end(work, form["end"])
        else:
            await _add(work, form)
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _view(work, form, refused.issues)) from refused
    return Redirect(PATH)


async def _add(work: UnitOfWork, form: Form) -> None:
    ground = next((one for one in GROUNDS if one == form["ground"]), None)
    if ground is None:
        raise OutcomeError(Issue("required", "egress-which-ground", text="Choose the ground of the export."))
    try:
        until = date.fromisoformat(form["until"]) if form["until"].strip() else None
    except ValueError:
        raise OutcomeError(Issue("value", "egress-until", text="Days are written as 2026-11-22.")) from None
    given = {name: form[name].strip() for name in ("name", "country", "number")}
    await exporting.add(work, ground=ground, until=until, **given)


async def _view(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    day = today(work.now)
    counted = await egress.counts(work.executor, work.now.year)
    rows = [
        {
            "one": one,
            "persons": counted.get(one.id, NOBODY),
            "state": "ended" if one.ended else "expired" if one.until is not None and one.until < day else "running",
        }
        for one in await egress.listed(work.executor)
    ]
    values = {
        "rows": rows,
        "year": work.now.year,
        "total": counted.get(egress.ALL, NOBODY),
        "limits": in_force(day),
        "grounds": GROUNDS,
        "filled": form,
        "issues": issues,
    }
    return View("watching/export.html", values, status=422 if issues else 200)
