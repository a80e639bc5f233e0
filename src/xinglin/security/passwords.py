"""What a password must be (GB/T 22239, identity a): length, classes of characters, not used before, not too old."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from xinglin.fhir.outcome import Issue

MOST: Final = 200  # characters; longer ones only cost time
_CLASSES: Final = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^A-Za-z0-9]"))
# What people begin with when a rule asks for a capital, a digit and a sign.
_COMMON: Final = ("password", "passw0rd", "qwerty", "123456", "abc123", "admin", "welcome", "iloveyou", "letmein")


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """least: characters. classes: of lower, upper, digit, sign. history: last ones that may not come again."""

    least: int
    classes: int
    history: int
    age: timedelta


def password_faults(password: str, policy: PasswordPolicy, *, login: str) -> tuple[Issue, ...]:
    """Reasons why *password* is refused, all of them; empty when it is good."""
    faults = []
    if len(password) < policy.least:
        faults.append(Issue("business-rule", "password-short", text=f"At least {policy.least} characters."))
    if len(password) > MOST:
        faults.append(Issue("business-rule", "password-long", text=f"At most {MOST} characters."))
    if sum(bool(one.search(password)) for one in _CLASSES) < policy.classes:
        text = f"At least {policy.classes} of lower case, upper case, digits and signs."
        faults.append(Issue("business-rule", "password-classes", text=text))
    lowered = password.lower()
    if (login and login.lower() in lowered) or any(one in lowered for one in _COMMON) or len(set(lowered)) < 5:
        text = "Not the login name, not a common password, not the same few characters."
        faults.append(Issue("business-rule", "password-easy", text=text))
    return tuple(faults)


def password_expired(made: datetime, now: datetime, policy: PasswordPolicy) -> bool:
    """Tell whether a password that was set at *made* has to be changed at the next login."""
    return now - made > policy.age
