"""Everything that supervision adds."""

from functools import partial
from typing import Final

from xinglin.capabilities.supervision import contract, jobs, policy
from xinglin.capabilities.supervision.gateways import Port, port_of
from xinglin.capabilities.supervision.operations import tracing, uploading
from xinglin.capabilities.supervision.pages import live, trace
from xinglin.capabilities.supervision.rules import uploads
from xinglin.fhir.declarations import Text
from xinglin.registry import COMMISSION, INSTITUTION, Capability, Handler, Invariant, Job, Page
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
            *("billing", "insurance", "internet_hospital", "pharmacy", "prescriptions"),
            *("signatures", "triage"),
        ),
        code_sets=(contract.TASKS, contract.UPLOAD_STATES, contract.ACTS, contract.STEPS),
        profiles=(contract.UPLOAD,),
        invariants=(Invariant(contract.UPLOAD, uploads.stays),),
        operations=(
            Handler(contract.RESEND, uploading.resend),
            Handler(contract.TRACE, tracing.trace),
            Handler(contract.SEEK, tracing.seek),
        ),
        grants=policy.GRANTS,
        pages=_pages(),
        jobs=(
            Job(contract.LOOK, partial(jobs.look, minutes=settings.supervision_minutes), every="* * * * *"),
            Job(contract.SEND, partial(jobs.send, port=port), retries=5),
            Job(contract.SWEEP, jobs.sweep, every="*/10 * * * *"),
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
