"""The ways to somebody outside the platform: official account of WeChat, mail, text message, voice call."""

from dataclasses import dataclass
from typing import Protocol


class GatewaySilent(Exception):
    """No answer that could be understood: it may have taken effect, or not."""


class GatewayRefused(Exception):
    """The other side said no, and why."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out. key: by which the other side knows it again. link: where to read on, empty without a base."""

    key: str
    address: str
    title: str
    text: str
    language: str
    link: str = ""


class Gateway(Protocol):
    """One of them. What comes back later is understood by `rules.receipts`."""

    async def send(self, letter: Letter) -> str:
        """Deliver once for each key; raises GatewaySilent, GatewayRefused.

        Gives the number by which receipts name it; empty when they name the key.
        """

    async def receipt(self, key: str) -> str:
        """Say what became of it: ``delivered``, ``failed``, else not known (yet); raises GatewaySilent."""
