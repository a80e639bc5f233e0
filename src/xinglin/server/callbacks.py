"""Call-backs of outside systems: served as declared, each in a unit of work of nobody; refusals say why, in short."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import Callback, Registry
from xinglin.security.principal import ANONYMOUS
from xinglin.server.log import frames_of
from xinglin.store.door import Door
from xinglin.web.view import Heard, Said

BODY_MOST: Final = 256 * 1024
HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def routes(registry: Registry, door: Door, counted: Callable[[Request], Awaitable[object]]) -> list[Route]:
    """Make the routes. counted: counts the visitor's address, and refuses it when it asks too much."""

    def endpoint(callback: Callback) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                await counted(request)
                said = await _answered(callback, request, door)
            except OutcomeError as refused:
                said = Said(refused.issues[0].key.encode(), status=refused.status)
            except Exception as error:  # noqa: BLE001  the last resort: logged, and answered without detail
                structlog.get_logger().error("callback.bug", path=callback.path, at=frames_of(error))
                said = Said(b"fault", status=500)
            return Response(said.body, said.status, HEADERS, media_type=said.media_type)

        return answer

    return [Route(one.path, endpoint(one), methods=["GET", "POST"]) for one in registry.callbacks]


async def _answered(callback: Callback, request: Request, door: Door) -> Said:
    heard = Heard(request.method, dict(request.query_params), dict(request.headers), await _body(request))
    async with door.work(ANONYMOUS) as work:
        said: Said = await callback.answer(work, heard)
        return said


async def _body(request: Request) -> bytes:
    """Read the body; more than `BODY_MOST` bytes are refused while they come."""
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_MOST:
            raise OutcomeError(Issue("too-long", "body-too-large", text="A call-back is shorter."), status=413)
        parts.append(chunk)
    return b"".join(parts)
