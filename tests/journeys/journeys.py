"""The journeys: steps in their order, and how each of them ends."""

from collections.abc import Mapping
from typing import Final

from tests.journeys import steps
from tests.journeys.steps import Case, Step
from xinglin.capabilities.internet_hospital import contract as visits

NUMBER: Final = (
    Step("hold", steps.hold, steps.appointment("pending", "booked")),
    Step("confirm", steps.confirm, steps.appointment("booked")),
)
CLINIC: Final = (
    *NUMBER,
    Step("check in", steps.check_in, steps.appointment("arrived")),
    Step("call", steps.call, steps.called),
    Step("done", steps.done, steps.appointment("fulfilled")),
)
GIVEN_BACK: Final = (*NUMBER, Step("give back", steps.give_back, steps.appointment("cancelled")))
ASKED: Final = (Step("request", steps.request, steps.visit("requested")),)
ONLINE: Final = (
    *ASKED,
    Step("accept", steps.in_visit(visits.ACCEPT, "doctor"), steps.visit("accepted")),
    Step("judge", steps.judge, steps.judged),
    Step("enter", steps.in_visit(visits.ENTER, "patient"), steps.visit("waiting")),
    Step("start", steps.in_visit(visits.START, "doctor"), steps.visit("in-progress")),
    Step("say", steps.say, steps.said),
    Step("finish", steps.finish, steps.visit("finished")),
)
TAKEN_BACK: Final = (
    *ASKED,
    Step("cancel", steps.in_visit(visits.CANCEL, "patient"), steps.visit("cancelled")),
)
PRESCRIBED: Final = (
    Step("sign", steps.sign, steps.prescription("review-pending")),
    Step("review", steps.review, steps.prescription("released")),
    Step("choose", steps.choose, steps.chosen),
    Step("claim", steps.claim, steps.prescription("claimed")),
    Step("second review", steps.second_review, steps.prescription("pharmacy-reviewed")),
)
PAID: Final = (
    Step("begin", steps.begin, steps.bill("to-pay"), outside=True),
    Step("pay", steps.pay, steps.bill("paying"), outside=True),
    Step("money", steps.money, steps.bill("paid"), outside=True),
)
SUPPLIED: Final = (
    *PRESCRIBED,
    *PAID,
    Step("dispense", steps.dispense, steps.prescription("dispensed")),
    Step("hand over", steps.hand_over, steps.prescription("closed")),
)
RELEASED: Final = (*PRESCRIBED, Step("release", steps.release, steps.prescription("released")))
WITHDRAWN: Final = (
    *PRESCRIBED,
    *PAID,
    Step("withdraw", steps.withdraw, steps.bill("refunded"), outside=True),
)
RETURNED: Final = (
    *PRESCRIBED,
    *PAID,
    Step("release when paid", steps.release, steps.bill("refunded"), outside=True),
)

JOURNEYS: Final[Mapping[str, tuple[Step, ...]]] = {
    "clinic": CLINIC,
    "given back": GIVEN_BACK,
    "online": ONLINE,
    "taken back": TAKEN_BACK,
    "supplied": SUPPLIED,
    "released": RELEASED,
    "withdrawn": WITHDRAWN,
    "returned": RETURNED,
}
# Steps that another journey has, too: their faults are tried there.
COMMON: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(
        step.name for other, steps_ in JOURNEYS.items() if list(JOURNEYS).index(other) < place for step in steps_
    )
    for place, name in enumerate(JOURNEYS)
}
FACTS: Final = {"online": steps.seen_before, "taken back": steps.seen_before} | dict.fromkeys(
    ("supplied", "released", "withdrawn", "returned"), steps.in_the_room
)


async def begin(name: str, case: Case) -> None:
    """Write what was so before the journey."""
    if name in FACTS:
        await FACTS[name](case)
