"""The endpoints that programs call: token, keys, introspection, revocation, registration, userinfo, discovery."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from xinglin.fhir.outcome import OutcomeError
from xinglin.server.base import address_of, base_url_of, id_of
from xinglin.server.challenges import InvalidToken
from xinglin.server.log import frames_of
from xinglin.server.oauth import engine, events, keys, token
from xinglin.server.oauth.addresses import METADATA, OPENID, SMART, Addresses, openid_configuration, smart_configuration
from xinglin.server.oauth.authorize import CARRIED
from xinglin.server.oauth.engine import Case
from xinglin.server.oauth.identity import claims_of
from xinglin.server.oauth.registration import WAITING_MOST, Unfit, read_registration, registered
from xinglin.server.oauth.service import Oauth
from xinglin.server.oauth.token import Form, accepted, client_of
from xinglin.store.identity import clients, tokens
from xinglin.store.identity.tokens import AppSession, Token

BODY_MOST: Final = 64 * 1024
FIELDS_MOST: Final = 50
# What holds tokens is kept by nobody (RFC 6749, 5.1).
SECRET: Final = {"cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff"}
OPEN: Final = {
    "cache-control": "public, max-age=300",
    "access-control-allow-origin": "*",
    "x-content-type-options": "nosniff",
}
FORM: Final = "application/x-www-form-urlencoded"

Endpoint = Callable[[Request, Addresses], Awaitable[Response]]


class Fault(Exception):
    """A request that is answered by an OAuth error."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Endpoints:
    """The endpoints of one process."""

    def __init__(self, oauth: Oauth) -> None:
        self._oauth = oauth
        self._log = structlog.get_logger()

    def routes(self) -> list[BaseRoute]:
        """Give the routes, for the site."""
        listed: tuple[tuple[str, str, Endpoint], ...] = (
            ("POST", "/oauth/token", self._token),
            ("POST", "/oauth/introspect", self._introspect),
            ("POST", "/oauth/revoke", self._revoke),
            ("POST", "/oauth/register", self._register),
            ("GET", "/oauth/jwks", self._jwks),
            ("GET", "/oauth/userinfo", self._userinfo),
            ("POST", "/oauth/userinfo", self._userinfo),
            ("GET", SMART, self._smart),
            ("GET", OPENID, self._openid),
            ("GET", METADATA, self._openid),
            ("POST", "/oauth/authorize", self._authorize),
        )
        return [Route(path, self._guarded(answer), methods=[method]) for method, path, answer in listed]

    def _guarded(self, answer: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            number = id_of(list(request.scope["headers"])) or self._oauth.door.clock.new_id()
            try:
                base = self._oauth.settings.base_url or base_url_of(request.scope) + "/fhir"
                response = await answer(request, Addresses(base))
            except Fault as fault:
                response = _json({"error": fault.error, "error_description": fault.description}, fault.status)
            except InvalidToken as refused:
                response = _json({"error": "invalid_token", "error_description": str(refused)}, 401)
                response.headers["www-authenticate"] = 'Bearer error="invalid_token"'
            except OutcomeError as refused:
                busy = refused.status >= 500 or refused.status == 429
                response = _json({"error": "temporarily_unavailable" if busy else "invalid_request"}, refused.status)
            except Exception as error:  # noqa: BLE001  the last resort: logged, and answered without detail
                self._log.error("oauth.bug", id=number, error=type(error).__qualname__, at=frames_of(error))
                response = _json({"error": "server_error", "error_description": f"Request {number}."}, 500)
            response.headers["x-request-id"] = number
            return response

        return endpoint

    async def _token(self, request: Request, at: Addresses) -> Response:
        address = address_of(request.scope, self._oauth.settings.proxies)
        verdict = await token.answer(self._oauth, at, await _form(request), address=address)
        return _json(verdict.body, verdict.status)

    async def _introspect(self, request: Request, at: Addresses) -> Response:
        """Say whether a token is active (RFC 7662): to the app that holds it, and to systems with a key."""
        form = await _form(request)
        client = await self._client(form, at)
        text = dict(reversed(form)).get("token", "")
        if not text:
            raise Fault("invalid_request", "The parameter token is required.")
        found, session = await self._active(text)
        if found is None or session is None or (found.client != client.id and client.method == "none"):
            return _json({"active": False})
        told: dict[str, Any] = {
            "active": True,
            "scope": found.scopes,
            "client_id": found.client,
            "token_type": "Bearer" if found.kind == "access" else "refresh_token",
            "iat": int(found.made.timestamp()),
            "exp": int(found.expires.timestamp()),
            "iss": at.issuer,
        }
        told |= await claims_of(self._oauth, at, session)
        if session.patient is not None:
            told["patient"] = session.patient.rpartition("/")[2]
        if session.encounter is not None:
            told["encounter"] = session.encounter.rpartition("/")[2]
        return _json(told)

    async def _revoke(self, request: Request, at: Addresses) -> Response:
        """Take a token back (RFC 7009), and with it all of its family; what is unknown is gone already."""
        form = await _form(request)
        client = await self._client(form, at)
        text = dict(reversed(form)).get("token", "")
        if not text:
            raise Fault("invalid_request", "The parameter token is required.")
        async with self._oauth.store.begin() as work:
            found = await tokens.find(work, text, lock=True)
            if found is not None and found.client == client.id and found.session is not None:
                session = await tokens.session(work, found.session, work.now)
                await tokens.end_session(work, found.session, work.now, "revoked")
                if session is not None and self._oauth.door.audited:
                    work.note([events.of_session(session, work.now, "token-revoked")])
        return Response(status_code=200, headers=SECRET)

    async def _register(self, request: Request, _at: Addresses) -> Response:
        """Take a registration down; it waits for the security officer."""
        try:
            document = msgspec.json.decode(await _body(request), type=dict[str, Any])
            client = read_registration(self._oauth.door.clock.new_id(), document, self._oauth.store.now)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeError) as fault:
            raise Fault("invalid_client_metadata", "The body is no JSON object.") from fault
        except Unfit as unfit:
            raise Fault(unfit.error, unfit.description) from unfit
        async with self._oauth.store.begin() as work:
            if await clients.waiting(work) >= WAITING_MOST:
                raise Fault("temporarily_unavailable", "Too many registrations wait for a decision.", 503)
            await clients.add(work, client)
        return _json(registered(client), 201)

    async def _jwks(self, _request: Request, _at: Addresses) -> Response:
        return _json(await keys.published(self._oauth.store), headers=OPEN)

    async def _userinfo(self, request: Request, at: Addresses) -> Response:
        """Say who let the app in (OpenID Connect Core, 5.3)."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise InvalidToken("A bearer token is required.")
        found, session = await self._active(text.strip())
        if found is None or session is None or found.kind != "access":
            raise InvalidToken
        if "openid" not in found.scopes.split():
            raise Fault("insufficient_scope", "The token was not given the scope openid.", 403)
        return _json(await claims_of(self._oauth, at, session))

    async def _smart(self, _request: Request, at: Addresses) -> Response:
        return _json(smart_configuration(at), headers=OPEN)

    async def _openid(self, _request: Request, at: Addresses) -> Response:
        return _json(openid_configuration(at), headers=OPEN)

    async def _authorize(self, request: Request, _at: Addresses) -> Response:
        """Take a request that an app posted: the browser asks again by GET, and then brings the visitor's session."""
        fields = [(name, value) for name, value in await _form(request) if name in CARRIED]
        return RedirectResponse(f"/oauth/authorize?{urlencode(fields)}", 303, {"cache-control": "no-store"})

    async def _client(self, form: Form, at: Addresses) -> clients.Client:
        """Say which client calls, proven as it registered; an assertion counts once."""
        client, known = await client_of(self._oauth, form)
        case = Case(
            self._oauth.store.now, client, known, audiences=(*at.audiences, at.of("introspect"), at.of("revoke"))
        )
        verdict = engine.judge_client(case, form)
        if verdict.status == 200 and client is not None:
            async with self._oauth.store.begin() as work:
                if await accepted(work, case):
                    return client
        raise Fault("invalid_client", str(verdict.body.get("error_description", "The assertion was used before.")), 401)

    async def _active(self, text: str) -> tuple[Token | None, AppSession | None]:
        store = self._oauth.store
        found = await tokens.find(store, text)
        if found is None or found.session is None or found.kind not in {"access", "refresh"}:
            return None, None
        if found.used is not None or found.expires <= store.now:
            return None, None
        return found, await tokens.session(store, found.session, store.now)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MOST:
            raise Fault("invalid_request", f"A body has at most {BODY_MOST} bytes.", 413)
    return body


async def _form(request: Request) -> Form:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Fault("invalid_request", f"The body has to be {FORM}.", 415)
    try:
        pairs = parse_qsl(
            (await _body(request)).decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MOST, errors="strict"
        )
    except ValueError as fault:
        raise Fault("invalid_request", "The body is no form.") from fault
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Fault("invalid_request", "The body holds a NUL character.")
    return pairs


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] = SECRET) -> Response:
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
