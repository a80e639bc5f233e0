"""The desk of a pharmacy: what patients ask for, what is in work, and one supply from claim to hand-over."""

from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import (
    Asking,
    Claiming,
    Dispensing,
    Handing,
    Keyed,
    One,
    Releasing,
    Returning,
    Reviewing,
    Sending,
    Sheet,
    Tracking,
)
from xinglin.capabilities.pharmacy.operations import asking, reading, sending
from xinglin.capabilities.pharmacy.rules import counters, questions, supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.care.delivering import CUSTODY
from xinglin.care.money import yuan
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.tables import catalogues
from xinglin.web import cards
from xinglin.web import format as show_as
from xinglin.web.asking import ask, count
from xinglin.web.cards import Figure
from xinglin.web.view import Form, Redirect, Rejected, View

MOST: Final = 50
WAITING: Final = Text("待接单处方", "Prescriptions to claim")


async def show(work: UnitOfWork, form: Form) -> View:
    """List what waits and what is in work."""
    return await _list(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Claim by what a patient shows."""
    given = Claiming(
        form["key"], code=form["code"].strip(), number=form["number"].strip(), identity=form["identity"].strip()
    )
    try:
        id = await work.fhir.operate(contract.CLAIM, given)
    except OutcomeError as refused:
        raise Rejected(await _list(work, form, refused.issues)) from refused
    return Redirect(f"{contract.DESK}/{id}")


async def _list(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    here = work.principal.organization or "Organization/none"
    lists = {}
    for name, statuses in (("waiting", "requested"), ("working", "accepted,in-progress")):
        page = await ask(work, "Task", *_here(here, statuses), ("_sort", "authored-on"), ("_count", str(MOST)))
        lists[name] = [await _row(work, document_of(row.body()), form) for row in page.matches]
    return View(
        "pharmacy/desk.html",
        {
            **lists,
            "issues": issues,
            "key": work.new_id(),
            "number": form["number"],
            "identity": form["identity"],
            "path": contract.DESK,
            "step_up": any(one.key == "step-up" for one in issues),
        },
        status=422 if issues else 200,
        block="desk",
        live=(contract.desk_topic(here),),
    )


async def _row(work: UnitOfWork, task: dict[str, Any], form: Form) -> dict[str, Any]:
    id = task["focus"]["reference"].removeprefix("RequestGroup/")
    state = supplies.state_of(document_of((await work.platform.read("RequestGroup", id)).body()))
    return {
        "id": task["id"],
        "href": f"{contract.DESK}/{task['id']}",
        "number": task["groupIdentifier"].get("value", ""),
        "way": show_as.said(contract.WAYS.codes[supplies.way_of(task)], form.language),
        "state": _said(state, form),
        "tone": {"paid": "warning", "dispensed": "success"}.get(state, "info"),
        "since": show_as.moment(task["authoredOn"]),
        "term": _clock(supplies.term_of(task)),
    }


def _clock(term: str) -> str:
    return show_as.moment(term)[11:] if term else ""


def _here(organization: str, statuses: str) -> tuple[tuple[str, str], ...]:
    return (("owner", organization), ("code", reading.KIND), ("status", statuses))


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one supply."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Do what the pharmacist pressed."""
    try:
        await _done(work, form)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    ends = form["act"] in {"hand-over", "release", "reject"}
    return Redirect(contract.DESK if ends else f"{contract.DESK}/{form['id']}")


async def _done(work: UnitOfWork, form: Form) -> None:
    id, key = form["id"], form["key"]
    checked = tuple(dict.fromkeys(form.all("checked")))
    match form["act"]:
        case "claim":
            await work.fhir.operate(contract.CLAIM, Claiming(key, id))
        case "pass" | "reject":
            reasons = tuple(one for one in form.all("reason") if one) if form["act"] == "reject" else ()
            given = Reviewing(id, key, form["act"], reasons, checked, form["note"].strip()[:500])
            await work.fhir.operate(contract.PHARMACY_REVIEW, given)
        case "pay":
            await work.fhir.operate(contract.TAKE_PAYMENT, Keyed(id, key))
        case "dispense":
            await work.fhir.operate(contract.GIVE_OUT, _given(form, id, key, checked))
        case "hand-over":
            handing = Handing(id, key, form["code"].strip(), form["identity"].strip())
            await work.fhir.operate(contract.HAND_OVER, handing)
        case "send":
            await work.fhir.operate(contract.SEND, Sending(id, key, form["sealed"] == "yes", form["celsius"]))
        case "track":
            way = Tracking(id, key, form["step"], form["celsius"], form["code"].strip(), form["identity"].strip())
            await work.fhir.operate(contract.TRACK, way)
        case "ask":
            packs = form["fewer"].strip()
            line = form["line"].strip()
            question = Asking(
                id,
                key,
                int(line) if line.isdecimal() and len(line) < 4 else 0,
                form[f"instead-{line}"],
                int(packs) if packs.isdecimal() and len(packs) < 6 else -1,
                form["note"].strip()[:500],
            )
            await work.fhir.operate(contract.ASK, question)
        case "take-back":
            await work.fhir.operate(contract.TAKE_BACK, Returning(id, key, "quality", form["note"].strip()[:500]))
        case "release":
            await work.fhir.operate(contract.RELEASE, Releasing(id, key, form["why"], form["note"].strip()[:500]))
        case _:
            raise OutcomeError(Issue("required", "supply-act", "act", "Say what to do."))


def _given(form: Form, id: str, key: str, checked: tuple[str, ...]) -> Dispensing:
    """Read the form of dispensing: trace codes one a row (any blanks between), packages of each line."""
    numbers = sorted({int(name[6:]) for name, _ in form.pairs if name.startswith("trace-") and name[6:].isdecimal()})
    traces = tuple(f"{number}={code}" for number in numbers for code in form[f"trace-{number}"].split())
    given = tuple(int(text) if (text := form[f"given-{number}"].strip()).isdecimal() else -1 for number in numbers)
    return Dispensing(id, key, form["preparer"], checked, traces, given)


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    here = work.principal.organization or "Organization/none"
    row = await work.fhir.read("Task", form["id"])
    task = document_of(row.body())
    if task.get("owner", {}).get("reference") != here:
        raise OutcomeError(not_found("Task", form["id"]))
    sheet: Sheet | None = None
    if task["status"] in supplies.OPEN:
        sheet = await work.fhir.operate(contract.SHEET, One(form["id"]))
    state = sheet.state if sheet else ""
    values: dict[str, Any] = {
        "issues": issues,
        "path": f"{contract.DESK}/{form['id']}",
        "back": contract.DESK,
        "key": work.new_id(),
        "task": await _row(work, task, form),
        "status": task["status"],
        "returns": task["status"] == "completed" and all(one["code"] != "take-back" for one in supplies.acts(task)),
        "sheet": sheet,
        "state": state,
        "step_up": any(one.key == "step-up" for one in issues),
        "checks": [(code, show_as.said(text, form.language)) for code, text in prescriptions.CHECKS.codes.items()],
        "checked": set(form.all("checked")),
        "reasons": [
            (code, f"{code} {show_as.said(text, form.language)}") for code, text in prescriptions.REASONS.codes.items()
        ],
        "releases": [(one, show_as.said(contract.RELEASES.codes[one], form.language)) for one in counters.OWN_RELEASES],
        "note": form["note"],
        "asked": [],
        "packs": {},
        "given_instead": {},
        "typed": {name: value for name, value in form.pairs if name.startswith(("trace-", "given-"))},
        "acts": [
            (one["code"], show_as.moment(one["at"]), one["detail"])
            for one in supplies.acts(task)
            if one["code"] != "choose"
        ],
    }
    if sheet is not None:
        values |= {
            "price": yuan(sheet.fen) if sheet.fen else "",
            "term": _clock(sheet.term),
            "until": show_as.moment(sheet.until) if sheet.until else "",
            "findings": [one for one in sheet.finding if one.weight != "note"],
            "language": form.language,
        }
        values["asked"] = [_asked(one, sheet) for one in await asking.asked(work, form["id"])]
        values["instead"] = {
            number: [(code, _drug(code)) for code in questions.substitutes(line.code)]
            for number, line in enumerate(sheet.line, 1)
        }
    if state in {"dispensed", "delivering"} and supplies.way_of(task) in contract.SENT:
        values |= await _way(work, task, form)
    if state == "paid":
        agreed = await asking.agreed(work, form["id"])
        values["packs"] = {number: yes.packs for number, yes in agreed.items() if yes.packs >= 0}
        values["given_instead"] = {number: _drug(yes.drug) for number, yes in agreed.items() if yes.drug}
        people = await reading.colleagues(work, here)
        values |= {
            "people": [(who, name) for who, name in people.items() if who != work.principal.practitioner],
            "preparer": form["preparer"],
            "who": work.principal.display,
        }
    return View("pharmacy/one.html", values, status=422 if issues else 200)


def _asked(question: dict[str, Any], sheet: Sheet) -> tuple[str, str, int, str]:
    line, what, _ = questions.read(question)
    return sheet.line[line - 1].name, _drug(what.drug) if what.drug else "", what.packs, str(question["status"])


def _drug(code: str) -> str:
    drug = catalogues.drug(code)
    return f"{drug.name} {drug.strength}"


async def _way(work: UnitOfWork, task: dict[str, Any], form: Form) -> dict[str, Any]:
    """Show how far a delivery is, and what may follow."""
    delivery = await reading.delivery(work, task["id"])
    before = supplies.custody_of(delivery)
    supply = await reading.held(work, task["id"], task["focus"]["reference"].removeprefix("RequestGroup/"))
    return {
        "sent": True,
        "cold": await sending.is_cold(work, supply),
        "custody": [
            (one["state"], show_as.moment(one["at"]), one.get("celsius", "")) for one in supplies.custody(delivery)
        ],
        "following": sorted(CUSTODY.get(before, frozenset())),
        "celsius": form["celsius"],
    }


def _said(state: str, form: Form) -> str:
    text = prescriptions.STATES.codes.get(state)
    return show_as.said(text, form.language) if text else state


async def badge(work: UnitOfWork) -> int:
    """Count what waits to be claimed."""
    return await count(work, "Task", *_here(work.principal.organization or "Organization/none", "requested"))


async def card(work: UnitOfWork, _form: Form) -> View | None:
    """Say on the start page what waits; no card when nothing does."""
    waiting = await badge(work)
    return cards.figures((Figure(WAITING, waiting, contract.DESK),)) if waiting else None
