"""Who pays, who takes money and gives it back, who sees bills (payers' own record: access/policy.py)."""

from typing import Final

from xinglin.capabilities.billing.contract import BEGIN, CHARGE, PAY, REFUND, STOP
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "search"})
OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
PAYERS: Final = frozenset({BEGIN.code, PAY.code, STOP.code})
GRANTS: Final = (
    *(Grant(role, OPERATE, "Invoice", operations=PAYERS, name="paying") for role in ("resident", "guardian")),
    Grant(
        "receptionist",
        OPERATE,
        "Invoice",
        operations=PAYERS | {CHARGE.code, REFUND.code},
        needs=STRONG,
        name="cashier",
    ),
    Grant("receptionist", READ, "Invoice", "issuer={organization}", needs=STRONG, name="billed-here"),
    Grant("receptionist", READ, "PaymentNotice", "provider={organization}", needs=STRONG, name="paid-here"),
    Grant(
        "receptionist", READ, "ChargeItem", "performing-organization={organization}", needs=STRONG, name="billed-here"
    ),
)
