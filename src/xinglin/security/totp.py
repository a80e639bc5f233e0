"""Codes of an authenticator app (TOTP, RFC 6238): six digits, a new one each 30 seconds."""

import hmac
from datetime import datetime
from typing import Final

from pyotp import TOTP

STEP_SECONDS: Final = 30
DRIFT: Final = 1  # steps that a phone's clock may be off, to either side


def step_of(code: str, secret: str, now: datetime, last: int) -> int | None:
    """Give the time step whose code this is; None when it is none near *now*, or of *last* or an earlier step.

    secret: base32. last: the step that was used before, so that a code that was looked over is worth nothing.
    """
    given = code.replace(" ", "")
    if len(given) != 6 or not given.isascii() or not given.isdigit():
        return None
    present = int(now.timestamp()) // STEP_SECONDS
    made = TOTP(secret)
    steps = range(max(last + 1, present - DRIFT), present + DRIFT + 1)
    right = [step for step in steps if hmac.compare_digest(made.generate_otp(step), given)]
    return right[-1] if right else None


def address(secret: str, account: str, issuer: str) -> str:
    """Give the otpauth address that an authenticator app takes in as a QR code."""
    return TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)
