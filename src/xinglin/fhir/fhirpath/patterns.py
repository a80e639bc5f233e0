r"""Regular expressions whose cost is bounded, for patterns and texts that come from outside.

Python's own engine backtracks: `(a+)+$` takes exponential time. So a pattern's worst cost is estimated from its parse
tree. When it is small, Python's engine runs; otherwise a set of states is carried over the text, which takes text ×
pattern steps. What that can't do (look-around, back references, replacing) is refused with an execution error.
"""

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from re import _constants as names  # type: ignore[attr-defined]  # the parse tree of re has no public name
from re import _parser as reader  # type: ignore[attr-defined]
from typing import Any, Final

from xinglin.fhir.fhirpath.errors import FhirPathError

_MAX_PATTERN: Final = 2_000
_MAX_TEXT: Final = 200_000
# Steps that Python's engine may take, and that the slower simulation may take.
_BACKTRACKING_STEPS: Final = 20_000_000
_SIMULATION_STEPS: Final = 2_000_000
_MAX_STATES: Final = 3_000
# From so many copies on a bounded repetition counts as unbounded.
_MANY: Final = 16


def search(pattern: str, text: str) -> bool:
    """Say whether *pattern* occurs in *text*; the dot matches line ends."""
    if _affordable(pattern, len(text)):
        return _compiled(pattern).search(text) is not None
    return _simulate(pattern, text, whole=False)


def full(pattern: str, text: str) -> bool:
    """Say whether *pattern* matches the whole *text*."""
    if _affordable(pattern, len(text)):
        return _compiled(pattern).fullmatch(text) is not None
    return _simulate(pattern, text, whole=True)


def replace(pattern: str, text: str, substitution: str) -> str:
    """Replace every match; ``$1`` and ``${name}`` stand for groups. An empty pattern changes nothing."""
    if not pattern:
        return text
    if not _affordable(pattern, len(text)):
        raise FhirPathError("execution", "The pattern could take too long on this text")
    compiled = _compiled(pattern)

    def one(match: re.Match[str]) -> str:
        return _GROUP.sub(lambda group: _group(match, group), substitution)

    return compiled.sub(one, text)


_GROUP: Final = re.compile(r"\\(.)|\$(\d+)|\$\{(\w+)\}", re.DOTALL)


def _group(match: re.Match[str], group: re.Match[str]) -> str:
    if group.group(1) is not None:
        return str(group.group(1))
    name: str | int = int(group.group(2)) if group.group(2) is not None else group.group(3)
    try:
        return match.group(name) or ""
    except IndexError:
        raise FhirPathError("execution", f"The pattern has no group {name}") from None


@lru_cache(maxsize=1024)
def _translated(pattern: str) -> str:
    """Turn named groups of the usual spelling into Python's."""
    return re.sub(r"\(\?<(?![=!])", "(?P<", pattern)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > _MAX_PATTERN:
        raise FhirPathError("execution", f"The pattern is longer than {_MAX_PATTERN} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(_translated(pattern), re.DOTALL)
    except (re.error, OverflowError, RecursionError) as fault:
        raise FhirPathError("execution", f"The pattern can't be read: {fault}") from None


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> Any:
    _compiled(pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reader.parse(_translated(pattern), re.DOTALL)


@lru_cache(maxsize=1024)
def _degree(pattern: str) -> int | None:
    """Return the power of the text's length that bounds the cost; None when there may be no such bound."""
    return _degree_of(_parsed(pattern))


def _degree_of(items: Any) -> int | None:
    total = 0
    for operation, argument in items:
        found: int | None = 0
        if operation in {names.MAX_REPEAT, names.MIN_REPEAT, names.POSSESSIVE_REPEAT}:
            least, most, body = argument
            found = _degree_of(body)
            if most > _MANY and most != least:
                found = 1 if found == 0 and not _branches(body) else None
            elif found is not None:
                found *= int(most)
        elif operation is names.SUBPATTERN:
            found = _degree_of(argument[3])
        elif operation is names.BRANCH:
            parts = [_degree_of(part) for part in argument[1]]
            found = None if None in parts else max(part for part in parts if part is not None)
        elif operation in {names.ASSERT, names.ASSERT_NOT}:
            found = _degree_of(argument[1])
        elif operation in {names.GROUPREF, names.ATOMIC_GROUP, names.GROUPREF_EXISTS}:
            found = None
        if found is None:
            return None
        total += found
    return total


def _branches(items: Any) -> bool:
    """Say whether a body has alternatives, or parts of varying length."""
    for operation, argument in items:
        if operation is names.BRANCH:
            return True
        if operation is names.SUBPATTERN and _branches(argument[3]):
            return True
        if operation in {names.MAX_REPEAT, names.MIN_REPEAT} and (argument[0] != argument[1] or _branches(argument[2])):
            return True
    return False


def _affordable(pattern: str, length: int) -> bool:
    if length > _MAX_TEXT:
        raise FhirPathError("execution", f"The text is longer than {_MAX_TEXT} characters")
    degree = _degree(pattern)
    return degree is not None and int(max(length, 1)) ** (degree + 1) <= _BACKTRACKING_STEPS


# Simulation: Thompson's construction, without captures -----------------------------------------------------------


@dataclass(slots=True)
class _State:
    """One state: a test of a character (None: none), conditions on the position, and where it leads."""

    accepts: re.Pattern[str] | None = None
    position: object | None = None
    leads: list["_State"] = field(default_factory=list)


def with_flags(pattern: str, flags: str) -> str:
    """Return *pattern* with flags: ``i`` ignores case, ``m`` lets ``^`` and ``$`` match at line ends."""
    if not set(flags) <= {"i", "m"}:
        raise FhirPathError("execution", f"Unknown flags {flags!r}: i and m are known")
    return f"(?{flags}){pattern}" if flags else pattern


def _simulate(pattern: str, text: str, *, whole: bool) -> bool:
    start, end, count = _automaton(pattern)
    if count * (len(text) + 1) > _SIMULATION_STEPS:
        raise FhirPathError("execution", "The pattern could take too long on this text")
    current: dict[int, _State] = {}
    for at in range(len(text) + 1):
        if at == 0 or not whole:
            current[id(start)] = start
        closure = _closure(current.values(), text, at)
        if id(end) in closure and (not whole or at == len(text)):
            return True
        if at == len(text):
            return False
        current = {
            id(after): after
            for state in closure.values()
            if state.accepts is not None and state.accepts.match(text[at])
            for after in state.leads
        }
    return False


def _closure(states: Any, text: str, at: int) -> dict[int, _State]:
    found: dict[int, _State] = {}
    open_ = list(states)
    while open_:
        state = open_.pop()
        if id(state) in found or (state.position is not None and not _holds(state.position, text, at)):
            continue
        found[id(state)] = state
        if state.accepts is None:
            open_ += state.leads
    return found


def _holds(position: object, text: str, at: int) -> bool:
    before = at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_")
    after = at < len(text) and (text[at].isalnum() or text[at] == "_")
    if position in {names.AT_BEGINNING, names.AT_BEGINNING_STRING}:
        return at == 0
    if position is names.AT_END:
        return at == len(text) or (at == len(text) - 1 and text[at] == "\n")
    if position is names.AT_END_STRING:
        return at == len(text)
    return (before != after) == (position is names.AT_BOUNDARY)


@lru_cache(maxsize=64)
def _automaton(pattern: str) -> tuple[_State, _State, int]:
    made: list[_State] = []
    if _parsed(pattern).state.flags & (re.IGNORECASE | re.MULTILINE | re.ASCII | re.VERBOSE):
        raise _no_other_way()
    start = _state(made)
    end = _chain(_parsed(pattern), start, made)
    return start, end, len(made)


def _state(made: list[_State], accepts: re.Pattern[str] | None = None) -> _State:
    if len(made) > _MAX_STATES:
        raise FhirPathError("execution", "The pattern is too large")
    made.append(_State(accepts))
    return made[-1]


def _chain(items: Any, start: _State, made: list[_State]) -> _State:
    for operation, argument in items:
        start = _piece(operation, argument, start, made)
    return start


def _piece(operation: Any, argument: Any, start: _State, made: list[_State]) -> _State:
    """Add the states of one piece after *start*; return the state where it ends."""
    if operation is names.SUBPATTERN:
        if argument[1] or argument[2]:  # flags of a group
            raise _no_other_way()
        return _chain(argument[3], start, made)
    if operation is names.AT:
        state = _state(made)
        state.position = argument
        start.leads.append(state)
        end = _state(made)
        state.leads.append(end)
        return end
    if operation is names.BRANCH:
        end = _state(made)
        for part in argument[1]:
            head = _state(made)
            start.leads.append(head)
            _chain(part, head, made).leads.append(end)
        return end
    if operation in {names.MAX_REPEAT, names.MIN_REPEAT}:
        return _repetition(argument, start, made)
    character = _state(made, _character(operation, argument))
    start.leads.append(character)
    end = _state(made)
    character.leads.append(end)
    return end


def _repetition(argument: Any, start: _State, made: list[_State]) -> _State:
    least, most, body = argument
    for _ in range(least):
        start = _chain(body, start, made)
    end = _state(made)
    if most is names.MAXREPEAT:
        loop = _state(made)
        start.leads.append(loop)
        loop.leads.append(end)
        _chain(body, loop, made).leads.append(loop)
        return end
    start.leads.append(end)
    for _ in range(most - least):
        start = _chain(body, start, made)
        start.leads.append(end)
    return end


def _character(operation: Any, argument: Any) -> re.Pattern[str]:
    if operation is names.ANY:
        return re.compile(r".", re.DOTALL)
    if operation is names.LITERAL:
        return re.compile(re.escape(chr(argument)))
    if operation is names.NOT_LITERAL:
        return re.compile(f"[^{re.escape(chr(argument))}]", re.DOTALL)
    if operation is names.IN:
        return re.compile(f"[{''.join(_set_part(*part) for part in argument)}]")
    raise _no_other_way()


def _no_other_way() -> FhirPathError:
    return FhirPathError("execution", "The pattern could take too long, and can't be run another way")


_CATEGORIES: Final = {
    names.CATEGORY_DIGIT: r"\d", names.CATEGORY_NOT_DIGIT: r"\D",
    names.CATEGORY_SPACE: r"\s", names.CATEGORY_NOT_SPACE: r"\S",
    names.CATEGORY_WORD: r"\w", names.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _set_part(operation: Any, argument: Any) -> str:
    if operation is names.NEGATE:
        return "^"
    if operation is names.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if operation is names.CATEGORY:
        return _CATEGORIES[argument]
    return re.escape(chr(argument))
