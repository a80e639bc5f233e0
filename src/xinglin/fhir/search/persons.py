"""One person, several Patient records: which record stands for which, and what that means to a search.

Merging changes no record. Whatever names a merged Patient is indexed as if it named the survivor, and whatever a search
says of either record it asks of the survivor; so both halves meet (docs/city.md, docs/trust.md).
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from xinglin.fhir.search.keys import hash64, rid_of
from xinglin.fhir.search.query import And, Chain, Condition, Has, IdIn, Keys, Not, Or, Owned, Query

# What the Task of a merge says in its outputs: the record merged, and the one that stands for both.
MERGED: Final = "merged"
SURVIVOR: Final = "survivor"

_NAMED: Final = hash64("~named")


def named_key(rid: int) -> int:
    """Compute the key of what names a merged patient in its content: undoing the merge finds it by that."""
    return _NAMED ^ rid


class Persons:
    """Which Patient stands for which, by identity. epoch: how many merges and undoings led here.

    survivors: merged patient to the one who stands for it, chains followed to their end. moving: patients whose index
    is being written anew by steps. Compared as an object, so that what depends on it can be kept by it.
    """

    __slots__ = ("_members", "epoch", "moving", "survivors")

    def __init__(
        self, epoch: int = 0, survivors: Mapping[int, int] | None = None, moving: Collection[int] = ()
    ) -> None:
        self.epoch = epoch
        self.moving = frozenset(moving)
        self.survivors = dict(survivors or {})
        self._members: dict[int, list[int]] = {}
        for one, survivor in self.survivors.items():
            self._members.setdefault(survivor, [survivor]).append(one)

    def __bool__(self) -> bool:
        """Tell whether anybody is merged."""
        return bool(self.survivors)

    @property
    def mark(self) -> "Persons | None":
        """What to keep by: None while nobody is merged."""
        return self if self.survivors else None

    def canonical(self, rid: int) -> int:
        """Give the patient who stands for *rid*; most stand for themselves."""
        return self.survivors.get(rid, rid)

    def members(self, rid: int) -> tuple[int, ...]:
        """Give all records of the person, the survivor first."""
        survivor = self.canonical(rid)
        return tuple(self._members.get(survivor, (survivor,)))

    def several(self, rid: int | None) -> bool:
        """Tell whether a survivor stands for others."""
        return rid in self._members


NOBODY: Final = Persons()
"""Nobody is merged."""


def of_persons(query: Query, persons: Persons) -> Query:
    """Let what a query says of merged patients be asked of their survivors; the same query when nobody is merged."""
    if not persons:
        return query
    noted: tuple[Persons, Query] | None = query.noted.get("persons")
    if noted is not None and noted[0] is persons:
        return noted[1]
    branches = tuple((on, asked_of(condition, persons)) for on, condition in query.branches)
    made = replace(query, condition=asked_of(query.condition, persons), branches=branches)
    query.noted["persons"] = persons, made
    return made


def asked_of(condition: Condition, persons: Persons) -> Condition:
    """Turn references to merged patients, and ownership by them, into those of their survivors."""
    match condition:
        case Keys(refs=refs) if refs:
            survivors = persons.survivors
            moved = {key: key ^ rid ^ survivors[rid] for key, rid in refs if rid in survivors}
            if not moved:
                return condition
            return replace(
                condition,
                keys=tuple(dict.fromkeys(moved.get(key, key) for key in condition.keys)),
                pats=tuple(dict.fromkeys(map(persons.canonical, condition.pats))),
                refs=tuple((moved.get(key, key), persons.canonical(rid)) for key, rid in refs),
            )
        case Owned(pats):
            return Owned(tuple(dict.fromkeys(map(persons.canonical, pats))))
        case And(of):
            return And(tuple([asked_of(one, persons) for one in of]))
        case Or(of):
            return Or(tuple([asked_of(one, persons) for one in of]))
        case Not(of):
            return Not(asked_of(of, persons))
        case Chain():
            targets = tuple([(on, asked_of(inner, persons)) for on, inner in condition.targets])
            return replace(condition, targets=targets)
        case Has():
            return replace(condition, condition=asked_of(condition.condition, persons))
        case _:
            return condition


def reached(type: str, condition: Condition, persons: Persons) -> Condition:
    """Let a reach speak of persons: who may have one of the records of a person may have them all."""
    if not persons:
        return condition
    made = asked_of(condition, persons)
    return _whole(made, persons) if type == "Patient" else made


def _whole(condition: Condition, persons: Persons) -> Condition:
    match condition:
        case IdIn(ids):
            whose = {persons.canonical(rid_of("Patient", one)) for one in ids}
            some = tuple(one for one in whose if persons.several(one))
            return Or((condition, Owned(some))) if some else condition
        case And(of):
            return And(tuple([_whole(one, persons) for one in of]))
        case Or(of):
            return Or(tuple([_whole(one, persons) for one in of]))
        case Not(of):
            return Not(_whole(of, persons))
        case _:
            return condition


def depends(condition: Condition) -> bool:
    """Tell whether what a condition finds depends on which patients are merged."""
    match condition:
        case Keys(refs=refs):
            return bool(refs)
        case And(of) | Or(of):
            return any(map(depends, of))
        case Not(of):
            return depends(of)
        case Owned() | Chain() | Has():
            return True
        case _:
            return False
