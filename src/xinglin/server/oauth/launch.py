"""EHR launch: an app opened from the record, for the patient who is on the screen.

The launch token is sealed by the vault and holds all it stands for, so opening an app writes nothing. It is of use only
in the session that made it, to the app it was made for, for some minutes.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final

import msgspec

from xinglin.security.sm import Tampered
from xinglin.store.vault.vault import NoKey, UnknownKey, Vault

LASTS: Final = timedelta(minutes=5)
LONGEST: Final = 2_048
_DOMAIN: Final = "accounts"
_PLACE: Final = b"oauth launch"


class Launch(msgspec.Struct, frozen=True):
    """What is on the screen. patient, encounter: references. expires: seconds since the epoch."""

    session: str
    client: str
    patient: str | None
    encounter: str | None
    expires: float


def seal_launch(
    vault: Vault, session: str, client: str, now: datetime, *, patient: str | None, encounter: str | None
) -> str:
    """Make the launch token."""
    launch = Launch(session, client, patient, encounter, (now + LASTS).timestamp())
    return urlsafe_b64encode(vault.seal(_DOMAIN, _PLACE, msgspec.json.encode(launch))).decode().rstrip("=")


def open_launch(vault: Vault, token: str, session: str, client: str, now: datetime) -> Launch | None:
    """Read a launch token; None when it is none, is of another session or app, or has expired."""
    if len(token) > LONGEST:
        return None
    try:
        sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        launch = msgspec.json.decode(vault.open(_PLACE, sealed), type=Launch)
    except (binascii.Error, ValueError, Tampered, NoKey, UnknownKey):
        return None
    mine = launch.session == session and launch.client == client and launch.expires > now.timestamp()
    return launch if mine else None
