"""Connections that stay: pinned, with their prepared statements, and without a reset between uses."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.faults import answered

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

STATEMENTS: Final = 500  # prepared statements kept on each connection
WAITING_MAX: Final = 2_000  # callers that may wait for a connection

# Memoize and JIT cost more than they bring on short ordered statements (measured: design/store.md).
_SESSION: Final[Mapping[str, str]] = {
    "application_name": "xinglin",
    "enable_memoize": "off",
    # Plans outlive the sizes they were made for: a scan that suits an empty table stays when it is full.
    "enable_seqscan": "off",
    "jit": "off",
    # Statements are written so that one plan suits all arguments; planning costs as much as running them.
    "plan_cache_mode": "force_generic_plan",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "idle_in_transaction_session_timeout": "60000",
}
# Statements by identity have one good plan, whatever the arguments.
BY_IDENTITY: Final[Mapping[str, str]] = {"plan_cache_mode": "force_generic_plan"}


class Link:
    """One connection and the plan mode it is in."""

    __slots__ = ("connection", "custom")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.custom = False

    async def plan(self, *, custom: bool) -> None:
        """Let the statements that follow be planned for their arguments, or once for all."""
        if custom is not self.custom:
            mode = "force_custom_plan" if custom else "force_generic_plan"
            await self.connection.execute(f"SET plan_cache_mode = {mode}")
            self.custom = custom


class Pool:
    """At most *size* connections, opened when needed; the one used last is used next, as its caches are warm.

    heard: what to call when another process gives notice on a channel (NOTIFY).
    """

    def __init__(
        self,
        dsn: str,
        size: int,
        *,
        timeout_ms: int,
        session: Mapping[str, str] | None = None,
        heard: Mapping[str, Callable[[], None]] | None = None,
    ) -> None:
        self._dsn = dsn
        self._heard = heard or {}
        self._session = {**_SESSION, **(session or {}), "statement_timeout": str(timeout_ms)}
        self._free: deque[Link] = deque()
        self._slots = asyncio.Semaphore(size)
        self._waiting = 0
        self._patience = max(timeout_ms, 1_000) / 1_000
        self._closed = False

    @asynccontextmanager
    async def link(self, *, custom: bool = False) -> AsyncIterator[Link]:
        """Lend a connection; OutcomeError (503) when none comes free in the time of one statement."""
        link = await self.take(custom=custom)
        try:
            yield link
        finally:
            self.give(link)

    async def take(self, *, custom: bool = False) -> Link:
        """Lend a connection until `give`; searches do without the cost of a context."""
        await self._take_slot()
        try:
            link = self._pick(custom=custom)
            if link is None:
                async with answered():
                    link = Link(await self.connect())
        except BaseException:
            self._slots.release()
            raise
        return link

    def give(self, link: Link) -> None:
        """Take a connection back."""
        try:
            self._give_back(link)
        finally:
            self._slots.release()

    async def connect(self) -> Connection:
        """Open one connection with the pool's settings; the caller closes it."""
        connection = await asyncpg.connect(
            self._dsn,
            server_settings=self._session,
            statement_cache_size=STATEMENTS,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
            timeout=self._patience + 5,
        )
        for channel, call in self._heard.items():
            await connection.add_listener(channel, _ear(call))
        return connection

    async def close(self) -> None:
        """Close the connections that are free; those lent out close on their return."""
        self._closed = True
        while self._free:
            await self._free.pop().connection.close(timeout=5)

    async def _take_slot(self) -> None:
        if self._slots.locked():
            if self._waiting >= WAITING_MAX:
                raise OutcomeError(Issue("throttled", "too-busy", text="Too many requests wait for the database."))
            self._waiting += 1
            try:
                async with asyncio.timeout(self._patience):
                    await self._slots.acquire()
            except TimeoutError:
                raise OutcomeError(Issue("timeout", "too-busy", text="No database connection came free.")) from None
            finally:
                self._waiting -= 1
        else:
            await self._slots.acquire()

    def _pick(self, *, custom: bool) -> Link | None:
        while self._free:
            place = next((i for i in range(len(self._free) - 1, -1, -1) if self._free[i].custom is custom), -1)
            link = self._free[place]
            del self._free[place]
            if not link.connection.is_closed():
                return link
        return None

    def _give_back(self, link: Link) -> None:
        if link.connection.is_closed():
            return
        # A transaction that its owner did not end, or a pool that closed meanwhile: the connection is not for others.
        if self._closed or link.connection.is_in_transaction():
            link.connection.terminate()
        else:
            self._free.append(link)


def _ear(call: Callable[[], None]) -> Callable[..., None]:
    """Make of *call* what the driver calls with connection, process, channel and text."""
    return lambda *_: call()
