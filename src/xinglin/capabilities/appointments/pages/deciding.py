"""The page on which an institution decides about its numbers."""

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.operations import policies
from xinglin.capabilities.appointments.rules.policies import BOUNDS, values
from xinglin.care.booking import Policy
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, Rejected, View


async def show(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Show what holds now."""
    return await _page(work, form, policy)


async def send(work: UnitOfWork, form: Form, *, policy: Policy) -> Redirect:
    """Decide anew."""
    own = (work.principal.organization or "").rpartition("/")[2]
    said = tuple(f"{name}={form[name].strip()}" for name in BOUNDS)
    try:
        await work.fhir.operate(contract.DECIDE, contract.Decided(own, said))
    except OutcomeError as refused:
        raise Rejected(await _page(work, form, policy, refused.issues)) from refused
    return Redirect(f"{contract.RULES}?done=1")


async def _page(work: UnitOfWork, form: Form, policy: Policy, issues: tuple[Issue, ...] = ()) -> View:
    holds = values(await policies.of(work, work.principal.organization or "", policy))
    wrong = {issue.where for issue in issues}
    fields = [
        {
            "name": name,
            "value": form[name] if issues else holds[name],
            "least": least,
            "most": most,
            "wrong": name in wrong,
        }
        for name, (least, most) in BOUNDS.items()
    ]
    shown = {"path": contract.RULES, "fields": fields, "issues": issues, "done": bool(form["done"])}
    return View("appointments/rules.html", shown, status=422 if issues else 200)
