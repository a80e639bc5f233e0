"""Who may look into the ledger: audit officers into all of it, residents at what is about them."""

from typing import Final

from xinglin.capabilities.audit.contract import OBJECTIONS
from xinglin.security.grants import Grant

_LOOK: Final = frozenset({"read", "vread", "search"})
_OBJECTIONS: Final = f"code={OBJECTIONS.system}|access-objection"

GRANTS: Final = (
    Grant("audit-admin", _LOOK, "AuditEvent", needs=frozenset({"strong"}), name="audit-ledger", source="R7-041"),
    *(
        Grant(role, _LOOK, "AuditEvent", "patient={patient}", name="who-looked", source="R7-041")
        for role in ("resident", "guardian")
    ),
    *(
        Grant(
            role, frozenset({"operate"}), "AuditEvent", operations=frozenset({"object"}), name="object", source="R7-041"
        )
        for role in ("resident", "guardian")
    ),
    *(
        Grant(role, frozenset({"read", "search"}), "Task", f"{_OBJECTIONS}&patient={{patient}}", name="own-objections")
        for role in ("resident", "guardian")
    ),
    Grant(
        "security-admin",
        frozenset({"read", "search", "update"}),
        "Task",
        _OBJECTIONS,
        needs=frozenset({"strong"}),
        name="objections",
        source="R7-041",
    ),
)
