"""The settings as the policies that decisions take."""

from datetime import timedelta

from xinglin.security.accounts import LockPolicy, SessionPolicy
from xinglin.security.passwords import PasswordPolicy
from xinglin.settings import Settings


def session_policy(settings: Settings) -> SessionPolicy:
    """How long somebody stays signed in."""
    return SessionPolicy(
        idle=timedelta(minutes=settings.session_idle_minutes),
        whole=timedelta(hours=settings.session_hours),
        step_up=timedelta(minutes=settings.step_up_minutes),
    )


def lock_policy(settings: Settings) -> LockPolicy:
    """When wrong answers lock an account, and for how long."""
    return LockPolicy(settings.lock_failures, timedelta(minutes=settings.lock_minutes))


def password_policy(settings: Settings) -> PasswordPolicy:
    """What a password must be."""
    return PasswordPolicy(
        settings.password_length,
        settings.password_classes,
        settings.password_history,
        timedelta(days=settings.password_days),
    )
