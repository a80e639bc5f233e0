"""The FHIRPath invariants of R4 as Python: compiled when first needed, some with a quicker look before.

A rule is a function of the value, its resource and the resource that contains that. It holds when its expression is
true; nothing (an empty result) counts as false, as in the reference validator. Where the official expression is empty
or false for what the standard allows, `CORRECTED` says what we ask instead, and why.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from xinglin.fhir import narrative
from xinglin.fhir.definitions import Invariant
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.invariants import INVARIANTS

Holds = Callable[[Any, Any, Any], bool]

# (place, key) -> (expression asked instead, reason)
CORRECTED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("Questionnaire.item.enableWhen", "que-7"): (
        "operator = 'exists' implies (answer is boolean)",
        "Boolean is the System's type, which an answer of FHIR never is; R5 writes boolean",
    ),
    ("Bundle.entry", "bdl-8"): (
        "fullUrl.empty() or fullUrl.contains('/_history/').not()",
        "fullUrl is optional, and contains() of nothing is nothing",
    ),
    ("MedicationDispense", "mdd-1"): (
        (
            "whenHandedOver.empty() or whenPrepared.empty() or (whenHandedOver >= whenPrepared).empty()"
            " or whenHandedOver >= whenPrepared"
        ),
        "dates of different precision may be neither before nor after each other",
    ),
    ("Period", "per-1"): (
        "start.hasValue().not() or end.hasValue().not() or (start <= end).empty() or start <= end",
        "dates of different precision may be neither before nor after each other; R5 compares their boundaries",
    ),
    ("Range", "rng-2"): (
        "low.value.empty() or high.value.empty() or (low <= high).empty() or low <= high",
        "quantities without a value or of units that cannot be compared are in no order; R5 allows them",
    ),
    ("RiskAssessment.prediction", "ras-2"): (
        "(probability is decimal).not() or probability.empty() or (probability as decimal) <= 100",
        "probability is optional, and `is` of nothing is nothing",
    ),
    ("Task", "inv-1"): (
        (
            "lastModified.exists().not() or authoredOn.exists().not() or (lastModified >= authoredOn).empty()"
            " or lastModified >= authoredOn"
        ),
        "dates of different precision may be neither before nor after each other",
    ),
}
# Invariants of which the expression is not run: the functions below or the structs themselves see to it.
BY_HAND: Final[Mapping[str, str]] = {
    "ele-1": "the checks see to it: every object and every primitive with a sibling has content",
    "ext-1": "the checks see to it: an extension has a value or extensions",
    "ref-1": "the expression refuses `#`, which dom-3 allows for the container, and is empty without a reference",
    "txt-1": "htmlChecks() is `narrative.fault`",
    "txt-2": "htmlChecks() is `narrative.fault`",
    "dom-3": "the expression uses `as` on collections, which FHIRPath forbids",
}


class Rule(NamedTuple):
    """One invariant at one place, ready to be asked."""

    key: str
    expression: str
    holds: Holds


def rules(place: str) -> tuple[Rule, ...]:
    """All rules of severity error on a type or an element: its own and those of its bases, resources' bases apart."""
    return _rules(place, "error")


def advice(place: str) -> tuple[Rule, ...]:
    """All rules of severity warning on a type or an element."""
    return _rules(place, "warning")


@cache
def _rules(place: str, severity: str) -> tuple[Rule, ...]:
    base = TYPES[place].base if place in TYPES else None
    inherited = _rules(base, severity) if base and TYPES[base].kind != "resource" else ()
    own = (_rule(i, place) for i in INVARIANTS.get(place, ()) if i.severity == severity)
    return (*inherited, *(rule for rule in own if rule is not None))


def _rule(invariant: Invariant, place: str) -> Rule | None:
    key = invariant.key
    if key in {"ele-1", "ext-1"}:
        return None
    expression = CORRECTED[place, key][0] if (place, key) in CORRECTED else invariant.expression
    by_hand = _HAND.get((place, key))
    if by_hand is not None:
        return Rule(key, expression, by_hand)
    quick = _QUICK.get(key)
    compiled = _compiled(expression, _types(place))
    return Rule(key, expression, compiled if quick is None else _either(quick, compiled))


def _types(place: str) -> tuple[str, ...]:
    """Name the types of the values that a rule at *place* sees."""
    if place in TYPES:
        return (place,)
    owner, _, name = place.rpartition(".")
    return next(e for e in TYPES[owner].elements if e.name == name).types


def _compiled(expression: str, types: tuple[str, ...]) -> Holds:
    # Imported late: it takes a while, and a process that only reads needs no rules.
    from xinglin.fhir.fhirpath.compile import compile_predicate  # noqa: PLC0415

    if len(types) == 1:
        predicate = compile_predicate(expression, types[0])
        return lambda value, resource, root: predicate(resource, value, root)
    by_type = {name: compile_predicate(expression, name) for name in types}
    primitive = next((predicate for name, predicate in by_type.items() if TYPES[name].kind == "primitive"), None)

    def holds(value: Any, resource: Any, root: Any) -> bool:
        # Of a choice: structs say their type; no rule asks which primitive type a value has.
        predicate = by_type.get(getattr(value, "fhir_type", ""), primitive)
        return predicate is None or predicate(resource, value, root)

    return holds


def _either(quick: Callable[[Any], bool], full: Holds) -> Holds:
    def holds(value: Any, resource: Any, root: Any) -> bool:
        return quick(value) or full(value, resource, root)

    return holds


class _Joined(dict[str, Holds]):
    """By place: one function that asks all rules of severity error, made when first asked for."""

    def __missing__(self, place: str) -> Holds:
        found = tuple(rule.holds for rule in rules(place))
        joined = found[0] if len(found) == 1 else _all_of(found)
        idle = _IDLE.get(place)
        self[place] = joined if idle is None else _either(idle, joined)
        return self[place]


def _all_of(holds: tuple[Holds, ...]) -> Holds:
    def joined(value: Any, resource: Any, root: Any) -> bool:
        for one in holds:  # noqa: SIM110 - all() with a generator takes twice as long
            if not one(value, resource, root):
                return False
        return True

    return joined


RULES: Final = _Joined()

# Places where all rules surely hold when this is true.
_IDLE: Final[Mapping[str, Callable[[Any], bool]]] = {
    "DomainResource": lambda s: s.contained is None,
}


# Quick looks: True means that the rule surely holds; otherwise the whole expression is asked.
_QUICK: Final[Mapping[str, Callable[[Any], bool]]] = {
    "att-1": lambda s: s.data is None and s._data is None,  # noqa: SLF001 - the sibling
    "bdl-7": lambda s: _distinct([entry.fullUrl for entry in s.entry or () if entry.fullUrl is not None]),
    "cpt-2": lambda s: s.system is not None,
    "obs-3": lambda s: s.low is not None or s.high is not None or s.text is not None,
    "obs-6": lambda s: s.dataAbsentReason is None,
    "obs-7": lambda s: s.component is None,
    "org-1": lambda s: s.name is not None or s.identifier is not None,
    "pat-1": lambda s: s.name is not None or s.telecom is not None,
    "per-1": lambda s: s.start is None or s.end is None or _in_order(s.start, s.end),
    "prr-1": lambda s: s.orderDetail is None,
    "qty-3": lambda s: s.system is not None or (s.code is None and s._code is None),  # noqa: SLF001 - the sibling
    # Also asked of values of a choice that are no Quantity.
    "sqty-1": lambda s: getattr(s, "comparator", None) is None and getattr(s, "_comparator", None) is None,
}


def _narrative_is_safe(div: Any, _resource: Any, _root: Any) -> bool:
    return narrative.fault(div) is None


def _local_reference_is_contained(reference: Any, _resource: Any, root: Any) -> bool:
    """ref-1: `#x` names a contained resource, `#` the container."""
    text = reference.reference
    if text is None or text[0] != "#" or text == "#":
        return True
    return any(held.id == text[1:] for held in getattr(root, "contained", None) or ())


def _contained_are_referenced(resource: Any, _resource: Any, _root: Any) -> bool:
    """dom-3: each contained resource is referred to from elsewhere, or refers to its container."""
    if resource.contained is None:
        return True
    texts = {held.id: set(_local_references(held)) for held in resource.contained}
    outside = set(_local_references(resource))
    return all(
        f"#{name}" in outside or "#" in own or any(f"#{name}" in other for key, other in texts.items() if key != name)
        for name, own in texts.items()
    )


def _local_references(value: Any) -> Iterator[str]:
    """Every text that begins with `#`, contained resources of *value* left out."""
    for name in value.__struct_fields__:
        found = getattr(value, name)
        if name == "contained" or found is None:
            continue
        for one in found if isinstance(found, list) else (found,):
            if isinstance(one, str):
                if one[:1] == "#":
                    yield one
            elif isinstance(one, msgspec.Struct):
                yield from _local_references(one)


_HAND: Final[Mapping[tuple[str, str], Holds]] = {
    ("DomainResource", "dom-3"): _contained_are_referenced,
    ("Narrative.div", "txt-1"): _narrative_is_safe,
    ("Narrative.div", "txt-2"): lambda *_: True,  # txt-1 has looked for content too
    ("Reference", "ref-1"): _local_reference_is_contained,
}


def _in_order(start: str, end: str) -> bool:
    """Tell whether *end* surely follows *start*: written alike and in one zone, the order of text is that of time."""
    if len(start) != len(end) or start > end:
        return False
    return len(start) <= len("2026-11-22") or start[-1] == end[-1] == "Z" or start[-6:] == end[-6:]


def _distinct(texts: list[str]) -> bool:
    return len(set(texts)) == len(texts)
