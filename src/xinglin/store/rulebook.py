"""What the door asks before anything is read or written: grants, profiles, invariants and operations."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from xinglin.fhir.declarations import CodeSet, Operation, Profile
from xinglin.fhir.outcome import Issue
from xinglin.security.grants import Grant, Reach, may_operate, reach_of
from xinglin.security.principal import Principal

# before and after a write; None before a create and after a delete
Check = Callable[[Struct | None, Struct | None], tuple[Issue, ...]]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules of the capabilities that are switched on, found by FHIR type.

    invariants: type → (profile url or None for every resource of the type, check).
    operations: (type or ``*``, code) → operation and the function that does it, called with (work, given).
    """

    grants: tuple[Grant, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    code_sets: Mapping[str, CodeSet] = field(default_factory=dict)
    invariants: Mapping[str, tuple[tuple[str | None, Check], ...]] = field(default_factory=dict)
    operations: Mapping[tuple[str, str], tuple[Operation[Any, Any], Callable[..., Awaitable[Any]]]] = field(
        default_factory=dict
    )

    def reach(self, principal: Principal, interaction: str, on: str) -> Reach:
        """Give what *principal* reaches of type *on* with *interaction*."""
        return reach_of(principal, interaction, on, self.grants)

    def may_operate(self, principal: Principal, operation: str, on: str) -> bool:
        """Tell whether *principal* may call ``$operation`` on type *on*."""
        return may_operate(principal, operation, on, self.grants)
