"""Everything that quality adds."""

from xinglin.capabilities.quality import contract, jobs, policy
from xinglin.capabilities.quality.operations import findings as keeping
from xinglin.capabilities.quality.pages import findings, scores
from xinglin.capabilities.quality.rules.judging import ALONE
from xinglin.capabilities.quality.rules.writing import warnings
from xinglin.fhir.declarations import Text
from xinglin.registry import COMMISSION, INSTITUTION, Capability, Card, Caution, Handler, Job, Page
from xinglin.settings import Settings


def declare(_settings: Settings) -> Capability:
    """Give the table of contents."""
    at = contract.AT
    texts = {id: rule.title for id, rule in contract.RULES.items()}
    return Capability(
        name="quality",
        title=Text("数据质量", "Data quality"),
        code_sets=(contract.CODES, contract.DOMAIN_CODES, contract.STATE_CODES),
        profiles=(contract.FINDING, contract.SCORE),
        warnings=tuple(Caution(type, warnings, texts) for type in ALONE),
        operations=(Handler(contract.EXPLAIN, keeping.explain),),
        grants=policy.GRANTS,
        pages=(
            Page(at, contract.LIST, show=scores.show, menu=Text("数据质量", "Data quality"), icon="clipboard-list"),
            Page(at, contract.FINDINGS, show=findings.show),
            Page(at, contract.FINDINGS + "/{id}", show=findings.show_one, send=findings.send_one),
            Page(at, contract.LIST + "/institution/{id}", show=scores.show_one),
        ),
        cards=tuple(
            Card(portal, Text("数据质量", "Data quality"), findings.show_card, order=55, roles=portal.roles)
            for portal in (COMMISSION, INSTITUTION)
        ),
        jobs=(Job(contract.LOOK, jobs.look, every="01:30 Asia/Shanghai"),),
        templates="xinglin.capabilities.quality:templates",
    )
