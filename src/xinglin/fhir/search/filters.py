"""``_filter``: conditions with and, or, not and parentheses (http://hl7.org/fhir/R4/search_filter.html).

Each comparison becomes the search parameter it stands for, so that both mean the same. Paths may be chains; conditions
in brackets on a step of a path are not supported, nor are ``ew`` and ``po``.
"""

import re
from typing import Final

from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search import catalog, names
from xinglin.fhir.search.conditions import Setting
from xinglin.fhir.search.query import And, Condition, Not, Or
from xinglin.fhir.search.values import bad, escape, unsupported

DEEPEST: Final = 20
MOST_WORDS: Final = 500

_WORD = re.compile(r'\s+|([()])|("(?:[^"\\]|\\.)*")|([^\s()"]+)')
_ORDERED = frozenset({"gt", "lt", "ge", "le", "ap", "sa", "eb"})
_MODIFIED = {"co": "contains", "in": "in", "ni": "not-in", "ss": "above", "sb": "below"}


def condition(resource_type: str, text: str, setting: Setting) -> Condition:
    """Read a whole filter; OutcomeError 400 when it is none, or asks for what is not there."""
    reading = _Reading(resource_type, _words(text), setting)
    made = reading.alternatives(0)
    if reading.more():
        raise bad("_filter", f"'{reading.next()[:80]}' is one too many.")
    return made


def _words(text: str) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(text):
        word = _WORD.match(text, at)
        if word is None:
            raise bad("_filter", f"a quotation mark at {at} is not closed.")
        if not word.group().isspace():
            found.append(word.group())
        at = word.end()
    if len(found) > MOST_WORDS:
        raise bad("_filter", f"has more than {MOST_WORDS} words.")
    return found


class _Reading:
    """A recursive descent over the words: or, and, not or parentheses, comparison."""

    def __init__(self, resource_type: str, words: list[str], setting: Setting) -> None:
        self.type = resource_type
        self.words = words
        self.setting = setting
        self.at = 0

    def more(self) -> bool:
        """Tell whether words are left."""
        return self.at < len(self.words)

    def next(self) -> str:
        """Take the next word."""
        if not self.more():
            raise bad("_filter", "ends too early.")
        self.at += 1
        return self.words[self.at - 1]

    def took(self, word: str) -> bool:
        """Take the next word if it is *word*."""
        if self.more() and self.words[self.at] == word:
            self.at += 1
            return True
        return False

    def alternatives(self, depth: int) -> Condition:
        """Read what ``or`` joins."""
        found = [self.conjunction(depth)]
        while self.took("or"):
            found.append(self.conjunction(depth))
        return found[0] if len(found) == 1 else Or(tuple(found))

    def conjunction(self, depth: int) -> Condition:
        """Read what ``and`` joins."""
        found = [self.single(depth)]
        while self.took("and"):
            found.append(self.single(depth))
        return found[0] if len(found) == 1 else And(tuple(found))

    def single(self, depth: int) -> Condition:
        """Read a negation, a group or a comparison."""
        if depth > DEEPEST:
            raise bad("_filter", f"is nested deeper than {DEEPEST}.")
        if self.took("not"):
            return Not(self.single(depth + 1))
        if self.took("("):
            inner = self.alternatives(depth + 1)
            if not self.took(")"):
                raise bad("_filter", "a parenthesis is not closed.")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        """Read path, operator, value."""
        path, operator, value = self.next(), self.next(), self.next()
        if "[" in path:
            raise unsupported("_filter", "conditions on a step of a path are not supported.")
        text = _unquoted(value)
        try:
            return _comparison(self.type, path, operator, text, self.setting)
        except names.Unknown as unknown:
            # Dropping a part of a filter would change what the rest means.
            raise OutcomeError(*unknown.issues) from None


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _comparison(resource_type: str, path: str, operator: str, value: str, setting: Setting) -> Condition:
    kinds = _kinds(resource_type, path)
    asked = (
        "|".join(escape(part) for part in value.split("|")) if kinds & {"token", "quantity", "uri"} else escape(value)
    )
    if operator == "ne":
        return Not(_comparison(resource_type, path, "eq", value, setting))
    if operator == "pr":
        opposite = {"true": "false", "false": "true"}.get(value)
        if opposite is None:
            raise bad("_filter", "'pr' takes true or false.")
        return names.condition(resource_type, f"{path}:missing", opposite, setting)
    if operator in {"eq", "re"}:
        return names.condition(resource_type, f"{path}:exact" if "string" in kinds else path, asked, setting)
    if operator == "sw" and "string" in kinds:
        return names.condition(resource_type, path, asked, setting)
    if operator in _ORDERED:
        if not kinds & {"date", "number", "quantity"}:
            raise bad("_filter", f"'{operator}' does not suit '{path[:80]}'.")
        return names.condition(resource_type, path, operator + asked, setting)
    if operator in _MODIFIED:
        return names.condition(resource_type, f"{path}:{_MODIFIED[operator]}", asked, setting)
    raise unsupported("_filter", f"the operator '{operator[:20]}' is not supported here.")


def _kinds(resource_type: str, path: str) -> set[str]:
    """Give the kinds of parameter that a path ends with, on any type it may lead to."""
    at = {resource_type}
    steps = [step.partition(":") for step in path.split(".")]
    for code, _, wanted in steps[:-1]:
        at = {wanted} if wanted else {target for on in at for target in catalog.targets(on, code)}
    last = steps[-1][0]
    return {found.kind for on in at if (found := catalog.parameter(on, last)) is not None}
