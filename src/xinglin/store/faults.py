"""What a fault of the database means to the caller; raw errors go no further than here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog

from xinglin.fhir.outcome import Issue, OutcomeError

_LOG: Final = structlog.get_logger("xinglin.store")

# The server went away, comes up, or is full: the same call may succeed in a moment.
AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,  # what asyncpg says when a connection breaks in the middle of a call
    ConnectionError,
    OSError,
)
# Another transaction was in the way: the same work may succeed when done again.
IN_THE_WAY: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.UniqueViolationError,
)

# All that the driver, the server and the line between them can throw.
DRIVER: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


def meaning(fault: BaseException) -> OutcomeError:
    """Translate a fault of the driver or the server; what is a bug of ours becomes an ``exception`` and is logged."""
    match fault:
        case OutcomeError():
            return fault
        case asyncpg.QueryCanceledError() | TimeoutError():
            return OutcomeError(Issue("timeout", "sql-time-limit", text="The database took longer than it may."))
        case asyncpg.UniqueViolationError():
            return OutcomeError(Issue("conflict", "concurrent-create", text="Another request made the same resource."))
        case asyncpg.SerializationError() | asyncpg.DeadlockDetectedError() | asyncpg.LockNotAvailableError():
            return OutcomeError(Issue("conflict", "concurrent-change", text="Another request was in the way."))
        case asyncpg.ProgramLimitExceededError():
            return OutcomeError(Issue("too-long", "value-too-long", text="A value is too long to be indexed."))
        case asyncpg.DataError():
            return OutcomeError(Issue("value", "value-not-stored", text="A value cannot be stored."))
        case asyncpg.InsufficientPrivilegeError() | asyncpg.UndefinedTableError() | asyncpg.CheckViolationError():
            # Such as a ledger that takes no entry: then nothing is done, and it may be put right.
            _LOG.error("store.refused", kind=type(fault).__name__, sqlstate=fault.sqlstate)
            return OutcomeError(Issue("transient", "database-refuses", text="The database refuses this; try again."))
        case _ if isinstance(fault, AWAY) or (isinstance(fault, asyncpg.InterfaceError) and "closed" in str(fault)):
            return OutcomeError(Issue("transient", "database-away", text="The database cannot be reached; try again."))
        case _:
            # The message alone: the details of a fault may quote values.
            said = str(fault.args[0]) if fault.args else ""
            _LOG.error("store.fault", kind=type(fault).__name__, sqlstate=getattr(fault, "sqlstate", None), said=said)
            return OutcomeError(Issue("exception", "internal", text="The server failed; the fault was logged."))


@asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Turn every fault of the driver or the server inside the block into an OutcomeError."""
    try:
        yield
    except DRIVER as fault:
        raise meaning(fault) from fault
