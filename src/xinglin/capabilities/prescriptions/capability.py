"""Everything that prescriptions add."""

from typing import Final

from xinglin.capabilities.prescriptions import contract, jobs, policy
from xinglin.capabilities.prescriptions.operations import deciding, signing
from xinglin.capabilities.prescriptions.rules import states
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Invariant, Job
from xinglin.settings import Settings

TITLE: Final = Text("电子处方", "Prescriptions")


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="prescriptions",
        title=TITLE,
        needs=("notifications", "signatures"),
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
        jobs=(Job(contract.EXPIRE, jobs.expire, retries=5),),
        notices=(contract.RETURNED, contract.REFUSED),
    )
