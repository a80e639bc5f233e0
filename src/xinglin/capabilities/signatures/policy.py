"""Who may sign and verify."""

from typing import Final

from xinglin.capabilities.signatures.contract import SEALED, SIGNERS, VERIFY
from xinglin.security.grants import Grant

OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
# Whoever may read a resource may know whether its signatures hold.
READERS: Final = tuple(
    """
    resident guardian physician village-doctor nurse pharmacist retail-pharmacist technician family-doctor
    public-health receptionist insurer regulator audit-admin
    """.split()
)

GRANTS: Final = (
    *(
        Grant(role, OPERATE, type_name, operations=frozenset({"sign"}), needs=STRONG, name=name, source="R6-052")
        for rule, name in (*((rule, "sign") for rule in SIGNERS), (SEALED, "seal"))
        for role in rule.roles
        for type_name in rule.types
    ),
    *(
        Grant(role, OPERATE, type_name, operations=frozenset({"verify"}), name="verify-signature", source="R6-051")
        for role in READERS
        for type_name in VERIFY
    ),
)
