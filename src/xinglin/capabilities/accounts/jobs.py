"""Background work of accounts."""

from datetime import timedelta
from typing import Final

from xinglin.capabilities.accounts.gateways import Messages, Register
from xinglin.capabilities.accounts.operations import dependants, phone, staff
from xinglin.capabilities.accounts.operations import proofing as proofings
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import attempts, sessions, tickets

ATTEMPTS_KEPT: Final = timedelta(days=2)
TICKETS_KEPT: Final = timedelta(days=1)
SESSIONS_KEPT: Final = cites("R7-015")(timedelta(days=183))  # network logs are kept for six months


async def send_code(limits: Limits, messages: Messages, work: UnitOfWork, ticket: str, kind: str = phone.CODE) -> None:
    """Send a one-time code, or what has become of an account."""
    await phone.send_code(work, ticket, messages, limits, kind)


async def ask_register(register: Register, work: UnitOfWork, account: str, proofing: str) -> None:
    """Ask the register whether a resident is who they say."""
    await proofings.ask_register(work, account, proofing, register)


async def ask_dependant(register: Register, work: UnitOfWork, account: str, dependant: str) -> None:
    """Ask the register about a dependant."""
    await dependants.ask_register(work, account, dependant, register)


async def disable_dormant(limits: Limits, work: UnitOfWork) -> None:
    """Disable accounts that nobody used for long."""
    await staff.disable_dormant(work, limits)


async def sweep(work: UnitOfWork) -> None:
    """Forget steps, wrong answers and sessions of long ago."""
    await attempts.sweep(work.executor, work.now - ATTEMPTS_KEPT)
    await tickets.sweep(work.executor, work.now - TICKETS_KEPT)
    await sessions.sweep(work.executor, work.now - SESSIONS_KEPT)
