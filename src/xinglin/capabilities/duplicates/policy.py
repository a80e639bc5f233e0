"""Who decides over duplicates: who keeps residents' records, over pairs of which one is kept or looked after there."""

from typing import Final

from xinglin.capabilities.duplicates.contract import DECIDE, DUPLICATE, KEEPERS, MERGE, TASK_CODES, UNMERGE
from xinglin.security.grants import Grant

_READ: Final = frozenset({"read", "vread", "search", "history"})
_STRONG: Final = frozenset({"strong"})
_CANDIDATES: Final = f"code={TASK_CODES}|{DUPLICATE}"
# A Task holds two references, a score and a grade; focus and for are the two.
_REACHES: Final = (
    f"{_CANDIDATES}&focus:Patient.organization={{organization}}",
    f"{_CANDIDATES}&patient.organization={{organization}}",
)


def grants() -> tuple[Grant, ...]:
    """Give the grants; the operations ask besides whether one of the two records is within reach."""
    found: list[Grant] = []
    for role in sorted(KEEPERS):
        found += [
            Grant(role, _READ, "Task", reach, needs=_STRONG, name="duplicates", source="CD-11") for reach in _REACHES
        ]
        found += [
            Grant(
                role,
                frozenset({"operate"}),
                on,
                operations=frozenset(codes),
                needs=_STRONG,
                name="duplicates",
                source="HR-03, CD-11",
            )
            for on, codes in (("Patient", {MERGE.code, UNMERGE.code}), ("Task", {DECIDE.code}))
        ]
    return tuple(found)
