"""Everything that the supply of prescriptions adds."""

from functools import partial
from typing import Final

from xinglin.capabilities.pharmacy import contract, jobs, policy
from xinglin.capabilities.pharmacy.gateways import courier_of
from xinglin.capabilities.pharmacy.operations import asking, counter, decocting, paying, returning, sending, supplying
from xinglin.capabilities.pharmacy.pages import desk, floor, mine
from xinglin.capabilities.pharmacy.pages import questions as pharmacies
from xinglin.capabilities.pharmacy.rules import decoctions, questions, supplies
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, RESIDENT, Capability, Card, Exclusive, Handler, Invariant, Job, Page
from xinglin.settings import Settings

PHARMACISTS: Final = frozenset(policy.PHARMACISTS)
TITLE: Final = Text("处方流转", "Supply of prescriptions")


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    courier = courier_of(settings)
    return Capability(
        name="pharmacy",
        title=TITLE,
        needs=("billing", "notifications", "prescriptions", "signatures"),
        code_sets=(
            contract.TASKS,
            contract.WAYS,
            contract.RELEASES,
            contract.STOCK_CODES,
            contract.WORK_ORDERS,
            contract.CATEGORIES,
            contract.STEPS,
        ),
        profiles=(
            contract.DISPENSE,
            contract.STOCK,
            contract.DISPENSED,
            contract.DELIVERY,
            contract.WORK_ORDER,
            contract.QUESTION,
        ),
        invariants=(
            Invariant(contract.DISPENSE, supplies.stays),
            Invariant(contract.WORK_ORDER, decoctions.stays),
            Invariant(contract.QUESTION, questions.stays),
        ),
        exclusives=(
            Exclusive(contract.DISPENSE, supplies.held, "prescription-taken"),
            Exclusive(contract.DISPENSED, supplies.traced, "trace-used"),
        ),
        operations=(
            Handler(contract.CHOOSE, supplying.choose),
            Handler(contract.WITHDRAW, paying.withdraw),
            Handler(contract.SHOW_CODE, supplying.show_code),
            Handler(contract.CLAIM, counter.claim),
            Handler(contract.PHARMACY_REVIEW, counter.review),
            Handler(contract.TAKE_PAYMENT, counter.take_payment),
            Handler(contract.GIVE_OUT, counter.dispense),
            Handler(contract.HAND_OVER, counter.hand_over),
            Handler(contract.RELEASE, counter.release),
            Handler(contract.SEND, sending.send),
            Handler(contract.TRACK, sending.track),
            Handler(contract.RECEIVE, sending.receive),
            Handler(contract.DECOCT, decocting.step),
            Handler(contract.TAKE_BACK, returning.take_back),
            Handler(contract.ASK, asking.ask),
            Handler(contract.ANSWER, asking.answer),
            Handler(contract.SHEET, counter.sheet),
        ),
        grants=policy.GRANTS,
        pages=(
            Page(RESIDENT, f"{contract.SUPPLY}/{{id}}/supply", show=mine.show, send=mine.send),
            Page(
                CLINIC,
                contract.DESK,
                show=desk.show,
                send=desk.send,
                menu=Text("处方调配", "Dispensing"),
                icon="pill",
                order=22,
                roles=PHARMACISTS,
                badge=desk.badge,
            ),
            Page(
                CLINIC,
                contract.FLOOR,
                show=floor.show,
                send=floor.send,
                menu=Text("代煎工序", "Decoction room"),
                icon="plant-2",
                order=23,
                roles=PHARMACISTS,
            ),
            Page(
                CLINIC,
                contract.QUESTIONS,
                show=pharmacies.show,
                send=pharmacies.send,
                menu=Text("药店询问", "Pharmacies ask"),
                icon="help-circle",
                order=27,
                roles=frozenset(policy.PRESCRIBERS),
                badge=pharmacies.badge,
            ),
            Page(CLINIC, f"{contract.FLOOR}/{{id}}", show=floor.show_one, send=floor.send_one, roles=PHARMACISTS),
            Page(CLINIC, f"{contract.FLOOR}/{{id}}/label", show=floor.show_label, roles=PHARMACISTS),
            Page(CLINIC, f"{contract.DESK}/{{id}}", show=desk.show_one, send=desk.send_one, roles=PHARMACISTS),
        ),
        cards=(Card(CLINIC, desk.WAITING, desk.card, order=16, roles=PHARMACISTS),),
        jobs=(
            Job(contract.LAPSE, jobs.lapse, retries=5),
            Job(contract.SETTLED, jobs.settled, retries=8),
            Job(contract.ORDER_COURIER, partial(jobs.order_courier, courier=courier), retries=8),
            Job(contract.FOLLOW_COURIER, partial(jobs.follow_courier, courier=courier), retries=8),
            Job(contract.FORGET, jobs.forget_codes, every="03:40 Asia/Shanghai"),
        ),
        notices=(contract.READY, contract.FREED, contract.REJECTED, contract.QUESTIONED),
        templates="xinglin.capabilities.pharmacy:templates",
    )
