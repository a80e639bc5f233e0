"""The ASGI application: FHIR paths by one plain function, health and metrics, and pages for everything else."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from itertools import count
from time import perf_counter
from typing import Final

import msgspec
import structlog

from xinglin.fhir.outcome import Issue, OutcomeError, outcome_bytes
from xinglin.registry import Registry
from xinglin.security.principal import ANONYMOUS
from xinglin.server.base import address_of, base_url_of, id_of
from xinglin.server.call import PrincipalOf, Service
from xinglin.server.challenges import InsufficientScope, challenge
from xinglin.server.dispatch import dispatch
from xinglin.server.http import ASGIApp, Header, Message, Receive, Request, Response, Scope, Send
from xinglin.server.limits import Throttled
from xinglin.server.log import AccessLog, frames_of
from xinglin.server.metrics import CONTENT_TYPE, Metrics
from xinglin.server.negotiate import gzip_accepted, pretty
from xinglin.server.principals import development
from xinglin.server.respond import JSON
from xinglin.server.router import MethodNotAllowed, Router
from xinglin.server.routes import ROUTES, operations
from xinglin.settings import Settings
from xinglin.store.clock import Clock
from xinglin.store.door import Door

PREFIX: Final = "/fhir"
WELL_KNOWN: Final = "/fhir/.well-known/"  # the site's: where clients find the authorization server
LIVE: Final = "/live"
COMPRESS_FROM: Final = 1024  # bytes; less gains nothing
_IN_THREAD_FROM: Final = 256 * 1024  # bytes; compressing more would hold up the other requests
_LEVEL: Final = 1  # level 6 takes three times as long for a tenth less
_COMMON: Final[tuple[Header, ...]] = (
    # Health data stays in no cache on the way or on disk; a program may keep what it read, and ask by ETag.
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    # An answer that a browser is led to show does nothing there.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
_VARY: Final[Header] = (b"vary", b"accept-encoding")
_BACK_OFF: Final[Header] = (b"retry-after", b"1")


def create_asgi(
    registry: Registry,
    door: Door,
    settings: Settings,
    *,
    pages: ASGIApp | None = None,
    principal_of: PrincipalOf | None = None,
    smart: bool = False,
) -> "Application":
    """Make the application over an open door.

    pages: answers everything that is neither FHIR nor health. principal_of: says who asks; without it the settings'
    development principal, and nobody when they have none. smart: the pages hold the authorization server.
    """
    router = Router(ROUTES, operations(registry.rulebook))
    return Application(Service(door, settings, router, smart), principal_of or development(settings), pages)


class Application:
    """One process' ASGI callable."""

    def __init__(self, service: Service, principal_of: PrincipalOf, pages: ASGIApp | None) -> None:
        self._service = service
        self._principal_of = principal_of
        self._pages = pages
        self._metrics = Metrics()
        self._log = structlog.get_logger()
        self._access = AccessLog(service.settings)
        self._run = Clock().new_id()[3:]
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event (ASGI 3)."""
        if scope["type"] == "http":
            path = scope["path"]
            if path.startswith(PREFIX) and path[5:6] in {"", "/"} and not path.startswith(WELL_KNOWN):
                await self._answer(scope, receive, send, self.handle)
                return
            if path in {"/health/live", "/health/ready", "/metrics"}:
                await self._answer(scope, receive, send, self._watch)
                return
        if scope["type"] == "http":
            if self._pages is None:
                await self._answer(scope, receive, send, _nowhere)
            elif scope["path"] == LIVE:
                await self._pages(scope, receive, send)  # it waits for what happens: its time says nothing
            else:
                await self._show(self._pages, scope, receive, send)
        elif self._pages is not None:
            await self._pages(scope, receive, send)

    async def handle(self, request: Request) -> Response:
        """Answer a FHIR request; raises OutcomeError."""
        principal = await self._principal_of(request)
        if principal is None and request.path == "metadata" and request.method == "GET":
            principal = ANONYMOUS  # clients find out there how to be let in
        if principal is None:
            text = "Say who you are: this server knows no anonymous access."
            raise OutcomeError(Issue("login", "login", text=text), status=401)
        try:
            return await dispatch(self._service, request, principal, self._service.door.auto(principal))
        except OutcomeError as refused:
            if refused.status == 403 and principal.scopes is not None:
                raise InsufficientScope(refused) from refused
            raise

    async def _watch(self, request: Request) -> Response:
        request.route = request.path
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed("GET, HEAD", f"{request.method[:20]} is not possible here.")
        if request.path == "/metrics":
            return Response(200, self._metrics.text(), [(b"content-type", CONTENT_TYPE.encode())])
        if request.path == "/health/ready":
            await self._service.door.store.fetch("SELECT 1")
        return Response(200, b'{"status":"pass"}', [(b"content-type", b"application/health+json")])

    async def _show(self, pages: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the pages answer, and count and log it like any other request."""
        started = perf_counter()
        status, request_id = 0, ""

        async def noting(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = id_of(message.get("headers", [])) or ""
            await send(message)

        try:
            await pages(scope, receive, noting)
        finally:
            self._note(scope["method"], "pages", status, perf_counter() - started, request_id or "-")

    def _note(self, method: str, route: str, status: int, seconds: float, request_id: str) -> None:
        known = method if method in _METHODS else "other"
        self._metrics.observe(known, route, status, seconds)
        self._access.request(request_id, known, route, status, seconds)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, handle: Callable[[Request], Awaitable[Response]]
    ) -> None:
        started = perf_counter()
        headers: list[Header] = scope["headers"]
        method: str = scope["method"]
        path: str = scope["path"]
        query: bytes = scope.get("query_string", b"")
        head = method == "HEAD"
        request = Request(
            "GET" if head else method,
            path[len(PREFIX) + 1 :] if handle == self.handle else path,
            query,
            headers,
            base_url="",
            id="",
            receive=receive,
            address=address_of(scope, self._service.settings.proxies),
        )
        request.id = id_of(headers) or f"{self._run}-{next(self._numbers)}"
        try:
            self._refuse_long(path, query)
            if handle == self.handle:
                request.base_url = self._service.settings.base_url or base_url_of(scope) + PREFIX
            response = await handle(request)
        except OutcomeError as refused:
            response = refusal(refused)
        except Exception as error:  # noqa: BLE001  the last resort: logged, and answered without detail
            response = self._bug(request, error)
        await self._send(request, response, send, head=head)
        self._note(method, request.route, response.status, perf_counter() - started, request.id)

    def flush(self) -> None:
        """Write what log and metrics have collected; for the end of the process."""
        self._access.write()
        self._metrics.write()

    def _refuse_long(self, path: str, query: bytes) -> None:
        if len(path) + len(query) > self._service.settings.max_url_bytes:
            raise OutcomeError(Issue("too-long", "url-too-long", text="The address is too long."), status=414)

    async def _send(self, request: Request, response: Response, send: Send, *, head: bool) -> None:
        body = response.body
        headers = [*response.headers, *_COMMON, (b"x-request-id", request.id.encode())]
        if body:
            if b"_pretty" in request.query and response.status != 304 and pretty(request.known_pairs()):
                body = msgspec.json.format(body, indent=2)
            if len(body) > COMPRESS_FROM:
                headers.append(_VARY)
                accepted = next((value for name, value in request.headers if name == b"accept-encoding"), b"")
                if accepted and gzip_accepted(accepted):
                    if len(body) < _IN_THREAD_FROM:
                        body = gzip.compress(body, _LEVEL, mtime=0)
                    else:
                        body = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
                    headers.append((b"content-encoding", b"gzip"))
        if response.status not in {204, 304}:
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})

    def _bug(self, request: Request, error: Exception) -> Response:
        """Log a bug where it stands, and tell the client nothing but where to find it in the log."""
        self._log.error("bug", id=request.id, route=request.route, error=type(error).__qualname__, at=frames_of(error))
        text = f"Something went wrong on our side. The log knows it as request {request.id}."
        return Response(500, outcome_bytes((Issue("exception", "bug", text=text, severity="fatal"),)), [JSON])


def refusal(error: OutcomeError) -> Response:
    """Answer an expected refusal."""
    headers = [JSON]
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allowed.encode()))
    elif error.status == 401 or isinstance(error, InsufficientScope):
        headers.append((b"www-authenticate", challenge(error)))
    elif isinstance(error, Throttled):
        headers.append((b"retry-after", str(error.seconds).encode()))
    elif error.status in {429, 503}:
        headers.append(_BACK_OFF)
    return Response(error.status, outcome_bytes(error.issues), headers)


async def _nowhere(request: Request) -> Response:
    raise OutcomeError(Issue("not-found", "unknown-address", text="There is nothing here; FHIR begins at /fhir."))


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
