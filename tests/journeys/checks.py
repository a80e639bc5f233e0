"""What must hold of the town after its journeys, whatever came in between."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

from tests.journeys.steps import Case, Step, state_of
from tests.journeys.town import PACKS, Json, Works
from xinglin.capabilities.appointments.contract import extension
from xinglin.capabilities.billing.contract import SHARE
from xinglin.capabilities.pharmacy.contract import ON_HAND
from xinglin.store import books
from xinglin.store.consistency import check as consistent

LIVE: Final = "pending,booked,arrived,fulfilled"
ALWAYS: Final = (date(2020, 1, 1), date(2999, 1, 1))


async def faults_of(case: Case, journey: Sequence[Step]) -> list[str]:
    """Name what is wrong about one patient."""
    works, whose = case.works, f"Patient/{case.id}"
    wrong = [] if await journey[-1].stands(case) else [f"the journey is stuck: {journey[-1].name}"]
    if len(await works.find("Appointment", patient=whose, status=LIVE)) > 1:
        wrong.append("two numbers of one session")
    if len(await works.find("Encounter", patient=whose, **{"class": "VR"})) > 1:
        wrong.append("two online visits")
    groups = await works.find("RequestGroup", subject=whose)
    if len(groups) > 1:
        wrong.append("two prescriptions")
    if len(await works.find("MedicationDispense", patient=whose)) > 1:
        wrong.append("two supplies")
    for bill in await works.find("Invoice", subject=whose):
        wrong += await faults_of_bill(case, bill)
    return [*wrong, *(f"waits for ever: {name}" for name in await works.pending(case.id))]


async def faults_of_bill(case: Case, bill: Json) -> list[str]:
    """Compare what a bill says with what the channels and the insurer have, and with the books."""
    works = case.works
    wrong = []
    got = 0
    for one in await works.find("PaymentNotice", request=f"Invoice/{bill['id']}"):
        for name in works.outside.channels:
            order = works.outside.till(name).get(one["id"])
            if order is not None and order["state"] == "paid":
                got += order["paid"] - sum(back["fen"] for back in order["refunds"].values())
    state = state_of(bill)
    share: list[Json] = next((one["extension"] for one in bill["extension"] if one["url"] == SHARE), [])
    parts = {part["url"]: round(part["valueMoney"]["value"] * 100) for part in share}
    wanted = parts.get("cash", 0) if state == "paid" else 0
    if got != wanted:
        wrong.append(f"a bill that is {state} of {wanted} fen: the channels hold {got}")
    settled = [one for one in await works.outside.insurer.standing() if bill["id"] in str(one)]
    if len(settled) > (1 if state == "paid" else 0) and state != "to-pay":
        wrong.append(f"{len(settled)} settlements stand for a bill that is {state}")
    entries = await books.about(works.store, f"Invoice/{bill['id']}")
    if sum(one.fen for one in entries):
        wrong.append("its books do not balance")
    cash = sum(one.fen for one in entries if one.account.startswith("channel/"))
    if cash != got:
        wrong.append(f"the books say {cash} fen came by channels, the channels {got}")
    return wrong


async def faults_of_town(works: Works, cases: Sequence[Case]) -> list[str]:
    """Name what is wrong about all of them together."""
    wrong = []
    taken: Counter[tuple[str, int]] = Counter()
    dispensed = 0
    for case in cases:
        for one in await works.find("Appointment", patient=f"Patient/{case.id}", status=LIVE):
            seat = next(each["valuePositiveInt"] for each in one["extension"] if each["url"] == extension("seat"))
            taken[one["slot"][0]["reference"], seat] += 1
        dispensed += len(await works.find("MedicationDispense", patient=f"Patient/{case.id}"))
    wrong += [f"{slot} seat {seat} was given {count} times" for (slot, seat), count in taken.items() if count > 1]
    left = next(
        one["valueQuantity"]["value"]
        for stock in await works.find("Basic", subject="Organization/shop1", code="stock")
        for one in stock["extension"]
        if one["url"] == ON_HAND
    )
    if left != 7 * (PACKS - dispensed):
        wrong.append(f"{dispensed} packages were dispensed, and {left} tablets are left")
    total = await books.trial(works.store, *ALWAYS)
    if sum(total.values()):
        wrong.append(f"the ledger does not balance: {dict(total)}")
    await consistent(works.store, lambda fault: wrong.append(str(fault)))
    return wrong
