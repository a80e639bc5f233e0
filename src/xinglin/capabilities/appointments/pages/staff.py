"""Sessions and queues of staff: the consulting room, the desk of the institution, the plan of sessions."""

from datetime import timedelta
from typing import Any, Final

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.contract import Call, CheckIn, HoldNext, One
from xinglin.capabilities.appointments.operations import policies, queue, reading
from xinglin.capabilities.appointments.pages import shown
from xinglin.capabilities.appointments.rules.shapes import Session
from xinglin.care.booking import Policy
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import ask
from xinglin.web.view import Form, Redirect, Rejected, View

_ACTS: Final = {"pass": contract.PASS, "recall": contract.RECALL, "done": contract.DONE}
_TICKET: Final = "XL-BOOKING:"


async def _mine(work: UnitOfWork, policy: Policy, days: int, *, whole: bool) -> list[Session]:
    """Find the sessions of the physician; or of the institution, for its desk."""
    who = work.principal
    first = shown.today(work, policy)
    last = first + timedelta(days=days)
    if whole and who.organization is not None:
        pairs = (("actor:Location.organization", who.organization),)
    elif who.practitioner is not None:
        pairs = (("actor", who.practitioner),)
    else:
        return []
    return await shown.sessions(work, policy, *pairs, since=first, until=last)


# -- the queue --------------------------------------------------------------------------------------------------------


async def show_queue(work: UnitOfWork, form: Form, *, policy: Policy, path: str, whole: bool) -> View:
    """Show today's sessions and the queue of the one that is chosen."""
    return await _queue(work, form, policy, path, whole=whole)


async def send_queue(work: UnitOfWork, form: Form, *, policy: Policy, path: str, whole: bool) -> Redirect:
    """Call, pass, call again, finish, check somebody in, add a number."""
    try:
        await _act(work, form)
    except OutcomeError as refused:
        raise Rejected(await _queue(work, form, policy, path, refused.issues, whole=whole)) from refused
    return Redirect(f"{path}?session={form['session']}")


async def _act(work: UnitOfWork, form: Form) -> None:
    act = form["act"]
    if act == "call":
        await work.fhir.operate(contract.CALL, Call(form["session"], form["booking"]))
    elif act == "check-in":
        await work.fhir.operate(contract.CHECK_IN, CheckIn(form["ticket"].strip().removeprefix(_TICKET)))
    elif act == "overbook":
        patient = await work.fhir.operate(contract.IDENTIFY, contract.Person(form["name"], form["number"]))
        await work.fhir.operate(contract.OVERBOOK, contract.Overbook(form["session"], patient, form["reason"]))
    elif act in _ACTS:
        await work.fhir.operate(_ACTS[act], One(form["booking"]))
    else:
        raise OutcomeError(Issue("value", "booking-act", "act", "There is no such act."))


async def _queue(
    work: UnitOfWork, form: Form, policy: Policy, path: str, issues: tuple[Issue, ...] = (), *, whole: bool
) -> View:
    sessions = await _mine(work, policy, 0, whole=whole)
    chosen = next((one for one in sessions if one.id == form["session"]), None)
    chosen = chosen or next((one for one in sessions if one.open and one.end > work.now), None)
    chosen = chosen or (sessions[-1] if sessions else None)
    values: dict[str, Any] = {
        "path": path,
        "issues": issues,
        "sessions": [shown.session(one, form.language, policy) for one in sessions],
        "session": None,
        "desk": whole,
        "filled": {name: form[name][:80] for name in ("name", "number", "reason")},
    }
    if chosen is None:
        return View("appointments/queue.html", values, block="queue", status=422 if issues else 200)
    standing = (await queue.queue_of(work, chosen, policy)).standing
    names = await shown.names(work, shown.patients(standing), whole=True)
    booked = await reading.bookings(work, chosen.id, "booked")
    coming = await shown.names(work, [one.patient for one in booked], whole=True)
    values |= {
        "session": shown.session(chosen, form.language, policy),
        "line": [shown.turn(one, names) for one in standing.line],
        "inside": shown.somebody(standing.inside, names),
        "passed": [shown.somebody(one, names) for one in standing.passed],
        "done": standing.done,
        "error": standing.error,
        "coming": [
            {"id": one.id, "number": one.number, "name": coming.get(one.patient, "")}
            for one in sorted(booked, key=lambda one: one.number)
        ],
        "screen": contract.SCREEN.replace("{id}", chosen.room.rpartition("/")[2]),
    }
    return View(
        "appointments/queue.html",
        values,
        block="queue",
        status=422 if issues else 200,
        live=(contract.topic(chosen.id),),
    )


# -- sessions of a physician ------------------------------------------------------------------------------------------


async def show_sessions(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """List the physician's sessions of the next days, with what is booked."""
    return await _sessions(work, form, policy)


async def send_sessions(work: UnitOfWork, form: Form, *, policy: Policy) -> Redirect:
    """Stop a session."""
    try:
        came = await work.fhir.operate(contract.STOP, contract.Stop(form["session"], form["reason"]))
    except OutcomeError as refused:
        raise Rejected(await _sessions(work, form, policy, refused.issues)) from refused
    return Redirect(f"{contract.SESSIONS}?moved={came.moved}&ended={came.ended}&call={came.to_call}")


async def _sessions(work: UnitOfWork, form: Form, policy: Policy, issues: tuple[Issue, ...] = ()) -> View:
    policy = await policies.of(work, work.principal.organization or "", policy)
    found = await _mine(work, policy, policy.days_ahead, whole=False)
    rows = []
    for one in found:
        numbers = await reading.numbers(work, one.id)
        rows.append(
            shown.session(one, form.language, policy)
            | {"all": len(numbers), "left": sum(number.status == "free" for number in numbers)}
        )
    values = {
        "rows": rows,
        "issues": issues,
        "path": contract.SESSIONS,
        "queue": contract.QUEUE,
        "asked": form["session"] if form["session"] in {one["id"] for one in rows} else "",
        "reason": form["reason"],
        "came": {name: form[name] for name in ("moved", "ended", "call")} if form["moved"].isdecimal() else None,
    }
    return View("appointments/sessions.html", values, status=422 if issues else 200)


# -- the desk and the telephone ---------------------------------------------------------------------------------------


async def show_desk(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Book for somebody without a telephone, at the window or on the line; whom to call about stopped sessions."""
    return await _desk(work, form, policy)


async def send_desk(work: UnitOfWork, form: Form, *, policy: Policy) -> Redirect:
    """Find the person by the paper, and book, queue, or note that somebody was called."""
    try:
        return Redirect(await _at_desk(work, form))
    except OutcomeError as refused:
        raise Rejected(await _desk(work, form, policy, refused.issues)) from refused


async def _at_desk(work: UnitOfWork, form: Form) -> str:
    if form["act"] == "called":
        await work.fhir.patch(lambda task: task | {"status": "completed"}, type="Task", id=form["task"])
        return f"{contract.DESK_PAGE}?done=called"
    patient = await work.fhir.operate(contract.IDENTIFY, contract.Person(form["name"], form["number"]))
    match form["act"]:
        case "book":
            channel = "operator" if form["channel"] == "operator" else "desk"
            made = await work.fhir.operate(contract.HOLD_NEXT, HoldNext(form["session"], patient, channel))
            await work.fhir.operate(contract.CONFIRM, One(made))
        case "walk-in" | "referred":
            made = await work.fhir.operate(contract.WALK_IN, contract.WalkIn(form["session"], patient, form["act"]))
        case _:
            raise OutcomeError(Issue("value", "booking-act", "act", "There is no such act."))
    return f"{contract.DESK_PAGE}?done={form['act']}&made={made}"


async def _desk(work: UnitOfWork, form: Form, policy: Policy, issues: tuple[Issue, ...] = ()) -> View:
    policy = await policies.of(work, work.principal.organization or "", policy)
    found = [one for one in await _mine(work, policy, policy.days_ahead, whole=True) if one.open and one.end > work.now]
    departments = sorted({one.department: one.department_name for one in found}.items())
    asked = form["dep"] or form["department"]
    dep = asked if asked in dict(departments) else (departments[0][0] if departments else "")
    chosen = [one for one in found if one.department == dep]
    left = await shown.left(work, [one.id for one in chosen])
    values: dict[str, Any] = {
        "path": contract.DESK_PAGE,
        "issues": issues,
        "departments": departments,
        "dep": dep,
        "sessions": [shown.session(one, form.language, policy) | {"left": left[one.id]} for one in chosen],
        "filled": {name: form[name] for name in ("name", "number", "session", "channel")},
        "done": form["done"] if form["done"] in {"book", "walk-in", "referred", "called"} else "",
        "calls": await _calls(work),
        "made": None,
    }
    if form["made"] and form["done"] in {"book", "walk-in", "referred"}:
        made = await reading.within_reach(work, form["made"])
        session = await reading.session(work, made.session)
        values["made"] = shown.mine(made, session, form.language, policy)
    return View("appointments/desk.html", values, status=422 if issues else 200)


async def _calls(work: UnitOfWork) -> list[dict[str, Any]]:
    """Give whom the desk has to call because a session was stopped."""
    page = await ask(
        work,
        "Task",
        ("code", f"{contract.TASKS.system}|booking-call"),
        ("status", "requested"),
        ("owner", work.principal.organization or "Organization/none"),
        ("_sort", "authored-on"),
        ("_count", "50"),
    )
    tasks = [document_of(row.body()) for row in page.matches]
    asked = sorted({one["for"]["reference"].rpartition("/")[2] for one in tasks})
    people = {}
    if asked:
        found = await work.platform.find("Patient", _id=",".join(asked), _count=str(len(asked)))
        people = {f"Patient/{row.id}": document_of(row.body()) for row in found.matches}
    names = await shown.names(work, [one["for"]["reference"] for one in tasks], whole=True)
    return [
        {
            "id": one["id"],
            "name": names.get(one["for"]["reference"], ""),
            "phone": _phone(people.get(one["for"]["reference"], {})),
            "reason": one.get("description", ""),
        }
        for one in tasks
    ]


def _phone(patient: dict[str, Any]) -> str:
    return next((one.get("value", "") for one in patient.get("telecom") or () if one.get("system") == "phone"), "")


# -- planning ---------------------------------------------------------------------------------------------------------


async def show_planning(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Show the sessions of the institution, and the button that makes them of the rosters."""
    return await _planning(work, form, policy)


async def send_planning(work: UnitOfWork, form: Form, *, policy: Policy) -> Redirect:
    """Make the sessions of the next days."""
    organization = (work.principal.organization or "").rpartition("/")[2]
    try:
        ahead = (await policies.of(work, work.principal.organization or "", policy)).days_ahead
        given = contract.MakeSessions(organization, days=ahead + 1)
        made = await work.fhir.operate(contract.MAKE, given)
    except OutcomeError as refused:
        raise Rejected(await _planning(work, form, policy, refused.issues)) from refused
    said = f"sessions={made.sessions}&numbers={made.numbers}&there={made.there}&overlapping={made.overlapping}"
    return Redirect(f"{contract.PLANNING}?{said}")


async def _planning(work: UnitOfWork, form: Form, policy: Policy, issues: tuple[Issue, ...] = ()) -> View:
    policy = await policies.of(work, work.principal.organization or "", policy)
    found = await _mine(work, policy, policy.days_ahead, whole=True)
    days: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        card = shown.session(one, form.language, policy)
        days.setdefault(card["day"], []).append(card)
    made = {name: form[name] for name in ("sessions", "numbers", "there", "overlapping")}
    values = {
        "path": contract.PLANNING,
        "issues": issues,
        "days": days,
        "ahead": policy.days_ahead + 1,
        "made": made if made["sessions"].isdecimal() else None,
    }
    return View("appointments/planning.html", values, status=422 if issues else 200)
