"""The fee of a visit: put on a bill when it is asked for; nothing begins before it is paid, and it goes back by 5.4."""

from datetime import timedelta
from typing import Final

from xinglin.capabilities.billing.contract import CHARGE, PAID, REFUND, REFUNDED, VOID, Charge, Line, Refunding
from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.operations import reading
from xinglin.capabilities.internet_hospital.operations.reading import Hospital
from xinglin.capabilities.internet_hospital.rules import asking, forms
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.capabilities.internet_hospital.rules.states import Terms
from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.fhir.document import bytes_of
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork

PAY_WITHIN: Final = timedelta(minutes=30)  # then a visit that was asked for and not paid is cancelled


@cites("R1-071", "R5-010")
async def charge(work: UnitOfWork, visit: str, patient: str, at: Hospital, fee: int) -> str:
    """Put the fee on a bill; gives the id of the Invoice. fee: fen."""
    charged = Charge(
        patient=patient,
        about=f"Encounter/{visit}",
        lines=(Line(asking.service_of(at.level), unit_fen=fee),),
        payee=at.reference,
        visit=f"Encounter/{visit}",
        told=contract.SETTLED,
        until=work.now + PAY_WITHIN,
        internet=True,
    )
    return await work.platform.operate(CHARGE, charged)


async def promised(work: UnitOfWork, encounter: Document, terms: Terms) -> Document:
    """Begin the promise: from now on a doctor has so much time; the doctor who was chosen is told. Gives the visit."""
    until = work.now + terms.promise
    id, doctor = str(encounter["id"]), forms.doctor_of(encounter)
    await work.defer_at(until, contract.EXPIRE, visit=id)
    if doctor:
        clock = until.astimezone(forms.BEIJING).strftime("%H:%M")
        told = Notice(contract.ASKED.code, doctor, (f"until={clock}",), f"Encounter/{id}", f"asked {id}")
        await work.platform.operate(NOTIFY, told)
    await work.announce(contract.desk_topic(encounter["serviceProvider"]["reference"]))
    return forms.with_extension(encounter, {"url": contract.PROMISED, "valueInstant": forms.instant(until)})


async def settled(work: UnitOfWork, visit: str, state: str, *, terms: Terms) -> None:
    """Hear from billing what became of the fee; told twice is as told once."""
    await work.lock(f"Encounter/{visit}")
    encounter = await reading.visit(work, visit, lock=True)
    paid, now = forms.paid_of(encounter), forms.state_of(encounter)
    if paid == state or state not in {PAID, REFUNDED, VOID}:
        return
    made = forms.with_extension(encounter, {"url": contract.PAYMENT, "valueCode": state})
    if state == PAID and now == "requested":
        made = await promised(
            work, made, await reading.terms_of(work, encounter["serviceProvider"]["reference"], terms)
        )
    elif state == VOID and now == "requested":
        made = forms.with_move(made, "cancelled", now=work.now, by=work.principal.id)
    await work.platform.update(bytes_of(made), type="Encounter", id=visit)
    await work.announce(contract.topic(visit))
    if state == PAID and now in {"cancelled", "no-answer", "terminated"}:
        await refund(work, made, "not-accepted")  # paid just when the visit ended


async def refund(work: UnitOfWork, encounter: Document, reason: str) -> None:
    """Have the fee given back by a reason of 5.4, by a job: who ends a visit does not wait for money."""
    if forms.paid_of(encounter) in {"due", PAID}:
        await work.defer(contract.GIVE_BACK, visit=str(encounter["id"]), reason=reason)


@cites("R5-015", "R1-046")
async def give_back(work: UnitOfWork, visit: str, reason: str) -> None:
    """Give the fee back; of what was not paid the lines come off. Done twice is as done once."""
    encounter = await reading.visit(work, visit)
    bill = str((forms.value(encounter, contract.BILL) or {}).get("reference", "")).removeprefix("Invoice/")
    if bill and forms.paid_of(encounter) in {"due", PAID}:
        await work.platform.operate(REFUND, Refunding(bill, f"Encounter/{encounter['id']}", reason))
