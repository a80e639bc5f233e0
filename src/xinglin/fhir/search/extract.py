"""From a resource to its `Entry`: a list of compiled paths and indexers per type, made when the type is first seen."""

from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import Struct

from xinglin.fhir.fhirpath.compile import Visit, compile_path, compile_visits
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import catalog, indexers, keys, wording
from xinglin.fhir.search.draft import Draft
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.persons import NOBODY, Persons, named_key

__all__ = ["Entry", "entry"]

Path = Callable[[Struct], list[tuple[str, Any]]]

# Known from the row itself, or found by other means than values of an element.
_OWN = frozenset({"_id", "_lastUpdated"})
_ROOT = "%resource."


def entry(
    resource: Struct, *, now_us: int, base_url: str = "", id: str | None = None, persons: Persons = NOBODY
) -> Entry:
    """Compute what the index holds of *resource*.

    now_us: the time it is written, microseconds. base_url: of this server, so that its absolute references are local.
    id: the logical id, when the resource does not carry it (yet). persons: which patients stand for which.
    """
    resource_type = type(resource).__name__
    resource_id = id if id is not None else getattr(resource, "id", None)
    if resource_id is None:
        raise ValueError("a resource is indexed under its id")
    draft = Draft(resource_type, resource_id, base_url, persons)
    plan = _plan(resource_type)
    plan.visit(draft, resource)
    ord_ = _main(draft, plan.main) if draft.main and plan.main is not None else keys.UNDATED + now_us
    for composites in plan.composites:
        composites(draft, resource)
    return _entry(draft, plan, ord_, wording.document(resource))


def _entry(draft: Draft, plan: "_Plan", ord_: int, text: str) -> Entry:
    pat, pats = _patients(draft, plan)
    for merged in draft.merged:
        draft.ix[named_key(merged)] = False
    if pat is not None:
        for key, target in draft.primary.items():
            if target == pat:
                draft.ix.pop(key, None)
                draft.checks[key] = None
    rows = draft.ix.items()
    # Coded keys first: writers rely on it.
    ix = [row for row in rows if row[1]] + [row for row in rows if not row[1]]
    every: dict[int, object] = dict(ix)
    every.update(draft.checks)
    return Entry(
        draft.type,
        draft.id,
        keys.rid_of(draft.type, draft.id),
        keys.bucket_of(draft.id),
        pat,
        pats,
        ord_,
        list(every),
        ix,
        list(draft.dx),
        list(draft.sx),
        list(draft.qx),
        text,
        list(draft.terms),
        draft.persons.epoch,
        _named(draft, plan) if draft.merged else (),
    )


def _patients(draft: Draft, plan: "_Plan") -> tuple[int | None, tuple[int, ...]]:
    """Tell whose record the resource belongs to: the one patient, and all."""
    if draft.type == "Patient":
        own = draft.patient("", keys.rid_of("Patient", draft.id))
        return own, tuple({own: None, **draft.patients(("link",))})
    if not plan.primary or not draft.references:
        return None, ()
    every = draft.patients(plan.belonging)
    if len(every) != 1:
        return None, tuple(every)
    (one,) = every
    return (one if one in draft.patients(plan.primary) else None), tuple(every)


def _named(draft: Draft, plan: "_Plan") -> tuple[int, ...]:
    """Give the merged patients in whose record the resource stands by what it says itself."""
    belonging = {"", "link"} if draft.type == "Patient" else set(plan.belonging)
    return tuple(one for one, codes in draft.merged.items() if codes & belonging)


def _main(draft: Draft, code: str) -> int:
    """Index the main date and give the `ord`: its lower bound; an instant needs no row."""
    found = draft.main
    draft.checks[keys.present_key(draft.type, code)] = None
    lo, hi = min(found)
    if len(found) > 1 or hi != lo + 1:
        draft.checks[keys.kind_key(draft.type, code, "ranged")] = None
        key = keys.kind_key(draft.type, code, "date")
        for span in found:
            draft.dx[key, span[0], span[1]] = None
    return max(lo, keys.DATED)  # a period without a beginning comes before all that have one


class _Plan:
    """What to do with a resource of one type.

    visit: indexes every parameter but composites; called with (draft, resource). main: the main date.
    composites: called with (draft, resource) each. primary, belonging: see `catalog`.
    """

    __slots__ = ("belonging", "composites", "main", "primary", "visit")

    def __init__(self, resource_type: str) -> None:
        self.main = catalog.main_date(resource_type)
        self.primary = catalog.primary(resource_type)
        self.belonging = catalog.belonging(resource_type)
        visits: list[tuple[str, Visit]] = []
        composites: dict[str, list[str]] = {}
        for code, parameter in PARAMETERS[resource_type].items():
            if code in _OWN or not parameter.expression or catalog.kept_as(code) != code:
                continue
            if catalog.united(resource_type, code):
                continue
            if code == self.main:
                visits.append((parameter.expression, indexers.main_date))
            elif parameter.kind != "composite":
                visits.append((parameter.expression, indexers.visitor(resource_type, code, parameter.kind)))
            elif parameter.expression != resource_type:
                composites.setdefault(parameter.expression, []).append(code)
        self.visit: Callable[[Draft, Struct], None] = compile_visits(visits, resource_type)
        self.composites = [_composites(resource_type, *one) for one in composites.items()]


@cache
def _plan(resource_type: str) -> _Plan:
    return _Plan(resource_type)


def _composites(resource_type: str, expression: str, codes: list[str]) -> Callable[[Draft, Struct], None]:
    """Make what indexes composites of one expression: a mark where one element has all parts, else rows for pairs."""
    elements = compile_path(expression, resource_type)
    single = {keys.kind_key(resource_type, code, "single"): None for code in codes}
    several = [_composite(resource_type, code) for code in codes]

    def index(draft: Draft, resource: Struct) -> None:
        found = elements(resource)
        if len(found) == 1:
            draft.checks.update(single)
        elif found:
            for pairs in several:
                pairs(draft, resource, found)

    return index


def _composite(resource_type: str, code: str) -> Callable[[Draft, Struct, list[tuple[str, Any]]], None]:
    """Make what indexes one composite of several elements: a row for each pair."""
    parameter = PARAMETERS[resource_type][code]
    kinds = tuple(part.kind for part in catalog.parts(resource_type, parameter))
    present = keys.present_key(resource_type, code)
    pair = keys.kind_key(resource_type, code, "pair")

    def index(draft: Draft, resource: Struct, found: list[tuple[str, Any]]) -> None:
        each = [_part_values(parameter.components, kind, element, resource) for kind, element in found]
        if any(all(parts) for parts in each):
            draft.checks[present] = None
        for parts in each:
            for first_kind, first in parts[0]:
                for way in indexers.spellings(first_kind, first):
                    base = keys.part_key(pair, way)
                    for place in range(1, len(parts)):
                        below = keys.part_key(base, str(place))
                        for value_kind, value in parts[place]:
                            indexers.later_part(draft, below, kinds[place], value_kind, value)

    return index


def _part_values(
    components: tuple[tuple[str, str], ...], kind: str, element: Any, resource: Struct
) -> list[list[tuple[str, Any]]]:
    return [
        _path(expression.removeprefix(_ROOT), type(resource).__name__)(resource)
        if expression.startswith(_ROOT)
        else _path(expression, kind)(element)
        for _, expression in components
    ]


@cache
def _path(expression: str, type_name: str) -> Path:
    return compile_path(expression, type_name)
