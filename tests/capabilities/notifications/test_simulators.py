"""The simulated gateways tell as their faults say: late, twice, or not at all."""

import asyncio
from typing import Final

import httpx
import pytest

from xinglin.simulators.faults import Faults
from xinglin.simulators.receipts import Receipts

BODY: Final = b"[]"


class Told(Receipts):
    """Notes what would be posted; the platform answers *statuses* in turn."""

    def __init__(self, faults: Faults, *statuses: int) -> None:
        super().__init__("http://x", "s", faults, seconds=0.0)
        self.statuses = list(statuses)
        self.posts = 0

    async def post(self, body: bytes, query: str = "", headers: dict[str, str] | None = None) -> httpx.Response:  # noqa: ARG002  as of Receipts
        self.posts += 1
        assert body == BODY
        assert headers
        return httpx.Response(self.statuses.pop(0) if self.statuses else 200)

    async def done(self) -> None:
        async with asyncio.timeout(5):
            while self._running:
                await asyncio.gather(*self._running)


@pytest.mark.parametrize(("fault", "posts"), [("off", 1), ("duplicate", 2), ("no-receipt", 0), ("late-receipt", 1)])
async def test_a_receipt_comes_as_the_fault_has_it(fault: str, posts: int) -> None:
    faults = Faults()
    faults.present, faults._seconds = fault, 0.02
    told = Told(faults)
    told.tell_bytes(BODY)
    await asyncio.sleep(0)
    if fault == "late-receipt":
        assert told.posts == 0
    await told.done()
    assert told.posts == posts


async def test_a_receipt_that_nobody_took_comes_again() -> None:
    told = Told(Faults(), 503, 500, 200)
    told.tell_bytes(BODY)
    await told.done()
    assert told.posts == 3
