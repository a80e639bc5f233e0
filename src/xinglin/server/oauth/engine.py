"""The rules of OAuth, by Authlib: its grants run over what was loaded before, and leave what is to be written after.

Authlib's server is not asynchronous. So a request is judged in one synchronous pass over a `Case`, which holds the
client, its keys and the code or refresh token from the database; `token.answer` loads it and writes what it leaves.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Payload,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from xinglin.security.scopes import asked, common, of_context
from xinglin.store.identity.clients import Client
from xinglin.store.identity.tokens import Token

ASSERTION_ALGORITHMS: Final = ("RS384", "ES384")
ASSERTION_SECONDS_MOST: Final = 300  # SMART: an assertion lives five minutes at most
LEEWAY_SECONDS: Final = 30
USER_CONTEXTS: Final = frozenset({"patient", "user"})
SYSTEM_CONTEXT: Final = frozenset({"system"})
CODE_GRANT: Final = "authorization_code"
REFRESH_GRANT: Final = "refresh_token"
SYSTEM_GRANT: Final = "client_credentials"
GRANTS: Final = (CODE_GRANT, REFRESH_GRANT, SYSTEM_GRANT)
METHODS: Final = ("none", "private_key_jwt")

# Authlib repeats some of these in error descriptions, which hold only such characters (RFC 6749, 5.2).
_REPEATED: Final = ("client_id", "redirect_uri", "response_type", "grant_type", "scope")
_PLAIN: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
_LONGEST: Final = 8_192


@dataclass(frozen=True, slots=True)
class Agreed:
    """What somebody agreed to, as a code stands for it."""

    client: str
    redirect_uri: str
    code_challenge: str
    scopes: str
    account: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """Answer Authlib."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Answer Authlib."""
        return self.scopes


@dataclass(slots=True)
class Case:
    """One request, with all it takes to judge it, and what the judgement leaves to be written.

    client: the registration that the request names, when it is approved. keys: its public keys. code, refresh: what
    the request holds, when it is valid. audiences: names of ours that an assertion may be made for.
    assertion: number and end of the assertion that was accepted. issued: scopes of the token to be made.
    """

    now: datetime
    client: Client | None = None
    keys: KeySet | None = None
    code: Agreed | None = None
    refresh: Token | None = None
    audiences: tuple[str, ...] = ()
    assertion: tuple[str, datetime] | None = None
    issued: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the token endpoint has to say: an error, or the way to a token."""

    status: int
    body: Mapping[str, Any]
    grant: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A valid request to be let in: what of the scopes it may be given at most, and what was not understood."""

    redirect_uri: str
    scopes: tuple[str, ...]


class Refused(Exception):
    """A request to be let in that is none. location: where the browser takes the news; None: nobody to take it to."""

    def __init__(self, error: str, description: str, location: str | None) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.location = location


def judge_token(case: Case, form: Iterable[tuple[str, str]]) -> Verdict:
    """Judge a request to the token endpoint."""
    try:
        request = _request("POST", form)
        status, body, _ = _Server(case).create_token_response(request)
    except OAuth2Error as error:
        status, body, _ = error()
        return Verdict(status, dict(body))
    return Verdict(status, dict(body), request.payload.grant_type or "")


def judge_client(case: Case, form: Iterable[tuple[str, str]]) -> Verdict:
    """Judge whether a request comes from the client it names (introspection, revocation); status 200 when it does."""
    try:
        server = _Server(case)
        server.authenticate_client(_request("POST", form), METHODS)
    except OAuth2Error as error:
        status, body, _ = error()
        return Verdict(status, dict(body))
    return Verdict(200, {})


def judge_wish(case: Case, pairs: Iterable[tuple[str, str]]) -> Wish:
    """Judge a request to the authorization endpoint; raises Refused."""
    try:
        request = _request("GET", pairs)
        grant = _Server(case).get_consent_grant(request)
    except OAuth2Error as error:
        raise refused(error) from error
    return Wish(str(grant.redirect_uri), tuple(request.scope.split(" ")))


def refused(error: OAuth2Error) -> Refused:
    """Turn an error of Authlib into one that a page can show, or a redirect take home."""
    status, _, headers = error()
    location = dict(headers).get("Location") if status == 302 else None
    return Refused(str(error.error), str(error.get_error_description() or ""), location)


class _Payload(OAuth2Payload):  # type: ignore[misc]
    """Parameters; each may stand once (RFC 6749, 3.1 and 3.2)."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:
                self._lists.setdefault(name, []).append(value)
        for name in _REPEATED:
            for value in self._lists.get(name, ()):
                if len(value) > _LONGEST or not _PLAIN.fullmatch(value):
                    raise InvalidRequestError(f"The parameter {name} holds characters that it may not hold.")

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._lists.items()}

    @property
    def datalist(self) -> dict[str, list[str]]:
        return self._lists


class _Request(OAuth2Request):  # type: ignore[misc]
    @property
    def args(self) -> dict[str, str]:
        return dict(self.payload.data)

    @property
    def form(self) -> dict[str, str]:
        return dict(self.payload.data)


def _request(method: str, pairs: Iterable[tuple[str, str]]) -> _Request:
    # Authlib refuses http; whether TLS ends before us is the operator's business, so it is shown an https address.
    request = _Request(method, "https://xinglin.invalid/")
    request.payload = _Payload(pairs)
    twice = next((name for name, values in request.payload.datalist.items() if len(values) > 1), None)
    if twice is not None and method == "POST":
        raise InvalidRequestError("A parameter stands more than once.")
    return request


class _Client(ClientMixin):  # type: ignore[misc]
    """A registration as Authlib asks for it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.client_id = client.id

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> str | None:
        return None  # SMART: redirect_uri is required, so that nothing is guessed

    def get_allowed_scope(self, scope: str | None) -> str | None:
        contexts = SYSTEM_CONTEXT if SYSTEM_GRANT in self.client.grants else USER_CONTEXTS
        given = of_context(common(asked(scope or "").scopes, asked(self.client.scopes).scopes), contexts)
        return " ".join(given) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return False  # secrets that two know are not taken

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self.client.method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and CODE_GRANT in self.client.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grants


class _Refresh(TokenMixin):  # type: ignore[misc]
    def __init__(self, token: Token) -> None:
        self.token = token

    def check_client(self, client: _Client) -> bool:
        return self.token.client == client.client_id

    def get_scope(self) -> str:
        return self.token.scopes


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = list(METHODS)

    def query_authorization_code(self, code: str, client: _Client) -> Agreed | None:
        found: Agreed | None = self.server.case.code
        return found if found is not None and found.client == client.client_id else None

    def delete_authorization_code(self, authorization_code: Agreed) -> None:
        """`token.answer` marks it as used, so that a second use is recognised."""

    def authenticate_user(self, authorization_code: Agreed) -> str:
        return authorization_code.account


class _Pkce(CodeChallenge):  # type: ignore[misc]
    """OAuth 2.1: every client proves that it asked, and only by S256."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: _CodeGrant, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge with code_challenge_method S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = list(METHODS)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> _Refresh | None:
        found: Token | None = self.server.case.refresh
        return _Refresh(found) if found is not None else None

    def authenticate_user(self, refresh_token: _Refresh) -> str:
        return str(refresh_token.token.session)

    def revoke_old_credential(self, refresh_token: _Refresh) -> None:
        """`token.answer` marks it as replaced, so that a second use is recognised."""


class _SystemGrant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ["private_key_jwt"]

    def validate_token_request(self) -> None:
        super().validate_token_request()
        scope = self.client.get_allowed_scope(self.request.payload.scope)
        if scope is None:
            raise InvalidScopeError
        self.request.scope = scope


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]
    """Client authentication by a signed assertion (RFC 7523; SMART Backend Services)."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, case: Case) -> None:
        super().__init__(leeway=LEEWAY_SECONDS)
        self.case = case

    def extract_assertion(self, assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            headers, claims = super().extract_assertion(assertion)
        except (TypeError, ValueError, KeyError) as error:
            raise InvalidClientError("The client assertion is no signed JWT.") from error
        return dict(headers), dict(claims)

    def get_audiences(self) -> list[str]:
        return list(self.case.audiences)

    def resolve_client_public_key(self, client: _Client) -> KeySet:
        if self.case.keys is None or not self.case.keys.keys:
            raise InvalidClientError("The client's public keys are not known.")
        return self.case.keys

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=list(ASSERTION_ALGORITHMS))
        except (JoseError, ValueError) as error:
            raise InvalidClientError("The client assertion is not signed by a key of the client.") from error
        self.verify_claims(token)
        return dict(token.claims)

    def verify_claims(self, token: jwt.Token) -> None:
        claims, now = token.claims, int(self.case.now.timestamp())
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
            jti={"essential": True},
        )
        try:
            registry.validate(claims)
        except (JoseError, TypeError, ValueError) as error:
            raise InvalidClientError(
                "The client assertion is not meant for this server, or not for this moment."
            ) from error
        if claims["sub"] != claims["iss"]:
            raise InvalidClientError("Issuer and subject of the client assertion differ.")
        if not isinstance(claims["exp"], int) or claims["exp"] > now + ASSERTION_SECONDS_MOST + LEEWAY_SECONDS:
            raise InvalidClientError("The client assertion lives longer than five minutes.")
        if not isinstance(claims["jti"], str) or len(claims["jti"]) > _LONGEST:
            raise InvalidClientError("The client assertion has no number (jti).")
        ends = datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, tz=self.case.now.tzinfo)
        self.case.assertion = (claims["jti"], ends)


class _Server(AuthorizationServer):  # type: ignore[misc]
    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.register_grant(_CodeGrant, [_Pkce(required=True)])
        self.register_grant(_RefreshGrant)
        self.register_grant(_SystemGrant)
        self.register_client_auth_method("private_key_jwt", _Assertion(case))

    def query_client(self, client_id: str) -> _Client | None:
        client = self.case.client
        return _Client(client) if client is not None and client.id == client_id else None

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def generate_token(self, grant_type: str, client: _Client, scope: str = "", **_: object) -> dict[str, str]:
        if grant_type == SYSTEM_GRANT:
            scope = client.get_allowed_scope(scope) or ""
        self.case.issued = scope
        return {"scope": scope}

    def save_token(self, token: Mapping[str, str], request: _Request) -> None:
        """`token.answer` makes and writes the tokens."""

    def handle_response(
        self, status: int, body: Any, headers: list[tuple[str, str]]
    ) -> tuple[int, Any, list[tuple[str, str]]]:
        return status, body, headers
