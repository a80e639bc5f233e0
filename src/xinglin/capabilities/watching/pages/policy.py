"""The whole policy on one page: who may do what, on which part of the record, why, and what is covered."""

from collections.abc import Iterable
from typing import Any, Final

from xinglin.security.accounts import STAFF_ROLES
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.store.door import UnitOfWork
from xinglin.web.names import element_name
from xinglin.web.view import Form, Language, View

ROLES: Final = ("resident", "guardian", *STAFF_ROLES, "partner", "developer", "system")


async def show(work: UnitOfWork, form: Form) -> View:
    """Show every grant, those of the same right in one line; filtered by role, type and interaction."""
    role, type, interaction = form["role"], form["type"], form["interaction"]
    grants = work.door.rulebook.grants
    kept = [
        one
        for one in grants
        if (not role or one.role == role)
        and (not type or one.on in {type, "*"})
        and (not interaction or interaction in one.interactions)
    ]
    lines = _lines(kept, form.language)
    return View(
        "watching/policy.html",
        {
            "groups": [(one, [line for line in lines if line["role"] == one]) for one in _roles(lines)],
            "roles": _roles(_lines(grants, form.language)),
            "types": sorted({one.on for one in grants if one.on != "*"}),
            "interactions": sorted(INTERACTIONS),
            "role": role,
            "type": type,
            "interaction": interaction,
            "count": len(lines),
            "at": work.now,
        },
    )


def _roles(lines: Iterable[dict[str, Any]]) -> list[str]:
    held = {str(line["role"]) for line in lines}
    return [one for one in ROLES if one in held] + sorted(held - set(ROLES))


def _lines(grants: Iterable[Grant], language: Language) -> list[dict[str, Any]]:
    """Put grants together that differ in their type alone."""
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for one in grants:
        masks = frozenset(mask.partition(".")[2] for mask in one.masks)
        key = (one.role, one.called if one.name else "", one.interactions, one.reach, one.purposes, masks, one.needs)
        line = found.setdefault(
            (*key, one.operations),
            {
                "role": one.role,
                "name": one.name,
                "source": one.source,
                "ways": _ways(one.interactions),
                "operations": sorted(one.operations),
                "reach": one.reach,
                "words": reach_words(one.reach),
                "purposes": sorted(one.purposes),
                "masks": [element_name(f"{one.on}.{mask}", language) for mask in sorted(masks)],
                "needs": sorted(one.needs),
                "types": [],
            },
        )
        if one.on not in line["types"]:
            line["types"].append(one.on)
    return list(found.values())


_READING: Final = frozenset({"read", "vread", "search", "history"})
_WAYS: Final = ("read", "vread", "search", "history", "create", "update", "patch", "delete", "operate")


def _ways(interactions: frozenset[str]) -> list[str]:
    """List interactions in their usual order; all ways of reading are one word."""
    if interactions >= _READING:
        return ["reading", *(way for way in _WAYS if way in interactions - _READING)]
    return [way for way in _WAYS if way in interactions]


def reach_words(reach: str) -> tuple[str, tuple[str, ...]]:
    """Say what kind of reach it is, for people: a key of the texts and the relations that it names."""
    first, _, _ = reach.partition("&")  # what else the search asks stands in it as it is
    name, _, value = first.partition("=")
    if not reach:
        return "all", ()
    if name == "_relation":
        return "related", tuple(value.split(","))
    if name == "_relation:organization":
        return "related-here", tuple(value.split(","))
    if name == "_permit":
        return "permitted", ()
    for holder, key in (
        ("{patients", "own"),
        ("{practitioner", "mine"),
        ("{organization", "here"),
    ):
        if holder in reach:
            return key, ()
    return "search", ()
