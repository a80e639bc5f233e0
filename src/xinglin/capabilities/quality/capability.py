"""Everything that quality adds."""

from xinglin.capabilities.quality import contract, jobs, policy
from xinglin.capabilities.quality.operations import findings as keeping
from xinglin.capabilities.quality.operations.districts import by_district
from xinglin.capabilities.quality.pages import findings, scores
from xinglin.capabilities.quality.rules.judging import ALONE
from xinglin.capabilities.quality.rules.writing import warnings
from xinglin.fhir.declarations import Text
from xinglin.registry import COMMISSION, INSTITUTION, Capability, Card, Caution, Handler, Job, Page
from xinglin.settings import Settings


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    at, title, readers = contract.AT, Text("数据质量", "Data quality"), contract.ROLES | {"developer"}
    texts = {id: rule.title for id, rule in contract.RULES.items()}
    return Capability(
        name="quality",
        title=title,
        code_sets=(contract.CODES, contract.DOMAIN_CODES, contract.STATE_CODES),
        profiles=(contract.FINDING, contract.SCORE),
        warnings=tuple(Caution(type, warnings, texts) for type in ALONE),
        needs=("health_records",),
        operations=(
            Handler(contract.EXPLAIN, keeping.explain),
            Handler(contract.CORRECT, keeping.correct),
            Handler(contract.DISTRICTS, by_district),
        ),
        grants=policy.GRANTS,
        pages=(
            Page(at, contract.LIST, show=scores.show, menu=title, icon="clipboard-list", roles=readers),
            Page(at, contract.FINDINGS, show=findings.show, roles=readers),
            Page(at, contract.FINDINGS, show=findings.show, menu=title, icon="clipboard-list", roles=contract.WRITERS),
            Page(at, contract.FINDINGS + "/{id}/record", show=findings.open_record),
            Page(at, contract.FINDINGS + "/{id}", show=findings.show_one, send=findings.send_one),
            Page(at, contract.LIST + "/institution/{id}", show=scores.show_one, roles=readers),
        ),
        cards=tuple(
            Card(portal, title, findings.show_card, order=55, roles=portal.roles)
            for portal in (COMMISSION, INSTITUTION)
        ),
        jobs=(Job(contract.LOOK, jobs.look, every="01:30 Asia/Shanghai"),),
        templates="xinglin.capabilities.quality:templates",
    )
