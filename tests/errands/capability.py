"""Everything that errands add."""

from tests.errands import contract, jobs, operations, pages, policy, rules
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Invariant, Job, Page, Portal

COUNTER = Portal("counter", "/errands", frozenset({"dispatcher", "runner"}), Text("跑腿台", "Errand counter"))


def declare() -> Capability:
    """Give the table of contents."""
    return Capability(
        name="errands",
        title=Text("跑腿", "Errands"),
        code_sets=(contract.KINDS,),
        profiles=(contract.ERRAND,),
        invariants=(Invariant(contract.ERRAND, rules.status_may_change),),
        operations=(Handler(contract.CLAIM, operations.claim),),
        grants=policy.GRANTS,
        pages=(Page(COUNTER, "/errands", show=pages.show, menu=Text("跑腿", "Errands")),),
        jobs=(Job(contract.REMIND, jobs.remind, retries=5),),
        templates="tests.errands:templates",
    )
