"""Accounts as decisions: which kind may act in which role, for what purpose, and which roles exclude each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from xinglin.fhir.outcome import Issue

Kind = Literal["resident", "staff", "system"]

RESIDENT_ROLES: Final = ("resident", "guardian")
# One account may hold one of these at most (三权分立; GB/T 22239, access control d).
ADMINISTRATORS: Final = ("system-admin", "security-admin", "audit-admin")
STAFF_ROLES: Final = (
    *("physician", "village-doctor", "nurse", "pharmacist", "retail-pharmacist", "technician", "family-doctor"),
    *("public-health", "receptionist", "insurer", "regulator", "researcher"),
    *ADMINISTRATORS,
)
# What a visitor of the demonstration may become by one click.
DEMO_ROLES: Final = (*RESIDENT_ROLES, *STAFF_ROLES)
# And one more resident: of 修武县, with hypertension that a hospital has diagnosed, who may be seen online.
DEMO_OTHERS: Final = ("patient",)
# Who signs in with a session of these pages; partners come with tokens alone.
SIGNED_IN: Final = frozenset({*RESIDENT_ROLES, *STAFF_ROLES})
EVERYBODY: Final = SIGNED_IN | {"anonymous", "developer"}

# role → purpose of use (v3-ActReason) that its sessions have
PURPOSES: Final[Mapping[str, str]] = {
    "resident": "PATRQT",
    "guardian": "PATRQT",
    "physician": "TREAT",
    "village-doctor": "TREAT",
    "nurse": "TREAT",
    "pharmacist": "TREAT",
    "retail-pharmacist": "TREAT",
    "technician": "TREAT",
    "family-doctor": "TREAT",
    "public-health": "PUBHLTH",
    "receptionist": "HMGT",
    "insurer": "HPAYMT",
    "regulator": "HLEGAL",
    "researcher": "HRESCH",
    "system-admin": "HSYSADMIN",
    "security-admin": "HSYSADMIN",
    "audit-admin": "HSYSADMIN",
}


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long somebody stays signed in. idle: without a request. whole: at most. step_up: a second factor is fresh."""

    idle: timedelta
    whole: timedelta
    step_up: timedelta


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """After *most* wrong answers in a row nobody gets in for *pause* (GB/T 22239, identity b)."""

    most: int
    pause: timedelta


def assignment_faults(kind: str, role: str, held: Iterable[str]) -> tuple[Issue, ...]:
    """Reasons why an account of *kind* that holds the roles *held* may not be given *role*."""
    if kind != "staff" or role not in STAFF_ROLES:
        return (Issue("business-rule", "role-of-another-kind", text="This kind of account cannot hold that role."),)
    faults = []
    if role in held:
        faults.append(Issue("business-rule", "role-held", text="The account holds this role already."))
    if role in ADMINISTRATORS and set(held) & (set(ADMINISTRATORS) - {role}):
        text = "One account cannot administer two of system, security and audit."
        faults.append(Issue("business-rule", "roles-separated", text=text))
    return tuple(faults)


def locked_until(failures: int, policy: LockPolicy, now: datetime) -> datetime | None:
    """Give the end of the lock that the last of *failures* wrong answers brings; None when there is none."""
    return now + policy.pause if failures >= policy.most else None


def extended(now: datetime, until: datetime, policy: SessionPolicy) -> datetime:
    """Give when a session that is used now ends if it is not used again; never later than *until*."""
    return min(now + policy.idle, until)


def dormant(used: datetime | None, made: datetime, now: datetime, limit: timedelta) -> bool:
    """Tell whether an account has not been used for so long that it is disabled (GB/T 22239, access a-c)."""
    return now - (used or made) > limit
