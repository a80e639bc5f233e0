"""Everything that insurance adds."""

from functools import partial
from typing import Final

from xinglin.capabilities.insurance import contract, jobs, operations, pages, policy
from xinglin.capabilities.insurance.gateways import Insurer, insurer_of
from xinglin.capabilities.insurance.rules import claims
from xinglin.fhir.declarations import Text
from xinglin.registry import INSURER, Capability, Card, Handler, Invariant, Job, Page
from xinglin.settings import Settings

TITLE: Final = Text("医保结算", "Insurance settlement")


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return made(settings, insurer_of(settings))


def made(settings: Settings, insurer: Insurer) -> Capability:
    """Give it with a platform to ask."""
    area = settings.insurer_area
    return Capability(
        name="insurance",
        title=TITLE,
        code_sets=(contract.STATES, contract.AMOUNTS),
        profiles=(contract.COVERAGE, contract.SETTLEMENT, contract.RESULT),
        invariants=(Invariant(contract.SETTLEMENT, claims.moves_as_it_may),),
        operations=(
            Handler(contract.PRESETTLE, operations.presettle),
            Handler(contract.SETTLE, operations.settle),
            Handler(contract.REVERSE, operations.reverse),
            Handler(contract.EXPLAIN, operations.explain),
        ),
        grants=policy.GRANTS,
        pages=(
            Page(INSURER, contract.CLAIMS, show=pages.show_all, menu=pages.TITLE, icon="report-medical"),
            Page(INSURER, f"{contract.CLAIMS}/{{id}}", show=pages.show_one),
        ),
        jobs=(
            Job(contract.ASK, partial(jobs.presettle, insurer=insurer, area=area), retries=8),
            Job(contract.SEND, partial(jobs.settle, insurer=insurer, area=area), retries=10),
            Job(contract.UNDO, partial(jobs.reverse, insurer=insurer, area=area), retries=10),
            Job(contract.RECONCILE, partial(jobs.reconcile, insurer=insurer, area=area), retries=8),
            Job(contract.SWEEP, jobs.sweep, every="*/10 * * * *"),
        ),
        cards=(
            Card(INSURER, Text("本月结算", "This month"), pages.figures, order=10, wide=True),
            Card(INSURER, Text("最近的结算", "Latest settlements"), pages.latest, order=20, wide=True),
        ),
        templates="xinglin.capabilities.insurance:templates",
    )
