"""Everything that prescriptions add."""

from typing import Final

from xinglin.capabilities.prescriptions import contract, jobs, policy
from xinglin.capabilities.prescriptions.operations import deciding, signing
from xinglin.capabilities.prescriptions.pages import clinic, mine, order, review
from xinglin.capabilities.prescriptions.rules import states
from xinglin.fhir.declarations import Text
from xinglin.registry import CLINIC, RESIDENT, Capability, Card, Handler, Invariant, Job, Page
from xinglin.settings import Settings

TITLE: Final = Text("电子处方", "Prescriptions")
PRESCRIBERS: Final = frozenset(policy.PRESCRIBERS)
PHARMACISTS: Final = frozenset({"pharmacist"})


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="prescriptions",
        title=TITLE,
        needs=("internet_hospital", "notifications", "signatures"),
        code_sets=(
            contract.STATES,
            contract.TYPES,
            contract.SOURCES,
            contract.REVIEWS,
            contract.RESULTS,
            contract.REASONS,
            contract.CHECKS,
        ),
        profiles=(contract.PRESCRIPTION, contract.LINE, contract.REVIEW_TASK),
        invariants=(
            Invariant(contract.PRESCRIPTION, states.moves_by_the_table),
            Invariant(contract.LINE, states.line_stays),
            Invariant(contract.REVIEW_TASK, states.review_stays),
        ),
        operations=(
            Handler(contract.CHECK, signing.check),
            Handler(contract.SIGN, signing.sign),
            Handler(contract.REVISE, signing.revise),
            Handler(contract.CANCEL, signing.cancel),
            Handler(contract.DECIDE, deciding.review),
        ),
        grants=policy.GRANTS,
        pages=(*_writing(), *_reviewing(), *_own()),
        cards=(Card(CLINIC, review.WAITING, review.card, order=15, roles=PHARMACISTS),),
        jobs=(Job(contract.EXPIRE, jobs.expire, retries=5),),
        notices=(contract.RETURNED, contract.REFUSED),
        templates="xinglin.capabilities.prescriptions:templates",
    )


def _writing() -> tuple[Page, ...]:
    return (
        Page(
            CLINIC,
            contract.ONE,
            show=clinic.show_own,
            menu=TITLE,
            icon="pill",
            order=25,
            roles=PRESCRIBERS,
        ),
        Page(CLINIC, contract.NEW, show=order.show, send=order.send, roles=PRESCRIBERS),
        Page(CLINIC, f"{contract.NEW}/check", send=order.send_check, roles=PRESCRIBERS),
        Page(CLINIC, f"{contract.ONE}/{{id}}", show=clinic.show_one, send=clinic.send_one, roles=PRESCRIBERS),
        Page(CLINIC, f"{contract.ONE}/{{id}}/paper", show=clinic.show_paper, roles=PRESCRIBERS | PHARMACISTS),
        Page(CLINIC, f"{contract.ONE}/{{id}}/pdf", show=clinic.show_pdf, roles=PRESCRIBERS | PHARMACISTS),
    )


def _reviewing() -> tuple[Page, ...]:
    return (
        Page(
            CLINIC,
            contract.QUEUE,
            show=review.show,
            menu=Text("处方审核", "Review of prescriptions"),
            icon="clipboard-list",
            order=20,
            roles=PHARMACISTS,
            badge=review.badge,
        ),
        Page(CLINIC, f"{contract.QUEUE}/{{id}}", show=review.show_one, send=review.send_one, roles=PHARMACISTS),
    )


def _own() -> tuple[Page, ...]:
    return (
        Page(
            RESIDENT,
            contract.MINE,
            show=mine.show,
            menu=Text("我的处方", "My prescriptions"),
            icon="pill",
            tab="visits",
            order=62,
        ),
        Page(RESIDENT, f"{contract.MINE}/{{id}}/paper", show=clinic.show_paper),
        Page(RESIDENT, f"{contract.MINE}/{{id}}/pdf", show=clinic.show_pdf),
    )
