"""Who sees messages: whom they are for, and the service desk of who sent them, without what they say."""

from typing import Final

from xinglin.capabilities.notifications.contract import (
    CALL,
    CALLS,
    NOTICES,
    READ,
    READ_ALL,
    REFUSE,
    RESEND,
    TOLD,
    UNREAD,
)
from xinglin.security.accounts import STAFF_ROLES
from xinglin.security.grants import Grant

_SEE: Final = frozenset({"read", "search"})
_OPERATE: Final = frozenset({"operate"})
_STRONG: Final = frozenset({"strong"})
_READING: Final = frozenset({READ.code, READ_ALL.code, UNREAD.code})
_DESK: Final = ("receptionist", "system-admin")

GRANTS: Final = (
    # Residents read what is in their record by the baseline.
    *(
        Grant(role, _OPERATE, "Communication", operations=_READING | {REFUSE.code}, name="own-messages")
        for role in ("resident", "guardian")
    ),
    *(
        grant
        for role in STAFF_ROLES
        for grant in (
            Grant(
                role,
                _SEE,
                "Communication",
                f"recipient={{practitioner}}&category={NOTICES}|",
                needs=_STRONG,
                name="own-messages",
            ),
            Grant(
                role,
                _OPERATE,
                "Communication",
                operations=_READING,
                needs=_STRONG,
                name="own-messages",
            ),
        )
    ),
    *(
        grant
        for role in _DESK
        for grant in (
            Grant(
                role,
                _SEE,
                "Communication",
                f"sender={{organization}}&category={NOTICES}|",
                masks=frozenset({"Communication.payload"}),
                needs=_STRONG,
                name="outbox",
            ),
            Grant(
                role, _SEE, "Task", f"owner={{organization}}&code={CALLS.system}|", needs=_STRONG, name="message-calls"
            ),
            Grant(
                role,
                _OPERATE,
                "Communication",
                operations=frozenset({RESEND.code, CALL.code, TOLD.code}),
                needs=_STRONG,
                name="outbox",
            ),
        )
    ),
)
