"""Who may see and verify credentials."""

from typing import Final

from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "vread", "search", "history"})
OPERATE: Final = frozenset({"operate"})
_OWN: Final = "_has:PractitionerRole:practitioner:organization={organization}"

GRANTS: Final = (
    # The administrator of an institution: its own staff, and what was verified of them.
    Grant("system-admin", READ, "Practitioner", reach=_OWN),
    Grant("system-admin", READ, "PractitionerRole", reach="organization={organization}"),
    Grant("system-admin", READ, "Organization", reach="_id={organization.id}"),
    Grant(
        "system-admin",
        READ,
        "VerificationResult",
        reach="target:Practitioner._has:PractitionerRole:practitioner:organization={organization}",
    ),
    Grant("system-admin", OPERATE, "Practitioner", operations=frozenset({"verify-credentials"})),
    # Physicians open their own receptions, and see what was verified of them.
    Grant("physician", OPERATE, "Practitioner", operations=frozenset({"open-session"})),
    Grant("physician", READ, "VerificationResult", reach="target={practitioner}"),
)
