"""Consents: what a patient's provisions deny and permit, as terms that an index can compare.

A Consent counts while it is active. Its provision (deny or permit) speaks of actors, purposes and classes of data for a
period; provisions inside it are its exceptions. What we cannot compare never widens: a denial is read without the
narrowing that we do not understand, a permission with it is none.
Source: http://hl7.org/fhir/R4/consent.html; R7-002, R7-006, R7-021, R7-022.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir.search import indexers, keys, references
from xinglin.fhir.search.keys import FIRST, LAST
from xinglin.fhir.sources import cites
from xinglin.security import labels, purposes
from xinglin.security.relations import WINDOWS, Windows

ANY: Final = "*"
ROLES: Final = "https://xinglin.health/fhir/CodeSystem/role"
RESOURCE_TYPES: Final = "http://hl7.org/fhir/resource-types"
MOST_TERMS: Final = 500

_ACTORS: Final = frozenset({"Practitioner", "PractitionerRole", "Organization"})
_USES: Final = frozenset({"access", "use", "disclose"})

Term = tuple[str, str, str]  # actor, purpose, class; each may be ANY


@dataclass(frozen=True, slots=True)
class Shield:
    """Whom consents and labels are asked about, for one type.

    own: patients that the principal acts for, ``Patient/1``. who: the practitioner and the role acted in. actors: all
    names under which a provision may mean the principal. purposes: the purpose of use and what comprises it.
    duties: searches for what a legal duty opens whatever the patient refused. windows: how long relations
    hold.
    """

    own: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    actors: tuple[str, ...] = (ANY,)
    purposes: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    windows: Windows = WINDOWS


@dataclass(frozen=True, slots=True)
class Provision:
    """One term of a Consent in force from lo to hi (microseconds).

    kind: ``deny``, ``permit``, or ``except``: permitted within a Consent that denies.
    """

    kind: str
    term: Term
    lo: int
    hi: int


@lru_cache(maxsize=16_384)  # the same few for each request of somebody
def term_key(kind: str, term: Term) -> int:
    """Compute the key of a term; its row stands at the Consent."""
    return keys.hash64(f"~{kind}\x1f" + "\x1f".join(term))


def mark_salt(kind: str) -> int:
    """Compute what, with the patient's identity (exclusive or), gives the key of any deny or permit of that patient."""
    return keys.hash64(f"~{kind}\x1fpatient")


MEMBER: Final = keys.hash64("~member")
"""With a patient's identity (exclusive or): a key of resources that belong to several patients."""


def terms_asked(shield: Shield, classes: Sequence[str], *, named: bool = False) -> tuple[Term, ...]:
    """Give every term that means the principal and any of the classes. named: only terms that name the purpose."""
    wanted = shield.purposes if named else (ANY, *shield.purposes)
    return tuple(product(shield.actors, wanted, classes))


@cites("R7-002", "R7-006", "R7-021")
def provisions(consent: Struct, *, base_url: str = "") -> tuple[Provision, ...]:
    """Read the terms of a Consent; none unless it is active and has a provision of a kind."""
    it: Any = consent
    root = it.provision
    if it.status != "active" or root is None or root.type is None:
        return ()
    found = list(_terms(root.type, root, (FIRST, LAST), base_url))
    within = _span(root.period, (FIRST, LAST))
    for inner in root.provision or ():
        found += _inner(root.type, inner, within, base_url)
    return tuple(dict.fromkeys(found))


def _inner(above: str, provision: Any, within: tuple[int, int], base_url: str) -> Iterator[Provision]:
    """Read an exception; deeper ones only as far as they deny."""
    kind = provision.type or ("permit" if above == "deny" else "deny")
    yield from _terms(kind, provision, within, base_url)
    if kind == "permit" and above == "deny" and not any(one.type != "permit" for one in provision.provision or ()):
        yield from _terms("except", provision, within, base_url)
    for deeper in provision.provision or ():
        for one in _inner(kind, deeper, _span(provision.period, within), base_url):
            if one.kind == "deny":
                yield one


def _terms(kind: str, provision: Any, within: tuple[int, int], base_url: str) -> Iterator[Provision]:
    denies = kind == "deny"
    lo, hi = _span(provision.period, within)
    if lo >= hi:
        return
    narrowed = provision.code or provision.data or provision.dataPeriod
    actions = {coding.code for action in provision.action or () for coding in action.coding or ()}
    if not denies and (narrowed or (provision.action and not actions & _USES)):
        return
    actors = _named([_actor(one, base_url) for one in provision.actor or ()], denies=denies)
    reasons = _named([_purpose(one) for one in provision.purpose or ()], denies=denies)
    classes = [_class(one) for one in provision.class_ or ()]
    marked = [_class(one) for one in provision.securityLabel or ()]
    if classes and marked and not denies:
        return
    sorts = _named([*classes, *marked], denies=denies)
    if len(actors) * len(reasons) * len(sorts) > MOST_TERMS:
        actors = reasons = sorts = (ANY,) if denies else ()
    for term in product(actors, reasons, sorts):
        yield Provision(kind, term, lo, hi)


def _named(found: Iterable[str | None], *, denies: bool) -> tuple[str, ...]:
    """Give what is named, any when nothing is. What we do not know makes a denial general, and permits nothing."""
    every = list(found)
    if not every or (denies and None in every):
        return (ANY,)
    return tuple(dict.fromkeys(one for one in every if one is not None))


def _actor(actor: Any, base_url: str) -> str | None:
    text = actor.reference.reference if actor.reference is not None else None
    if text:
        target = references.local(text, base_url)
        return f"{target.type}/{target.id}" if target is not None and target.type in _ACTORS else None
    for coding in (actor.role.coding if actor.role is not None else None) or ():
        if coding.system == ROLES and coding.code:
            return f"role:{coding.code}"
    return None


def _purpose(coding: Any) -> str | None:
    return coding.code if coding.system == purposes.SYSTEM and coding.code in purposes.PURPOSES else None


def _class(coding: Any) -> str | None:
    code = coding.code or ""
    match coding.system:
        case x if x == labels.SPECIAL and code in labels.SPECIAL_CODES:
            return f"label:{code}"
        case x if x == labels.LEVEL and code == "5":
            return "label:5"
        case x if x == labels.CLASS and code in labels.CLASSES:
            return f"class:{code}"
        case x if x == RESOURCE_TYPES and code in keys.TYPE_CODES:
            return f"type:{code}"
        case _:
            return None


def _span(period: Any, within: tuple[int, int]) -> tuple[int, int]:
    found = indexers.date_range("Period", period) if period is not None else None
    lo, hi = found or (FIRST, LAST)
    return max(lo, within[0]), min(hi, within[1])
