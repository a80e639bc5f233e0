"""Who has bills settled, and who sees settlements (insured persons and payers: access/policy.py)."""

from typing import Final

from xinglin.capabilities.insurance.contract import EXPLAIN, PRESETTLE, REVERSE, SETTLE
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "search"})
OPERATE: Final = frozenset({"operate"})
GRANTS: Final = (
    # Residents have their own bills reckoned and settled; the desk does it for whoever stands there, and reverses.
    *(
        Grant(role, OPERATE, type, operations=frozenset({operation.code}), name="settling")
        for role in ("resident", "guardian", "receptionist")
        for type, operation in (("Invoice", PRESETTLE), ("Claim", SETTLE))
    ),
    *(
        Grant(role, OPERATE, "Claim", operations=frozenset({EXPLAIN.code}), name="explained")
        for role in ("resident", "guardian", "receptionist", "insurer", "regulator")
    ),
    Grant("receptionist", OPERATE, "Claim", operations=frozenset({REVERSE.code}), name="settling"),
    Grant("receptionist", READ, "Claim", "provider={organization}", name="settled-here"),
    Grant("receptionist", READ, "ClaimResponse", "requestor={organization}", name="settled-here"),
)
