"""Outside systems that accounts ask: text messages and the population register, over HTTP.

Each question carries a key by which the other side knows it again, so that one whose answer was lost can be asked
again. The forms are our own; an adapter of the province translates them.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx
import msgspec

SECONDS: Final = 5


class GatewaySilent(Exception):
    """No answer that could be understood: it may have taken effect, or not."""


class GatewayRefused(Exception):
    """The other side said no, and why."""


class Match(msgspec.Struct, frozen=True):
    """What the register says; reason: its code of why not; answer: its number of the answer, kept as evidence."""

    matched: bool
    reason: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class PersonQuestion:
    """Whether the name belongs to the number, and the evidence (of a face, a bank, an e-ID) to both."""

    key: str
    name: str
    number: str
    method: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class BirthQuestion:
    """Whether the certificate says that the guardian has this child. born: ISO date."""

    key: str
    guardian: str
    number: str
    child: str
    certificate: str
    born: str


class Messages(Protocol):
    """Who sends text messages."""

    async def send(self, key: str, phone: str, text: str) -> None:
        """Send one, once for each key; raises GatewaySilent, GatewayRefused."""


class Register(Protocol):
    """Who knows persons."""

    async def person(self, question: PersonQuestion) -> Match:
        """Compare a person; raises GatewaySilent, GatewayRefused."""

    async def birth(self, question: BirthQuestion) -> Match:
        """Compare a child and guardian; raises GatewaySilent, GatewayRefused."""


class HttpMessages:
    """A gateway of text messages. transport: another way to it than the network, for tests."""

    def __init__(self, base: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = base
        self._transport = transport

    async def send(self, key: str, phone: str, text: str) -> None:
        """Send one."""
        await _asked(self._base, self._transport, "/messages", {"key": key, "phone": phone, "text": text})


class HttpRegister:
    """The population register. transport: as of `HttpMessages`."""

    def __init__(self, base: str | None, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = base
        self._transport = transport

    async def person(self, question: PersonQuestion) -> Match:
        """Compare a person."""
        body = {name: getattr(question, name) for name in PersonQuestion.__slots__}
        return _match(await _asked(self._base, self._transport, "/persons/match", body))

    async def birth(self, question: BirthQuestion) -> Match:
        """Compare a child and guardian."""
        body = {
            "key": question.key,
            "guardian": {"name": question.guardian, "number": question.number},
            "child": question.child,
            "certificate": question.certificate,
            "born": question.born,
        }
        return _match(await _asked(self._base, self._transport, "/births/match", body))


def _match(raw: bytes) -> Match:
    try:
        return msgspec.json.decode(raw, type=Match)
    except msgspec.DecodeError as fault:
        raise GatewaySilent(str(fault)) from None


async def _asked(
    base: str | None, transport: httpx.AsyncBaseTransport | None, path: str, body: dict[str, Any]
) -> bytes:
    if base is None:
        raise GatewaySilent("no gateway is set")
    try:
        async with httpx.AsyncClient(transport=transport, timeout=SECONDS) as client:
            answer = await client.post(base + path, json=body)
    except httpx.HTTPError as fault:
        raise GatewaySilent(type(fault).__name__) from None
    if answer.status_code == 422:
        raise GatewayRefused(_reason(answer))
    if answer.status_code != 200:
        raise GatewaySilent(f"status {answer.status_code}")
    return answer.content


def _reason(answer: httpx.Response) -> str:
    try:
        return msgspec.json.decode(answer.content, type=dict[str, str]).get("reason", "")
    except msgspec.DecodeError:
        return ""
