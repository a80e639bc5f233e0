"""Whoever signs in may ask; a resident keeps what is the own, or of whom one acts for."""

from typing import Final

from xinglin.capabilities.triage.contract import KEEP, TRIAGE
from xinglin.security.accounts import SIGNED_IN
from xinglin.security.grants import Grant

_OPERATE: Final = frozenset({"operate"})
GRANTS: Final = (
    *(Grant(role, _OPERATE, "*", operations=frozenset({TRIAGE.code}), name="triage") for role in sorted(SIGNED_IN)),
    *(
        Grant(role, _OPERATE, "Patient", operations=frozenset({KEEP.code}), name="own-triage")
        for role in ("resident", "guardian")
    ),
)
