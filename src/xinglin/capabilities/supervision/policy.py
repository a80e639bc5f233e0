"""The commission sees everything of supervision; an institution what it has told itself, and what it has to answer."""

from typing import Final

from xinglin.capabilities.supervision import contract
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "vread", "search", "history"})
OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
HLEGAL: Final = frozenset({"HLEGAL"})
# A lead that nobody has judged yet is the commission's alone.
_OWN: Final = f"code={contract.TASKS.system}|&owner={{organization}}&status:not=draft"

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
    *(
        Grant(
            "regulator", OPERATE, on, operations=codes, purposes=HLEGAL, needs=STRONG, name="checking",
            source="R8-040",
        )
        for on, codes in (
            ("List", frozenset({contract.DRAW.code, contract.CHECK.code})),
            ("Task", frozenset({contract.OPEN.code, contract.JUDGE.code})),
        )
    ),
    Grant(
        "system-admin", OPERATE, "Task", operations=frozenset({contract.ANSWER.code}), needs=STRONG,
        name="rectifying", source="R2-041",
    ),
)  # fmt: skip
