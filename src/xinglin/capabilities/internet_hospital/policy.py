"""Who may do what in online visits: the two sides, and the waiting list of an internet hospital."""

from typing import Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.security.grants import Grant
from xinglin.settings import Settings

_READ: Final = frozenset({"read", "search"})
_OPERATE: Final = frozenset({"operate"})
_STRONG: Final = frozenset({"strong"})
_TREATMENT: Final = frozenset({"TREAT", "ETREAT"})
_VISITS: Final = f"_profile={contract.VISIT.url}"
_PATIENT: Final = ("enter", "cancel-visit", "interrupt", "resume", "change-medium", "say", "keep-recording")
_DOCTOR: Final = (
    *("accept", "start", "refuse", "terminate", "interrupt", "resume", "change-medium", "finish", "say"),
    *("revisit-gate", "invite-doctor", "keep-recording"),
)


def grants(settings: Settings) -> tuple[Grant, ...]:
    """Give the grants. A visit that waits names no person: only what it is about, until a doctor has accepted it."""
    level = frozenset({settings.level_record})
    return (
        Grant(
            "system-admin",
            _OPERATE,
            "Organization",
            operations=frozenset({contract.SET_TERMS.code}),
            needs=_STRONG,
            name="visit-terms",
        ),
        *(
            grant
            for role in ("resident", "guardian")
            for grant in (
                Grant(
                    role, _OPERATE, "Patient", operations=frozenset({"request-visit"}), needs=level, name="own-visits"
                ),
                Grant(role, _OPERATE, "Encounter", operations=frozenset(_PATIENT), needs=level, name="own-visits"),
            )
        ),
        *(
            Grant(role, _OPERATE, "Encounter", operations=frozenset(_DOCTOR), needs=_STRONG, name="online-visits")
            for role in contract.DOCTORS
        ),
        *(
            Grant(
                role,
                _OPERATE,
                "DocumentReference",
                operations=frozenset({contract.JUDGE.code}),
                needs=_STRONG,
                name="online-visits",
            )
            for role in contract.DOCTORS
        ),
        *(
            Grant(
                role,
                _READ,
                "Encounter",
                f"{_VISITS}&{reach}",
                purposes=_TREATMENT,
                needs=_STRONG,
                name=name,
                source="R1-034",
            )
            for role in sorted(contract.DOCTORS)
            for name, reach in (
                ("waiting-visits", "status=planned&service-provider={organization}"),
                ("waiting-visits", "status=planned&service-provider:Organization.partof={organization}"),
                ("own-visits", "participant={practitioner}"),
            )
        ),
    )
