"""Text messages and voice calls over HTTP; each delivery has a key by which the other side knows it again.

The forms are our own, near those of the large clouds; an adapter translates them for a provider.
"""

from typing import Any, Final
from urllib.parse import quote

import httpx
import msgspec

from xinglin.capabilities.notifications.gateways import GatewayRefused, GatewaySilent, Letter
from xinglin.capabilities.notifications.rules.receipts import call_state

SECONDS: Final = 5
PLAYED: Final = 2  # how often a call says its text


class SmsGateway:
    """Text messages. transport: another way to the gateway than the network, for tests."""

    def __init__(self, base: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._line = _Line(base, transport)

    async def send(self, letter: Letter) -> str:
        """Send one."""
        await self._line.asked("POST", "/messages", {"key": letter.key, "phone": letter.address, "text": letter.text})
        return ""

    async def receipt(self, key: str) -> str:
        """Ask for a receipt."""
        answer = await self._line.asked("GET", f"/receipts/{quote(key, safe='')}")
        return str(_read(answer).get("state", ""))


class VoiceGateway:
    """Calls that say a text, and ask the listener to press 1. transport: as of `SmsGateway`."""

    def __init__(self, base: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._line = _Line(base, transport)

    async def send(self, letter: Letter) -> str:
        """Have somebody called."""
        call = {
            "outId": letter.key,
            "calledNumber": letter.address,
            "ttsText": letter.text,
            "language": "en-US" if letter.language == "en" else "zh-CN",
            "playTimes": PLAYED,
            "expectedKey": "1",
        }
        await self._line.asked("POST", "/calls", call)
        return ""

    async def receipt(self, key: str) -> str:
        """Ask what became of a call."""
        return call_state(_read(await self._line.asked("GET", f"/calls/{quote(key, safe='')}")))


class _Line:
    """The way to a gateway."""

    def __init__(self, base: str | None, transport: httpx.AsyncBaseTransport | None) -> None:
        self._base = base
        self._transport = transport

    async def asked(self, verb: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """Ask it; raises GatewaySilent, GatewayRefused."""
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


def _read(answer: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(answer, type=dict[str, Any])
    except msgspec.DecodeError as fault:
        raise GatewaySilent(str(fault)) from None
