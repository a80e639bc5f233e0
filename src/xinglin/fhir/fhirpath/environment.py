"""What an evaluation is given from outside: clock, variables, and hooks for what a pure evaluator can't know."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from xinglin.fhir.fhirpath.nodes import Node

Resolve = Callable[[str], Struct | None]
# The code (a raw code, Coding or CodeableConcept struct) and the address of the value set; None when it is not known.
MemberOf = Callable[[object, str], bool | None]
# Two codes (raw or Coding): whether the first subsumes the second; None when it is not known.
Subsumes = Callable[[object, object], bool | None]
ConformsTo = Callable[[Struct, str], bool | None]
Trace = Callable[[str, Sequence[Node]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Settings of one evaluation.

    now: an aware instant for ``now()``, ``today()`` and ``timeOfDay()``, which are an execution error without it.
    resolve: finds what a reference or canonical points to, beyond contained resources and the entries of the Bundle.
    member_of, subsumes, conforms_to: answer ``memberOf``, ``subsumes``/``subsumedBy`` and ``conformsTo``.
    variables: ``%name`` → value (struct, raw System value, or a list of them).
    root_resource: ``%rootResource`` when the resource is contained in another.
    strict: unknown elements are semantic errors, before anything is evaluated.
    ordered: functions that need an order are refused on collections without one; only with strict.
    many_as: let ``as`` take several items, as the invariants and search parameters of R4 do.
    """

    now: datetime.datetime | None = None
    resolve: Resolve | None = None
    member_of: MemberOf | None = None
    subsumes: Subsumes | None = None
    conforms_to: ConformsTo | None = None
    trace: Trace | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    root_resource: Struct | None = None
    strict: bool = False
    ordered: bool = False
    many_as: bool = False
