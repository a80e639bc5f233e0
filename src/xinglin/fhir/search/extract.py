"""From a resource to its `Entry`: a list of compiled paths and indexers per type, made when the type is first seen."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

from msgspec import Struct

from xinglin.fhir.fhirpath.compile import compile_path, compile_paths
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search import catalog, indexers, keys
from xinglin.fhir.search.draft import Draft
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.text import vector

__all__ = ["Entry", "entry"]

Path = Callable[[Struct], list[tuple[str, Any]]]

# Known from the row itself, or found by other means than values of an element.
_OWN = frozenset({"_id", "_lastUpdated"})
_ROOT = "%resource."
_CODED = itemgetter(1)


def entry(resource: Struct, *, now_us: int, base_url: str = "", id: str | None = None) -> Entry:
    """Compute what the index holds of *resource*.

    now_us: the time it is written, microseconds. base_url: of this server, so that its absolute references are local.
    id: the logical id, when the resource does not carry it (yet).
    """
    resource_type = type(resource).__name__
    resource_id = id if id is not None else getattr(resource, "id", None)
    if resource_id is None:
        raise ValueError("a resource is indexed under its id")
    draft = Draft(resource_type, resource_id, base_url)
    plan = _plan(resource_type)
    ord_ = keys.UNDATED + now_us
    main: list[tuple[str, Any]] = []
    simple = plan.simple
    for code, kind, value in plan.paths(resource):
        if code == plan.main:
            main.append((kind, value))
        else:
            present, index = simple[code]
            draft.checks[present] = None
            index(draft, code, kind, value)
    if main and plan.main is not None:
        ord_ = _main(draft, plan.main, main, ord_)
    for composite in plan.composites:
        composite(draft, resource)
    return _entry(draft, ord_, vector(*_texts(resource)))


def _entry(draft: Draft, ord_: int, text: str) -> Entry:
    pat, pats = _patients(draft)
    if pat is not None:
        for key, target in draft.primary.items():
            if target == pat:
                draft.ix.pop(key, None)
                draft.checks[key] = None
    # Coded keys first: writers rely on it.
    ix = sorted(draft.ix.items(), key=_CODED, reverse=True)
    every = [key for key, _ in ix]
    every += [key for key in draft.checks if key not in draft.ix]
    return Entry(
        rt=draft.type,
        id=draft.id,
        rid=keys.rid_of(draft.type, draft.id),
        bucket=keys.bucket_of(draft.id),
        pat=pat,
        pats=pats,
        ord=ord_,
        keys=every,
        ix=ix,
        dx=list(draft.dx),
        sx=list(draft.sx),
        qx=list(draft.qx),
        tx=text,
        terms=list(draft.terms),
    )


def _patients(draft: Draft) -> tuple[int | None, tuple[int, ...]]:
    """Tell whose record the resource belongs to: the one patient, and all."""
    if draft.type == "Patient":
        own = keys.rid_of("Patient", draft.id)
        return own, tuple({own: None, **draft.patients(("link",))})
    primary = catalog.primary(draft.type)
    if not primary or not draft.references:
        return None, ()
    every = draft.patients(catalog.belonging(draft.type))
    if len(every) != 1:
        return None, tuple(every)
    (one,) = every
    return (one if one in draft.patients(primary) else None), tuple(every)


def _main(draft: Draft, code: str, values: list[tuple[str, Any]], undated: int) -> int:
    """Index the main date and give the `ord`: its lower bound; an instant needs no row."""
    found = [span for kind, value in values if (span := indexers.date_range(kind, value)) is not None]
    if not found:
        return undated
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

    paths: selects the values of every parameter but composites at once, as (code, FHIR type, value).
    simple: presence key and indexer by code. main: the main date. composites: called with (draft, resource) each.
    """

    __slots__ = ("composites", "main", "paths", "simple")

    def __init__(self, resource_type: str) -> None:
        self.main = catalog.main_date(resource_type)
        self.simple: dict[str, tuple[int, indexers.Indexer]] = {}
        self.composites: list[Callable[[Draft, Struct], None]] = []
        expressions: dict[str, str] = {}
        for code, parameter in PARAMETERS[resource_type].items():
            if code in _OWN or not parameter.expression or catalog.kept_as(code) != code:
                continue
            if catalog.united(resource_type, code):
                continue
            if parameter.kind != "composite":
                expressions[code] = parameter.expression
                self.simple[code] = keys.present_key(resource_type, code), indexers.KINDS[parameter.kind]
            elif parameter.expression != resource_type:
                self.composites.append(_composite(resource_type, code))
        self.paths: Callable[[Struct], list[tuple[str, str, Any]]] = compile_paths(expressions, resource_type)


@cache
def _plan(resource_type: str) -> _Plan:
    return _Plan(resource_type)


def _composite(resource_type: str, code: str) -> Callable[[Draft, Struct], None]:
    """Make what indexes a composite: nothing but a mark where one element has all parts, else a row for each pair."""
    parameter = PARAMETERS[resource_type][code]
    elements = compile_path(parameter.expression, resource_type)
    kinds = tuple(part.kind for part in catalog.parts(resource_type, parameter))
    single = keys.kind_key(resource_type, code, "single")
    present = keys.present_key(resource_type, code)
    pair = keys.kind_key(resource_type, code, "pair")

    def index(draft: Draft, resource: Struct) -> None:
        found = elements(resource)
        if len(found) == 1:
            draft.checks[single] = None
            return
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


# -- text ---------------------------------------------------------------------------------------------------------

# What is no text of the resource: identities, technical data, and what other parameters find better.
_SKIPPED = frozenset(
    {"Meta", "Identifier", "Extension", "Attachment", "Signature", "Narrative", "Address", "SampledData"}
)
_WORDLESS = _SKIPPED | {"Quantity", "Period", "Reference", "Money", "Range", "Ratio"}
_TEXTS = frozenset({"string", "markdown"})


def _texts(resource: Struct) -> tuple[str, list[str]]:
    """Give the narrative (XHTML) and every other text of a resource, contained ones included."""
    found: list[str] = []
    _gather(resource, found)
    narrative = getattr(resource, "text", None)
    return getattr(narrative, "div", None) or "", found


def _gather(value: Struct, found: list[str]) -> None:
    for inner in _text_values(type(value))(value):
        if inner is None:
            continue
        for one in inner if type(inner) is list else (inner,):
            if isinstance(one, str):
                found.append(one)
            elif isinstance(one, Struct):
                _gather(one, found)


@cache
def _text_values(struct: type[Struct]) -> Callable[[Struct], tuple[Any, ...]]:
    """Make what takes from a struct all values that are text, or may hold text further down."""
    names = _text_attributes(struct)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _text_attributes(struct: type[Struct]) -> tuple[str, ...]:
    """Name the attributes of a struct that hold text, or values that may hold text further down."""
    fhir_type: str = getattr(struct, "fhir_type", struct.__name__)
    info = TYPES.get(fhir_type)
    if info is None or fhir_type in _SKIPPED:
        return ()
    found: list[str] = []
    for element in info.elements:
        for name, kind in ((element.attr, element.types[0]),) if not element.choice else element.members():
            whole = kind in TYPES and TYPES[kind].kind != "primitive" and kind not in _WORDLESS
            if kind in _TEXTS or whole:
                found.append(name)
    return tuple(found)
