"""Everything about accounts that an operator may decide, ready for the operations."""

from dataclasses import dataclass

from xinglin.security.accounts import LockPolicy, SessionPolicy
from xinglin.security.passwords import PasswordPolicy
from xinglin.settings import Settings
from xinglin.store.identity.policies import lock_policy, password_policy, session_policy


@dataclass(frozen=True, slots=True)
class Limits:
    """Policies made of the settings."""

    settings: Settings
    sessions: SessionPolicy
    locks: LockPolicy
    passwords: PasswordPolicy


def limits(settings: Settings) -> Limits:
    """Make the policies."""
    return Limits(settings, session_policy(settings), lock_policy(settings), password_policy(settings))
