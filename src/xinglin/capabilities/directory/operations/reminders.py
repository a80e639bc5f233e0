"""Tell the administrators of an institution that the verification of its licence is due, or overdue."""

from datetime import date
from typing import Any

from xinglin.capabilities.directory.contract import OVERDUE, VERIFYING
from xinglin.capabilities.notifications.contract import NOTIFY_ROLE, RoleNotice
from xinglin.fhir.sources import cites
from xinglin.security.institution_forms import institution_of
from xinglin.security.institutions import next_verification, verification_state
from xinglin.store.door import UnitOfWork

ADMINISTRATOR = "system-admin"


@cites("R2-003")
async def remind_of(work: UnitOfWork, document: dict[str, Any], today: date) -> int:
    """Send what is to be told of an institution today; gives how many were told anew or again.

    Once in each stage (90, 60, 30 days) and once when it is overdue: the key holds institution, day and stage. An
    internet hospital under a second name goes with its physical institution, which is told.
    """
    one = institution_of(document)
    due = next_verification(one)
    state = verification_state(one, today)
    if not one.active or due is None or state in {"valid", "unknown"} or (one.host and one.naming != "independent"):
        return 0
    overdue = state == "overdue"
    told = {"name": one.name} if overdue else {"name": one.name, "day": due.isoformat(), "days": (due - today).days}
    notice = RoleNotice(
        kind=(OVERDUE if overdue else VERIFYING).code,
        role=ADMINISTRATOR,
        organization=one.host or one.reference,
        parameters=tuple(f"{name}={value}" for name, value in told.items()),
        about=one.reference,
        key=f"verification {one.reference} {due.isoformat()} {state}",
        sender=one.host or one.reference,
    )
    return await work.platform.operate(NOTIFY_ROLE, notice)
