"""Who holds, confirms, gives back, checks in, calls, stops: each in the own session, person or institution."""

from collections.abc import Iterable
from typing import Final

from xinglin.capabilities.appointments import contract
from xinglin.fhir.declarations import Operation
from xinglin.security.accounts import SIGNED_IN
from xinglin.security.grants import Grant
from xinglin.settings import Settings

_OPERATE: Final = frozenset({"operate"})
_STRONG: Final = frozenset({"strong"})
_BOOKING: Final = (contract.HOLD, contract.HOLD_NEXT, contract.WAIT, contract.CONFIRM, contract.GIVE_BACK)
_ROOM: Final = (contract.CALL, contract.PASS, contract.RECALL, contract.DONE, contract.WALK_IN, contract.STOP)
_DESK: Final = (*_BOOKING, *_ROOM, contract.CHECK_IN, contract.IDENTIFY)
_CLINICIANS: Final = ("physician", "village-doctor", "family-doctor", "public-health")
_EVERYBODY: Final = ("anonymous", *sorted(SIGNED_IN))


def grants(settings: Settings) -> tuple[Grant, ...]:
    """Give the grants. Residents book at the level of proofing that appointments need (R6-043)."""
    own = frozenset({settings.level_appointment})
    here = f"code={contract.TASKS.system}|booking-call&owner={{organization}}"
    return (
        *(
            grant
            for role in ("resident", "guardian")
            for grant in _operating(role, (*_BOOKING, contract.CHECK_IN), own, "own-booking", "R6-043")
        ),
        *_operating("receptionist", _DESK, _STRONG, "booking-desk"),
        *(
            grant
            for role in _CLINICIANS
            for grant in _operating(role, (*_ROOM, contract.OVERBOOK, contract.IDENTIFY), _STRONG, "own-sessions")
        ),
        *_operating("nurse", (contract.CALL, contract.PASS, contract.RECALL, contract.WALK_IN), _STRONG, "triage-desk"),
        *_operating("system-admin", (contract.MAKE, contract.STOP, contract.DECIDE), _STRONG, "planning"),
        *_operating("partner", _BOOKING, frozenset({"scopes"}), "partner-booking"),
        *(grant for role in _EVERYBODY for grant in _operating(role, (contract.VERIFY,), frozenset(), "public-log")),
        Grant(
            "receptionist",
            frozenset({"read", "search", "update", "patch"}),
            "Task",
            here,
            needs=_STRONG,
            name="booking-calls",
        ),
    )


def _operating(
    role: str,
    operations: Iterable[Operation[object, object]] | Iterable[object],
    needs: frozenset[str],
    name: str,
    source: str = "",
) -> Iterable[Grant]:
    by_type: dict[str, set[str]] = {}
    for one in operations:
        if isinstance(one, Operation):
            by_type.setdefault(one.on, set()).add(one.code)
    for on, codes in sorted(by_type.items()):
        yield Grant(role, _OPERATE, on, operations=frozenset(codes), needs=needs, name=name, source=source)
