"""The pharmacists' queue, ordered by risk, and the review of one prescription."""

from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import Reviewing
from xinglin.capabilities.prescriptions.operations.deciding import reviewer, waiting_for
from xinglin.capabilities.prescriptions.pages import shown
from xinglin.capabilities.prescriptions.rules.writing import PRIORITIES
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web import cards
from xinglin.web import format as show_as
from xinglin.web.asking import ask, count
from xinglin.web.banner import banner_of
from xinglin.web.cards import Figure
from xinglin.web.cells import named
from xinglin.web.view import Form, Redirect, Rejected, View

MOST: Final = 50
KIND: Final = f"{contract.REVIEWS.system}|{contract.REVIEW}"
TONES: Final = {"stat": "danger", "asap": "danger", "urgent": "warning", "routine": "neutral"}
WAITING: Final = Text("待审核处方", "Prescriptions to review")


@cites("R3-052")
async def show(work: UnitOfWork, form: Form) -> View:
    """Show what waits: the riskiest first, within a risk the longest waiting."""
    waiting: list[dict[str, Any]] = []
    people: dict[str, str] = {}
    for priority in PRIORITIES:
        if len(waiting) >= MOST:
            break
        page = await ask(work, "Task", *_asked(work), ("priority", priority), ("_sort", "authored-on"),
                         ("_include", "Task:patient"), ("_count", str(MOST)))  # fmt: skip
        people |= {f"Patient/{row.id}": named(document_of(row.body())) for row in page.included}
        waiting += [
            _waiting(codec.decode(row.body(), "Task"), priority, people, form, work.now) for row in page.matches
        ]
    return View(
        "prescriptions/queue.html",
        {"waiting": waiting[:MOST], "path": contract.QUEUE, "total": await count(work, "Task", *_asked(work))},
        block="queue",
        live=(contract.queue_topic(work.principal.organization or "Organization/none"),),
    )


def _asked(work: UnitOfWork) -> tuple[tuple[str, str], ...]:
    owner = work.principal.organization or "Organization/none"
    return (("code", KIND), ("owner", owner), ("status", "requested"))


def _waiting(task: Any, priority: str, people: dict[str, str], form: Form, now: datetime) -> dict[str, Any]:
    found = shown.findings_of(task, form.language)
    since = datetime.fromisoformat(task.authoredOn) if task.authoredOn else now
    of = task.for_.reference if task.for_ is not None else ""
    return {
        "href": f"{contract.QUEUE}/{(task.focus.reference or '').removeprefix('RequestGroup/')}",
        "name": people.get(of, ""),
        "doctor": (task.requester.display or "") if task.requester is not None else "",
        "number": (task.groupIdentifier.value or "") if task.groupIdentifier is not None else "",
        "priority": priority,
        "tone": TONES[priority],
        "minutes": max(0, int((now - since).total_seconds() // 60)),
        "findings": [one for one in found if one.weight != "note"][:3],
        "more": max(0, len([one for one in found if one.weight != "note"]) - 3),
    }


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one prescription with what the machine found, and the form of the decision."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Decide and sign."""
    given = Reviewing(
        form["id"],
        form["outcome"],
        tuple(dict.fromkeys(one for one in form.all("reason") if one)) if form["outcome"] != "pass" else (),
        tuple(dict.fromkeys(form.all("checked"))),
        form["note"].strip()[:2000],
    )
    try:
        await work.fhir.operate(contract.DECIDE, given)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(contract.QUEUE)


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    waiting = await waiting_for(work, form["id"])
    if waiting is None:
        raise OutcomeError(not_found("RequestGroup", form["id"]))
    task: Any = codec.decode(waiting.body(), "Task")
    one = await shown.read(work, form["id"], form.language)
    open_ = task.status == "requested" and one.state == "review-pending"
    if open_ and not issues:
        issues = await reviewer(work, task.owner.reference, one.author)
    return View(
        "prescriptions/review.html",
        {
            "one": one,
            "banner": await banner_of(work, one.patient, form.language),
            "open": open_,
            "state": show_as.said(contract.STATES.codes[one.state], form.language),
            "tone": shown.TONES.get(one.state, "info"),
            "findings": one.review.findings if one.review is not None else (),
            "checks": [(code, show_as.said(text, form.language)) for code, text in contract.CHECKS.codes.items()],
            "groups": _groups(form),
            "checked": set(form.all("checked")),
            "chosen": set(form.all("reason")),
            "outcome": form["outcome"],
            "note": form["note"],
            "issues": issues,
            "step_up": any(each.key == "step-up" for each in issues),
            "path": f"{contract.QUEUE}/{form['id']}",
            "queue": contract.QUEUE,
            "who": work.principal.display,
        },
    )


def _groups(form: Form) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give the reasons by their group."""
    found: dict[str, list[tuple[str, str]]] = {"1": [], "2": [], "3": []}
    for code, text in contract.REASONS.codes.items():
        found[code[0]].append((code, f"{code} {show_as.said(text, form.language)}"))
    return [
        (f"prescriptions.group.{group}", listed)
        for group, listed in (("2", found["2"]), ("1", found["1"]), ("3", found["3"]))
    ]


async def badge(work: UnitOfWork) -> int:
    """Count what waits for the institution's pharmacists."""
    return await count(work, "Task", *_asked(work))


async def card(work: UnitOfWork, _form: Form) -> View | None:
    """Say on the start page what waits; no card when nothing does."""
    waiting = await count(work, "Task", *_asked(work))
    return cards.figures((Figure(WAITING, waiting, contract.QUEUE),)) if waiting else None
