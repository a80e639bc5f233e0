"""SMART scopes: what an app may do with the rights of whoever lets it in. They narrow rights and never widen them.

Read are SMART App Launch 2.2 (``patient/Observation.rs?category=laboratory``) and its version 1
(``patient/Observation.read``). Source: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import parse_qsl

from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search.names import criteria
from xinglin.security.grants import NOTHING, Reach
from xinglin.security.principal import Principal

Context = Literal["patient", "user", "system"]

LETTERS: Final = "cruds"
LAUNCH: Final = frozenset({"launch", "launch/patient", "launch/encounter"})
# What says who one is, and how long an app may stay.
IDENTITY: Final = frozenset({"openid", "fhirUser", "profile", "offline_access", "online_access"})
WORDS: Final = LAUNCH | IDENTITY

LONGEST: Final = 4_096  # characters of all scopes of a request
MOST: Final = 200

_SHAPE: Final = re.compile(r"(patient|user|system)/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?")
_VERSION_1: Final = {"read": "rs", "write": "cud", "*": LETTERS}
# What a letter allows. Reading the history of a type finds what one does not know yet, so history asks for both.
_NEEDS: Final = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search": "s",
    "history": "rs",
}
_WRITES: Final = frozenset({"create", "update", "patch", "delete"})
_TAGS: Final = frozenset({"_id", "_lastUpdated", "_tag", "_profile", "_security"})
_WHO: Final = frozenset({"identifier", "telecom", "phone", "email", "patient-identifier", "subject-identifier"})
# Types that are about no patient; a patient scope reads them as far as the person's own grants reach.
SHARED: Final = frozenset(
    {
        *("Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Endpoint"),
        *("Medication", "Substance", "Questionnaire", "CodeSystem", "ValueSet", "Schedule", "Slot"),
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope over resources.

    type: FHIR type, or ``*``. letters: of ``cruds``, in this order. clause: a FHIR search that narrows it, or empty.
    """

    context: Context
    type: str
    letters: str
    clause: str = ""

    def __str__(self) -> str:
        """Spell it as version 2 does."""
        return f"{self.context}/{self.type}.{self.letters}" + (f"?{self.clause}" if self.clause else "")

    def allows(self, interaction: str, type: str) -> bool:
        """Tell whether it speaks of *interaction* on *type* at all."""
        needs = _NEEDS.get(interaction)
        return needs is not None and self.type in {"*", type} and all(letter in self.letters for letter in needs)


@dataclass(frozen=True, slots=True)
class Asked:
    """Scopes as a client asked for them: what was understood, as spelled, in order and once; and what was not."""

    scopes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def resources(self) -> tuple[Scope, ...]:
        """The scopes over resources among them."""
        return tuple(found for spelled in self.scopes if (found := parse(spelled)) is not None)


@lru_cache(maxsize=4_096)
def parse(spelled: str) -> Scope | None:
    """Read one scope over resources, of version 1 or 2; None when it is none."""
    found = _SHAPE.fullmatch(spelled)
    if found is None:
        return None
    context, type, letters, clause = found.groups()
    if not letters or (type != "*" and type not in RESOURCES):
        return None
    if clause is not None and (letters in _VERSION_1 or type == "*" or not _is_search(type, clause)):
        return None
    return Scope(context, type, _VERSION_1.get(letters, letters), clause or "")  # type: ignore[arg-type]


def asked(text: str) -> Asked:
    """Take the ``scope`` parameter apart. An unknown or malformed scope is a fault of its own and drops out."""
    spelled = dict.fromkeys(text[:LONGEST].split(" ")) if len(text) <= LONGEST else {}
    known: list[str] = []
    faults: list[str] = [] if len(text) <= LONGEST else [f"longer than {LONGEST} characters"]
    for one in spelled:
        if not one:
            continue
        if len(known) < MOST and (one in WORDS or parse(one) is not None):
            known.append(one)
        else:
            faults.append(one)
    return Asked(tuple(known), tuple(faults))


def common(wanted: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Give what of the *wanted* scopes the *allowed* ones cover: words as they stand, resources by their overlap.

    A scope that is covered as a whole keeps its spelling, so a client of version 1 reads back what it asked for.
    """
    limits = tuple(allowed)
    bounds = [found for one in limits if (found := parse(one)) is not None]
    given: dict[str, None] = {}
    for one in wanted:
        scope = parse(one)
        if scope is None:
            if one in limits:
                given[one] = None
            continue
        overlaps = [made for bound in bounds if (made := _overlap(scope, bound)) is not None]
        if scope in overlaps:
            given[one] = None
        else:
            given |= dict.fromkeys(str(made) for made in overlaps)
    return tuple(given)


def of_context(scopes: Iterable[str], contexts: frozenset[str]) -> tuple[str, ...]:
    """Keep the words, and the scopes over resources of these contexts."""
    return tuple(one for one in scopes if (found := parse(one)) is None or found.context in contexts)


def narrow(reach: Reach, principal: Principal, interaction: str, type: str) -> Reach:
    """Narrow what the grants reach to what the principal's scopes allow; without scopes nothing changes.

    Several scopes of a type add up; their search clauses stand beside the grant's reach (both must find a resource).
    ``patient/`` scopes are bound to the patient of the launch: reads to the compartment, writes to what is about the
    patient, and no other patient can be made (behaviour 28).
    """
    if principal.scopes is None or reach.nothing:
        return reach
    searches: list[str] = []
    for spelled in sorted(principal.scopes):
        scope = parse(spelled)
        if scope is None or not scope.allows(interaction, type):
            continue
        bounds = _bounds(scope, principal.launch_patient, interaction, type)
        if "" in bounds:
            return reach
        searches += [search for search in bounds if search not in searches]
    return replace(reach, also=(*reach.also, tuple(searches))) if searches else NOTHING


def may_call(principal: Principal, type: str, *, affects_state: bool) -> bool:
    """Tell whether the scopes let an app call an operation on *type* (``*``: of the system).

    SMART says nothing of operations: one that only reads needs read and search, any other all letters, in both cases
    of a ``user/`` or ``system/`` scope without clause, or of a ``patient/`` scope when it only reads.
    """
    if principal.scopes is None:
        return True
    needs = set(LETTERS if affects_state else "rs")
    contexts = {"user", "system"} if affects_state else {"patient", "user", "system"}
    return any(
        scope.context in contexts and scope.type in {"*", type} and not scope.clause and needs <= set(scope.letters)
        for spelled in principal.scopes
        if (scope := parse(spelled)) is not None
    )


def _bounds(scope: Scope, patient: str | None, interaction: str, type: str) -> tuple[str, ...]:
    """Give the searches of which one must find a resource; an empty one finds all, no search nothing."""
    if scope.context != "patient":
        return (scope.clause,)
    if patient is None or (type == "Patient" and interaction == "create"):
        return ()
    searches = bound_to(patient, type, writes=interaction in _WRITES)
    return tuple("&".join(part for part in (search, scope.clause) if part) for search in searches)


@lru_cache(maxsize=65_536)
def bound_to(patient: str, type: str, *, writes: bool) -> tuple[str, ...]:
    """Give the searches for what of *type* belongs to the compartment of *patient* (``Patient/1``); any counts.

    writes: only what is about the patient, so that nobody writes into another record by naming this patient on the
    side (as performer, say). Types without a place in it: none, or all when they are about nobody and only read.
    """
    if type == "Patient":
        return (f"_id={patient.rpartition('/')[2]}",)
    about = tuple(code for code in ("patient", "subject") if _names_patient(type, code))
    if writes:
        return tuple(f"{code}={patient}" for code in about[:1])
    codes = COMPARTMENTS["Patient"].get(type, ())
    if codes:
        return tuple(f"{code}={patient}" for code in dict.fromkeys((*about[:1], *codes)))
    if about:
        return (f"{about[0]}={patient}",)
    return ("",) if type in SHARED else ()


def _names_patient(type: str, code: str) -> bool:
    parameter = PARAMETERS[type].get(code)
    return parameter is not None and parameter.kind == "reference" and "Patient" in (parameter.targets or ("Patient",))


def _overlap(one: Scope, other: Scope) -> Scope | None:
    letters = "".join(letter for letter in one.letters if letter in other.letters)
    if one.context != other.context or not letters:
        return None
    if "*" not in {one.type, other.type} and one.type != other.type:
        return None
    clauses = dict.fromkeys(clause for clause in (one.clause, other.clause) if clause)
    type = other.type if one.type == "*" else one.type
    return Scope(one.context, type, letters, "&".join(clauses))


def _may_narrow(type: str, name: str) -> bool:
    """Tell whether a clause may ask by *name*: what says who somebody is, chains and what only grants may name may not.

    A clause is no search of the person who lets the app in: by what it lets through it would answer guesses.
    """
    code, _, modifier = name.partition(":")
    if modifier not in {"", "not", "missing"}:
        return False
    if code.startswith("_"):
        return code in _TAGS
    parameter = PARAMETERS[type].get(code)
    return parameter is not None and parameter.kind in {"token", "date", "reference"} and code not in _WHO


def _is_search(type: str, clause: str) -> bool:
    """Tell whether the clause is a search that may narrow a scope."""
    try:
        named = [name for name, _ in parse_qsl(clause, keep_blank_values=True, strict_parsing=True, max_num_fields=20)]
        if not all(_may_narrow(type, name) for name in named):
            return False
        criteria(type, clause)
    except (OutcomeError, ValueError):
        return False
    return True
