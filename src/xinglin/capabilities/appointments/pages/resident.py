"""The resident's pages: institution, department, doctor and day, number; then the ticket with its place in line."""

from datetime import timedelta
from typing import Any

import segno

from xinglin.capabilities.appointments import contract
from xinglin.capabilities.appointments.contract import CheckIn, Hold, HoldNext, One
from xinglin.capabilities.appointments.operations import fees, policies, queue, reading
from xinglin.capabilities.appointments.pages import shown
from xinglin.capabilities.appointments.rules import shapes
from xinglin.capabilities.appointments.rules.queues import standing
from xinglin.capabilities.appointments.rules.shapes import Booking
from xinglin.capabilities.billing.contract import OWN as BILLS
from xinglin.care.booking import Policy
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.tables.codes import by_code
from xinglin.web.asking import ask
from xinglin.web.view import Form, Redirect, Rejected, View

_CHANNEL = "phone-page"


async def show(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Lead from the institution to a number; own bookings stand on top."""
    return await _page(work, form, policy)


async def send(work: UnitOfWork, form: Form, *, policy: Policy) -> Redirect:
    """Hold the number that was chosen, or join the waiting list."""
    patient = form["patient"] or (work.principal.patient or "").rpartition("/")[2]
    try:
        made = await _taken(work, form, patient)
    except OutcomeError as refused:
        raise Rejected(await _page(work, form, policy, refused.issues)) from refused
    return Redirect(f"{contract.OWN}/{made}")


async def _taken(work: UnitOfWork, form: Form, patient: str) -> str:
    if form["act"] == "wait":
        return await work.fhir.operate(contract.WAIT, HoldNext(form["session"], patient, _CHANNEL))
    if not form["number"]:
        raise OutcomeError(Issue("required", "time-missing", "number", "Choose a time first."))
    return await work.fhir.operate(contract.HOLD, Hold(form["number"], patient, _CHANNEL))


async def _page(work: UnitOfWork, form: Form, policy: Policy, issues: tuple[Issue, ...] = ()) -> View:
    values: dict[str, Any] = {"path": contract.OWN, "issues": issues, "step": 1, "q": form["q"][:40]}
    if form["session"]:
        values |= await _numbers(work, form, policy)
    elif form["org"]:
        values |= await _departments(work, form, policy)
    else:
        values |= await _where(work, form)
        values["mine"] = await shown.own(work, policy, form.language)
    return View("appointments/booking.html", values, status=422 if issues else 200)


async def _where(work: UnitOfWork, form: Form) -> dict[str, Any]:
    """Give the institutions to choose from; those with the department that was advised (`triage`), if there are any."""
    sought, code = form["q"].strip()[:40], form["department"] or form["dep"]
    advised = by_code(shapes.DEPARTMENT).get(code)
    found = await _institutions(work, sought, advised.code) if advised is not None else []
    return {
        "institutions": found or await _institutions(work, sought),
        "dep": advised.code if advised is not None else "",
        "dep_name": advised.name if advised is not None else "",
        "dep_there": bool(found),
    }


async def _institutions(work: UnitOfWork, sought: str, department: str = "") -> list[dict[str, str]]:
    """Give institutions with consulting rooms that have sessions, of a department."""
    by = "_has:Location:organization:_has:Schedule:actor"
    pairs = [(f"{by}:_profile", contract.SESSION.url), ("_count", "50")]
    pairs += [("name:contains", sought)] if sought else []
    pairs += [(f"{by}:service-type", f"{shapes.DEPARTMENT}|{department}")] if department else []
    page = await ask(work, "Organization", *pairs, ("_sort", "name"))
    documents = [document_of(row.body()) for row in page.matches]
    return [{"id": one["id"], "name": one.get("name", one["id"]), "place": _address(one)} for one in documents]


def _address(one: dict[str, Any]) -> str:
    address = (one.get("address") or [{}])[0]
    return str(address.get("text") or "".join((address.get("city", ""), address.get("district", ""))))


async def _departments(work: UnitOfWork, form: Form, policy: Policy) -> dict[str, Any]:
    policy = await policies.of(work, f"Organization/{form['org']}", policy)
    first = shown.today(work, policy)
    days = [first + timedelta(days=one) for one in range(policy.days_ahead + 1)]
    found = await shown.sessions(
        work, policy, ("actor:Location.organization", f"Organization/{form['org']}"), since=first, until=days[-1]
    )
    found = [one for one in found if one.end > work.now and one.state != "ended"]
    departments = {one.department: one.department_name for one in found}
    organization = document_of((await work.fhir.read("Organization", form["org"])).body())
    chosen = form["dep"] if form["dep"] in departments else ""
    values: dict[str, Any] = {
        "step": 2,
        "org": form["org"],
        "org_name": organization.get("name", ""),
        "departments": sorted(departments.items()),
        "dep": chosen,
        "dep_name": departments.get(chosen, ""),
    }
    if not chosen:
        return values
    in_department = [shown.session(one, form.language, policy) for one in found if one.department == chosen]
    with_days = sorted({one["day"] for one in in_department})
    day = form["day"] if form["day"] in with_days else with_days[0]
    cards = [one for one in in_department if one["day"] == day]
    left = await shown.left(work, [one["id"] for one in cards if one["open"]])
    return values | {
        "step": 3,
        "days": [(one, next(card["weekday"] for card in in_department if card["day"] == one)) for one in with_days],
        "day": day,
        "sessions": [one | {"left": left.get(one["id"], 0)} for one in cards],
    }


async def _numbers(work: UnitOfWork, form: Form, policy: Policy) -> dict[str, Any]:
    session = await reading.session(work, form["session"])
    policy = await policies.of(work, session.organization, policy)
    numbers = await reading.numbers(work, session.id)
    times = shown.free(numbers, _CHANNEL, work.now, policy) if session.open else []
    mine = work.principal.patients or ((work.principal.patient,) if work.principal.patient else ())
    names = await shown.names(work, mine, whole=True)
    return {
        "step": 4,
        "session": shown.session(session, form.language, policy),
        "organization": session.organization.rpartition("/")[2],
        "numbers": times,
        "some_left": any(count for _, _, count in times),
        "people": [(one.rpartition("/")[2], names.get(one, "")) for one in mine],
        "patient": form["patient"] or (mine[0].rpartition("/")[2] if mine else ""),
        "number": form["number"],
        "hold_minutes": policy.hold_minutes,
        "log": contract.LOG.replace("{id}", session.id),
    }


async def show_ticket(work: UnitOfWork, form: Form, *, policy: Policy) -> View:
    """Show one booking: what to do next, the QR, the place in line."""
    return await _ticket(work, form, policy)


async def send_ticket(work: UnitOfWork, form: Form, *, policy: Policy) -> Redirect:
    """Confirm, give back, or check in."""
    id = form["id"]
    try:
        await _act(work, id, form)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _ticket(work, form, policy, refused.issues)) from refused
    return Redirect(f"{contract.OWN}/{id}?done={form['act']}")


async def _act(work: UnitOfWork, id: str, form: Form) -> None:
    match form["act"]:
        case "confirm":
            await work.fhir.operate(contract.CONFIRM, One(id))
        case "give-back":
            await work.fhir.operate(contract.GIVE_BACK, One(id))
        case "check-in":
            await work.fhir.operate(contract.CHECK_IN, CheckIn(id, form["place"]))
        case _:
            raise OutcomeError(Issue("value", "booking-act", "act", "There is no such act."))


async def _ticket(work: UnitOfWork, form: Form, policy: Policy, issues: tuple[Issue, ...] = ()) -> View:
    found = await reading.within_reach(work, form["id"])
    session = await reading.session(work, found.session)
    policy = await policies.of(work, session.organization, policy)
    values: dict[str, Any] = {
        "one": shown.mine(found, session, form.language, policy),
        "path": f"{contract.OWN}/{found.id}",
        "list": contract.OWN,
        "issues": issues,
        "done": form["done"] if form["done"] in {"confirm", "give-back", "check-in"} else "",
        "log": contract.LOG.replace("{id}", session.id),
        "seconds": max(int((found.until - work.now).total_seconds()), 0) if found.until else 0,
        "name": (await shown.names(work, [found.patient], whole=True)).get(found.patient, ""),
        "moved": shapes.found(found.document, "moved-to").get("valueReference", {}).get("reference", "")[12:],
        "reason": (found.document.get("cancelationReason") or {}).get("coding", [{}])[0].get("code", ""),
        "policy": policy,
        "today": session.start.astimezone(shapes.zone(policy)).date() == shown.today(work, policy),
        "place": form["place"][:8],
        "bill": bill_link(found),
        "picture": "",
        "turn": None,
        "error": None,
    }
    if found.status == "booked":
        values["picture"] = segno.make(f"XL-BOOKING:{found.id}", error="m").svg_data_uri(
            scale=6, border=2, dark="#000", light="#fff"
        )
    if found.status == "arrived":
        turns = (await queue.queue_of(work, session, policy)).standing
        own = next((one for one in turns.line if one.booking.id == found.id), None)
        values |= {"turn": own, "error": turns.error}
    return View(
        "appointments/ticket.html",
        values,
        block="ticket",
        status=422 if issues else 200,
        live=(contract.topic(session.id),),
    )


def bill_link(found: Booking) -> str:
    """Give where the fee of a booking is paid; empty when there is none."""
    bill, _ = fees.bill_of(found)
    return f"{BILLS}/{bill}" if bill else ""


async def card(work: UnitOfWork, form: Form, *, policy: Policy) -> View | None:
    """Say today's matter on the start page: the next booking, with its place in line."""
    found = await shown.own(work, policy, form.language)
    if not found:
        return None
    first = found[0]
    turn = None
    if first["status"] == "arrived":
        session = await reading.session(work, first["session"]["id"])
        bookings = await reading.bookings(work, session.id, "arrived", "fulfilled")
        line = standing(bookings, session, work.now, policy).line
        turn = next((one for one in line if one.booking.id == first["id"]), None)
    return View("appointments/card.html", {"one": first, "turn": turn, "path": contract.OWN})
