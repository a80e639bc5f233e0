"""Who asks: a bearer of a token, somebody signed in, or, on this machine, the developer."""

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from xinglin.security.principal import Principal
from xinglin.server.base import hostname
from xinglin.server.call import PrincipalOf
from xinglin.server.http import Request
from xinglin.settings import Settings, is_loopback

DEVELOPER: Final = Principal(id="dev", roles=frozenset({"developer"}), display="Developer")


def first_of(*sources: PrincipalOf) -> PrincipalOf:
    """Ask one source after the other; one that knows the request's credentials to be no good ends it (401)."""

    async def found(request: Request) -> Principal | None:
        for source in sources:
            principal = await source(request)
            if principal is not None:
                return principal
        return None

    return found


def development(settings: Settings) -> PrincipalOf:
    """Give the function that knows the developer: only when we listen on loopback and the setting says so.

    The Host, and the Origin when a browser names one, must be loopback too: else a page from elsewhere could reach us
    through a name of its own that points here (DNS rebinding), or send forms here.
    """
    if not settings.dev_principal or not is_loopback(settings.host):
        return _nobody
    return _developer


async def _nobody(_request: Request) -> Principal | None:
    return None


async def _developer(request: Request) -> Principal | None:
    return DEVELOPER if from_here(request) else None


def from_here(request: Request) -> bool:
    """Tell whether a request names this machine as its host, and comes from no foreign page."""
    host = request.header(b"host")
    if host is None or not _is_here(host):
        return False
    origin = request.header(b"origin")
    return origin is None or _is_own(origin)


@lru_cache(maxsize=256)
def _is_here(host: str) -> bool:
    return is_loopback(hostname(host))


def _is_own(origin: str) -> bool:
    try:
        return is_loopback(urlsplit(origin).hostname or "")
    except ValueError:
        return False
