"""The supervision port of the province (监管端口), told by HTTP: POST {base}/records with an idempotency key.

``{"key", "digest", "records": [{"table", "values"}]}`` is answered with ``{"receipt"}``: the same key and digest again
with the same receipt, the same key with another digest as a correction. 422 with ``{"reasons": […]}`` is a refusal.
A province that speaks otherwise gets a gateway of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import httpx
import msgspec

from xinglin.care.upload.records import Record
from xinglin.settings import Settings

SECONDS: Final = 10
REASONS_MOST: Final = 20


class PortSilent(Exception):
    """No answer that could be understood: what was told may have been taken or not; it is told again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the port said. receipt: of what it has taken, empty when it refused. reasons: why it refused."""

    receipt: str = ""
    reasons: tuple[str, ...] = ()


class Port(Protocol):
    """Where records are told."""

    async def tell(self, key: str, digest: str, records: Sequence[Record]) -> Answer:
        """Tell the records of one act; the same act again does no harm. Raises PortSilent."""


class HttpPort:
    """A port behind HTTP. transport: another way to it than the network, for tests."""

    def __init__(
        self, base: str, *, seconds: float = SECONDS, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base = base
        self._seconds = seconds
        self._transport = transport

    async def tell(self, key: str, digest: str, records: Sequence[Record]) -> Answer:
        """Tell by POST."""
        given = {
            "key": key,
            "digest": digest,
            "records": [{"table": one.table, "values": dict(one.values)} for one in records],
        }
        try:
            async with httpx.AsyncClient(timeout=self._seconds, transport=self._transport) as client:
                sent = await client.post(f"{self._base}/records", content=msgspec.json.encode(given))
            answer = msgspec.json.decode(sent.content) if sent.content else {}
            if sent.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                reasons = answer.get("reasons") or [answer.get("reason") or "?"]
                return Answer(reasons=tuple(str(one)[:200] for one in reasons[:REASONS_MOST]))
            sent.raise_for_status()
            return Answer(str(answer["receipt"]))
        except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError, AttributeError) as fault:
            raise PortSilent(type(fault).__name__) from fault


def port_of(settings: Settings) -> Port | None:
    """Give the port that the settings name; None: acts wait until there is one."""
    return None if settings.supervision_url is None else HttpPort(settings.supervision_url)
