"""Masks: how parts of names, numbers, telephone numbers and addresses are covered when they are shown (R7-034).

The patterns are settings (A.11); `take` sets those of a process once, as the pages and the door mask alike.
"""

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import lru_cache
from typing import Any, Final

from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.sources import cites
from xinglin.security.patterns import Address, Patterns

MASKED_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
MASKED: Final = "MASKED"
STAR: Final = "*"


class _InForce:
    """The patterns of this process: the book's, until `take` is called at the start."""

    patterns: Patterns = Patterns()


def take(patterns: Patterns) -> None:
    """Mask by *patterns* in this process from now on; the program says so once, at its start."""
    _InForce.patterns = patterns


LONG: Final = 15  # characters from which on a number is an identity number or as telling
SHORT: Final = 4  # characters up to which nothing of a number is shown
PHONE_DIGITS: Final = 11


@cites("R7-034")
def name(text: str) -> str:
    """Cover all of a name but its first and last character: 张小三 → 张*三, 张三 → 张*."""
    letters = text.strip()
    first, last = _InForce.patterns.name
    if len(letters) <= first + last:
        last = 0
    if len(letters) <= first + last:
        first = 0
    return _ends(letters, first, last)


@cites("R7-034")
def number(text: str) -> str:
    """Cover a number but its first 6 and last 4 characters; of a short one all but the last 2."""
    first, last = _InForce.patterns.number
    if len(text) >= LONG:
        return _ends(text, first, last)
    return _ends(text, 0, min(last, 2)) if len(text) > SHORT else STAR * len(text)


@cites("R7-034")
def phone(text: str) -> str:
    """Cover the middle of a telephone number: 138****1234. An address of mail keeps its first letter and its host."""
    first, last = _InForce.patterns.phone
    if "@" in text:
        box, _, host = text.partition("@")
        return box[: min(first, 1)] + STAR * 3 + "@" + host
    digits = re.sub(r"\D", "", text)
    if len(digits) >= PHONE_DIGITS:
        return _ends(digits[-PHONE_DIGITS:], first, last)
    if not text:
        return ""
    return _ends(digits, 0, min(last, 2)) if len(digits) > SHORT else STAR * SHORT


def _ends(text: str, first: int, last: int) -> str:
    return text[:first] + STAR * (len(text) - first - last) + text[len(text) - last :]


_DISTRICT: Final = re.compile("[区县旗]")
_CITY: Final = re.compile("市")


@cites("R7-034")
def district(text: str) -> str:
    """Keep an address down to its district or county (区, 县, 旗), else its city (市)."""
    shown = _InForce.patterns.address
    city = _CITY.search(text)
    found = None if shown == "none" else city if shown == "city" else _DISTRICT.search(text) or city
    return text[: found.end()] + STAR * 3 if found is not None else STAR * 3


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _human_name(value: dict[str, Any]) -> dict[str, Any]:
    made = _only(value, "use")
    given = value.get("given") or []
    text = value.get("text") or "".join([value.get("family", ""), *given])
    return {**made, "text": name(text)}


def _identifier(value: dict[str, Any]) -> dict[str, Any]:
    made = _only(value, "use", "type", "system")
    return {**made, **({"value": number(value["value"])} if "value" in value else {})}


def _contact_point(value: dict[str, Any]) -> dict[str, Any]:
    made = _only(value, "system", "use", "rank")
    return {**made, **({"value": phone(value["value"])} if "value" in value else {})}


_PARTS: Final[dict[Address, tuple[str, ...]]] = {"district": ("city", "district"), "city": ("city",), "none": ()}


def _address(value: dict[str, Any]) -> dict[str, Any]:
    shown = _InForce.patterns.address
    kept = _only(value, "use", "country", "state", *_PARTS[shown])
    return {**kept, **({"text": district(value["text"])} if "text" in value else {})}


def _qualification(value: dict[str, Any]) -> dict[str, Any]:
    # A physician's qualification certificate ends in the identity number (R6-030).
    made = _only(value, "code", "period", "issuer", "extension")
    numbers = [_identifier(one) for one in value.get("identifier", ())]
    return {**made, **({"identifier": numbers} if numbers else {})}


_COVERS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "name": _human_name,
    "identifier": _identifier,
    "telecom": _contact_point,
    "address": _address,
    "qualification": _qualification,
}


@cites("R7-034")
def masked(document: dict[str, Any], masks: Iterable[str]) -> dict[str, Any]:
    """Give a resource without what *masks* name (``Patient.telecom``, ``Patient.contact``), marked as masked.

    Names, identifiers, contact points, addresses and the numbers of qualifications are covered; any other element is
    left out.
    The narrative and contained resources, which may repeat it, are left out.
    """
    made = {key: deepcopy(value) for key, value in document.items() if key not in {"text", "contained"}}
    for path in sorted(masks):
        type_, _, element = path.partition(".")
        if type_ != document.get("resourceType"):
            continue
        made.pop(f"_{element}", None)
        if element in _COVERS and element in made:
            values = made[element] if isinstance(made[element], list) else [made[element]]
            covered = [_COVERS[element](value) for value in values if isinstance(value, dict)]
            made[element] = covered if isinstance(made[element], list) else covered[0]
        elif element == "birthDate" and isinstance(made.get(element), str):
            made[element] = made[element][:4]
        else:
            made.pop(element, None)
    meta = made.setdefault("meta", {})
    meta["security"] = [*meta.get("security", ()), {"system": MASKED_SYSTEM, "code": MASKED}]
    return made


# Search parameters that tell something of an element although their expression names another.
_TELLS: Final[dict[str, frozenset[str]]] = {
    "name": frozenset({"name", "family", "given", "phonetic"}),
    "telecom": frozenset({"telecom", "phone", "email"}),
}
_EVERYWHERE: Final = frozenset({"_text", "_content", "_filter"})


@lru_cache(maxsize=1_024)
def hidden_parameters(type: str, masks: frozenset[str]) -> frozenset[str]:
    """Name the search parameters that would tell what *masks* hide of a type."""
    elements = {one.partition(".")[2] for one in masks if one.startswith(f"{type}.")}
    if not elements:
        return frozenset()
    found = set(_EVERYWHERE)
    for code, parameter in PARAMETERS[type].items():
        named = set(re.findall(rf"{type}\.(\w+)", parameter.expression or ""))
        if named & elements or any(code in _TELLS.get(element, ()) for element in elements):
            found.add(code)
    return frozenset(found)
