"""The flow: what is the matter, one question at a time, then where to go; a red flag stops it."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.triage.contract import DESK, KEEP, OWN, Keeping
from xinglin.capabilities.triage.pages import shown
from xinglin.capabilities.triage.pages.state import COUNTIES, State, people_of, state_of, with_person
from xinglin.capabilities.triage.queries import emergencies, offered
from xinglin.capabilities.triage.rules import advise, refusals
from xinglin.care.triage import Advice, asking, knowledge
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.principal import ANONYMOUS
from xinglin.store.door import UnitOfWork
from xinglin.web.format import said
from xinglin.web.view import Form, Redirect, Rejected, View

MOST: Final = asking.MOST


async def show(work: UnitOfWork, form: Form) -> View:
    """Begin: the picture of the body, the symptoms by region, and a box for own words."""
    return await _begin(work, State(patient=form["patient"]), form, ())


async def send(work: UnitOfWork, form: Form) -> View | Redirect:
    """Take the next step."""
    try:
        state = state_of(form)
    except OutcomeError as refused:
        raise Rejected(await _begin(work, State(text=form["text"]), form, refused.issues)) from refused
    state, people = await with_person(work, state)
    issues = refusals(state.asked()) or _empty(state)
    if form["act"] == "change" or issues:
        return await _begin(work, state, form, () if form["act"] == "change" else issues)
    state = state.with_answer(form["answer"])
    advice = advise(state.asked())
    if advice.flags:
        return await _danger(work, form, state, advice)
    if form["act"] == "keep" and state.screened and state.patient in people_of(work):
        return Redirect(f"{OWN}/{await _keep(work, state, continued=False)}")
    if not state.screened or form["act"] == "some":
        # Words can be misunderstood: everybody is asked for the danger signs by name before any advice is given.
        signs = [(code, said(text, form.language)) for code, text in knowledge.screen().items()]
        return View(
            "triage/screen.html", _values(work, state, people) | {"signs": signs, "unticked": form["act"] == "some"}
        )
    fact = _question(state, advice) if form["act"] != "finish" else ""
    if fact:
        return View(
            "triage/question.html",
            _values(work, state, people)
            | {
                "fact": fact,
                "question": knowledge.questions()[fact],
                "place": state.answers + 1,
                "most": MOST,
                "heard": shown.heard(advice.facts, form.language),
            },
        )
    return await _result(work, form, state, advice)


async def _begin(work: UnitOfWork, state: State, form: Form, issues: tuple[Issue, ...]) -> View:
    state, people = await with_person(work, state)
    own = state.patient in people_of(work)
    return View(
        "triage/begin.html",
        _values(work, replace(state, age="", unit="years", sex="") if own else state, people)
        | {
            "regions": shown.regions(form.language, state.yes),
            "counties": [(code, zh if form.language == "zh" else en or zh) for code, zh, en in COUNTIES],
            "issues": issues,
            "known": own,
        },
        status=422 if issues else 200,
    )


async def _danger(work: UnitOfWork, form: Form, state: State, advice: Advice) -> View:
    """Show the warning; whoever goes on in spite of it confirms, and of a known person it is written down."""
    confirmed = form["act"] == "continue" and form["understood"] == "yes"
    kept = ""
    if confirmed and state.patient in people_of(work):
        kept = await _keep(work, state, continued=True)
    places = [one for one in advice.departments if one.code != "20"]
    return View(
        "triage/danger.html",
        _values(work, state, ())
        | {
            "flags": [shown.reason(one, form.language) for one in advice.flags],
            "places": await emergencies(work, state.county),
            "heard": shown.heard(advice.facts, form.language),
            "confirmed": confirmed,
            "unconfirmed": form["act"] == "continue" and not confirmed,
            "departments": [shown.department(one, form.language) for one in places],
            "kept": kept,
            "suicide": any(one.code == "suicide" for one in advice.flags),
        },
    )


async def _result(work: UnitOfWork, form: Form, state: State, advice: Advice) -> View:
    rows = []
    for one in advice.departments:
        code, places = await offered(work, one.code, one.otherwise, state.county)
        rows.append(shown.department(one, form.language) | {"at": code, "places": places})
    return View(
        "triage/result.html",
        _values(work, state, ())
        | {
            "urgency": advice.urgency,
            "causes": [shown.reason(one, form.language) for one in advice.causes],
            "departments": rows,
            "bring": [knowledge.things()[code] for code in advice.bring],
            "heard": shown.heard(advice.facts, form.language),
            "savable": state.patient in people_of(work),
        },
    )


async def _keep(work: UnitOfWork, state: State, *, continued: bool) -> str:
    given = Keeping(state.patient, state.text, state.yes, state.no, state.age_days, state.sex, continued)
    return await work.fhir.operate(KEEP, given)


def _question(state: State, advice: Advice) -> str:
    """Give the next fact to ask; empty when enough was asked, or nothing would change."""
    if state.answers >= MOST:
        return ""
    passed = {*state.skipped, *state.no, *knowledge.screen()}
    return next((fact for fact in asking.questions(advice.facts) if fact not in passed), "")


def _empty(state: State) -> tuple[Issue, ...]:
    if state.text or state.yes:
        return ()
    return (Issue("required", "triage-empty", text="Say or choose what is the matter."),)


def _values(work: UnitOfWork, state: State, people: tuple[tuple[str, str], ...]) -> dict[str, object]:
    desk = bool(work.principal.roles & {"receptionist", "nurse"})
    guest = bool(work.principal.roles & ANONYMOUS.roles)
    return {"state": state, "people": people, "path": DESK if desk else OWN, "desk": desk, "guest": guest}
