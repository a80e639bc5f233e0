"""The commission sees everything of supervision; an institution what it has told itself, and what it has to answer."""

from typing import Final

from xinglin.capabilities.supervision import contract
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "vread", "search", "history"})
OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
HLEGAL: Final = frozenset({"HLEGAL"})
_OWN: Final = f"code={contract.TASKS.system}|&owner={{organization}}"

GRANTS: Final = (
    Grant("system-admin", READ, "Task", _OWN, needs=STRONG, name="told-by-us", source="R2-029"),
    Grant(
        "regulator", OPERATE, "Encounter", operations=frozenset({contract.TRACE.code, contract.SEEK.code}),
        purposes=HLEGAL, needs=STRONG, name="tracing", source="R0-005",
    ),
    *(
        Grant(
            role, OPERATE, "Task", operations=frozenset({contract.RESEND.code}), needs=STRONG, name="telling",
            source="R2-042",
        )
        for role in ("system-admin", "regulator")
    ),
)  # fmt: skip
