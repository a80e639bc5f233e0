"""Emergency accesses that wait for review, with their last day, what was looked at, and the result."""

from urllib.parse import urlencode

from xinglin.capabilities.access.contract import REVIEW, REVIEWS, Review
from xinglin.capabilities.watching.pages import shown
from xinglin.capabilities.watching.queries import people_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, Rejected, View

LIST = "/security/reviews"
ALL = "all"


async def show(work: UnitOfWork, form: Form) -> View:
    """List emergency accesses; those that wait unless another state is asked for."""
    return await _view(work, form, form["state"], ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Write down a review."""
    try:
        await work.fhir.operate(REVIEW, Review(form["task"], form["outcome"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _view(work, form, "awaiting", refused.issues)) from refused
    return Redirect(f"{LIST}?state=awaiting")


async def _view(work: UnitOfWork, form: Form, asked: str, issues: tuple[Issue, ...]) -> View:
    state = asked if asked in {*REVIEWS.codes, ALL} else "awaiting"
    token = "" if issues else form[TOKEN]
    page = await shown.reviews(work, "" if state == ALL else state, token)
    rows = [await shown.review_row(work, shown.task_of(row)) for row in page.matches]
    work.note("reviews-shown", type="Task")
    return View(
        "watching/reviews.html",
        {
            "rows": rows,
            "people": await people_of(work, (note["by"] for row in rows for note in row["notes"])),
            "state": state,
            "states": (*REVIEWS.codes, ALL),
            "total": page.total,
            "first": f"{LIST}?{urlencode({'state': state})}" if token else "",
            "next": f"{LIST}?{urlencode({'state': state, TOKEN: page.next_token})}" if page.next_token else "",
            "filled": form,
            "issues": issues,
        },
        status=422 if issues else 200,
    )
