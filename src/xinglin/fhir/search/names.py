"""The names of search parameters: modifiers, chains, ``_has``; and criteria, which are searches without results."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search import catalog, conditions, keys, references
from xinglin.fhir.search.conditions import Asked, Setting
from xinglin.fhir.search.keys import TYPE_CODES
from xinglin.fhir.search.query import And, Chain, Condition, Has, IdIn, Keys, Never, Owned
from xinglin.fhir.search.values import bad, split

MOST_ALTERNATIVES: Final = 1_000
MOST_LINKS: Final = 8
MOST_PAIRS: Final = 200
LONGEST_NAME: Final = 1_000
LONGEST_VALUE: Final = 65_536


_CANONICAL = frozenset({"canonical", "uri"})


class Unknown(OutcomeError):
    """A search parameter that the type does not have; dropped when handling is lenient and it stands alone."""

    def __init__(self, resource_type: str, name: str) -> None:
        text = f"{resource_type} has no search parameter '{name[:100]}'."
        super().__init__(Issue("not-supported", "search-parameter-unknown", f"http.{name[:100]}", text))


def condition(resource_type: str, name: str, value: str, setting: Setting, *, links: int = 0) -> Condition:
    """Turn one pair of a query string into a condition on *resource_type*.

    Raises Unknown for a parameter that does not exist, OutcomeError for anything else that cannot be done.
    """
    setting.effort.spend()
    if len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE:
        raise OutcomeError(Issue("too-costly", "search-too-long", text="A search parameter is too long."), status=400)
    if links > MOST_LINKS:
        raise OutcomeError(
            Issue("too-costly", "search-chain-too-long", text=f"A chain has more than {MOST_LINKS} links."), status=400
        )
    if value.count(",") >= MOST_ALTERNATIVES and len(split(value, ",")) > MOST_ALTERNATIVES:
        raise OutcomeError(
            Issue("too-costly", "search-alternatives", f"http.{name}", f"More than {MOST_ALTERNATIVES} alternatives."),
            status=400,
        )
    if name.startswith("_has:"):
        return _has(resource_type, name, value, setting, links)
    head, dot, rest = name.partition(".")
    if dot:
        return _chain(resource_type, head, rest, value, setting, links)
    code, colon, modifier = name.partition(":")
    found = catalog.parameter(resource_type, code)
    if found is None or (found.kind == "special" and code in {"_has", "_type", "_query", "_filter"}):
        raise Unknown(resource_type, name)
    return conditions.condition(Asked(resource_type, found, modifier if colon else None, name, setting), value)


def _chain(resource_type: str, head: str, rest: str, value: str, setting: Setting, links: int) -> Condition:
    code, _, wanted = head.partition(":")
    found = catalog.parameter(resource_type, code)
    if found is None:
        # Dropping a chain would answer with everything; a link further on may be one of another target type.
        raise Unknown(resource_type, head) if links else bad(head, f"{resource_type} has no such search parameter.")
    if found.kind != "reference":
        raise bad(head, f"'{code}' is no reference, so nothing can be chained to it.")
    _refuse_canonical(resource_type, code, head)
    allowed = catalog.targets(resource_type, code)
    if wanted and wanted not in allowed:
        raise bad(head, f"'{wanted[:80]}' is not a type that it may refer to.")
    types = [wanted] if wanted else list(allowed)
    targets = _each(types, lambda on: condition(on, rest, value, setting, links=links + 1), f"{head}.{rest}")
    return Chain(
        keys.reference_salt(resource_type, code), tuple(targets), primary=code in catalog.primary(resource_type)
    )


def _each(types: list[str], make: Callable[[str], Condition], name: str) -> list[tuple[str, Condition]]:
    """Make the condition for each type that can have it; the first refusal counts when none can."""
    made: list[tuple[str, Condition]] = []
    refused: OutcomeError | None = None
    for on in types:
        try:
            made.append((on, make(on)))
        except Unknown:
            continue
        except OutcomeError as error:
            if error.issues[0].code == "too-costly":
                raise
            refused = refused or error
    if not made:
        # Dropping a chain would answer with everything, so it is refused even when handling is lenient.
        raise refused or bad(name, "no type at the end of this chain has the parameter.")
    return made


def _has(resource_type: str, name: str, value: str, setting: Setting, links: int) -> Condition:
    pieces = name.split(":", 3)
    if len(pieces) != 4 or not all(pieces):
        raise bad(name, "is written _has:Type:reference:parameter.")
    _, source, code, rest = pieces
    if source not in TYPE_CODES:
        raise bad(name, f"'{source[:80]}' is no resource type.")
    found = catalog.parameter(source, code)
    if found is None or found.kind != "reference":
        raise bad(name, f"{source} has no reference parameter '{code[:80]}'.")
    _refuse_canonical(source, code, name)
    if resource_type not in catalog.targets(source, code):
        raise bad(name, f"{source}.{code} does not refer to {resource_type}.")
    try:
        inner = condition(source, rest, value, setting, links=links + 1)
    except Unknown as unknown:
        raise OutcomeError(*unknown.issues) from None
    primary = resource_type == "Patient" and code in catalog.primary(source)
    return Has(source, keys.reference_salt(source, code), inner, primary=primary)


def _refuse_canonical(resource_type: str, code: str, name: str) -> None:
    """Refuse to follow canonical URLs, which name a definition and not where it lies; else nothing would be found."""
    kinds = catalog.element_types(resource_type, code)
    if kinds and kinds <= _CANONICAL:
        raise bad(name, f"{resource_type}.{code} holds canonical URLs; compare them, they cannot be followed.")


def compartment(name: str, compartment_id: str, resource_type: str) -> Condition:
    """Make the condition that a resource belongs to a compartment; Never when the type has no place in it."""
    if not references.is_id(compartment_id):
        return Never()
    target = keys.rid_of(name, compartment_id)
    codes = catalog.compartment(name, resource_type)
    if name == "Patient":
        codes = tuple(dict.fromkeys((*codes, *sorted(catalog.primary(resource_type)))))
    found: list[Condition] = []
    if name == resource_type == "Patient":
        found.append(Owned((target,)))  # all records of the person
    elif name == resource_type:
        found.append(IdIn((compartment_id,)))
    if codes:
        spelled = tuple(keys.reference_key(resource_type, code, target) for code in codes)
        of_patient = name == "Patient"
        found.append(
            Keys(
                spelled,
                pats=(target,) if of_patient and resource_type != "Patient" else (),
                refs=tuple((key, target) for key in spelled) if of_patient else (),
            )
        )
    return conditions.union(found) if found else Never()


@lru_cache(maxsize=4_096)
def criteria(resource_type: str, search: str, base_url: str = "") -> Condition:
    """Read a search without results (the reach of a grant, the criteria of a conditional interaction).

    Everything in it must be known: a part that is dropped would widen it.
    """
    made: list[Condition] = []
    for name, value in parse_qsl(search, keep_blank_values=True, max_num_fields=MOST_PAIRS):
        if not value:
            raise bad(name, "has no value.")
        made.append(condition(resource_type, name, value, Setting(base_url)))
    return And(tuple(made))
