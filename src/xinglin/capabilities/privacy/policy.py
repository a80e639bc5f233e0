"""The security officer keeps incidents, registers and requests; residents see and make requests of their own."""

from typing import Final

from xinglin.capabilities.privacy.contract import (
    ACCOUNTS,
    ADVANCE,
    ANSWER,
    ASK,
    ASK_COPY,
    COPY_CODE,
    END,
    ENTER,
    FETCH_COPY,
    INCIDENT_CODE,
    JUDGE_COPY,
    REGISTER,
    REPORT,
    RIGHTS_CODE,
)
from xinglin.security.grants import Grant

_SEE: Final = frozenset({"read", "vread", "search", "history"})
_OPERATE: Final = frozenset({"operate"})
_STRONG: Final = frozenset({"strong"})
_OFFICER: Final = "security-admin"

# Who may ask for a copy, of what they may read themselves.
ASKERS: Final = ("physician", "family-doctor", "public-health", "researcher")

# A request that one made oneself.
_OWN: Final = f"code={COPY_CODE}&requester:identifier={ACCOUNTS}|{{id}}"

GRANTS: Final = (
    *(
        Grant(role, frozenset({"read", "search"}), "Task", _OWN, needs=_STRONG, name="own-copies", source="R7-031")
        for role in ASKERS
    ),
    Grant(_OFFICER, _SEE, "Task", f"code={COPY_CODE}", needs=_STRONG, name="copies", source="R7-031"),
    *(
        Grant(
            role,
            _OPERATE,
            "Task",
            operations=frozenset({ASK_COPY.code, FETCH_COPY.code}),
            needs=_STRONG,
            name="copies",
            source="R7-031",
        )
        for role in ASKERS
    ),
    Grant(_OFFICER, _SEE, "Task", f"code={INCIDENT_CODE}", needs=_STRONG, name="incidents", source="R7-019"),
    Grant(_OFFICER, _SEE, "Task", f"code={RIGHTS_CODE}", needs=_STRONG, name="rights-requests", source="R7-008"),
    Grant(
        _OFFICER, _SEE, "Basic", f"code={REGISTER.system}|", needs=_STRONG, name="processing-registers", source="R7-010"
    ),
    Grant(
        _OFFICER,
        _OPERATE,
        "Task",
        operations=frozenset({REPORT.code, ADVANCE.code, ANSWER.code, JUDGE_COPY.code}),
        needs=_STRONG,
        name="privacy-desk",
        source="R7-019",
    ),
    Grant(
        _OFFICER,
        _OPERATE,
        "Basic",
        operations=frozenset({ENTER.code, END.code}),
        needs=_STRONG,
        name="privacy-desk",
        source="R7-010",
    ),
    *(
        grant
        for role in ("resident", "guardian")
        for grant in (
            Grant(role, _OPERATE, "Task", operations=frozenset({ASK.code}), name="own-rights", source="R7-008"),
            Grant(
                role,
                frozenset({"read", "search"}),
                "Task",
                f"code={RIGHTS_CODE}&patient={{patients}}",
                name="own-rights",
                source="R7-008",
            ),
        )
    ),
)
