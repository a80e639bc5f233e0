"""Sessions as principals: the cookie of a request, and who it stands for, kept in the process for a few seconds."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.accounts import extended
from xinglin.security.principal import Principal
from xinglin.server.base import hostname
from xinglin.server.http import Request
from xinglin.settings import Settings, is_loopback
from xinglin.store.identity import sessions
from xinglin.store.identity.policies import session_policy
from xinglin.store.identity.sealed import name_place, unseal, ward_place
from xinglin.store.identity.sessions import Session
from xinglin.store.store import Store

# An ended session is refused at once where data is shown (the ledger's gate), and here after this time at the latest.
KEPT_FOR: Final = timedelta(seconds=3)
KEPT_MOST: Final = 20_000
# "Seen" is written no oftener, so that a click costs no write.
SEEN_EVERY: Final = timedelta(seconds=60)

# A browser takes the prefixed one only with Secure, without Domain, for the whole site: no other host can plant it.
COOKIE: Final = "__Host-session"
PLAIN_COOKIE: Final = "session"  # over http, which only this machine may speak
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Sessions:
    """Gives the principal of a session's cookie; `PrincipalOf`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._policy = session_policy(settings)
        self._demo = settings.demo and settings.loopback
        self._kept: dict[str, tuple[datetime, Principal]] = {}

    async def __call__(self, request: Request) -> Principal | None:
        """Give who is signed in; None without a cookie; OutcomeError (401) when the session has ended."""
        cookie = cookie_of(request)
        if cookie is None:
            return None
        if request.method not in _SAFE and not same_origin(request):
            raise OutcomeError(Issue("login", "foreign-page", text="A foreign page sent this request."), status=401)
        now = self._store.now
        kept = self._kept.get(cookie)
        if kept is None or kept[0] <= now:
            kept = (now + KEPT_FOR, await self._found(cookie, now))
            if len(self._kept) >= KEPT_MOST:
                self._kept.clear()
            self._kept[cookie] = kept
        principal = kept[1]
        return principal if principal.address == request.address else replace(principal, address=request.address)

    def forget(self, cookie: str) -> None:
        """Look the session up again the next time."""
        self._kept.pop(cookie, None)

    async def _found(self, cookie: str, now: datetime) -> Principal:
        session = await sessions.find(self._store, cookie, now)
        if session is None or (session.demo and not self._demo):
            self._kept.pop(cookie, None)
            raise OutcomeError(
                Issue("login", "session-ended", text="The session has ended: sign in again."), status=401
            )
        if now - session.seen >= SEEN_EVERY:
            await sessions.touch(self._store, session.id, now, extended(now, session.until, self._policy))
        return principal_of(session, self._display(session))

    def _display(self, session: Session) -> str:
        """Name who is signed in, and whom they act for."""
        name = unseal(self._store.vault, name_place(session.account), session.name)
        if session.ward is None or session.ward_name is None:
            return name
        return f"{name} · {unseal(self._store.vault, ward_place(session.account, session.ward), session.ward_name)}"


def principal_of(session: Session, name: str) -> Principal:
    """Make the principal of a session.

    A resident acts for self, and may act for all of ``patients``; a guardian acts for one dependant.
    """
    resident = session.kind == "resident"
    return Principal(
        id=session.account,
        roles=frozenset({session.role}),
        patient=session.person if resident else None,
        practitioner=None if resident else session.person,
        organization=session.organization,
        purpose=session.purpose,
        display=name,
        practitioner_role=session.practitioner_role,
        patients=_patients(session) if resident else (),
        level=session.level,
        strong=session.strong,
        session=session.id,
        address=session.address,
        device=session.device,
    )


def _patients(session: Session) -> tuple[str, ...]:
    if session.role == "guardian":
        return tuple(one for one in session.dependants if one == session.patient)
    return (*((session.person,) if session.person else ()), *session.dependants)


def cookie_of(request: Request) -> str | None:
    """Give the session cookie of a request; over http only when it names this machine as its host."""
    header = request.header(b"cookie")
    if header is None or "session=" not in header:
        return None
    return cookie_parser(header).get(cookie_name(request.header(b"host") or "")) or None


def cookie_name(host: str) -> str:
    """Name the cookie for a host: this machine may speak http, others are reached by https alone."""
    return PLAIN_COOKIE if is_loopback(hostname(host)) else COOKIE


def same_origin(request: Request) -> bool:
    """Tell whether a request comes from our own page, or from a program that is no browser."""
    site = request.header(b"sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.header(b"origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == (request.header(b"host") or "")
    except ValueError:
        return False
