"""Codes in forms: what a combo box offers, and what was picked or typed.

A template writes the field with the macro ``code_picker`` (kit/codes.html); the page that takes the form asks `picked`.
With JavaScript the hidden field holds the choice as ``system|code``. Without it the typed text decides: a code, or a
name that only one concept has; of several the page asks again with those as a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.concepts import Add, Found, concept, find
from xinglin.store.terminology.members import Members, members, value_set
from xinglin.store.terminology.systems import System, system_of
from xinglin.store.terminology.words import plain
from xinglin.web.view import Form

MOST_OPTIONS: Final = 20
TYPED: Final = ".text"
BEIJING: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a field takes codes from: some systems, or the part of them that a value set holds."""

    systems: tuple[System, ...]
    held: Members | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """What a field came to.

    system, code, display: of the concept, empty when there is none. text: as typed. options: (``system|code``, text)
    to choose from when the text fits several. fault: key of a text that says what to mend, empty when all is well.
    """

    system: str = ""
    code: str = ""
    display: str = ""
    text: str = ""
    options: tuple[tuple[str, str], ...] = ()
    fault: str = ""


async def scope_of(work: UnitOfWork, *, systems: Sequence[str] = (), value_set: str = "") -> Scope:
    """Find what a field takes codes from; systems that are not known are left out; OutcomeError 404 of a value set."""
    if value_set:
        held = await members(work.executor, await _value_set(work, value_set))
        return Scope(tuple(held.systems.values()), held)
    found = [await system_of(work.executor, url) for url in systems]
    return Scope(tuple(one for one in found if one is not None))


async def _value_set(work: UnitOfWork, url: str) -> dict[str, object]:
    return await value_set(work.executor, url)


async def suggestions(work: UnitOfWork, scope: Scope, text: str, on: date) -> list[Found]:
    """Give the concepts that somebody may mean who types *text*: those that count on a day, the likeliest first."""
    if not scope.systems:
        return []
    add = Add(*scope.held.add.args) if scope.held is not None else Add()
    today = add(on)
    held = f"({scope.held.condition}) AND " if scope.held is not None else ""
    counts = f"(c.since IS NULL OR c.since <= {today}) AND (c.until IS NULL OR c.until > {today}) AND NOT c.abstract"
    return await find(work.executor, text, scope.systems, condition=f"{held}{counts}", add=add, count=MOST_OPTIONS)


async def picked(
    work: UnitOfWork, form: Form, name: str, *, systems: Sequence[str] = (), value_set: str = ""
) -> Picked:
    """Read a field that ``code_picker`` wrote.

    An empty field is an empty answer without fault: whether one is needed is the page's matter.
    """
    text, chosen = form[f"{name}{TYPED}"].strip(), form[name]
    scope = await scope_of(work, systems=systems, value_set=value_set)
    today = work.now.astimezone(BEIJING).date()
    if chosen and (found := await _chosen(work, scope, chosen)) is not None and _still(found, text):
        return Picked(found.system.url, found.code, found.display, text or found.display)
    if not text:
        return Picked()
    options = await suggestions(work, scope, text, today)
    exact = [one for one in options if plain(text) in {plain(one.code), *map(plain, one.names)}]
    if len(exact) == 1 or len(options) == 1:
        one = (exact or options)[0]
        return Picked(one.system.url, one.code, one.display, one.display)
    listed = tuple((f"{one.system.url}|{one.code}", f"{one.code} {one.display}") for one in options)
    return Picked(text=text, options=listed, fault="kit.code.several" if listed else "kit.code.none")


async def _chosen(work: UnitOfWork, scope: Scope, chosen: str) -> Found | None:
    url, _, code = chosen.rpartition("|")
    system = next((one for one in scope.systems if one.url == url), None)
    found = await concept(work.executor, system, code) if system is not None else None
    if found is None or scope.held is None:
        return found
    add = Add(*scope.held.add.args)
    condition = f"({scope.held.condition}) AND c.code = {add(code)}"
    return found if await find(work.executor, "", [found.system], condition=condition, add=add, count=1) else None


def _still(found: Found, text: str) -> bool:
    """Tell whether the text beside a choice still says it; a choice without text (a list) is what it is."""
    return not text or plain(text) in {
        plain(found.code),
        *map(plain, found.names),
        plain(f"{found.code} {found.display}"),
    }
