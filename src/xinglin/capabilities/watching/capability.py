"""Everything that watching adds."""

from datetime import timedelta
from functools import partial

from xinglin.capabilities.watching import contract, jobs, policy
from xinglin.capabilities.watching.operations.decide import decide
from xinglin.capabilities.watching.operations.look import Terms
from xinglin.fhir.declarations import Text
from xinglin.registry import Capability, Handler, Job
from xinglin.security.anomalies import Limits, night_of
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


def declare(settings: Settings) -> Capability:
    """Give the table of contents."""
    return Capability(
        name="watching",
        title=Text("安全监测", "Watching"),
        code_sets=(contract.ALERTS, contract.STATES),
        profiles=(contract.ALERT,),
        operations=(Handler(contract.DECIDE, decide),),
        grants=policy.GRANTS,
        jobs=(Job(contract.LOOK, partial(jobs.look, terms=terms(settings)), every="*/5 * * * *"),),
        templates="xinglin.capabilities.watching:templates",
    )
