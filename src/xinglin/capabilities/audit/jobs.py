"""The ledger is verified every night; what was found is itself an act, which the desk shows."""

from datetime import timedelta

import structlog

from xinglin.store.door import UnitOfWork
from xinglin.store.ledger.verify import verify

_TOLD_MOST = 5


async def verify_ledger(days: int, work: UnitOfWork) -> None:
    """Verify the whole ledger; days: how long entries are kept."""
    store = work.door.store
    found = await verify(store.dsn, store.vault, kept_from=work.now - timedelta(days=days))
    named = [f"{fault.kind} {fault.entry or ''}".strip() for fault in found.faults[:_TOLD_MOST]]
    if found.faults:
        structlog.get_logger("xinglin.ledger").error("ledger.tampered", faults=len(found.faults), first=named)
    detail = f"entries={found.entries} leaves={found.size} heads={found.heads} faults={len(found.faults)}"
    work.note("verify", outcome="8" if found.faults else "0", detail="; ".join([detail, *named]))
