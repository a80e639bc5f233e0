"""What the head of a request says about where it came from: host, scheme, request id."""

import re
from functools import lru_cache
from typing import Final

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.http import Header, Scope

_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


def base_url_of(scope: Scope) -> str:
    """Give scheme and host of a request's own address; a Host that is none is refused (400)."""
    for name, value in scope["headers"]:
        if name == b"host":
            return _address(scope.get("scheme", "http"), value)
    raise OutcomeError(Issue("invalid", "host", text="The request names no Host."))


def id_of(headers: list[Header]) -> str | None:
    """Give the client's X-Request-Id when it is fit to be logged and sent back."""
    for name, value in headers:
        if name == b"x-request-id":
            return value.decode() if _REQUEST_ID.fullmatch(value) else None
    return None


def address_of(scope: Scope, proxies: int) -> str:
    """Give the address of the visitor: of the connection, or what the first of our *proxies* noted about it."""
    if proxies:
        noted = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").split(b",")
        if len(noted) >= proxies:
            return noted[-proxies].decode("latin-1").strip()[:64]
    client = scope.get("client")
    return str(client[0]) if client else ""


def hostname(host: str) -> str:
    """Take the port off a Host."""
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


@lru_cache(maxsize=256)
def _address(scheme: str, host: bytes) -> str:
    text = host.decode("latin-1")
    if _HOST.fullmatch(text) is None:
        raise OutcomeError(Issue("invalid", "host", text="The Host of the request is no host."))
    return f"{scheme}://{text}"
