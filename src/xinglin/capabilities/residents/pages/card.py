"""The resident's card as a code on the phone, and the desk that checks it."""

from datetime import datetime
from typing import Final

import segno

from xinglin.capabilities.residents.contract import (
    CHECK_CARD,
    DESK,
    OWN_CARD,
    SHOW_CARD,
    VERIFY_CARD,
    CardRequest,
    Scan,
)
from xinglin.capabilities.residents.operations import people
from xinglin.capabilities.residents.pages import shown
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, View

TONES: Final = {"valid": "success", "static": "info", "used": "warning", "expired": "warning"}
_EARLY_SECONDS: Final = 15  # before a code ends the page shows the next


async def show_own(minutes: int, work: UnitOfWork, form: Form) -> View:
    """Show the card of oneself, or of whom one acts for; it renews itself before it ends."""
    mine = [one.removeprefix("Patient/") for one in _mine(work)]
    if not mine:
        raise OutcomeError(Issue("not-found", "no-patient"), status=404)
    chosen = form["patient"] or mine[0]
    if chosen not in mine:
        raise OutcomeError(Issue("not-found", "not-found"), status=404)
    static = form["static"] == "1"
    card = await work.fhir.operate(SHOW_CARD, CardRequest(chosen, static))
    page = await work.fhir.find("Patient", _id=",".join(mine), _count=str(len(mine)))
    names = {row.id: shown.name(document_of(row.body())) for row in page.matches}
    return View(
        "residents/card.html",
        {
            "picture": segno.make(card.code, error="m").svg_data_uri(scale=8, border=2, dark="#000", light="#fff"),
            "number": f"{card.number[:4]} … {card.number[-4:]}",
            "until": card.until,
            "seconds": max(60 * minutes - _EARLY_SECONDS, 20),
            "printed": static,
            "chosen": chosen,
            "people": [(one, names.get(one, one)) for one in mine],
            "name": names.get(chosen, chosen),
            "path": OWN_CARD,
        },
        block="card",
    )


def _mine(work: UnitOfWork) -> tuple[str, ...]:
    who = work.principal
    return who.patients or ((who.patient,) if who.patient else ())


async def show_check(_work: UnitOfWork, _form: Form) -> View:
    """Wait for a code."""
    return View("residents/check.html", {"checked": None, "path": CHECK_CARD}, devices=("camera",))


async def send_check(work: UnitOfWork, form: Form) -> View:
    """Say who shows the code that was scanned or pasted, and what comes next."""
    text = form["code"].strip()[:2_000]
    if not text:
        return await show_check(work, form)
    checked = await work.fhir.operate(VERIFY_CARD, Scan(text))
    id = checked.patient.removeprefix("Patient/")
    return View(
        "residents/check.html",
        {
            "checked": checked,
            "tone": TONES.get(checked.state, "danger"),
            "id": id,
            "reached": bool(id) and checked.state in {"valid", "static"} and await people.reachable(work, id),
            "desk": bool(work.principal.roles & DESK.roles),
            "used": _time(checked.used),
            "path": CHECK_CARD,
        },
        block="result",
        devices=("camera",),
    )


def _time(text: str) -> str:
    """Give an instant as the pages' filter takes it."""
    return datetime.fromisoformat(text).isoformat() if text else ""
