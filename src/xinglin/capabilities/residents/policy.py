"""Who registers, opens and closes records, looks for the same person, and checks cards."""

from typing import Final

from xinglin.capabilities.residents.contract import (
    ASKING_ROLES,
    CLOSE_RECORD,
    DECIDE_HANDOVER,
    DESK_ROLES,
    HANDOVER,
    MATCH,
    OPEN_RECORD,
    REGISTER,
    REGISTER_NEWBORN,
    REOPEN_RECORD,
    REQUEST_HANDOVER,
    SCANNING_ROLES,
    SHOW_CARD,
    TASK_CODES,
    VERIFY_CARD,
)
from xinglin.security.grants import Grant
from xinglin.settings import Settings

_OPERATE: Final = frozenset({"operate"})
_READ: Final = frozenset({"read", "vread", "search", "history"})
_STRONG: Final = frozenset({"strong"})
_REGISTERING: Final = frozenset({REGISTER.code, REGISTER_NEWBORN.code, MATCH.code})
_HANDOVERS: Final = tuple(f"code={TASK_CODES}|{HANDOVER}&{side}={{organization}}" for side in ("owner", "requester"))
_RECORDS: Final = frozenset({OPEN_RECORD.code, CLOSE_RECORD.code, REOPEN_RECORD.code})


def grants(settings: Settings) -> tuple[Grant, ...]:
    """Give the grants. A card is shown at the level of proofing that appointments need (R6-043)."""
    desks = sorted(DESK_ROLES)
    own = frozenset({settings.level_appointment})
    return (
        *(_operation(role, _REGISTERING, "registering", "HR-03, CD-11") for role in desks),
        *(_operation(role, _RECORDS, "keeping-records", "HR-06, HR-07") for role in desks),
        *(
            Grant(role, _READ, "Task", reach, needs=_STRONG, name="handovers", source="HR-07")
            for role in desks
            for reach in _HANDOVERS
        ),
        *(
            Grant(
                role,
                _OPERATE,
                "Task",
                operations=frozenset({DECIDE_HANDOVER.code}),
                needs=_STRONG,
                name="handovers",
                source="HR-07",
            )
            for role in desks
        ),
        *(
            _operation(role, frozenset({REQUEST_HANDOVER.code}), "asking-for-records", "HR-07")
            for role in sorted(ASKING_ROLES)
        ),
        *(_operation(role, frozenset({VERIFY_CARD.code}), "card-check", "R6-041") for role in sorted(SCANNING_ROLES)),
        # Whoever registers goes on with the record that he opens; receptionists have it by the baseline.
        *(
            Grant(
                role,
                _READ,
                "Patient",
                "organization={organization}",
                needs=_STRONG,
                name="registered-here",
                source="HR-06",
            )
            for role in ("village-doctor", "family-doctor", "public-health")
        ),
        *(
            Grant(
                role,
                _OPERATE,
                "Patient",
                operations=frozenset({SHOW_CARD.code}),
                needs=own,
                name="own-card",
                source="R6-040",
            )
            for role in ("resident", "guardian")
        ),
        # A system asks for those it may be about to send twice; its scopes say whether it may.
        Grant(
            "partner",
            _OPERATE,
            "Patient",
            operations=frozenset({MATCH.code, VERIFY_CARD.code}),
            needs=frozenset({"scopes"}),
            name="partner-match",
            source="CD-11",
        ),
    )


def _operation(role: str, codes: frozenset[str], name: str, source: str) -> Grant:
    return Grant(role, _OPERATE, "Patient", operations=codes, needs=_STRONG, name=name, source=source)
