"""What the door asks before anything is read or written: grants, profiles, invariants and operations."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from msgspec import Struct

from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile
from xinglin.fhir.outcome import Issue
from xinglin.security.consents import ANY, Shield
from xinglin.security.duties import duties
from xinglin.security.grants import Grant, Reach, may_operate, reach_of, related_to
from xinglin.security.labels import belongs
from xinglin.security.principal import Principal
from xinglin.security.purposes import broader
from xinglin.security.relations import WINDOWS, Windows
from xinglin.security.scopes import may_call, narrow

# before and after a write; None before a create and after a delete
Check = Callable[[Struct | None, Struct | None], tuple[Issue, ...]]
# Looks at a document that is written, as of now; what it gives is a warning, whatever its severity says.
Look = Callable[[Mapping[str, Any], datetime], tuple[Issue, ...]]
# the keys that a resource holds alone while it stands as it does
Keys = Callable[[Any], Iterable[str]]


# The platform itself, and the developer of a demonstration: neither consents nor labels are asked about them.
UNSHIELDED: Final = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules of the capabilities that are switched on, found by FHIR type.

    invariants: type → (profile url or None for every resource of the type, check).
    exclusives: type → (profile url or None, keys held, code of the issue when somebody else holds one).
    operations: (type or ``*``, code) → operation and the function that does it, called with (work, given).
    together: (type, code) → what does a group of callers of an operation at once (`store.together`).
    notices: code → kind of message. cautions: type → who looks at what is written, and refuses nothing.
    """

    grants: tuple[Grant, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    code_sets: Mapping[str, CodeSet] = field(default_factory=dict)
    invariants: Mapping[str, tuple[tuple[str | None, Check], ...]] = field(default_factory=dict)
    exclusives: Mapping[str, tuple[tuple[str | None, Keys, str], ...]] = field(default_factory=dict)
    operations: Mapping[tuple[str, str], tuple[Operation[Any, Any], Callable[..., Awaitable[Any]]]] = field(
        default_factory=dict
    )
    together: Mapping[tuple[str, str], Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    windows: Windows = WINDOWS
    notices: Mapping[str, NoticeKind] = field(default_factory=dict)
    cautions: Mapping[str, tuple[Look, ...]] = field(default_factory=dict)

    def reach(self, principal: Principal, interaction: str, on: str) -> Reach:
        """Give what *principal* reaches of type *on* with *interaction*: grants, narrowed by scopes, and the shield."""
        reach = narrow(
            reach_of(principal, interaction, on, self.grants, windows=self.windows), principal, interaction, on
        )
        # A new resource shows nothing of the record, and care goes on whatever was refused.
        if reach.nothing or interaction == "create" or principal.roles & UNSHIELDED or not belongs(on):
            return reach
        return replace(reach, shield=self.shield(principal, on))

    def masks(self, roles: frozenset[str]) -> bool:
        """Tell whether any grant of the roles covers anything."""
        return any(grant.masks and grant.role in roles for grant in self.grants)

    def shield(self, principal: Principal, on: str) -> Shield:
        """Say whom consents and labels of type *on* are asked about."""
        named = (principal.practitioner, principal.practitioner_role, principal.organization)
        return Shield(
            own=tuple(dict.fromkeys(filter(None, (principal.patient, *principal.patients)))),
            who=related_to(principal),
            actors=(ANY, *filter(None, named), *(f"role:{role}" for role in sorted(principal.roles))),
            purposes=broader(principal.purpose),
            duties=duties(principal, on),
            windows=self.windows,
        )

    def may_operate(self, principal: Principal, operation: str, on: str) -> bool:
        """Tell whether *principal* may call ``$operation`` on type *on*: by grants, and by the scopes of an app."""
        found = self.operations.get((on, operation))
        affects_state = found is None or found[0].affects_state
        return may_call(principal, on, affects_state=affects_state) and may_operate(
            principal, operation, on, self.grants
        )

    def warnings(self, type: str, raw: bytes, now: datetime) -> tuple[Issue, ...]:
        """Give what capabilities remark about a resource of sound form that is being written: warnings, never errors.

        One that fails is logged and passed over, as nobody's remark may stop a write.
        """
        looks = self.cautions.get(type)
        if not looks:
            return ()
        document = msgspec.json.decode(raw)
        found: list[Issue] = []
        for look in looks:
            try:
                found += look(document, now)
            except Exception as error:  # noqa: BLE001  a remark must not stop the write
                structlog.get_logger().error("caution.bug", type=type, error=error.__class__.__qualname__)
        return tuple(one if one.severity == "information" else replace(one, severity="warning") for one in found)
