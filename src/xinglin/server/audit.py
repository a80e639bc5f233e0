"""Proofs of the ledger over HTTP: the signed head, that an entry is in the tree, that one tree begins another.

``GET /audit/head``, ``/audit/proof?entry=ID[&size=N]`` and ``/audit/consistency?from=N[&to=M]`` answer JSON with hashes
in hexadecimal (RFC 9162, 2.1.3 and 2.1.4, with SM3), to those who may read AuditEvent.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request as PageRequest
from starlette.responses import Response
from starlette.routing import Route

from xinglin.fhir.outcome import Issue, OutcomeError, outcome_bytes
from xinglin.security.grants import Reach
from xinglin.server.base import address_of
from xinglin.server.call import PrincipalOf
from xinglin.server.http import Request
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.ledger import events

Answer = Callable[[PageRequest, Reach], Awaitable[dict[str, Any]]]


class AuditProofs:
    """Answers for one process; principal_of says who asks."""

    def __init__(self, door: Door, settings: Settings, principal_of: PrincipalOf) -> None:
        self._door = door
        self._proxies = settings.proxies
        self._principal_of = principal_of

    def routes(self) -> tuple[Route, ...]:
        """List the addresses."""
        return (
            Route("/audit/head", self._answered(self._head), methods=["GET"]),
            Route("/audit/proof", self._answered(self._proof), methods=["GET"]),
            Route("/audit/consistency", self._answered(self._consistency), methods=["GET"]),
        )

    async def _head(self, _request: PageRequest, _reach: Reach) -> dict[str, Any]:
        head = await self._door.store.sequencer.head()
        return head.document() | {"text": head.text().decode()}

    async def _proof(self, request: PageRequest, reach: Reach) -> dict[str, Any]:
        entry = request.query_params.get("entry", "")
        if await events.read(self._door.store, entry, reach) is None:
            raise OutcomeError(Issue("not-found", "not-found", text=f"There is no entry {entry[:64]!r}."))
        proof = await self._door.store.proofs.inclusion(int(entry), _number(request, "size"))
        return {
            "entry": proof.id,
            "index": proof.index,
            "size": proof.size,
            "leaf": proof.leaf.hex(),
            "root": proof.root.hex(),
            "path": [one.hex() for one in proof.path],
        }

    async def _consistency(self, request: PageRequest, _reach: Reach) -> dict[str, Any]:
        first = _number(request, "from")
        if first is None:
            raise OutcomeError(Issue("required", "from-missing", text="Say from which size of the tree: from=N."))
        proof = await self._door.store.proofs.consistency(first, _number(request, "to"))
        return {
            "from": proof.first,
            "from_root": proof.first_root.hex(),
            "to": proof.second,
            "to_root": proof.second_root.hex(),
            "path": [one.hex() for one in proof.path],
        }

    def _answered(self, answer: Answer) -> Callable[[PageRequest], Awaitable[Response]]:
        async def endpoint(request: PageRequest) -> Response:
            try:
                body = msgspec.json.encode(await answer(request, await self._reach(request)))
            except OutcomeError as refused:
                return Response(outcome_bytes(refused.issues), refused.status, media_type="application/fhir+json")
            return Response(body, media_type="application/json", headers={"cache-control": "no-store"})

        return endpoint

    async def _reach(self, request: PageRequest) -> Reach:
        """Give what the asker reaches of AuditEvent; the asking is recorded."""
        headers = list(request.scope["headers"])
        address = address_of(request.scope, self._proxies)
        asked = Request(request.method, request.url.path, b"", headers, base_url="", id="", address=address)
        principal = await self._principal_of(asked)
        if principal is None:
            raise OutcomeError(Issue("login", "login", text="Say who you are."), status=401)
        reach = self._door.reach(principal, "read", events.TYPE)
        if reach.nothing:
            refusal = OutcomeError(Issue("forbidden", "forbidden", text="You have no right to the ledger."))
            await self._door.refused(principal, "audit-proof", refusal, type=events.TYPE)
            raise refusal
        await self._door.event(principal, "audit-proof", type=events.TYPE, rule=reach.rules)
        return reach


def _number(request: PageRequest, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise OutcomeError(Issue("value", "number", text=f"{name} is a whole number."))
    return int(text)
