"""Faults of simulated systems, switched on by ``POST /faults`` and used up by the questions that come next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

KINDS: Final = ("off", "time-out", "duplicate", "refuse", "slow", "down")

Effect = Callable[[dict[str, Any]], dict[str, Any]]


class Faults:
    """The fault that is on: ``{"kind", "times" (0: until "off"), "seconds"}``.

    time-out: it takes effect, and the answer comes too late. duplicate: it takes effect twice, as when a message is
    delivered again. refuse: 422 with a reason. slow: a late, good answer. down: 503 before any effect.
    """

    def __init__(self) -> None:
        self._kind = "off"
        self._times = 0
        self._seconds = 30.0

    async def set(self, request: Request) -> Response:
        """Take POST /faults."""
        given = await request.json()
        if given.get("kind") not in KINDS:
            return JSONResponse({"reason": f"kind is one of {', '.join(KINDS)}"}, status_code=422)
        self._kind, self._times = given["kind"], int(given.get("times", 0))
        self._seconds = float(given.get("seconds", self._seconds))
        return Response(status_code=204)

    def around(self, effect: Effect) -> Callable[[Request], Awaitable[Response]]:
        """Make the endpoint of an effect: a question in JSON to an answer in JSON; ValueError is a refusal."""

        async def endpoint(request: Request) -> Response:
            asked = await request.json()
            kind = self._next()
            if kind == "down":
                return Response(status_code=503)
            if kind == "refuse":
                return JSONResponse({"reason": "refused by the simulator"}, status_code=422)
            if kind == "slow":
                await asyncio.sleep(self._seconds)
            try:
                answer = effect(asked)
                if kind == "duplicate":
                    answer = effect(asked)
            except ValueError as refusal:
                return JSONResponse({"reason": str(refusal)}, status_code=422)
            if kind == "time-out":
                await asyncio.sleep(self._seconds)
            return JSONResponse(answer)

        return endpoint

    def _next(self) -> str:
        kind = self._kind
        if self._times:
            self._times -= 1
            if not self._times:
                self._kind = "off"
        return kind
