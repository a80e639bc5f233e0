"""How simulated gateways tell by call-back what became of a message: later, signed, and again until they are heard.

The environment names where to (`CALLBACKS`) and the secret that signs (`SECRET`); without them nothing is told.
"""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, Final

import httpx
import msgspec

from xinglin.capabilities.notifications.rules.receipts import HEADER, signature
from xinglin.simulators.faults import Faults
from xinglin.store.clock import Clock

CALLBACKS: Final = "SIMULATED_CALLBACKS"
SECRET: Final = "SIMULATED_SECRET"  # noqa: S105  the name of a variable
SECONDS: Final = 2.0  # until a message has arrived
TRIES: Final = 4


class Receipts:
    """Tells one address. seconds: until a receipt comes, when no fault makes it later."""

    def __init__(self, url: str, secret: str, faults: Faults, seconds: float = SECONDS) -> None:
        self._url = url
        self._secret = secret
        self._faults = faults
        self._seconds = seconds
        self._running: set[asyncio.Task[None]] = set()

    def tell(self, receipts: list[dict[str, Any]]) -> None:
        """Tell receipts in JSON, as the fault that is on has it."""
        self.tell_bytes(msgspec.json.encode(receipts))

    def tell_bytes(self, body: bytes) -> None:
        """Tell what is no JSON."""
        fault = self._faults.present
        if fault == "no-receipt":
            return
        wait = self._seconds + (self._faults.seconds if fault == "late-receipt" else 0)
        for _ in range(2 if fault == "duplicate" else 1):
            self._start(self._tell(body, wait))

    async def post(self, body: bytes, query: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        """Post a body to the address."""
        async with httpx.AsyncClient(timeout=5) as client:
            return await client.post(self._url + query, content=body, headers=headers)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _tell(self, body: bytes, wait: float) -> None:
        for attempt in range(TRIES):
            await asyncio.sleep(wait if attempt == 0 else self._seconds * (1 << attempt))
            headers = {HEADER: signature(self._secret, seconds_now(), body)}
            try:
                answer = await self.post(body, headers=headers)
            except httpx.HTTPError:
                continue  # the platform is not there: once more
            if answer.status_code < 500:
                return


def told(system: str, faults: Faults) -> Receipts | None:
    """Give how a system tells, when the environment says where to."""
    base, secret = os.environ.get(CALLBACKS, ""), os.environ.get(SECRET, "")
    return Receipts(f"{base}/{system}", secret, faults) if base and secret else None


def seconds_now() -> int:
    """Give the seconds since 1970."""
    return int(Clock().now().timestamp())
