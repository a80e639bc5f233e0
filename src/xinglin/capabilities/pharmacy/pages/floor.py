"""The decoction room: what is open, the next step of one work order with a big button, and its label."""

from datetime import datetime, timedelta
from typing import Any, Final

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import One, Sheet, Stepping
from xinglin.capabilities.pharmacy.operations import decocting
from xinglin.capabilities.pharmacy.rules import decoctions
from xinglin.care import decoction
from xinglin.care.decoction import TIMES
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.asking import ask
from xinglin.web.view import Form, Redirect, Rejected, View

MOST: Final = 100


async def show(work: UnitOfWork, form: Form) -> View:
    """List the open work orders, the oldest first."""
    return await _list(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Open the work order whose number was scanned."""
    number = form["number"].strip().upper()
    page = await ask(work, "Task", ("identifier", f"{contract.ORDER_NUMBERS}|{number}"), ("code", decocting.KIND))
    found = next((row.id for row in page.matches), "") if number else ""
    if not found:
        unknown = Issue("value", "decoction-unknown", "number", "There is no such work order here.")
        raise Rejected(await _list(work, form, (unknown,)))
    return Redirect(f"{contract.FLOOR}/{found}")


async def _list(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    here = work.principal.organization or "Organization/none"
    page = await ask(
        work,
        "Task",
        ("owner", here),
        ("code", decocting.KIND),
        ("status", "requested,in-progress"),
        ("_sort", "authored-on"),
        ("_count", str(MOST)),
    )
    return View(
        "pharmacy/floor.html",
        {
            "orders": [_row(document_of(row.body()), form, work.now) for row in page.matches],
            "issues": issues,
            "number": form["number"],
            "path": contract.FLOOR,
        },
        status=422 if issues else 200,
        block="orders",
        live=(contract.desk_topic(here),),
    )


def _row(order: dict[str, Any], form: Form, now: datetime) -> dict[str, Any]:
    known = decoctions.steps(order)
    running = next((one for one in known if not one.get("end")), None)
    last = running or (known[-1] if known else None)
    since = datetime.fromisoformat(last["start"]) if last else now
    return {
        "href": f"{contract.FLOOR}/{order['id']}",
        "number": order["identifier"][0]["value"],
        "step": _said(last["code"], form) if last else "",
        "running": running is not None,
        "minutes": int((now - since) / timedelta(minutes=1)),
    }


def _said(step: str, form: Form) -> str:
    return show_as.said(contract.STEPS.codes[step], form.language)


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one work order and its next step."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Record the step that was pressed."""
    given = Stepping(
        id=form["id"],
        key=form["key"],
        step=form["step"],
        device=form["device"][:40],
        celsius=form["celsius"][:8],
        weights=tuple(one for one in form.all("weight") if one.strip()),
        lots=tuple(one.strip()[:30] for one in form.all("lot") if one.strip()),
        packs=_whole(form["packs"]),
        ml=_whole(form["ml"]),
        note=form["note"][:200],
        category=form["category"],
    )
    try:
        await work.fhir.operate(contract.DECOCT, given)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"{contract.FLOOR}/{form['id']}")


def _whole(text: str) -> int:
    return int(text.strip()) if text.strip().isdecimal() and len(text.strip()) < 6 else 0


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    order, supply, formula = await decocting.opened(work, form["id"])
    known = decoctions.steps(order)
    step, ends = decoction.following(formula, decoctions.done(order))
    begun = next((one for one in known if one["code"] == step), None)
    open_ = supply.task["status"] == "in-progress"
    sheet: Sheet | None = None
    if open_:
        sheet = await work.fhir.operate(contract.SHEET, One(supply.id))
    low, high = TIMES.first(formula.category)
    return View(
        "pharmacy/order.html",
        {
            "issues": issues,
            "path": f"{contract.FLOOR}/{form['id']}",
            "back": contract.FLOOR,
            "key": work.new_id(),
            "number": order["identifier"][0]["value"],
            "sheet": sheet,
            "step": step,
            "said": _said(step, form) if step else "",
            "ends": ends,
            "timed": step in {"soaking", "first-herbs", "decocting-1", "decocting-2"},
            "device": step in {"first-herbs", "decocting-1", "decocting-2"},
            "since": show_as.moment(begun["start"])[11:] if begun and ends else "",
            "minutes": int((work.now - datetime.fromisoformat(begun["start"])) / timedelta(minutes=1)) if begun else 0,
            "times": {"soak": TIMES.soak, "low": low, "high": high, "packs": formula.doses * TIMES.packs},
            "known_device": begun.get("device", "") if begun else "",
            "category": formula.category,
            "categories": [
                (code, show_as.said(text, form.language)) for code, text in contract.CATEGORIES.codes.items()
            ],
            "lines": list(zip(sheet.line, formula.grams, strict=True)) if sheet is not None else [],
            "typed": tuple(form.all("weight")),
            "done": [
                (_said(one["code"], form), show_as.moment(one["start"])[5:], show_as.moment(one.get("end", ""))[11:])
                for one in known
            ],
            "packed": any(one["code"] == "packed" for one in known),
            "note": form["note"],
        },
        status=422 if issues else 200,
    )


@cites("R3-101")
async def show_label(work: UnitOfWork, form: Form) -> View:
    """Show the label of a pack, to be printed."""
    order, supply, _ = await decocting.opened(work, form["id"])
    packed = next((one for one in decoctions.steps(order) if one["code"] == "packed"), None)
    if packed is None:
        raise OutcomeError(Issue("business-rule", "not-packed", text="It is not packed yet."))
    sheet = await work.fhir.operate(contract.SHEET, One(supply.id))
    who = packed["by"].removeprefix("Practitioner/")
    person = document_of((await work.platform.read("Practitioner", who)).body())
    made = decoction.label(
        name=sheet.name,
        number=sheet.number,
        doses=sheet.doses,
        usage=sheet.usage,
        packed=datetime.fromisoformat(packed["start"]),
        ml=int(packed["ml"]),
        institution=supply.task["owner"].get("display", ""),
        by=next((one.get("text", "") for one in person.get("name", ())), ""),
    )
    return View(
        "pharmacy/label.html",
        {
            "label": made,
            "number": order["identifier"][0]["value"],
            "packed": show_as.moment(made.packed.isoformat()),
            "until": show_as.moment(made.until.isoformat())[:10],
            "back": f"{contract.FLOOR}/{form['id']}",
        },
    )
