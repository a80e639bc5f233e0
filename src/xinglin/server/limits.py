"""Limits on how much one account and one address may ask of a server process, tighter where one signs in."""

import math
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.principal import Principal
from xinglin.security.throttle import Bucket, take
from xinglin.server.base import address_of
from xinglin.server.call import PrincipalOf
from xinglin.server.http import ASGIApp, Header, Message, Receive, Request, Scope, Send
from xinglin.settings import Settings, is_loopback

MOST: Final = 50_000  # buckets kept of each kind; the one not asked for longest goes first
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


class Allowance:
    """Buckets by key: a minute's worth each. per_minute 0: no limit."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str) -> None:
        """Take one; Throttled when none is left."""
        if not self._per_minute:
            return
        bucket, wait = take(self._buckets.get(key), self._clock(), self._per_minute)
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        if wait:
            raise Throttled(wait)


class Limits:
    """The limits of one process.

    Loopback has no limit as an address: it is this machine, or a proxy that the settings do not name.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        self._accounts = Allowance(settings.requests_per_account, clock)
        self._addresses = Allowance(settings.requests_per_address, clock)
        self._logins = Allowance(settings.logins_per_address, clock)
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
                self._accounts.take(principal.id)
            return principal

        return limited

    def address(self, address: str) -> None:
        """Count a request from an address."""
        if not is_loopback(address):
            self._addresses.take(address)

    def login(self, address: str) -> None:
        """Count an attempt to sign in from an address."""
        if not is_loopback(address):
            self._logins.take(address)

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
