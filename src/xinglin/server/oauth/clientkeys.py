"""Public keys of clients: from their registration, or from where they publish them."""

import time
from typing import Any, Final

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from xinglin.store.identity.clients import Client

KEPT_SECONDS: Final = 300
AGAIN_SECONDS: Final = 10  # an unknown key makes us look again, no oftener than this
SECONDS_MOST: Final = 5
BYTES_MOST: Final = 128 * 1024


class ClientKeys:
    """Fetches and keeps published key sets. What cannot be fetched counts as no keys; the log says why."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._kept: dict[str, tuple[float, KeySet | None]] = {}

    async def of(self, client: Client, kid: str | None) -> KeySet | None:
        """Give the public keys of a client; a published set is fetched again when it lacks *kid*."""
        if client.jwks:
            return read_keys(client.jwks.encode())
        if not client.jwks_uri:
            return None
        now = time.monotonic()
        at, keys = self._kept.get(client.jwks_uri, (0.0, None))
        known = keys is not None and (kid is None or any(key.kid == kid for key in keys.keys))
        if client.jwks_uri not in self._kept or now - at > (KEPT_SECONDS if known else AGAIN_SECONDS):
            keys = await self._fetched(client)
            self._kept[client.jwks_uri] = (now, keys)
        return keys

    async def _fetched(self, client: Client) -> KeySet | None:
        try:
            async with (
                httpx.AsyncClient(transport=self._transport, timeout=SECONDS_MOST, trust_env=False) as http,
                http.stream("GET", client.jwks_uri, headers={"accept": "application/json"}) as answer,
            ):
                answer.raise_for_status()
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > BYTES_MOST:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as fault:
            structlog.get_logger().warning("oauth.client_keys", client=client.id, why=type(fault).__name__)
            return None
        return read_keys(body) if len(body) <= BYTES_MOST else None


def read_keys(text: bytes) -> KeySet | None:
    """Read a JWKS document; only public keys of RSA and elliptic curves count, and None is a set without any."""
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
        keys = [
            key
            for key in document.get("keys", ())
            if isinstance(key, dict) and key.get("kty") in {"RSA", "EC"} and "d" not in key
        ]
        return KeySet.import_key_set({"keys": keys}) if keys else None
    except (msgspec.DecodeError, msgspec.ValidationError, JoseError, TypeError, ValueError, KeyError):
        return None
