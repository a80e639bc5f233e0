"""Bearer tokens as principals: who an app acts for, narrowed by its scopes (RFC 6750)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from xinglin.security.principal import Principal
from xinglin.server.challenges import InvalidToken
from xinglin.server.http import Request
from xinglin.server.sessions import principal_of as principal_of_session
from xinglin.settings import Settings
from xinglin.store.identity import clients, sessions, tokens
from xinglin.store.identity.sealed import name_place, unseal
from xinglin.store.store import Store

# A revoked token is refused at once where data is shown (the ledger's gate), and here after this time at the latest.
KEPT_FOR: Final = timedelta(seconds=3)
KEPT_MOST: Final = 50_000
LONGEST: Final = 512


class Bearers:
    """Gives the principal of ``Authorization: Bearer …``; `PrincipalOf`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._demo = settings.demo and settings.loopback
        # By token and address, so that the principal of a request needs no change.
        self._kept: dict[tuple[str, str], tuple[datetime, Principal]] = {}

    async def __call__(self, request: Request) -> Principal | None:
        """Give who the token stands for; None without one; OutcomeError (401) when it opens nothing."""
        header = request.header(b"authorization")
        if header is None:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidToken("Only bearer tokens open this server.")
        return await self.principal_of(text.strip(), request.address)

    async def principal_of(self, text: str, address: str = "") -> Principal:
        """Give who a token stands for; OutcomeError (401) when it is unknown, has expired or was revoked."""
        now = self._store.now
        kept = self._kept.get((text, address))
        if kept is None or kept[0] <= now:
            self._kept.pop((text, address), None)
            until, principal = await self._found(text, now)
            kept = until, replace(principal, address=address)
            if len(self._kept) >= KEPT_MOST:
                self._kept.clear()
            self._kept[text, address] = kept
        return kept[1]

    async def _found(self, text: str, now: datetime) -> tuple[datetime, Principal]:
        token = await tokens.find(self._store, text) if 0 < len(text) <= LONGEST else None
        if token is None or token.kind != "access" or token.expires <= now or token.session is None:
            raise InvalidToken
        session = await tokens.session(self._store, token.session, now)
        if session is None:
            raise InvalidToken
        principal = await self._principal(session, now)
        if principal is None:
            raise InvalidToken
        narrowed = replace(
            principal,
            scopes=frozenset(token.scopes.split()),
            launch_patient=session.patient,
            client=session.client,
            device=session.device,
            abroad=session.abroad,
        )
        return min(now + KEPT_FOR, token.expires), narrowed

    async def _principal(self, session: tokens.AppSession, now: datetime) -> Principal | None:
        if session.account == session.client:
            return await self._system(session)
        live = await sessions.live(self._store, session.id, now)
        if live is None or (live.demo and not self._demo):
            return None
        return principal_of_session(live, unseal(self._store.vault, name_place(live.account), live.name))

    async def _system(self, session: tokens.AppSession) -> Principal | None:
        """Give a system that acts for itself, on behalf of the institution that the security officer approved."""
        client = await clients.by_id(self._store, session.client)
        if client is None:
            return None
        return Principal(
            id=f"client/{client.id}",
            roles=frozenset({"partner"}),
            organization=client.organization,
            purpose=client.purpose,
            display=client.name,
            strong=session.strong,
            session=session.id,
            address=session.address,
        )
