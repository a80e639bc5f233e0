"""Who may look at and change records as such: developers of a demonstration, and the platform's own commands."""

from typing import Final

from xinglin.security.grants import INTERACTIONS, Grant

EVERY_OPERATION: Final = frozenset({"*"})

GRANTS: Final = (
    # the development principal, which exists only while the program is bound to loopback (docs/settings.md)
    Grant("developer", INTERACTIONS, "*", operations=EVERY_OPERATION),
    # `xinglin load`, `dump`, `check` and the jobs of the platform itself
    Grant("system", INTERACTIONS, "*", operations=EVERY_OPERATION),
)
