"""The gateway of text messages, over HTTP; each delivery has a key by which the other side knows it again."""

from typing import Final, Protocol
from urllib.parse import quote

import httpx
import msgspec

SECONDS: Final = 5


class GatewaySilent(Exception):
    """No answer that could be understood: it may have taken effect, or not."""


class GatewayRefused(Exception):
    """The other side said no, and why."""


class Gateway(Protocol):
    """A way to somebody's phone."""

    async def send(self, key: str, address: str, text: str) -> None:
        """Deliver once for each key; raises GatewaySilent, GatewayRefused."""

    async def receipt(self, key: str) -> str:
        """Say what became of it: ``delivered``, ``failed``, else not known yet; raises GatewaySilent."""


class SmsGateway:
    """Text messages. transport: another way to the gateway than the network, for tests."""

    def __init__(self, base: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = base
        self._transport = transport

    async def send(self, key: str, address: str, text: str) -> None:
        """Send one."""
        await self._asked("POST", "/messages", {"key": key, "phone": address, "text": text})

    async def receipt(self, key: str) -> str:
        """Ask for a receipt."""
        answer = await self._asked("GET", f"/receipts/{quote(key, safe='')}")
        try:
            return msgspec.json.decode(answer, type=dict[str, str]).get("state", "")
        except msgspec.DecodeError as fault:
            raise GatewaySilent(str(fault)) from None

    async def _asked(self, verb: str, path: str, body: dict[str, str] | None = None) -> bytes:
        if self._base is None:
            raise GatewaySilent("no gateway is set")
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=SECONDS) as client:
                answer = await client.request(verb, self._base + path, json=body)
        except httpx.HTTPError as fault:
            raise GatewaySilent(type(fault).__name__) from None
        if answer.status_code == 422:
            raise GatewayRefused(answer.text[:200])
        if answer.status_code != 200:
            raise GatewaySilent(f"status {answer.status_code}")
        return answer.content
