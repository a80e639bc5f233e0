"""Grants as data, and the decision over them: what no grant allows is denied."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from xinglin.security.principal import Principal

EVERYTHING: Final = ""

# A search also answers counts, includes, chains, _has; history of type and system is its own right.
INTERACTIONS: Final = frozenset(
    {"read", "vread", "search", "create", "update", "patch", "delete", "history", "operate"}
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One right: a role may do some interactions on a type, within a reach.

    on: FHIR type, or ``*`` for every type.
    reach: a FHIR search over the type, e.g. ``patient={patient}``; names in braces are taken from the principal
    (patient, practitioner, organization, id; with ``.id`` the logical id alone, for ``_id``); the empty string reaches
    everything of the type.
    operations: codes of operations (without ``$``) when interactions hold ``operate``; ``*`` is every operation.
    """

    role: str
    interactions: frozenset[str]
    on: str
    reach: str = EVERYTHING
    operations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """What a principal reaches of one type: nothing, everything, or what any of some searches finds."""

    searches: tuple[str, ...] = ()
    everything: bool = False

    @property
    def nothing(self) -> bool:
        """True when no grant allows anything."""
        return not self.everything and not self.searches


NOTHING: Final = Reach()
ALL: Final = Reach(everything=True)


def reach_of(principal: Principal, interaction: str, on: str, grants: Iterable[Grant]) -> Reach:
    """Unite the reaches of all grants that allow *interaction* on type *on* to *principal*.

    A reach that names something the principal does not have (``{patient}`` of a clinician) grants nothing.
    """
    searches: list[str] = []
    for grant in grants:
        if grant.role not in principal.roles or interaction not in grant.interactions or grant.on not in {on, "*"}:
            continue
        if grant.reach == EVERYTHING:
            return ALL
        search = _filled(grant.reach, principal)
        if search is not None and search not in searches:
            searches.append(search)
    return Reach(tuple(searches))


def may_operate(principal: Principal, operation: str, on: str, grants: Iterable[Grant]) -> bool:
    """Tell whether any grant lets *principal* call ``$operation`` on type *on* (``*`` for system level)."""
    return any(
        grant.role in principal.roles
        and "operate" in grant.interactions
        and grant.on in {on, "*"}
        and ("*" in grant.operations or operation in grant.operations)
        for grant in grants
    )


def _filled(reach: str, principal: Principal) -> str | None:
    values = {
        "id": principal.id,
        "patient": principal.patient,
        "practitioner": principal.practitioner,
        "organization": principal.organization,
    }
    for name, value in values.items():
        if "{" + name not in reach:
            continue
        if value is None:
            return None
        reach = reach.replace("{" + name + "}", value).replace("{" + name + ".id}", value.rpartition("/")[2])
    return reach
