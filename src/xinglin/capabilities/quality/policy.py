"""The commission sees all scores and findings; an institution its own, and sees to them or explains them."""

from typing import Final

from xinglin.capabilities.quality.contract import CORRECT, DISTRICTS, EXPLAIN, FINDINGS_SEARCH, MEASURE, WRITERS
from xinglin.security.grants import Grant

_READ: Final = frozenset({"read", "vread", "search", "history"})
_STRONG: Final = frozenset({"strong"})

GRANTS: Final = (
    Grant(
        "system-admin",
        _READ,
        "DetectedIssue",
        f"{FINDINGS_SEARCH}&implicated={{organization}}",
        needs=_STRONG,
        name="quality",
        source="ST-50, 焦政办2018-55",
    ),
    Grant(
        "system-admin",
        _READ,
        "MeasureReport",
        f"measure={MEASURE}&reporter={{organization}}",
        needs=_STRONG,
        name="quality",
        source="ST-50, 焦政办2018-55",
    ),
    Grant(
        "system-admin",
        frozenset({"operate"}),
        "DetectedIssue",
        operations=frozenset({EXPLAIN.code, CORRECT.code}),
        needs=_STRONG,
        name="quality",
        source="ST-50, 焦政办2018-55",
    ),
    Grant("regulator", _READ, "DetectedIssue", FINDINGS_SEARCH, needs=_STRONG, name="quality", source="焦政办2018-55"),
    Grant(
        "regulator", _READ, "MeasureReport", f"measure={MEASURE}", needs=_STRONG, name="quality", source="焦政办2018-55"
    ),
    Grant(
        "regulator",
        frozenset({"operate"}),
        "MeasureReport",
        operations=frozenset({DISTRICTS.code}),
        needs=_STRONG,
        name="quality",
        source="焦政办2018-55",
    ),
    # Findings name no patient; the record that one names opens by the rights on it.
    *(
        grant
        for role in sorted(WRITERS)
        for grant in (
            Grant(
                role,
                _READ,
                "DetectedIssue",
                f"{FINDINGS_SEARCH}&implicated={{organization}}",
                needs=_STRONG,
                name="quality",
                source="ST-50, 焦政办2018-55",
            ),
            Grant(
                role,
                frozenset({"operate"}),
                "DetectedIssue",
                operations=frozenset({EXPLAIN.code, CORRECT.code}),
                needs=_STRONG,
                name="quality",
                source="ST-50, 焦政办2018-55",
            ),
        )
    ),
)
