"""Work gathered while the previous statement runs, and done by the next one in one go."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.faults import AWAY, DRIVER, meaning
from xinglin.store.pool import Connection, Pool

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class Order(Generic[Item, Answer]):
    """One caller's wish. name: what two orders may not have in common when they are worked on at once; None for any."""

    item: Item
    name: Hashable | None
    answer: "asyncio.Future[Answer]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Lanes(Generic[Item, Answer]):
    """Some pinned connections, each of which takes all orders that wait (at most *most*) when it is free.

    work: does a group on a connection and settles the answer of each order; a fault that it raises settles the rest.
    waiting_max: orders beyond it are refused (429): a queue without bound only makes everybody wait.
    again: do a group once more on a new connection when the old one broke (reads only: a write may have been done).
    """

    def __init__(
        self,
        pool: Pool,
        work: Callable[[Connection, Sequence[Order[Item, Answer]]], Awaitable[None]],
        *,
        lanes: int,
        most: int,
        waiting_max: int,
        again: bool = False,
    ) -> None:
        self._pool = pool
        self._work = work
        self._lanes = lanes
        self._most = most
        self._waiting_max = waiting_max
        self._again = again
        self._waiting: deque[Order[Item, Answer]] = deque()
        self._busy: set[Hashable] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    async def ask(self, item: Item, name: Hashable | None = None) -> Answer:
        """Queue an order and wait for its answer; it is done also when the caller gives up waiting."""
        if self._closing:
            raise OutcomeError(Issue("transient", "stopping", text="The server is stopping."))
        if len(self._waiting) >= self._waiting_max:
            raise OutcomeError(Issue("throttled", "too-busy", text="Too many requests wait for the database."))
        order: Order[Item, Answer] = Order(item, name)
        self._waiting.append(order)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._run()) for _ in range(self._lanes)]
        self._wake.set()
        return await order.answer

    async def close(self) -> None:
        """Do what waits, then end."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(*self._tasks)

    async def _run(self) -> None:
        connection: Connection | None = None
        try:
            while True:
                group = self._next()
                if not group:
                    if self._closing and not self._waiting:
                        return
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                connection = await self._do(connection, group)
        finally:
            if connection is not None:
                connection.terminate() if connection.is_closed() else await connection.close(timeout=5)

    async def _do(self, connection: "Connection | None", group: list[Order[Item, Answer]]) -> "Connection | None":
        try:
            if connection is not None and not connection.is_closed():
                try:
                    await self._work(connection, group)
                except AWAY:
                    if not self._again:
                        raise
                else:
                    return connection
            connection = await self._pool.connect()
            await self._work(connection, group)
        except (*DRIVER, OutcomeError) as fault:
            _settle(group, meaning(fault))
        except BaseException as fault:
            _settle(group, fault)  # a bug of ours reaches every caller, and the lane goes on
            if not isinstance(fault, Exception):
                raise
        finally:
            self._busy.difference_update(order.name for order in group if order.name is not None)
            # Orders that waited for these names may go now.
            self._wake.set()
        return connection

    def _next(self) -> list[Order[Item, Answer]]:
        group: list[Order[Item, Answer]] = []
        kept: list[Order[Item, Answer]] = []
        while self._waiting and len(group) < self._most:
            order = self._waiting.popleft()
            if order.name is not None and order.name in self._busy:
                kept.append(order)
                continue
            if order.name is not None:
                self._busy.add(order.name)
            group.append(order)
        self._waiting.extendleft(reversed(kept))
        return group


def _settle(group: Sequence[Order[Item, Answer]], fault: BaseException) -> None:
    for order in group:
        if not order.answer.done():
            order.answer.set_exception(fault)
            order.answer.exception()  # seen: a caller that went away is no unhandled fault
