"""What has changed, told to pages that are open: topics without any content (ADR 0103).

A unit of work announces a topic, such as ``visit/ID``; PostgreSQL tells it with the commit. A page that shows the topic
asks for its part again, with the rights of its reader.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from xinglin.store.executor import Executor
from xinglin.store.pool import Connection

CHANNEL: Final = "announced"
LONGEST: Final = 200  # characters of a topic
MOST: Final = 16  # topics of one page
_AGAIN: Final = 1.0  # seconds before a lost connection is opened anew


async def announce(executor: Executor, topic: str) -> None:
    """Tell everybody who listens to *topic*, when the transaction of *executor* commits."""
    if not topic or len(topic) > LONGEST:
        raise ValueError(f"a topic has 1 to {LONGEST} characters")
    await executor.fetch("SELECT pg_notify($1, $2)", CHANNEL, topic)


class Ear:
    """One listener: which of its topics were announced since it looked."""

    def __init__(self, topics: Collection[str]) -> None:
        self.topics = frozenset(topics)
        self._heard: set[str] = set()
        self._rung = asyncio.Event()

    def ring(self, topics: Collection[str]) -> None:
        """Note that *topics* were announced."""
        self._heard |= self.topics.intersection(topics)
        if self._heard:
            self._rung.set()

    async def heard(self, seconds: float) -> frozenset[str]:
        """Wait until something is announced, at most *seconds*; empty when nothing was."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return frozenset()
        found = frozenset(self._heard)
        self._heard.clear()
        self._rung.clear()
        return found


class Announcements:
    """All listeners of one process, over one connection that is open while somebody listens.

    connect: opens a connection of the store. When one was lost, every listener is told all its topics: it cannot know
    what it missed.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._ears: set[Ear] = set()
        self._connection: Connection | None = None
        self._opening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, topics: Collection[str]) -> AsyncIterator[Ear]:
        """Listen to *topics* while the block runs; what is announced after the block began is heard."""
        ear = Ear(topics)
        self._ears.add(ear)
        try:
            await self._open()
            yield ear
        finally:
            self._ears.discard(ear)
            if not self._ears:
                await self.close()

    async def close(self) -> None:
        """Stop listening."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.remove_termination_listener(self._lost)
            await connection.close(timeout=5)

    async def _open(self) -> None:
        if self._connection is not None:
            return
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._reach())
        await asyncio.shield(self._opening)

    async def _reach(self) -> None:
        """Open the connection, again and again until it stands."""
        while True:
            try:
                connection = await self._connect()
                await connection.add_listener(CHANNEL, self._told)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(_AGAIN)
                continue
            connection.add_termination_listener(self._lost)
            self._connection = connection
            return

    def _told(self, _connection: Any, _process: int, _channel: str, topic: Any) -> None:
        for ear in self._ears:
            ear.ring((topic,))

    def _lost(self, _connection: Any) -> None:
        self._connection = None
        if self._ears:
            self._opening = asyncio.create_task(self._reach_again())

    async def _reach_again(self) -> None:
        await self._reach()
        for ear in self._ears:
            ear.ring(ear.topics)
