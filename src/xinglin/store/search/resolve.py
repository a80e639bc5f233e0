"""Conditions that need other resources before they can be planned: ``_list``, value sets and code hierarchies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from xinglin.fhir.search import catalog, keys, references
from xinglin.fhir.search.indexers import LONGEST_CODE
from xinglin.fhir.search.query import And, Chain, Coded, Condition, Has, IdIn, Keys, Listed, Not, Or, Query
from xinglin.fhir.search.values import unsupported
from xinglin.fhir.search.veil import may_hold_veil, veiled
from xinglin.store.executor import Executor
from xinglin.store.search.sql import Builder, ReachOf
from xinglin.store.search.terminology import MOST_CODES, Codes, Expander

# Of more codes only those are searched for that the dictionary of coded values has seen.
LISTED = 200
IN_USE = 20_000  # codes of a parameter that the dictionary is asked for
SHORT = 128  # characters of a code that the dictionary finds it by (the index term_code)


def needs_resolving(condition: Condition) -> bool:
    """Tell whether *condition* holds anything that `resolve` replaces."""
    match condition:
        case Coded() | Listed():
            return True
        case And(of) | Or(of):
            return any(map(needs_resolving, of))
        case Not(of):
            return needs_resolving(of)
        case Chain(_, targets):
            return any(needs_resolving(inner) for _, inner in targets)
        case Has():
            return needs_resolving(condition.condition)
        case _:
            return False


async def resolved(query: Query, executor: Executor, reach: ReachOf, expander: Expander) -> Query:
    """Replace what needs other resources in every condition of *query*."""
    needed: bool | None = query.noted.get("resolving")
    if needed is None:
        needed = query.noted["resolving"] = any(needs_resolving(condition) for _, condition in query.of_types())
    if not needed:
        return query
    each = [(on, await resolve(on, condition, executor, reach, expander)) for on, condition in query.of_types()]
    if query.type is None:
        return replace(query, branches=tuple(each))
    return replace(query, condition=each[0][1])


async def resolve(
    resource_type: str, condition: Condition, executor: Executor, reach: ReachOf, expander: Expander
) -> Condition:
    """Replace ``_list`` by ids and value sets by keys; OutcomeError 400 when terminology is not known."""
    if not needs_resolving(condition):
        return condition
    match condition:
        case And(of):
            return And(tuple([await resolve(resource_type, one, executor, reach, expander) for one in of]))
        case Or(of):
            return Or(tuple([await resolve(resource_type, one, executor, reach, expander) for one in of]))
        case Not(of):
            return Not(await resolve(resource_type, of, executor, reach, expander))
        case Chain(_, targets):
            made = [(on, await resolve(on, inner, executor, reach, expander)) for on, inner in targets]
            return replace(condition, targets=tuple(made))
        case Has():
            inner = await resolve(condition.type, condition.condition, executor, reach, expander)
            return replace(condition, condition=inner)
        case Listed(list_id):
            return IdIn(await _entries(resource_type, list_id, executor, reach))
        case Coded():
            return await _codes(condition, expander, executor)
        case _:
            return condition


async def _entries(resource_type: str, list_id: str, executor: Executor, reach: ReachOf) -> tuple[str, ...]:
    """Give the ids of the type's entries in a List; none when there is no such List in reach."""
    builder = Builder(reach, persons=executor.persons)
    found = await executor.fetch(builder.found("List", IdIn((list_id,))), *builder.values(executor.now))
    row = await executor.get("List", list_id) if found else None
    if row is None or row.deleted:
        return ()
    document: dict[str, Any] = msgspec.json.decode(row.body())
    items = (e.get("item", {}).get("reference", "") for e in document.get("entry", ()) if not e.get("deleted", False))
    targets = (references.local(item, "") for item in items)
    return tuple(dict.fromkeys(t.id for t in targets if t is not None and t.type == resource_type))


async def _codes(asked: Coded, expander: Expander, executor: Executor) -> Condition:
    name, narrowed = f"{asked.parameter}:{asked.relation}", False
    match asked.relation:
        case "in":
            found, narrowed = await _expanded(asked, expander, executor)
            missing = f"the value set '{asked.value[:200]}' is not known here."
        case "below":
            found = await expander.descendants(asked.system, asked.value)
            missing = f"the hierarchy of the code system '{asked.system[:200]}' is not known here."
        case _:
            found = await expander.ancestors(asked.system, asked.value)
            missing = f"the hierarchy of the code system '{asked.system[:200]}' is not known here."
    if found is None:
        raise unsupported(name, missing)
    if len(found) > MOST_CODES:
        raise unsupported(name, f"more than {MOST_CODES} codes.")
    used = found if narrowed or len(found) <= LISTED else await _seen(asked, found, executor)
    return _keys_of(asked, used) if used else IdIn(())


async def _expanded(asked: Coded, expander: Expander, executor: Executor) -> tuple[Codes | None, bool]:
    """Give the codes of a value set; and whether they are those alone that any resource has had.

    Of a large one they are, where the dictionary tells them.

    It does when those are few, and none of them is cut off or veiled. Codes beyond LONGEST_CODE it does not have.
    """
    found = await expander.expand(asked.value, most=LISTED + 1)
    if found is None or len(found) <= LISTED:
        return found, False
    rows = await executor.fetch(
        f"SELECT DISTINCT left(t.code, {SHORT}) AS code FROM term t WHERE t.param = $1 LIMIT {IN_USE + 1}",
        keys.kind_key(asked.type, asked.parameter, "terms"),
    )
    used = [row["code"] for row in rows]
    if len(used) > IN_USE or any(len(code) >= SHORT or may_hold_veil(code) for code in used):
        return await expander.expand(asked.value), False
    return await expander.expand(asked.value, among=used), True


async def _seen(asked: Coded, codes: Sequence[tuple[str, str]], executor: Executor) -> list[tuple[str, str]]:
    """Keep the codes that any resource has had in the parameter: of thousands, few are in use.

    The dictionary holds long codes cut off, and veils what looks like the number of a person.
    """
    wanted: dict[str, list[tuple[str, str]]] = {}
    for system, code in codes:
        wanted.setdefault(veiled(code)[:SHORT], []).append((system, code))
    rows = await executor.fetch(
        f"SELECT DISTINCT left(t.code, {SHORT}) AS code FROM term t"
        f" WHERE t.param = $1 AND left(t.code, {SHORT}) = ANY ($2::text[])",
        *(keys.kind_key(asked.type, asked.parameter, "terms"), list(wanted)),
        custom_plan=True,
    )
    longer = [pair for pair in codes if len(pair[1]) > LONGEST_CODE]  # not in the dictionary
    return longer + [pair for row in rows for pair in wanted[row["code"]]]


def _keys_of(asked: Coded, codes: Iterable[tuple[str, str]]) -> Keys:
    types = catalog.element_types(asked.type, asked.parameter)
    coded = types <= {"Coding", "CodeableConcept"}
    made = [keys.token_key(asked.type, asked.parameter, system, code) for system, code in codes]
    if not types & {"Coding", "CodeableConcept"} or "*" in types:
        made += [keys.key_of(asked.type, asked.parameter, code) for _, code in codes]
    return Keys(tuple(dict.fromkeys(made)), coded=coded)
