"""Faults of simulated systems, switched on by ``POST /faults`` and used up by the questions that come next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

KINDS: Final = ("off", "time-out", "duplicate", "refuse", "slow", "down", "late-receipt", "no-receipt", "wrong-amount")

Effect = Callable[[dict[str, Any]], dict[str, Any]]


def unprocessable(reason: str) -> Response:
    """Refuse by HTTP."""
    return JSONResponse({"reason": reason}, status_code=422)


class Faults:
    """The fault that is on: ``{"kind", "times" (0: until "off"), "seconds"}``.

    time-out: it takes effect, and the answer comes too late. duplicate: it takes effect twice, as when a message is
    delivered again. refuse: 422 with a reason. slow: a late, good answer. down: 503 before any effect.
    late-receipt, no-receipt: of gateways that tell by call-back what became of a message (`simulators.receipts`).
    wrong-amount: a payer pays another sum (`simulators.payments`).
    """

    def __init__(self) -> None:
        self._kind = "off"
        self._times = 0
        self._seconds = 30.0
        # The fault of the question that is being answered, for what follows from it later.
        self.present = "off"

    @property
    def kind(self) -> str:
        """The fault that is on."""
        return self._kind

    @property
    def seconds(self) -> float:
        """How long what is slow takes."""
        return self._seconds

    async def set(self, request: Request) -> Response:
        """Take POST /faults."""
        given = await request.json()
        if given.get("kind") not in KINDS:
            return JSONResponse({"reason": f"kind is one of {', '.join(KINDS)}"}, status_code=422)
        self._kind, self._times = given["kind"], int(given.get("times", 0))
        self._seconds = float(given.get("seconds", self._seconds))
        return Response(status_code=204)

    def around(
        self, effect: Effect, refused: Callable[[str], Response] = unprocessable
    ) -> Callable[[Request], Awaitable[Response]]:
        """Make the endpoint of an effect: a question in JSON to an answer in JSON; ValueError is a refusal.

        refused: how the system says no, given why.
        """

        async def endpoint(request: Request) -> Response:
            asked = await request.json()
            kind = self.take()
            if kind == "down":
                return Response(status_code=503)
            if kind == "refuse":
                return refused("refused by the simulator")
            if kind == "slow":
                await asyncio.sleep(self._seconds)
            try:
                answer = effect(asked)
                if kind == "duplicate":
                    answer = effect(asked)
            except ValueError as refusal:
                return refused(str(refusal))
            if kind == "time-out":
                await asyncio.sleep(self._seconds)
            return JSONResponse(answer)

        return endpoint

    def switch(self, kind: str, times: int, seconds: float) -> None:
        """Switch a fault on; ValueError for one that is none."""
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self._kind, self._times, self._seconds = kind, times, seconds

    def take(self, among: frozenset[str] = frozenset(KINDS)) -> str:
        """Use up the fault that is on, for one question; one that is not *among* those stays on."""
        kind = self._kind if self._kind in among else "off"
        if kind == "off":
            self.present = kind
            return kind
        self.present = kind
        if self._times:
            self._times -= 1
            if not self._times:
                self._kind = "off"
        return kind
