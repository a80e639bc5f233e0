"""The resident's page: choose who fills a prescription and how, then follow it."""

from dataclasses import dataclass
from typing import Any, Final

import segno

from xinglin.capabilities.billing.contract import OWN
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Choosing, Keyed, One
from xinglin.capabilities.pharmacy.operations import offering, reading
from xinglin.capabilities.pharmacy.operations.supplying import BEFORE_DISPENSING
from xinglin.capabilities.pharmacy.rules import sheets, supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.care.dispensing import ORDERS
from xinglin.care.money import yuan
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.view import Form, Redirect, Rejected, View

Json = dict[str, Any]
# What a resident sees of the way of a prescription, and which states lie before each step.
STEPS: Final = {
    "picked-up": ("claimed", "pharmacy-reviewed", "paid", "dispensed", "closed"),
    "sent": ("claimed", "pharmacy-reviewed", "paid", "dispensed", "delivering", "delivered"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A pharmacy as it is offered. ways: code and words."""

    id: str
    name: str
    km: str
    price: str
    stock: str
    missing: tuple[str, ...]
    ways: tuple[tuple[str, str], ...]


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the choice, or how far it is."""
    return await _page(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Choose a pharmacy, or take the choice back."""
    try:
        await _done(work, form)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _page(work, form, refused.issues)) from refused
    return Redirect(f"{contract.SUPPLY}/{form['id']}/supply")


async def _done(work: UnitOfWork, form: Form) -> None:
    if form["act"] == "receive":
        await work.fhir.operate(contract.RECEIVE, Keyed(form["id"], form["key"]))
        return
    pharmacy, _, way = form["choice"].partition(" ")
    if form["act"] == "withdraw":
        await work.fhir.operate(contract.WITHDRAW, Keyed(form["id"], form["key"]))
        return
    if not way:
        raise OutcomeError(Issue("required", "pharmacy-missing", "choice", "Choose a pharmacy and a way first."))
    whom = form["name"][:60], form["phone"][:20], form["address"][:200]
    decocted = form["decocted"] == "yes"
    await work.fhir.operate(contract.CHOOSE, Choosing(form["id"], pharmacy, way, form["key"], *whom, decocted=decocted))


@cites("R3-072", "R3-085")
async def _page(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    header = document_of((await work.fhir.read("RequestGroup", form["id"])).body())
    state = supplies.state_of(header)
    task = await reading.standing(work, form["id"])
    path = f"{contract.SUPPLY}/{form['id']}/supply"
    values: dict[str, Any] = {
        "path": path,
        "issues": issues,
        "key": work.new_id(),
        "number": next((one["value"] for one in header.get("identifier", ())), ""),
        "state": _said(state, form),
        "code": state,
        "until": sheets.value(header, prescriptions.VALID_UNTIL, ""),
        "lines": [
            str(one.get("medicationCodeableConcept", {}).get("text", "")) for one in await reading.lines(work, header)
        ],
        "back": contract.SUPPLY,
    }
    if task is None:
        values |= {"step": "choose"} | (await _offers(work, form, header) if state == "released" else {})
    else:
        values |= {"step": "follow"} | await _followed(work, form, state, task)
    return View(
        "pharmacy/supply.html", values, status=422 if issues else 200, block="supply", live=(_topic(form["id"]),)
    )


def _topic(id: str) -> str:
    return prescriptions.topic(id)


async def _offers(work: UnitOfWork, form: Form, header: Json) -> dict[str, Any]:
    by = next((one for one in ORDERS if one == form["by"]), ORDERS[0])
    lines = await reading.lines(work, header)
    found = await offering.offers(work, header, lines, by)
    places = []
    for one in found.offers:
        missing = offering.missing_names(one, lines)
        stock = "unknown" if one.missing is None else "short" if missing else "full"
        ways = tuple((way, show_as.said(contract.WAYS.codes[way], form.language)) for way in one.ways)
        price = yuan(one.fen) if one.fen is not None else ""
        km = f"{one.km:g}" if one.km is not None else ""
        places.append(Place(one.id, one.name, km, price, stock, missing, ways))
    return {
        "places": places,
        "by": by,
        "orders": ORDERS,
        "chosen": form["choice"],
        "barred": [show_as.said(one.text, form.language) for one in found.barred],
        "name": form["name"] or work.principal.display,
        "phone": form["phone"],
        "address": form["address"],
        "slices": all(not sheets.ordered(one).drug for one in lines),
        "decocted": form["decocted"] == "yes",
        "sends": any(code in contract.SENT for one in places for code, _ in one.ways),
    }


async def _followed(work: UnitOfWork, form: Form, state: str, task: Json) -> dict[str, Any]:
    way = supplies.way_of(task)
    steps = STEPS["sent" if way in contract.SENT else "picked-up"]
    reached = steps.index(state) if state in steps else len(steps) - 1 if state == "closed" else -1
    delivery = await reading.delivery(work, task["id"]) if way in contract.SENT else None
    values: dict[str, Any] = {
        "pharmacy": task["owner"].get("display", ""),
        "way": show_as.said(contract.WAYS.codes[way], form.language),
        "sent": way in contract.SENT,
        "steps": [
            (one, _said(one, form), number <= reached, number == reached + 1) for number, one in enumerate(steps)
        ],
        "price": yuan(supplies.fen_of(task)) if supplies.fen_of(task) else "",
        "term": supplies.term_of(task),
        "waiting": task["status"] == "requested",
        "withdraws": state in BEFORE_DISPENSING and not supplies.refunding(task),
        "bill": f"{OWN}/{supplies.bill_of(task)}" if supplies.bill_of(task) and state == "pharmacy-reviewed" else "",
        "shows": state in {"claimed", "pharmacy-reviewed", "paid", "dispensed", "delivering", "released"},
        "recipient": supplies.recipient_of(delivery),
        "custody": [(one["state"], one["at"]) for one in supplies.custody(delivery)],
        "receives": state == "delivering" and supplies.custody_of(delivery) == "arrived",
    }
    if form["code"] and values["shows"]:
        code = await work.fhir.operate(contract.SHOW_CODE, One(form["id"]))
        picture = segno.make(code.text, error="m").svg_data_uri(scale=6, border=2, dark="#000", light="#fff")
        digits = code.digits
        values |= {"picture": picture, "digits": f"{digits[:4]} {digits[4:7]} {digits[7:]}", "code_until": code.until}
    return values


def _said(state: str, form: Form) -> str:
    text = prescriptions.STATES.codes.get(state)
    return show_as.said(text, form.language) if text else state
