"""Everything that watching adds."""

from datetime import date, timedelta
from functools import partial

from xinglin.capabilities.watching import contract, jobs
from xinglin.capabilities.watching import policy as rights
from xinglin.capabilities.watching.operations.answer import answer
from xinglin.capabilities.watching.operations.decide import decide
from xinglin.capabilities.watching.operations.look import Terms
from xinglin.capabilities.watching.pages import (
    alerts,
    apps,
    denials,
    exporting,
    objections,
    policy,
    reviews,
    start,
    why,
)
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Job, Page
from xinglin.security.anomalies import Limits, night_of
from xinglin.security.assessments import CRYPTOGRAPHY, LEVEL_3, Passed
from xinglin.settings import Settings


def terms(settings: Settings) -> Terms:
    """Take the limits from the settings."""
    limits = Limits(
        patients=settings.alert_patients,
        refused=settings.alert_refused,
        rows=settings.alert_rows,
        by_name=settings.alert_by_name,
        at_night=settings.alert_at_night,
        night=night_of(settings.night),
    )
    return Terms(limits, settings.zone, timedelta(hours=settings.encounter_grace_hours))


def passed(settings: Settings) -> tuple[Passed, ...]:
    """Take the assessments that were passed from the settings."""
    given = (
        (LEVEL_3, settings.level_3_certificate, settings.level_3_assessed),
        (CRYPTOGRAPHY, settings.cryptography_report, settings.cryptography_assessed),
    )
    return tuple(Passed(kind, number, date.fromisoformat(on)) for kind, number, on in given if on)


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="watching",
        needs=("access", "audit", "notifications"),
        title=Text("安全监测", "Watching"),
        code_sets=(contract.ALERTS, contract.STATES),
        notices=(contract.ALERTED,),
        profiles=(contract.ALERT,),
        operations=(Handler(contract.DECIDE, decide), Handler(contract.ANSWER, answer)),
        grants=rights.GRANTS,
        pages=_pages(),
        jobs=(
            Job(contract.LOOK, partial(jobs.look, terms=terms(settings)), every="*/5 * * * *"),
            Job(contract.REMIND, partial(jobs.remind, passed=passed(settings)), every="30 8 * * *"),
        ),
        templates="xinglin.capabilities.watching:templates",
    )


def _pages() -> tuple[Page, ...]:
    at = contract.SECURITY
    return (
        Page(at, "/security", show=start.show, menu=Text("工作台", "Desk"), icon="shield-lock"),
        Page(
            at,
            alerts.LIST,
            show=alerts.show_list,
            menu=Text("安全告警", "Alerts"),
            icon="alert-triangle",
            badge=alerts.new,
        ),
        Page(at, alerts.LIST + "/{id}", show=alerts.show_one, send=alerts.send_one),
        Page(
            at,
            reviews.LIST,
            show=reviews.show,
            send=reviews.send,
            menu=Text("紧急访问复核", "Emergency reviews"),
            icon="heartbeat",
            badge=reviews.waiting,
        ),
        Page(
            at,
            objections.LIST,
            show=objections.show,
            send=objections.send,
            menu=Text("居民异议", "Objections"),
            icon="mail",
            badge=objections.waiting,
        ),
        Page(at, denials.LIST, show=denials.show, menu=Text("被拒绝的访问", "Refusals"), icon="lock"),
        Page(
            at,
            apps.LIST,
            show=apps.show,
            send=apps.send,
            menu=Text("应用与系统", "Apps"),
            icon="packages",
            badge=apps.waiting,
        ),
        Page(at, exporting.PATH, show=exporting.show, send=exporting.send, menu=exporting.TITLE, icon="external-link"),
        Page(at, "/security/policy", show=policy.show, menu=Text("访问策略", "Policy"), icon="table"),
        Page(at, "/security/why", show=why.show, menu=Text("能否访问及原因", "May they, and why"), icon="help-circle"),
    )
