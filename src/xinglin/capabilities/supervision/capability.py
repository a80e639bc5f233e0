"""Everything that supervision adds."""

from functools import partial
from typing import Final

from xinglin.capabilities.supervision import contract, jobs, policy
from xinglin.capabilities.supervision.gateways import Port, port_of
from xinglin.capabilities.supervision.operations import checking, finding, tracing, uploading
from xinglin.capabilities.supervision.pages import checks, findings, live, trace
from xinglin.capabilities.supervision.rules import findings as found
from xinglin.capabilities.supervision.rules import sheets, uploads
from xinglin.fhir.declarations import Text
from xinglin.registry import COMMISSION, INSTITUTION, Capability, Exclusive, Handler, Invariant, Job, Page
from xinglin.settings import Settings
from xinglin.web.asking import Counts

TITLE: Final = Text("互联网诊疗监管", "Supervision of online care")
ADMINISTRATORS: Final = frozenset({"system-admin"})


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return made(settings, port_of(settings))


def made(settings: Settings, port: Port | None) -> Capability:
    """Give it with a port to tell."""
    return Capability(
        name=contract.NAME,
        title=TITLE,
        needs=(
            *("billing", "insurance", "internet_hospital", "notifications", "pharmacy"),
            *("prescriptions", "signatures", "triage"),
        ),
        code_sets=(
            contract.TASKS,
            contract.UPLOAD_STATES,
            contract.ACTS,
            contract.STEPS,
            contract.FINDING_STATES,
            contract.SAMPLES,
            contract.GRADES,
        ),
        profiles=(contract.UPLOAD, contract.FINDING, contract.SAMPLE, contract.SHEET),
        invariants=(Invariant(contract.UPLOAD, uploads.stays), Invariant(contract.FINDING, found.kept)),
        exclusives=(Exclusive(contract.SHEET, sheets.alone, "sheet-twice"),),
        notices=(contract.FOUND,),
        operations=(
            Handler(contract.RESEND, uploading.resend),
            Handler(contract.TRACE, tracing.trace),
            Handler(contract.SEEK, tracing.seek),
            Handler(contract.DRAW, checking.draw_sample),
            Handler(contract.CHECK, checking.check),
            Handler(contract.OPEN, finding.open_),
            Handler(contract.ANSWER, finding.answer),
            Handler(contract.JUDGE, finding.judge),
        ),
        grants=policy.GRANTS,
        pages=_pages(),
        jobs=(
            Job(contract.LOOK, partial(jobs.look, minutes=settings.supervision_minutes), every="* * * * *"),
            Job(contract.SEND, partial(jobs.send, port=port), retries=5),
            Job(contract.SWEEP, jobs.sweep, every="*/10 * * * *"),
            Job(contract.LEADS, jobs.leads, every="02:10 Asia/Shanghai"),
            Job(contract.ESCALATE, jobs.escalate, every="08:20 Asia/Shanghai"),
        ),
        templates="xinglin.capabilities.supervision:templates",
    )


def _pages() -> tuple[Page, ...]:
    return (
        Page(COMMISSION, contract.LIVE, show=live.shown(Counts(1)), menu=live.TITLE, icon="clock", order=20),
        Page(COMMISSION, contract.UPLOADS, show=live.show_uploads, menu=live.UPLOADS.title, icon="upload", order=24),
        Page(COMMISSION, contract.TRACED, show=trace.show, menu=trace.TITLE, icon="timeline", order=21),
        Page(COMMISSION, f"{contract.TRACED}/{{type}}/{{id}}", show=trace.show_one),
        Page(
            COMMISSION,
            contract.CHECKS,
            show=checks.show,
            send=checks.send,
            menu=checks.TITLE,
            icon="test-pipe",
            order=22,
        ),
        Page(COMMISSION, f"{contract.CHECKS}/{{id}}", show=checks.show_sample),
        Page(COMMISSION, f"{contract.CHECKS}/{{id}}/{{visit}}", show=checks.show_sheet, send=checks.send_sheet),
        Page(
            COMMISSION, contract.FINDINGS, show=findings.show_all, menu=findings.TITLE, icon="alert-triangle", order=23
        ),
        Page(COMMISSION, f"{contract.FINDINGS}/{{id}}", show=findings.show_one, send=findings.send_one),
        Page(
            INSTITUTION,
            contract.OWN_FINDINGS,
            show=findings.show_own,
            menu=findings.OWN.title,
            icon="alert-triangle",
            order=71,
            roles=ADMINISTRATORS,
            badge=findings.waiting,
        ),
        Page(
            INSTITUTION,
            f"{contract.OWN_FINDINGS}/{{id}}",
            show=findings.show_own_one,
            send=findings.send_own_one,
            roles=ADMINISTRATORS,
        ),
        Page(
            INSTITUTION,
            contract.OWN_UPLOADS,
            show=live.show_own,
            menu=live.OWN.title,
            icon="upload",
            order=70,
            roles=ADMINISTRATORS,
        ),
        Page(
            INSTITUTION,
            f"{contract.OWN_UPLOADS}/{{id}}",
            show=live.show_own_one,
            send=live.send_own,
            roles=ADMINISTRATORS,
        ),
    )
