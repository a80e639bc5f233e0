"""Who keeps what of the directory: an institution's administrator its own, the commission the institutions."""

from typing import Final

from xinglin.capabilities.directory.contract import (
    ACTIVATE,
    CHECK_READINESS,
    IMPORT,
    READINESS,
    RECORD_EVIDENCE,
    SET_UP,
    TASKS,
)
from xinglin.security.grants import Grant
from xinglin.security.institution_forms import DEPARTMENT, INTERNET_HOSPITAL, KINDS, TYPES

_READ: Final = frozenset({"read", "vread", "search", "history"})
_WRITE: Final = frozenset({"create", "update", "patch"})
_OPERATE: Final = frozenset({"operate"})
_STRONG: Final = frozenset({"strong"})
# Nobody but the operations writes an internet hospital: it is active only when it is ready (R1-020).
_NO_HOSPITAL: Final = f"type:not={KINDS}|{INTERNET_HOSPITAL}"
_DEPARTMENTS: Final = f"partof={{organization}}&type={TYPES}|{DEPARTMENT}&{_NO_HOSPITAL}"
_INSTITUTIONS: Final = f"type:not={TYPES}|{DEPARTMENT}&{_NO_HOSPITAL}"
_KEPT: Final = (
    ("Organization", _DEPARTMENTS),
    ("Location", "organization={organization}"),
    ("HealthcareService", "organization={organization}"),
    # Services of the internet hospital under one's institution.
    ("HealthcareService", "organization.partof={organization}"),
)
# Staff are engaged by their identity number alone: a place of work opens the whole file of who works there.
_STAFF: Final = ("organization={organization}", "organization.partof={organization}")
_HOSPITAL: Final = frozenset({SET_UP.code, RECORD_EVIDENCE.code, CHECK_READINESS.code, ACTIVATE.code})

GRANTS: Final = (
    *(
        Grant("system-admin", _WRITE, on, reach, needs=_STRONG, name="own-institution", source="R2-001")
        for on, reach in _KEPT
    ),
    *(
        Grant(
            "system-admin",
            frozenset({"update", "patch"}),
            "PractitionerRole",
            reach,
            needs=_STRONG,
            name="own-institution",
            source="R2-001",
        )
        for reach in _STAFF
    ),
    Grant(
        "system-admin",
        _READ,
        "PractitionerRole",
        "organization.partof={organization}",
        needs=_STRONG,
        name="own-institution",
        source="R2-001",
    ),
    Grant(
        "system-admin",
        _READ,
        "Task",
        f"code={TASKS}|{READINESS}&focus:Organization.partof={{organization}}",
        needs=_STRONG,
        name="readiness",
        source="R1-020",
    ),
    Grant(
        "system-admin",
        _READ,
        "Task",
        f"code={TASKS}|{IMPORT}&focus={{organization}}",
        needs=_STRONG,
        name="directory-import",
        source="R2-001",
    ),
    Grant(
        "system-admin",
        _OPERATE,
        "Organization",
        operations=_HOSPITAL,
        needs=_STRONG,
        name="readiness",
        source="R1-020",
    ),
    Grant(
        "regulator", _WRITE, "Organization", _INSTITUTIONS, needs=_STRONG, name="institutions", source="R6-023, R1-002"
    ),
    Grant(
        "regulator",
        _READ,
        "Task",
        f"code={TASKS}|{IMPORT}&focus={{organization}}",
        needs=_STRONG,
        name="directory-import",
        source="R6-023",
    ),
    Grant(
        "regulator",
        _OPERATE,
        "Organization",
        operations=frozenset({CHECK_READINESS.code}),
        needs=_STRONG,
        name="readiness",
        source="R1-020",
    ),
)
