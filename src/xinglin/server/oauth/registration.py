"""Registration of apps and systems (RFC 7591): anybody may ask, the security officer decides."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
from authlib.oauth2.rfc7591 import ClientMetadataClaims
from joserfc.errors import JoseError

from xinglin.security.scopes import Scope, asked
from xinglin.server.oauth.addresses import SIGNS
from xinglin.server.oauth.clientkeys import read_keys
from xinglin.server.oauth.engine import CODE_GRANT, GRANTS, METHODS, REFRESH_GRANT, SYSTEM_GRANT
from xinglin.settings import is_loopback
from xinglin.store.identity.clients import Client, Method

URIS_MOST: Final = 10
NAME_MOST: Final = 100
URI_MOST: Final = 2_000
# Not asked any more when so many wait: whoever floods us does not fill the officer's desk.
WAITING_MOST: Final = 200


class Unfit(Exception):
    """A registration that cannot be taken. error: of RFC 7591, 3.2.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def read_registration(id: str, document: Mapping[str, Any], now: datetime) -> Client:
    """Make a registration that waits for approval of a client's metadata; raises Unfit."""
    _validate(document)
    grants = _texts(document, "grant_types") or (CODE_GRANT,)
    method = str(document.get("token_endpoint_auth_method") or ("none" if SYSTEM_GRANT not in grants else METHODS[1]))
    redirects = _texts(document, "redirect_uris")
    jwks = document.get("jwks")
    client = Client(
        id=id,
        name=_text(document, "client_name", NAME_MOST) or "?",
        method=cast("Method", method),  # judged below
        grants=tuple(grants),
        scopes=_text(document, "scope", URI_MOST * 2),
        made=now,
        redirect_uris=redirects,
        origins=tuple(dict.fromkeys(origin for uri in redirects if (origin := origin_of(uri)))),
        jwks=msgspec.json.encode(jwks).decode() if jwks is not None else "",
        jwks_uri=_text(document, "jwks_uri", URI_MOST),
        launch_uri=_text(document, "initiate_login_uri", URI_MOST),
        client_uri=_text(document, "client_uri", URI_MOST),
        contacts=_texts(document, "contacts"),
        id_token_alg=_text(document, "id_token_signed_response_alg", NAME_MOST) or SIGNS[0],
    )
    for error, description in _faults(client):
        raise Unfit(error, description)
    return client


def registered(client: Client) -> dict[str, Any]:
    """Say what was registered (RFC 7591, 3.2.1)."""
    told: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(client.made.timestamp()),
        "client_name": client.name,
        "token_endpoint_auth_method": client.method,
        "grant_types": list(client.grants),
        "response_types": ["code"] if CODE_GRANT in client.grants else [],
        "redirect_uris": list(client.redirect_uris),
        "scope": client.scopes,
        "jwks": msgspec.json.decode(client.jwks) if client.jwks else None,
        "jwks_uri": client.jwks_uri,
        "initiate_login_uri": client.launch_uri,
        "client_uri": client.client_uri,
        "contacts": list(client.contacts),
        "id_token_signed_response_alg": client.id_token_alg,
        # Not of the RFC: nothing works before the security officer has approved.
        "registration_state": client.state,
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def origin_of(uri: str) -> str:
    """Give the origin of a page in a browser; empty for addresses of native apps."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} and parts.netloc else ""


def is_redirect(uri: str) -> bool:
    """Tell whether a code may be sent there: by TLS, to this machine, or to a native app's own scheme (RFC 8252)."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    if parts.fragment or "#" in uri or any(ord(sign) < 0x21 or ord(sign) > 0x7E or sign in '"\\' for sign in uri):
        return False
    if parts.scheme == "https":
        return bool(parts.hostname) and "@" not in parts.netloc
    if parts.scheme == "http":
        return bool(parts.hostname) and is_loopback(parts.hostname or "") and "@" not in parts.netloc
    return "." in parts.scheme


def _validate(document: Mapping[str, Any]) -> None:
    # Authlib knows neither addresses of native apps (RFC 8252) nor which keys we take: `_faults` judges these.
    known = {name: value for name, value in document.items() if name not in {"redirect_uris", "jwks"}}
    try:
        ClientMetadataClaims(known, {}, {}, {}).validate()
    except (JoseError, TypeError, ValueError, AttributeError, KeyError) as fault:
        raise Unfit("invalid_client_metadata", "The client metadata is malformed.") from fault


def _faults(client: Client) -> Iterable[tuple[str, str]]:
    wrong = "invalid_client_metadata"
    scopes = asked(client.scopes)
    if client.name == "?":
        yield wrong, "client_name is required: people have to know whom they let in."
    if client.method not in METHODS:
        yield wrong, f"token_endpoint_auth_method is one of {', '.join(METHODS)}."
    if not set(client.grants) <= set(GRANTS):
        yield wrong, f"grant_types are some of {', '.join(GRANTS)}."
    if REFRESH_GRANT in client.grants and CODE_GRANT not in client.grants:
        yield wrong, "refresh_token needs authorization_code."
    if client.id_token_alg not in SIGNS:
        yield wrong, f"id_token_signed_response_alg is one of {', '.join(SIGNS)}."
    if not scopes.scopes or scopes.faults:
        yield wrong, "scope is required, and every scope in it has to be one that this server knows."
    if SYSTEM_GRANT in client.grants:
        yield from _system_faults(client, scopes.resources)
    elif not client.redirect_uris:
        yield "invalid_redirect_uri", "redirect_uris is required."
    elif any(scope.context == "system" for scope in scopes.resources):
        yield wrong, "system scopes are for clients of client_credentials."
    if len(client.redirect_uris) > URIS_MOST or not all(is_redirect(uri) for uri in client.redirect_uris):
        text = "Each redirect_uri is https, http to this machine, or a scheme of a native app with a dot; no fragment."
        yield "invalid_redirect_uri", text
    if client.method == METHODS[1] and not client.jwks and not client.jwks_uri:
        yield wrong, "private_key_jwt needs jwks or jwks_uri."
    if client.jwks and client.jwks_uri:
        yield wrong, "jwks and jwks_uri exclude each other."
    if client.jwks and read_keys(client.jwks.encode()) is None:
        yield wrong, "jwks holds no public key of RSA or an elliptic curve."
    for name, uri in (("jwks_uri", client.jwks_uri), ("initiate_login_uri", client.launch_uri)):
        if uri and (not is_redirect(uri) or not origin_of(uri)):
            yield wrong, f"{name} is https, or http to this machine."
    if client.client_uri and not origin_of(client.client_uri):
        yield wrong, "client_uri is a page."


def _system_faults(client: Client, resources: Iterable[Scope]) -> Iterable[tuple[str, str]]:
    if set(client.grants) != {SYSTEM_GRANT}:
        yield "invalid_client_metadata", "A system that acts for itself acts for nobody else: register twice."
    if client.method != METHODS[1]:
        yield "invalid_client_metadata", "client_credentials needs private_key_jwt."
    if any(scope.context != "system" for scope in resources):
        yield "invalid_client_metadata", "client_credentials has system scopes alone."


def _text(document: Mapping[str, Any], name: str, most: int) -> str:
    value = document.get(name) or ""
    if not isinstance(value, str) or len(value) > most or any(ord(sign) < 0x20 for sign in value):
        raise Unfit("invalid_client_metadata", f"{name} is a text of at most {most} characters.")
    return value.strip()


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = document.get(name) or []
    if not isinstance(value, list) or len(value) > URIS_MOST or not all(isinstance(one, str) for one in value):
        raise Unfit("invalid_client_metadata", f"{name} is a list of at most {URIS_MOST} texts.")
    if any(len(one) > URI_MOST or "\0" in one for one in value):
        raise Unfit("invalid_client_metadata", f"A text in {name} is too long.")
    return tuple(dict.fromkeys(value))
