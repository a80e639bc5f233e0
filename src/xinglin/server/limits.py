"""Limits on how much one account and one address may ask of a server, tighter where one signs in."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.principal import Principal
from xinglin.server.allowance import FILE, Allowance, Places
from xinglin.server.base import address_of
from xinglin.server.call import PrincipalOf
from xinglin.server.http import ASGIApp, Header, Message, Receive, Request, Scope, Send
from xinglin.server.metrics import FOLDER
from xinglin.settings import Settings, is_loopback

SIGNING_IN: Final = ("/login", "/oauth/")
# The developer's own machine, and the platform itself.
_FREE: Final = frozenset({"developer", "system"})
# What an answer says that does not say it itself; pages have a policy of their own.
_CAREFUL: Final[tuple[Header, ...]] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_HSTS: Final[Header] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Throttled(OutcomeError):
    """Too much was asked. seconds: how long to wait."""

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        text = f"Too many requests: try again in {self.seconds} s."
        super().__init__(Issue("throttled", "too-many-requests", text=text), status=429)


class Limits:
    """The limits of a server: of all its workers, when there are several; of this process when it is the only one.

    Loopback has no limit as an address: it is this machine, or a proxy that the settings do not name.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        folder = os.environ.get(FOLDER)
        places = Places(None if folder is None else Path(folder) / FILE)
        self._accounts = Allowance(places, "account", settings.requests_per_account, clock)
        self._addresses = Allowance(places, "address", settings.requests_per_address, clock)
        self._logins = Allowance(places, "login", settings.logins_per_address, clock)
        self._proxies = settings.proxies
        self._https = (settings.base_url or "").startswith("https:")

    @cites("R7-042")
    def around(self, principal_of: PrincipalOf) -> PrincipalOf:
        """Count the address before anybody is looked up, and the account after."""

        async def limited(request: Request) -> Principal | None:
            if request.address:
                self.address(request.address)
                if request.method == "POST" and request.path.startswith(SIGNING_IN):
                    self.login(request.address)
            principal = await principal_of(request)
            if principal is not None and not principal.roles & _FREE:
                _take(self._accounts, principal.id)
            return principal

        return limited

    def address(self, address: str) -> None:
        """Count a request from an address."""
        if not is_loopback(address):
            _take(self._addresses, address)

    def login(self, address: str) -> None:
        """Count an attempt to sign in from an address."""
        if not is_loopback(address):
            _take(self._logins, address)

    def outside(self, inner: ASGIApp) -> ASGIApp:
        """Put what holds for every answer around all of the application, whoever makes it.

        HSTS over https; the headers that keep a browser from doing anything with what is no page; Retry-After where
        somebody waits; the limit of POST /oauth/…, whose endpoints look up clients by themselves.
        """

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return
            secure = self._https or scope.get("scheme") == "https"

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    headers = list(message.get("headers", ()))
                    given = {name for name, _ in headers}
                    headers += [one for one in _CAREFUL if one[0] not in given]
                    if secure:
                        headers.append(_HSTS)
                    if message["status"] == 429 and b"retry-after" not in given:
                        headers.append((b"retry-after", b"5"))
                    message = {**message, "headers": headers}
                await send(message)

            if scope["method"] == "POST" and scope["path"].startswith("/oauth/"):
                try:
                    self.login(address_of(scope, self._proxies))
                except Throttled as wait:
                    await _refuse(wait, sending)
                    return
            await inner(scope, receive, sending)

        return app


def _take(allowance: Allowance, key: str) -> None:
    if wait := allowance.take(key):
        raise Throttled(wait)


async def _refuse(wait: Throttled, send: Send) -> None:
    # RFC 6749 has no code of its own for this; clients know the status and Retry-After.
    body = b'{"error":"temporarily_unavailable"}'
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"retry-after", str(wait.seconds).encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body})
