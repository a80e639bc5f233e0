"""A channel of payment: what it is asked and what it says (ADR 0100)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from xinglin.capabilities.billing.rules.reconciling import Row

SECONDS: Final = 8  # for an answer
State = Literal["unpaid", "paid", "closed", "none"]


class ChannelSilentError(Exception):
    """No answer that could be understood or trusted: what was asked may have had its effect or not."""


class ChannelRefusedError(Exception):
    """The channel says no, and why; nothing was done."""


@dataclass(frozen=True, slots=True)
class Order:
    """A payment to ask for. number: ours. until: when it can no longer be paid."""

    number: str
    fen: int
    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What a channel knows of a payment. none: it was never asked for it. at: when it was paid, with its offset."""

    state: State
    fen: int = 0
    transaction: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """A refund to ask for. number: ours. of: the payment's. total: what was paid."""

    number: str
    of: str
    total: int
    fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What a channel says of a refund. done: it is with the payer; else the channel is at it."""

    done: bool
    fen: int = 0
    transaction: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a call-back says of a payment."""

    number: str
    known: Known


class Channel(Protocol):
    """A channel. Raises ChannelSilentError or ChannelRefusedError. Asking the same again has its effect once."""

    async def ask(self, order: Order, now: datetime) -> str:
        """Ask for a payment; gives what the payer opens (shown as a QR code too)."""

    async def query(self, number: str, now: datetime) -> Known:
        """Say what became of a payment."""

    async def close(self, number: str, now: datetime) -> None:
        """Give up a payment that was not paid; ChannelRefusedError when it was."""

    async def refund(self, back: Back, now: datetime) -> Returned:
        """Give money back; the same number once."""

    async def bill(self, day: date, now: datetime) -> tuple[Row, ...]:
        """Give the file of a day (UTC+8)."""

    def heard(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Told | None:
        """Read a call-back; None when it is not the channel's, or of something else than a payment."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a folder of keys holds: ``merchant.pem`` (ours), ``platform.pem`` (theirs), ``api-v3.key``, ``serial``."""

    own: RSAPrivateKey
    theirs: RSAPublicKey
    secret: bytes = b""
    serial: str = ""


def keys_in(folder: Path) -> Keys:
    """Read a folder of keys; ValueError says what is missing."""
    own = load_pem_private_key(_read(folder / "merchant.pem"), None)
    theirs = load_pem_public_key(_read(folder / "platform.pem"))
    if not isinstance(own, RSAPrivateKey) or not isinstance(theirs, RSAPublicKey):
        raise TypeError(f"{folder}: the keys of a channel are RSA keys")
    secret, serial = folder / "api-v3.key", folder / "serial"
    return Keys(
        own,
        theirs,
        secret.read_bytes().strip() if secret.exists() else b"",
        serial.read_text().strip() if serial.exists() else "",
    )


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path} is missing")
    return path.read_bytes()
