"""Who pays, who takes money and gives it back, who sees bills (payers' own record: access/policy.py)."""

from typing import Final

from xinglin.capabilities.billing.contract import (
    APPROVE,
    BEGIN,
    CHARGE,
    CLOSE,
    CLOSE_DAY,
    HAND_BACK,
    PAY,
    RECONCILE_DAY,
    REFUND,
    STOP,
    TAKE,
    TASKS,
)
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
        operations=PAYERS | {CHARGE.code, REFUND.code, HAND_BACK.code, APPROVE.code},
        needs=STRONG,
        name="cashier",
    ),
    Grant("receptionist", READ, "Invoice", "issuer={organization}", needs=STRONG, name="billed-here"),
    Grant(
        "receptionist",
        OPERATE,
        "PaymentReconciliation",
        operations=frozenset({RECONCILE_DAY.code, CLOSE_DAY.code}),
        needs=STRONG,
        name="cashier",
    ),
    Grant("receptionist", OPERATE, "Task", operations=frozenset({TAKE.code, CLOSE.code}), needs=STRONG, name="cashier"),
    Grant("receptionist", READ, "PaymentReconciliation", needs=STRONG, name="days"),
    # Differences of the own institution, and those of which nobody knows whose they are.
    *(
        Grant(
            "receptionist",
            READ,
            "Task",
            f"code={TASKS.system}|billing-difference&{whose}",
            needs=STRONG,
            name="differences",
        )
        for whose in ("requester={organization}", "requester:missing=true")
    ),
    Grant("receptionist", READ, "PaymentNotice", "provider={organization}", needs=STRONG, name="paid-here"),
    Grant(
        "receptionist",
        READ,
        "Patient",
        # Whole: masks would keep the desk from finding anybody by a number or telephone; pages cover both (R7-034).
        "_has:Invoice:patient:issuer={organization}",
        needs=STRONG,
        name="billed-here",
    ),
    Grant(
        "receptionist", READ, "ChargeItem", "performing-organization={organization}", needs=STRONG, name="billed-here"
    ),
)
