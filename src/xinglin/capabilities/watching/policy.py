"""The security officer sees and decides alerts; nobody else does."""

from typing import Final

from xinglin.capabilities.watching.contract import ALERTS, ANSWER, DECIDE
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "search", "history", "vread"})
STRONG: Final = frozenset({"strong"})

GRANTS: Final = (
    Grant(
        "security-admin",
        READ,
        "Task",
        f"code={ALERTS.system}|",
        needs=STRONG,
        name="alerts",
        source="R7-042",
    ),
    Grant(
        "security-admin",
        frozenset({"operate"}),
        "Task",
        operations=frozenset({DECIDE.code, ANSWER.code}),
        needs=STRONG,
        name="alerts",
        source="R7-042",
    ),
)
