"""The registers of physicians, nurses and pharmacists, asked by HTTP.

No public description of the national interface was found, so this is a plain form of our own, which an adapter of the
province translates: POST {base}/v1/certificates/query with ``{"queryNo", "certificates": [{"kind", "certificateNo",
"name"}]}`` gives ``{"code": "0", "certificates": [{"certificateNo", "status", …}]}``, statuses as in STATUSES.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, Protocol

import httpx
import msgspec

from xinglin.security.verification import Entry, RegisterStatus
from xinglin.settings import Settings

STATUSES: Final[Mapping[str, RegisterStatus]] = {
    "0": "not-found",
    "1": "valid",
    "2": "suspended",
    "3": "revoked",
    "4": "cancelled",
    "5": "expired",
}
LEVELS: Final = {"1": "physician", "2": "assistant-physician"}
SECONDS: Final = 10
MOST: Final = 200  # certificates in one question


class RegisterSilent(Exception):
    """The register gave no answer that could be understood."""


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    """One certificate in a question."""

    kind: str
    certificate_no: str
    name: str


class _Certificate(msgspec.Struct, rename="camel"):
    certificate_no: str
    status: str
    name: str = ""
    level: str = ""
    category: str = ""
    scope: list[str] = []
    institutions: list[str] = []
    valid_until: date | None = None


class _Answer(msgspec.Struct):
    code: str
    certificates: list[_Certificate] = []


class Register(Protocol):
    """Who knows practitioners."""

    async def entries(self, asked: Sequence[Asked], *, query: str) -> Mapping[str, Entry]:
        """Give the entries by number; a number that is not there is unknown to it. Raises RegisterSilent."""


class NoRegister:
    """The settings name no register: it is silent."""

    async def entries(self, asked: Sequence[Asked], *, query: str) -> Mapping[str, Entry]:
        """Raise RegisterSilent."""
        raise RegisterSilent(f"no register is set for {len(asked)} certificates of query {query}")


class HttpRegister:
    """A register behind HTTP. transport: another way to it than the network, for tests."""

    def __init__(
        self,
        base: str,
        token: str = "",
        *,
        seconds: float = SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = base
        self._seconds = seconds
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._transport = transport

    async def entries(self, asked: Sequence[Asked], *, query: str) -> Mapping[str, Entry]:
        """Ask, at most MOST at a time; the same query number makes the same question again."""
        found: dict[str, Entry] = {}
        async with httpx.AsyncClient(
            base_url=self._base, headers=self._headers, timeout=self._seconds, transport=self._transport
        ) as client:
            for start in range(0, len(asked), MOST):
                found |= await _ask(client, asked[start : start + MOST], f"{query}-{start // MOST}")
        return found


async def _ask(client: httpx.AsyncClient, asked: Sequence[Asked], query: str) -> dict[str, Entry]:
    content = msgspec.json.encode({"queryNo": query, "certificates": asked})
    headers = {"content-type": "application/json"}
    try:
        sent = await client.post("/v1/certificates/query", content=content, headers=headers)
        sent.raise_for_status()
        answer = msgspec.json.decode(sent.content, type=_Answer)
    except (httpx.HTTPError, msgspec.DecodeError) as fault:
        raise RegisterSilent(type(fault).__name__) from fault
    if answer.code != "0":
        raise RegisterSilent(f"code {answer.code[:20]}")
    return dict(_entries(answer.certificates))


def register_of(settings: Settings) -> Register:
    """Give the register that the settings name."""
    if settings.staff_register_url is None:
        return NoRegister()
    token = settings.staff_register_token
    return HttpRegister(settings.staff_register_url, token.reveal() if token else "")


def _entries(certificates: Iterable[_Certificate]) -> Iterable[tuple[str, Entry]]:
    for one in certificates:
        if one.status not in STATUSES:
            raise RegisterSilent(f"status {one.status[:20]}")
        yield (
            one.certificate_no,
            Entry(
                one.certificate_no,
                STATUSES[one.status],
                one.name,
                LEVELS.get(one.level, ""),
                one.category,
                tuple(one.scope),
                tuple(one.institutions),
                one.valid_until,
            ),
        )
