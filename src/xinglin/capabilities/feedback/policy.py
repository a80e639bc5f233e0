"""Residents rate and complain; the desk and the administrators of an institution answer; the commission looks on."""

from typing import Final

from xinglin.capabilities.feedback import contract
from xinglin.security.grants import Grant

OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
_HERE: Final = f"code={contract.TASKS.system}|complaint&owner={{organization}}"
STAFF: Final = ("system-admin", "receptionist")

GRANTS: Final = (
    *(
        Grant(role, OPERATE, on, operations=frozenset({operation.code}), name="feedback", source="R2-032")
        for role in ("resident", "guardian")
        for on, operation in (
            ("Encounter", contract.RATE),
            ("Patient", contract.COMPLAIN),
            ("Task", contract.CONFIRM),
        )
    ),
    *(
        Grant(role, frozenset({"read", "search"}), "Task", _HERE, needs=STRONG, name="complaints-here", source="R8-001")
        for role in STAFF
    ),
    *(
        Grant(
            role,
            OPERATE,
            "Task",
            operations=frozenset({contract.TAKE.code, contract.REPLY.code}),
            needs=STRONG,
            name="complaints-here",
            source="R8-001",
        )
        for role in STAFF
    ),
)
