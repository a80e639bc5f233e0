"""Cards of the desk of an institution: who is expected, who is here."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.portals import contract
from xinglin.capabilities.portals.pages import clinic, visits, words
from xinglin.fhir.declarations import Text
from xinglin.store.door import UnitOfWork
from xinglin.web import cards
from xinglin.web import format as show
from xinglin.web.asking import count
from xinglin.web.cards import Figure
from xinglin.web.view import Form, View

EXPECTED: Final = Figure(Text("今日预约", "Appointments today"), 0, contract.BOOKED)
HERE: Final = Figure(Text("在诊", "In care"), 0, contract.HERE)
SEEN: Final = Figure(Text("今日就诊", "Visits today"), 0, contract.HERE)


async def figures(work: UnitOfWork, _form: Form) -> View:
    """Count appointments and visits of today at the institution."""
    here = visits.mine(work.principal)
    start, end = show.bounds(show.today(work.now))
    today = (("date", start), ("date", end))
    day = show.today(work.now).isoformat()
    return cards.figures(
        (
            replace(EXPECTED, number=await count(work, "Appointment", ("status", clinic.BOOKED), *today)),
            replace(HERE, number=await count(work, "Encounter", *here, ("status", words.OPEN))),
            replace(
                SEEN,
                number=await count(work, "Encounter", *here, *today),
                href=f"{contract.HERE}?status=&date.since={day}&date.until={day}",
            ),
        )
    )
