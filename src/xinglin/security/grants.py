"""Grants as data, and the decision over them: what no grant allows is denied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from xinglin.fhir.sources import cites
from xinglin.security.consents import Shield
from xinglin.security.principal import Principal
from xinglin.security.relations import KINDS, WINDOWS, Windows

EVERYTHING: Final = ""

# A search also answers counts, includes, chains, _has; history of type and system is its own right.
INTERACTIONS: Final = frozenset(
    {"read", "vread", "search", "create", "update", "patch", "delete", "history", "operate"}
)
LEVELS: Final = ("L0", "L1", "L2", "L3")
NEEDS: Final = frozenset({"strong", "scopes", *LEVELS})

# Parameters that only a reach may name.
RELATION: Final = "_relation"
RELATION_OF_ORGANIZATION: Final = "_relation:organization"
PERMIT: Final = "_permit"


@dataclass(frozen=True, slots=True)
class Grant:
    """One right: a role may do some interactions on a type, within a reach.

    on: FHIR type, or ``*`` for every type.
    reach: a FHIR search over the type, e.g. ``patient={patient}``; names in braces are taken from the principal
    (patient, patients, practitioner, practitioner_role, organization, id; with ``.id`` the logical id alone, for
    ``_id``). ``_relation=encounter,order``: the patient has such a relation to the principal;
    ``_relation:organization=…``: to the principal's organization; ``_permit=HRESCH``: a Consent of the patient permits
    this purpose. The empty string reaches everything of the type.
    operations: codes of operations (without ``$``) when interactions hold ``operate``; ``*`` is every operation.
    purposes: purposes of use it serves; none named: any. masks: elements that it never shows, ``Patient.identifier``.
    needs: conditions, of NEEDS; a proofing level asks for that level or a higher one.
    name: how pages and the ledger call it. source: the rule or law behind it.
    """

    role: str
    interactions: frozenset[str]
    on: str
    reach: str = EVERYTHING
    operations: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    name: str = ""
    source: str = ""

    @property
    def called(self) -> str:
        """The name, or one made of role and type."""
        return self.name or f"{self.role}-{self.on}"


@dataclass(frozen=True, slots=True)
class Reach:
    """What a principal reaches of one type: what any of some searches finds, or everything; less what is withheld.

    also: of each tuple, any search has to find the resource too (scopes). shield: what consents and labels withhold.
    masks: elements never shown, but of resources that *bare* finds (searches of grants without masks).
    rules: the names of the grants behind it. windows: how long relations hold.
    """

    searches: tuple[str, ...] = ()
    everything: bool = False
    also: tuple[tuple[str, ...], ...] = ()
    shield: Shield | None = None
    masks: frozenset[str] = frozenset()
    bare: tuple[str, ...] = ()
    windows: Windows = WINDOWS
    rules: tuple[str, ...] = field(default=(), compare=False)

    @property
    def nothing(self) -> bool:
        """True when no grant allows anything."""
        return not self.everything and not self.searches

    @property
    def whole(self) -> bool:
        """True when nothing of the type is hidden."""
        return self.everything and not self.also and self.shield is None


NOTHING: Final = Reach()
ALL: Final = Reach(everything=True)


def reach_of(
    principal: Principal, interaction: str, on: str, grants: Iterable[Grant], *, windows: Windows = WINDOWS
) -> Reach:
    """Unite the reaches of all grants that allow *interaction* on type *on* to *principal*.

    A reach that names something the principal does not have (``{patient}`` of a clinician) grants nothing.
    """
    searches: dict[str, None] = {}
    bare: dict[str, None] = {}
    masks: set[str] = set()
    rules: list[str] = []
    for grant in grants:
        if grant.role not in principal.roles or interaction not in grant.interactions or grant.on not in {on, "*"}:
            continue
        if any(unmet(grant, principal)):
            continue
        search = filled(grant.reach, principal)
        if search is None:
            continue
        rules.append(grant.called)
        searches[search] = None
        mine = frozenset(one for one in grant.masks if one.startswith(f"{on}."))
        masks |= mine
        if not mine:
            bare[search] = None
    everything = EVERYTHING in searches
    if not masks or EVERYTHING in bare:
        masks, bare = set(), {}
    return Reach(
        searches=() if everything else tuple(searches),
        everything=everything,
        masks=frozenset(masks),
        bare=tuple(bare),
        windows=windows,
        rules=tuple(rules),
    )


def may_operate(principal: Principal, operation: str, on: str, grants: Iterable[Grant]) -> bool:
    """Tell whether any grant lets *principal* call ``$operation`` on type *on* (``*`` for system level)."""
    return any(
        grant.role in principal.roles
        and "operate" in grant.interactions
        and grant.on in {on, "*"}
        and ("*" in grant.operations or operation in grant.operations)
        and not any(unmet(grant, principal))
        for grant in grants
    )


@cites("R6-043", "R7-032")
def unmet(grant: Grant, principal: Principal) -> Iterator[str]:
    """Name what the grant asks for beyond the role and the principal lacks: ``purpose``, ``strong``, ``L2``."""
    if grant.purposes and principal.purpose not in grant.purposes:
        yield "purpose"
    for need in sorted(grant.needs):
        if need == "strong":
            if not principal.strong:
                yield need
        elif need == "scopes":
            if principal.scopes is None:
                yield need
        elif principal.level not in LEVELS or LEVELS.index(principal.level) < LEVELS.index(need):
            yield need


def filled(reach: str, principal: Principal) -> str | None:
    """Put the principal into a reach; None when the principal lacks what it names."""
    values = {
        "id": principal.id,
        "patients": ",".join(principal.patients or ((principal.patient,) if principal.patient else ())) or None,
        "patient": principal.patient,
        "practitioner_role": principal.practitioner_role,
        "practitioner": principal.practitioner,
        "organization": principal.organization,
    }
    for name, value in values.items():
        if f"{{{name}}}" not in reach and f"{{{name}.id}}" not in reach:
            continue
        if value is None:
            return None
        ids = ",".join(one.rpartition("/")[2] for one in value.split(","))
        reach = reach.replace(f"{{{name}}}", value).replace(f"{{{name}.id}}", ids)
    return "&".join(parts) if None not in (parts := [_related(pair, principal) for pair in reach.split("&")]) else None  # type: ignore[arg-type]


def _related(pair: str, principal: Principal) -> str | None:
    """Write ``_relation=order`` as ``_relation=order|Practitioner/1,order|PractitionerRole/2``."""
    name, _, kinds = pair.partition("=")
    if name not in {RELATION, RELATION_OF_ORGANIZATION}:
        return pair
    who = related_to(principal) if name == RELATION else tuple(filter(None, (principal.organization,)))
    named = ",".join(f"{kind}|{one}" for kind in kinds.split(",") for one in who)
    return f"{RELATION}={named}" if named else None


def related_to(principal: Principal) -> tuple[str, ...]:
    """Name whom a personal relation may be to: the practitioner, and the role acted in."""
    return tuple(filter(None, (principal.practitioner, principal.practitioner_role)))


def faults(grant: Grant) -> tuple[str, ...]:
    """Say what of a grant nobody could obey; none when it is sound."""
    found = [f"grant {grant.called}: no need is called {need}" for need in sorted(grant.needs - NEEDS)]
    for pair in grant.reach.split("&"):
        name, _, kinds = pair.partition("=")
        if name.startswith(RELATION):
            found += [
                f"grant {grant.called}: no relation is called {one}" for one in kinds.split(",") if one not in KINDS
            ]
    return tuple(found)
