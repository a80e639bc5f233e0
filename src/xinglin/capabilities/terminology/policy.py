"""Who may ask for codes: whoever is signed in. Who may load an edition: the commission (`contract.KEEPERS`)."""

from typing import Final

from xinglin.security.accounts import RESIDENT_ROLES, STAFF_ROLES
from xinglin.security.grants import Grant

READ: Final = frozenset({"read", "vread", "search", "history"})
OPERATE: Final = frozenset({"operate"})
ASKING: Final = {
    "ValueSet": frozenset({"expand", "validate-code"}),
    "CodeSystem": frozenset({"validate-code", "lookup", "subsumes"}),
    "ConceptMap": frozenset({"translate"}),
}

ASKERS: Final = (*RESIDENT_ROLES, *STAFF_ROLES, "partner")

GRANTS: Final = (
    *(Grant(role, READ, on, name="codes", source="ST-57") for role in ASKERS for on in ASKING),
    *(
        Grant(role, OPERATE, on, operations=operations, name="codes", source="ST-57")
        for role in ASKERS
        for on, operations in ASKING.items()
    ),
    *(
        Grant(role, OPERATE, "*", operations=frozenset({"closure"}), name="codes", source="ST-57")
        for role in (*STAFF_ROLES, "partner")
    ),
)
