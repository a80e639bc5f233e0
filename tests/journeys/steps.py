"""The steps of journeys: what somebody does, and what has to stand afterwards, whatever came in between.

Nobody remembers an answer: what a step works on is found again in the record, as by a person who lost the page.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from tests.capabilities.internet_hospital import clinic as online
from tests.capabilities.pharmacy import shop
from tests.capabilities.prescriptions import clinic
from tests.journeys import town
from tests.journeys.town import Json, Works
from xinglin.capabilities.appointments import contract as booking
from xinglin.capabilities.billing import contract as bills
from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.internet_hospital.rules import forms
from xinglin.capabilities.pharmacy import contract as pharmacy
from xinglin.capabilities.pharmacy.rules import supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.security.principal import Principal

SESSION: Final = "today"
ALL: Final = tuple(prescriptions.CHECKS.codes)


@dataclass(slots=True)
class Case:
    """One patient on one journey. place: which patient. channel: by what is paid."""

    works: Works
    place: int
    channel: str = "wechat-pay"
    visit: str = ""
    seen: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Logical id of the patient."""
        return f"j{self.place}"

    @property
    def patient(self) -> Principal:
        """Give the patient, signed in."""
        return town.resident(self.place)

    async def one(self, type: str, **asked: str) -> Json | None:
        """Find the newest of something of this patient."""
        key = "subject" if type in {"RequestGroup", "Invoice"} else "patient"
        found = await self.works.find(type, **({key: f"Patient/{self.id}"} | asked), _sort="-_lastUpdated", _count="1")
        return found[0] if found else None

    async def the(self, type: str, **asked: str) -> Json:
        """Find what must be there."""
        found = await self.one(type, **asked)
        assert found is not None, f"{self.id} has no {type} {asked}"
        return found


Do = Callable[[Case], Awaitable[Any]]
Stands = Callable[[Case], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does, and how one sees that it was done. outside: what it asks of others (for faults)."""

    name: str
    do: Do
    stands: Stands
    outside: bool = False


# -- a number of the clinic -------------------------------------------------------------------------------------------


async def hold(case: Case) -> None:
    await case.works.act(case.patient, booking.HOLD_NEXT, booking.HoldNext(SESSION, case.id))


async def confirm(case: Case) -> None:
    found = await case.the("Appointment")
    await case.works.act(case.patient, booking.CONFIRM, booking.One(found["id"]))


async def give_back(case: Case) -> None:
    found = await case.the("Appointment")
    await case.works.act(case.patient, booking.GIVE_BACK, booking.One(found["id"]))


async def check_in(case: Case) -> None:
    found = await case.the("Appointment")
    await case.works.act(case.works.staff.desk, booking.CHECK_IN, booking.CheckIn(found["id"]))


async def call(case: Case) -> None:
    found = await case.the("Appointment")
    await case.works.act(case.works.staff.doctor, booking.CALL, booking.Call(SESSION, found["id"]))


async def done(case: Case) -> None:
    found = await case.the("Appointment")
    await case.works.act(case.works.staff.doctor, booking.DONE, booking.One(found["id"]))


def appointment(*states: str) -> Stands:
    async def stands(case: Case) -> bool:
        found = await case.one("Appointment")
        return found is not None and found["status"] in states

    return stands


async def called(case: Case) -> bool:
    found = await case.the("Appointment")
    return '"called"' in str(found).replace("'", '"')


# -- an online visit --------------------------------------------------------------------------------------------------


async def visit_of(case: Case) -> Json:
    """Find the online visit."""
    return await case.the("Encounter", **{"class": "VR"})


async def seen_before(case: Case) -> None:
    """Two months ago the hospital found hypertension; a fact of the record, written once."""
    now = case.works.store.clock.now()
    id = f"e-{case.id}"
    documents = online.seen_before(id, case.id, now - timedelta(days=60), ("I10.x00", "高血压"))
    await online.put(case.works.door, *documents)


async def request(case: Case) -> None:
    if await case.one("Encounter", **{"class": "VR"}) is not None:  # the list of visits shows it
        return
    given = online.asking(case.id, encounters=(f"e-{case.id}",))
    await case.works.act(case.patient, visits.REQUEST, given)


def in_visit(operation: Any, who: str) -> Do:
    async def do(case: Case) -> None:
        person = case.patient if who == "patient" else getattr(case.works.staff, who)
        await case.works.act(person, operation, visits.Visit((await visit_of(case))["id"]))

    return do


def visit(*states: str) -> Stands:
    async def stands(case: Case) -> bool:
        found = await case.one("Encounter", **{"class": "VR"})
        return found is not None and forms.state_of(found) in states

    return stands


async def evidence(case: Case) -> list[Json]:
    """Find the papers of the visit."""
    found = await visit_of(case)
    return await case.works.find(
        "DocumentReference", patient=f"Patient/{case.id}", encounter=f"Encounter/{found['id']}"
    )


async def judge(case: Case) -> None:
    for paper in await evidence(case):
        await case.works.act(case.works.staff.doctor, visits.JUDGE, visits.Judging(paper["id"], "reviewed"))


async def judged(case: Case) -> bool:
    return all("reviewed" in str(paper) for paper in await evidence(case))


async def say(case: Case) -> None:
    found = await visit_of(case)
    if not await case.works.find("Communication", encounter=f"Encounter/{found['id']}"):
        await case.works.act(case.works.staff.doctor, visits.SAY, visits.Saying(found["id"], "继续原方案"))


async def said(case: Case) -> bool:
    found = await visit_of(case)
    return bool(await case.works.find("Communication", encounter=f"Encounter/{found['id']}"))


async def finish(case: Case) -> None:
    found = await visit_of(case)
    diagnosis = f"{online.ICD10}|I10.x00|高血压"
    note = visits.Noting(found["id"], "复诊，续药", "高血压两年，血压平稳", (diagnosis,), "继续服药")
    await case.works.act(case.works.staff.doctor, visits.FINISH, note)


# -- a prescription, and who fills it ---------------------------------------------------------------------------------


async def in_the_room(case: Case) -> None:
    """A visit at the clinic, with a diagnosis; facts of the record, written once."""
    now = case.works.store.clock.now().isoformat()
    whose = {"reference": f"Patient/{case.id}"}
    at = {"reference": f"Encounter/v-{case.id}"}
    await clinic.put(
        case.works.door,
        clinic.visit(f"v-{case.id}", case.id, period={"start": now}),
        clinic.diagnosis(f"c-{case.id}", subject=whose, encounter=at),
    )


async def sign(case: Case) -> None:
    whose = {"reference": f"Patient/{case.id}"}
    key = {"system": "https://xinglin.health/test", "value": f"sign-it-{case.id}"}
    head = clinic.header(
        subject=whose,
        encounter={"reference": f"Encounter/v-{case.id}"},
        reasonReference=[{"reference": f"Condition/c-{case.id}"}],
        groupIdentifier=key,
    )
    given = clinic.draft(clinic.line(subject=whose), head=head)
    await case.works.act(case.works.staff.doctor, prescriptions.SIGN, given)


async def review(case: Case) -> None:
    found = await case.the("RequestGroup")
    given = prescriptions.Reviewing(found["id"], "pass", checked=ALL)
    await case.works.act(case.works.staff.pharmacist, prescriptions.DECIDE, given)


async def cancel(case: Case) -> None:
    found = await case.the("RequestGroup")
    await case.works.act(case.works.staff.doctor, prescriptions.CANCEL, prescriptions.Cancelling(found["id"], "换药"))


def prescription(*states: str) -> Stands:
    async def stands(case: Case) -> bool:
        found = await case.one("RequestGroup")
        return found is not None and supplies.state_of(found) in states

    return stands


async def supply_of(case: Case) -> Json:
    """Find the supply."""
    return await case.the("Task", code=f"{pharmacy.TASKS.system}|{pharmacy.DISPENSE_CODE}")


async def choose(case: Case) -> None:
    found = await case.the("RequestGroup")
    given = pharmacy.Choosing(found["id"], "shop1", "pharmacy-pickup", f"choose-{case.id}")
    await case.works.act(case.patient, pharmacy.CHOOSE, given)


async def chosen(case: Case) -> bool:
    found = await case.one("Task", code=f"{pharmacy.TASKS.system}|{pharmacy.DISPENSE_CODE}")
    return found is not None and found["status"] not in {"cancelled", "rejected"}


async def withdraw(case: Case) -> None:
    found = await case.the("RequestGroup")
    given = pharmacy.Keyed(found["id"], f"withdraw-{case.id}")
    await case.works.act(case.patient, pharmacy.WITHDRAW, given)


async def claim(case: Case) -> None:
    found = await supply_of(case)
    await case.works.act(case.works.staff.seller, pharmacy.CLAIM, pharmacy.Claiming(f"claim-it-{case.id}", found["id"]))


async def second_review(case: Case) -> None:
    found = await supply_of(case)
    given = pharmacy.Reviewing(found["id"], f"review-{case.id}", "pass", checked=ALL)
    await case.works.act(case.works.staff.seller, pharmacy.PHARMACY_REVIEW, given)


async def dispense(case: Case) -> None:
    found = await supply_of(case)
    trace = (f"1=81{case.place:018d}",)
    given = pharmacy.Dispensing(found["id"], f"dispense-{case.id}", "Practitioner/s1", shop.ALL, trace=trace)
    await case.works.act(case.works.staff.colleague, pharmacy.GIVE_OUT, given)


async def hand_over(case: Case) -> None:
    found = await supply_of(case)
    last = town.card(await case.works.read(f"Patient/{case.id}"))[-4:]
    given = pharmacy.Handing(found["id"], f"hand-over-{case.id}", identity=last)
    await case.works.act(case.works.staff.colleague, pharmacy.HAND_OVER, given)


async def release(case: Case) -> None:
    found = await supply_of(case)
    given = pharmacy.Releasing(found["id"], f"release-{case.id}", "no-stock")
    await case.works.act(case.works.staff.seller, pharmacy.RELEASE, given)


# -- money ------------------------------------------------------------------------------------------------------------


async def bill_of(case: Case) -> Json:
    """Find the bill."""
    return await case.the("Invoice")


async def begin(case: Case) -> None:
    await case.works.act(case.patient, bills.BEGIN, bills.Begin((await bill_of(case))["id"]))


async def pay(case: Case) -> None:
    await case.works.act(case.patient, bills.PAY, bills.Pay((await bill_of(case))["id"], case.channel))


async def money(case: Case) -> None:
    """The payer pays at the channel's own page; what is paid already cannot be paid again there."""
    found = await bill_of(case)
    till = case.works.outside.till(case.channel)
    for one in await case.works.find("PaymentNotice", request=f"Invoice/{found['id']}"):
        order = till.get(one["id"])
        if order is not None and order["state"] == "unpaid":
            till.pay(one["id"])


def bill(*states: str) -> Stands:
    async def stands(case: Case) -> bool:
        found = await case.one("Invoice")
        return found is not None and state_of(found) in states

    return stands


def state_of(found: Json) -> str:
    """Give the state of a bill."""
    return next(str(one["valueCode"]) for one in found["extension"] if one["url"] == bills.STATE)
