"""The ledger of one process: acts are written before what they show is shown, in groups, durably, or not at all."""

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg
import structlog

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.security.ledger import Act
from xinglin.store.clock import Clock
from xinglin.store.faults import DRIVER
from xinglin.store.lanes import Lanes, Order
from xinglin.store.ledger import rows
from xinglin.store.pool import Connection, Pool

LANES: Final = 1
ACTS_MOST: Final = 500  # callers in one statement
WAITING_MAX: Final = 5_000

_LOG: Final = structlog.get_logger("xinglin.ledger")

Acts = Sequence[Act]


class Ledger:
    """Writes acts for one process. pool: makes the connection that writes; the ledger keeps one of its own."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self.clock = clock
        # A group may be written twice when its connection broke: an act too many is no harm, one too few is.
        self._lanes: Lanes[Acts, None] = Lanes(
            pool, self._write, lanes=LANES, most=ACTS_MOST, waiting_max=WAITING_MAX, again=True
        )

    async def close(self) -> None:
        """Write what waits."""
        await self._lanes.close()

    @cites("R7-041")
    async def shown(self, acts: Acts) -> None:
        """Write acts before what they show leaves the door; returns when they are durable.

        OutcomeError 401 when the session of one has ended meanwhile, 503 when they cannot be written: then nothing may
        be shown.
        """
        if acts:
            try:
                await self._lanes.ask(acts)
            except OutcomeError as fault:
                raise _closed(fault) from fault

    async def event(self, *acts: Act) -> None:
        """Write acts that stand by themselves, such as logins and denials, whatever becomes of other work."""
        await self.shown(acts)

    async def append(self, connection: Connection, acts: Acts) -> None:
        """Write acts in the transaction that is open on *connection*; OutcomeError as `shown`."""
        if not acts:
            return
        try:
            ended = await self.insert(connection, acts)
        except DRIVER as fault:
            _LOG.error("ledger.fault", kind=type(fault).__name__)
            raise _closed(fault) from fault
        if ended:
            raise session_ended()

    async def insert(self, connection: Connection, acts: Acts) -> set[str]:
        """Write acts, but those of sessions that have ended; returns these sessions."""
        arguments = rows.arguments(acts)
        buckets, sessions = rows.sessions_of(acts)
        if sessions:
            marks = [act.session for act in acts]
            found = await connection.fetch(rows.INSERT_OF_THE_LIVING, *arguments, marks, buckets, sessions)
            return {record["id"] for record in found}
        await connection.execute(rows.INSERT, *arguments)
        return set()

    async def ended(self, connection: Connection, acts: Iterable[Act]) -> set[str]:
        """Tell which of the sessions of *acts* have ended."""
        buckets, sessions = rows.sessions_of(acts)
        if not sessions:
            return set()
        return {record["id"] for record in await connection.fetch(rows.ENDED, buckets, sessions)}

    async def _write(self, connection: Connection, orders: Sequence[Order[Acts, None]]) -> None:
        try:
            ended = await self.insert(connection, [act for order in orders for act in order.item])
        except asyncpg.PostgresError as fault:
            _LOG.error("ledger.fault", kind=type(fault).__name__, sqlstate=getattr(fault, "sqlstate", None))
            raise
        for order in orders:
            if order.answer.done():
                continue
            if ended and any(act.session in ended for act in order.item):
                order.answer.set_exception(session_ended())
                order.answer.exception()  # seen: a caller that went away is no unhandled fault
            else:
                order.answer.set_result(None)


def session_ended() -> OutcomeError:
    """Refuse what a session asked that has ended meanwhile."""
    return OutcomeError(Issue("login", "session-ended", text="You were signed out; sign in again."), status=401)


def _closed(fault: BaseException) -> OutcomeError:
    """Say that an act cannot be recorded, and so is not done; refusals that are answers stay as they are."""
    if isinstance(fault, OutcomeError) and fault.status in {401, 429}:
        return fault
    text = "What you asked cannot be recorded now, so it is not done; try again."
    return OutcomeError(Issue("transient", "ledger-away", text=text), status=503)
