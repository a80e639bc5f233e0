"""Who asks. For now a development principal for whoever works on this machine; identity is a capability of its own."""

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from xinglin.security.principal import Principal
from xinglin.server.base import hostname
from xinglin.server.call import PrincipalOf
from xinglin.server.http import Request
from xinglin.settings import Settings, is_loopback

DEVELOPER: Final = Principal(id="dev", roles=frozenset({"developer"}), display="Developer")


def development(settings: Settings) -> PrincipalOf:
    """Give the function that knows the developer: only when we listen on loopback and the setting says so.

    The Host, and the Origin when a browser names one, must be loopback too: else a page from elsewhere could reach us
    through a name of its own that points here (DNS rebinding), or send forms here.
    """
    if not settings.dev_principal or not is_loopback(settings.host):
        return lambda _request: None
    return _developer


def _developer(request: Request) -> Principal | None:
    host = request.header(b"host")
    if host is None or not _is_here(host):
        return None
    origin = request.header(b"origin")
    if origin is not None and not _is_own(origin):
        return None
    return DEVELOPER


@lru_cache(maxsize=256)
def _is_here(host: str) -> bool:
    return is_loopback(hostname(host))


def _is_own(origin: str) -> bool:
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
