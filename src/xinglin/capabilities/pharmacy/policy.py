"""Residents choose; pharmacists fill what their own pharmacy was given, and reach nothing else by it (R3-087)."""

from typing import Final

from xinglin.capabilities.pharmacy.contract import (
    ANSWER,
    ASK,
    CHOOSE,
    CLAIM,
    DECOCT,
    DISPENSE_CODE,
    GIVE_OUT,
    HAND_OVER,
    PHARMACY_REVIEW,
    QUESTION_CODE,
    RECEIVE,
    RELEASE,
    SEND,
    SHEET,
    SHOW_CODE,
    STOCK_CODES,
    TAKE_BACK,
    TAKE_PAYMENT,
    TASKS,
    TRACK,
    WITHDRAW,
    WORK_ORDERS,
)
from xinglin.fhir.sources import cites
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "vread", "search"})
OPERATE: Final = frozenset({"operate"})
STRONG: Final = frozenset({"strong"})
PATIENTS: Final = ("resident", "guardian")
PHARMACISTS: Final = ("pharmacist", "retail-pharmacist")
_KIND: Final = f"code={TASKS.system}|{DISPENSE_CODE}"
_DECOCTION: Final = f"code={WORK_ORDERS.system}|decoction"
PRESCRIBERS: Final = ("physician", "village-doctor", "family-doctor")
_QUESTION: Final = f"code={TASKS.system}|{QUESTION_CODE}"
_AT_THE_COUNTER: Final = frozenset(
    one.code
    for one in (
        CLAIM,
        PHARMACY_REVIEW,
        TAKE_PAYMENT,
        GIVE_OUT,
        HAND_OVER,
        RELEASE,
        SHEET,
        SEND,
        TRACK,
        DECOCT,
        TAKE_BACK,
        ASK,
    )
)

GRANTS: Final = cites("R3-085", "R3-087")(
    (
        *(
            Grant(
                role,
                OPERATE,
                "RequestGroup",
                operations=frozenset({CHOOSE.code, WITHDRAW.code, SHOW_CODE.code, RECEIVE.code}),
                name="supply",
                source="R3-085",
            )
            for role in PATIENTS
        ),
        *(
            Grant(role, READ, "Task", f"patient={{patients}}&{_KIND}", name="supply", source="R3-085")
            for role in PATIENTS
        ),
        *(
            Grant(role, OPERATE, "Task", operations=_AT_THE_COUNTER, needs=STRONG, name="pharmacy", source="R3-086")
            for role in PHARMACISTS
        ),
        *(
            Grant(
                role,
                READ,
                "Task",
                f"owner={{organization}}&{kind}",
                needs=STRONG,
                name="pharmacy",
                source="R3-087",
            )
            for role in PHARMACISTS
            for kind in (_KIND, _DECOCTION)
        ),
        *(
            Grant(
                role,
                READ | {"create", "update"},
                "Basic",
                f"subject={{organization}}&code={STOCK_CODES.system}|stock",
                needs=STRONG,
                name="stock",
            )
            for role in PHARMACISTS
        ),
        *(
            Grant(role, READ, "Invoice", "issuer={organization}", needs=STRONG, name="billed-here")
            for role in PHARMACISTS
        ),
        *(
            grant
            for role in PRESCRIBERS
            for grant in (
                Grant(role, OPERATE, "Task", operations=frozenset({ANSWER.code}), needs=STRONG, name="supply-question"),
                Grant(role, READ, "Task", f"owner={{practitioner}}&{_QUESTION}", name="supply-question"),
            )
        ),
    )
)
