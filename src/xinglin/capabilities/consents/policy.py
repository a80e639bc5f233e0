"""Who may give and withdraw consents: the person, and the guardian."""

from typing import Final

from xinglin.capabilities.consents.contract import GIVE, WITHDRAW
from xinglin.security.grants import Grant
from xinglin.settings import Settings

_OPERATE: Final = frozenset({"operate"})


def grants(settings: Settings) -> tuple[Grant, ...]:
    """Give the grants: at the level of proofing that opens the record."""
    codes = frozenset({GIVE.code, WITHDRAW.code})
    needs = frozenset({settings.level_record})
    return tuple(
        Grant(role, _OPERATE, "Patient", operations=codes, needs=needs, name="own-consents", source="R7-021")
        for role in ("resident", "guardian")
    )
