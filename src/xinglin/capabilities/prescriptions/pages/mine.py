"""The resident's prescriptions, in plain words."""

from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.pages import shown
from xinglin.care import dispensing
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.asking import ask
from xinglin.web.view import Form, View

MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Mine:
    """A prescription with its state in words, and what that means for its owner (key of a text).

    supplied: it has a page of its supply: choosing a pharmacy, and how far it is.
    """

    one: shown.Shown
    state: str
    tone: str
    means: str
    supplied: bool


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the prescriptions of whom one acts for, the newest first."""
    whose = ",".join(work.principal.patients or filter(None, (work.principal.patient,)))
    page = await ask(
        work, "RequestGroup", ("patient", whose or "Patient/none"), ("_sort", "-authored"), ("_count", str(MOST))
    )
    found = [await shown.read(work, row.id, form.language) for row in page.matches]
    return View(
        "prescriptions/mine.html",
        {"prescriptions": [_mine(one, form) for one in found if one.state in contract.STATES.codes]},
        block="list",
        live=tuple(contract.topic(one.id) for one in found[:8]),
    )


def _mine(one: shown.Shown, form: Form) -> Mine:
    text = contract.STATES.codes[one.state]
    return Mine(
        one,
        show_as.said(text, form.language),
        shown.TONES.get(one.state, "info"),
        f"prescriptions.means.{one.state}",
        supplied=one.state in dispensing.MOVES and one.state != "rejected",
    )
