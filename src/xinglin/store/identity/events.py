"""What happens to accounts, as acts of the ledger: logins, refusals, changes of roles."""

from dataclasses import replace
from typing import Final

from xinglin.security import ledger
from xinglin.security.ledger import DONE, Outcome, act_by
from xinglin.store.door import UnitOfWork

REFUSED: Final[Outcome] = ledger.REFUSED
STRANGER: Final = "unknown"  # whoever tries a login name that nobody has


def note(
    work: UnitOfWork, what: str, *, account: str = "", role: str = "", outcome: Outcome = DONE, detail: str = ""
) -> None:
    """Record an event in the transaction, of whoever acts, or of *account* when nobody is signed in yet.

    No session stands in it: that would be refused when the event is the end of the session.
    """
    if not work.door.audited:
        return
    who = replace(work.principal, session="")
    if account:
        who = replace(who, id=account, roles=frozenset({role} if role else who.roles))
    work.executor.note([act_by(who, work.now, what, outcome=outcome, detail=detail)])
