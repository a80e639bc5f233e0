"""From a search parameter, a modifier and a value to a condition, one function a kind of parameter."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from xinglin.fhir import ucum
from xinglin.fhir.definitions import SearchParameter
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search import catalog, dates, keys, references
from xinglin.fhir.search.query import (
    And,
    Coded,
    Condition,
    Dates,
    IdIn,
    Keys,
    Listed,
    Near,
    Never,
    Not,
    Numbers,
    Or,
    Terms,
    Text,
    Updated,
    Words,
)
from xinglin.fhir.search.sensitivity import implied
from xinglin.fhir.search.text import has_han, looks_within, normal, query_words
from xinglin.fhir.search.values import bad, bounds, number, prefixed, split, unescape, unsupported
from xinglin.fhir.search.veil import veil, veiled

UCUM: Final = "http://unitsofmeasure.org"
MOST_CONDITIONS: Final = 2_000

# Modifiers by kind of parameter; `missing` belongs to all, and a type's name to references.
MODIFIERS: Final[dict[str, frozenset[str]]] = {
    "token": frozenset({"text", "not", "above", "below", "in", "not-in", "of-type"}),
    "string": frozenset({"exact", "contains"}),
    "uri": frozenset({"above", "below", "contains"}),
    "reference": frozenset({"identifier"}),
    "date": frozenset(),
    "number": frozenset(),
    "quantity": frozenset(),
    "composite": frozenset(),
    "special": frozenset(),
}

_CODED = frozenset({"Coding", "CodeableConcept"})
_VALUED = frozenset({"Identifier", "ContactPoint"})


class Effort:
    """Counts the conditions that one search becomes."""

    __slots__ = ("spent",)

    def __init__(self) -> None:
        self.spent = 0

    def spend(self, by: int = 1) -> None:
        """Count so many more; OutcomeError when there are too many."""
        self.spent += by
        if self.spent > MOST_CONDITIONS:
            text = f"The search falls apart into more than {MOST_CONDITIONS} conditions; name the types in its chains."
            raise OutcomeError(Issue("too-costly", "search-too-many", text=text), status=400)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the meaning of values depends on besides the parameter.

    base_url: of this server, without a slash at the end; references to it are local. now_us: for ``ap`` of dates.
    effort: how many conditions the search has been taken apart into, which chains over many types multiply.
    """

    base_url: str = ""
    now_us: int | None = None
    effort: Effort = field(default_factory=Effort, compare=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter with its modifier, on a type; name is as the client wrote it."""

    type: str
    parameter: SearchParameter
    modifier: str | None
    name: str
    setting: Setting

    @property
    def code(self) -> str:
        """The code under which the index keeps the parameter's values."""
        return catalog.kept_as(self.parameter.code)


def condition(asked: Asked, value: str) -> Condition:
    """Turn the value of one parameter (alternatives included) into a condition; OutcomeError when it means nothing."""
    check_modifier(asked)
    if asked.modifier == "missing":
        return _missing(asked, value)
    alternatives = split(value, ",")
    if not all(alternatives):
        raise bad(asked.name, "one of the alternatives is empty.")
    made = union([_one(asked, alternative) for alternative in alternatives])
    return Not(made) if asked.modifier in {"not", "not-in"} else made


def _one(asked: Asked, value: str) -> Condition:
    """Make the condition of one alternative; a parameter that unites others asks them all."""
    codes = catalog.united(asked.type, asked.parameter.code) or (asked.parameter.code,)
    known = (catalog.parameter(asked.type, code) for code in codes)
    each = [replace(asked, parameter=found) for found in known if found is not None]
    return union([KINDS[one.parameter.kind](one, value) for one in each])


def check_modifier(asked: Asked) -> None:
    """Refuse a modifier that the kind of parameter does not have."""
    modifier = asked.modifier
    if modifier is None or modifier == "missing" or modifier in MODIFIERS[asked.parameter.kind]:
        return
    if asked.parameter.kind == "reference" and modifier in catalog.targets(asked.type, asked.code):
        return
    raise bad(asked.name, f"the modifier ':{modifier}' does not exist for this parameter.")


def union(conditions: list[Condition]) -> Condition:
    """Join alternatives; keys of one form become one condition, so that they are walked together."""
    joined: list[Condition] = []
    for one in conditions:
        last = joined[-1] if joined else None
        if isinstance(one, Keys) and isinstance(last, Keys) and (one.coded, one.indexed) == (last.coded, last.indexed):
            joined[-1] = Keys(
                tuple(dict.fromkeys(last.keys + one.keys)),
                coded=one.coded,
                indexed=one.indexed,
                pats=tuple(dict.fromkeys(last.pats + one.pats)),
                refs=last.refs + one.refs,
            )
        elif isinstance(one, IdIn) and isinstance(last, IdIn):
            joined[-1] = IdIn(tuple(dict.fromkeys(last.ids + one.ids)))
        else:
            joined.append(one)
    return joined[0] if len(joined) == 1 else Or(tuple(joined))


def _missing(asked: Asked, value: str) -> Condition:
    if value not in {"true", "false"}:
        raise bad(asked.name, "':missing' takes true or false.")
    absent = value == "true"
    if asked.code in {"_id", "_lastUpdated", "_security"}:
        return Never() if absent else And(())
    codes = catalog.united(asked.type, asked.code) or (asked.code,)
    present: Condition = union([_present(asked.type, code) for code in codes])
    if asked.parameter.kind == "composite":
        every = [replace(asked, parameter=part) for part in catalog.parts(asked.type, asked.parameter)]
        parts = And(tuple(_missing(part, "false") for part in every))
        whole = asked.parameter.expression == asked.type
        present = parts if whole else Or((And((_single(asked), parts)), present))
    return Not(present) if absent else present


def _present(resource_type: str, code: str) -> Keys:
    return Keys((keys.present_key(resource_type, code),), indexed=False)


def _single(asked: Asked) -> Keys:
    """Say that one element alone has the parts of a composite, so that its parts need no rows of their own."""
    return Keys((keys.kind_key(asked.type, asked.code, "single"),), indexed=False)


# -- token --------------------------------------------------------------------------------------------------------


def _token(asked: Asked, value: str) -> Condition:
    if asked.code == "_id":
        return IdIn((unescape(value),))
    match asked.modifier:
        case "text":
            return Terms(
                keys.kind_key(asked.type, asked.code, "terms"),
                text=_some(asked, normal(unescape(value))),
                indexed="Identifier" not in catalog.element_types(asked.type, asked.code),
            )
        case "of-type":
            return _of_type(asked, value)
        case "in" | "not-in":
            return Coded(asked.type, asked.code, "in", "", unescape(value))
        case "above" | "below":
            system, code = _system_and_code(asked, value)
            return Coded(asked.type, asked.code, "above" if asked.modifier == "above" else "below", system or "", code)
        case _:
            system, code = _system_and_code(asked, value)
            made = token(asked, system, code)
            return implied(asked.type, system, code, made) if asked.code == "_security" else made


def _some(asked: Asked, text: str) -> str:
    if not text:
        raise bad(asked.name, "the value is empty.")
    return text


def _system_and_code(asked: Asked, value: str) -> tuple[str | None, str]:
    pieces = [unescape(piece) for piece in split(value, "|")]
    if len(pieces) > 2 or not any(pieces):
        raise bad(asked.name, f"'{value[:80]}' is neither a code nor system|code; a '|' inside is written '\\|'.")
    return (None, pieces[0]) if len(pieces) == 1 else (pieces[0], pieces[1])


def token(asked: Asked, system: str | None, code: str) -> Condition:
    """Find a token: system None is a code of any system, "" one without a system; code "" is any code of the system."""
    types = catalog.element_types(asked.type, asked.code)
    if not types & {"Coding", "CodeableConcept", "*"}:
        return _uncoded(asked, types, system, code)
    dictionary = keys.kind_key(asked.type, asked.code, "terms")
    if not code:
        return Terms(dictionary, system=veiled(system or ""))
    if system is None:
        return Terms(dictionary, code=veiled(code))
    found = [keys.token_key(asked.type, asked.code, system, code)]
    if types <= _CODED:
        return Keys(tuple(found), coded=True)
    if system in (catalog.implied_systems(asked.type, asked.code) or {""}):
        found.append(keys.key_of(asked.type, asked.code, code))
    return Keys(tuple(found))


def _uncoded(asked: Asked, types: frozenset[str], system: str | None, code: str) -> Condition:
    """Find a token whose elements are identifiers, contact points or plain values."""
    if types & _VALUED and code:
        code = veil(references.contact(code) if "ContactPoint" in types else code)
    if types & _VALUED and system:
        if not code:
            return Keys((keys.system_key(asked.type, asked.code, system),), indexed=False)
        full = keys.token_key(asked.type, asked.code, system, code)
        if "Identifier" in types:
            return Keys((full,))
        return And((Keys((keys.key_of(asked.type, asked.code, code),)), Keys((full,), indexed=False)))
    if types & _VALUED and system == "":
        return Keys((keys.token_key(asked.type, asked.code, "", code),), indexed="Identifier" in types)
    implied = catalog.implied_systems(asked.type, asked.code) or frozenset()
    if system and system not in implied:
        return Never()
    if not code:
        return Keys((keys.present_key(asked.type, asked.code),), indexed=False)
    return Keys((keys.key_of(asked.type, asked.code, code),))


def _of_type(asked: Asked, value: str) -> Condition:
    pieces = [unescape(piece) for piece in split(value, "|")]
    if len(pieces) != 3 or not all(pieces):
        raise bad(asked.name, "':of-type' takes system|code|value.")
    if "Identifier" not in catalog.element_types(asked.type, asked.code):
        raise bad(asked.name, "':of-type' is for identifiers.")
    # The value alone has rows; the type is checked behind it.
    number = veil(pieces[2])
    found = Keys((keys.of_type_key(asked.type, asked.code, pieces[0], pieces[1], number),), indexed=False)
    return And((Keys((keys.key_of(asked.type, asked.code, number),)), found))


# -- string, uri --------------------------------------------------------------------------------------------------


def _string(asked: Asked, value: str) -> Condition:
    raw = unescape(value)
    text = _some(asked, normal(raw))
    plain = keys.kind_key(asked.type, asked.code, "text")
    if asked.modifier == "exact":
        exact = Keys((keys.key_of(asked.type, asked.code, raw),), indexed=False)
        return And((Text((plain,), text), exact))
    if asked.modifier == "contains":
        if looks_within(asked.type, asked.code) and has_han(text):
            # What a name ends with stands in the index, so that looking within it is looking at a beginning.
            return Text((plain, keys.kind_key(asked.type, asked.code, "within")), text)
        return Text((plain,), text, contains=True)
    typed = keys.kind_key(asked.type, asked.code, "pinyin")
    closed = text.replace(" ", "")
    if closed == text:
        return Text((plain, typed), text) if text.isascii() else Text((plain,), text)
    return Or((Text((plain,), text), Text((typed,), closed))) if text.isascii() else Text((plain,), text)


def _uri(asked: Asked, value: str) -> Condition:
    raw = _some(asked, unescape(value))
    match asked.modifier:
        case "below":
            return Terms(keys.kind_key(asked.type, asked.code, "terms"), text=veiled(raw))
        case "contains":
            return Terms(keys.kind_key(asked.type, asked.code, "terms"), text=veiled(raw), contains=True)
        case "above":
            return Keys(tuple(keys.key_of(asked.type, asked.code, above) for above in _ancestors(raw)))
        case _:
            return Keys((keys.key_of(asked.type, asked.code, raw),))


def _ancestors(uri: str) -> list[str]:
    """Give *uri* and every address above it, with and without the slash at the end."""
    start = uri.find("://") + 3 if "://" in uri else 0
    cuts = [i for i in range(start, len(uri)) if uri[i] == "/"][-32:]
    return list(dict.fromkeys([uri, *(uri[:cut] for cut in cuts), *(uri[: cut + 1] for cut in cuts)]))


# -- reference ----------------------------------------------------------------------------------------------------


def _reference(asked: Asked, value: str) -> Condition:
    if asked.modifier == "identifier":
        system, code = _system_and_code(asked, value)
        hidden = f"{asked.code}:identifier"
        code = veil(code) if code else ""
        if system is None:
            return Keys((keys.key_of(asked.type, hidden, code),))
        if not code:
            return Keys((keys.system_key(asked.type, hidden, system),), indexed=False)
        return Keys((keys.token_key(asked.type, hidden, system, code),))
    return reference(asked, unescape(value), asked.modifier)


def reference(asked: Asked, raw: str, wanted: str | None) -> Condition:
    """Find references to *raw*: Type/id, id, absolute or canonical address; wanted: a type the target must have."""
    allowed = catalog.targets(asked.type, asked.code)
    target = references.local(raw, asked.setting.base_url)
    if target is None and references.is_id(raw):
        candidates = [(name, raw) for name in ([wanted] if wanted else allowed)]
    elif target is None:
        return Keys((keys.key_of(asked.type, asked.code, raw),))
    elif target.version is not None:
        found = Keys(
            (keys.key_of(asked.type, asked.code, f"{target.type}/{target.id}/_history/{target.version}"),),
            indexed=False,
        )
        return And((_to(asked, [(target.type, target.id)]), found))
    else:
        candidates = [(target.type, target.id)]
    candidates = [(name, target_id) for name, target_id in candidates if wanted in {None, name}]
    return _to(asked, candidates) if candidates else Never()


def _to(asked: Asked, candidates: list[tuple[str, str]]) -> Keys:
    primary = asked.code in catalog.primary(asked.type)
    salt = keys.reference_salt(asked.type, asked.code)
    patients = [keys.rid_of(name, target) for name, target in candidates if name == "Patient"]
    return Keys(
        tuple(salt ^ keys.rid_of(name, target) for name, target in candidates),
        pats=tuple(patients) if primary else (),
        refs=tuple((salt ^ one, one) for one in patients),
    )


# -- date, number, quantity ---------------------------------------------------------------------------------------


def _date(asked: Asked, value: str) -> Condition:
    op, text = prefixed(value)
    # A plus sign arrives as a space where the client forgot to encode it.
    found = dates.span(text.replace(" ", "+"))
    if found is None:
        raise bad(asked.name, f"'{text[:40]}' is not a date.")
    lo, hi = found
    if op == "ap":
        lo, hi = _widened(lo, hi, asked.setting.now_us)
    if asked.code == "_lastUpdated":
        return Updated(op, lo, hi)
    return Dates(
        keys.kind_key(asked.type, asked.code, "date"),
        op,
        lo,
        hi,
        main=asked.code == catalog.main_date(asked.type),
        ranged=keys.kind_key(asked.type, asked.code, "ranged"),
    )


def _widened(lo: int, hi: int, now_us: int | None) -> tuple[int, int]:
    """Widen a range by a tenth of its distance from now, and at least by its own width where no clock is given."""
    by = hi - lo if now_us is None else abs(now_us - lo) // 10
    return lo - by, hi + by


def _number(asked: Asked, value: str) -> Condition:
    op, text = prefixed(value)
    low, high, closed, outside = bounds(op, number(asked.name, text), text)
    key = keys.kind_key(asked.type, asked.code, "number")
    return Numbers(key, _float(low), _float(high), closed, outside)


def _float(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]  # a Decimal


def _quantity(asked: Asked, value: str) -> Condition:
    return quantity(asked, value, keys.kind_key(asked.type, asked.code, "number"))


def quantity(asked: Asked, value: str, base: int) -> Condition:
    """Find a quantity below the key *base*: number, number|system|code or number||code."""
    pieces = [unescape(piece) for piece in split(value, "|")]
    if len(pieces) not in {1, 3}:
        raise bad(asked.name, "a quantity is number, number|system|code or number||code.")
    op, text = prefixed(pieces[0])
    low, high, closed, outside = bounds(op, number(asked.name, text), text)
    if len(pieces) == 1 or not pieces[2]:
        if len(pieces) == 3 and pieces[1]:
            raise unsupported(asked.name, "a quantity with a system needs a code too.")
        return Numbers(base, _float(low), _float(high), closed, outside)
    system, code = pieces[1], pieces[2]
    found: list[Condition] = []
    if system in {"", UCUM}:
        ends = [None if end is None else ucum.canonical(end, code) for end in (low, high)]
        unit = next((end[1] for end in ends if end is not None), None)
        if unit is not None:
            small, large = (None if end is None else float(end[0]) for end in ends)
            found.append(Numbers(keys.part_key(base, references.UCUM_MARK + unit), small, large, closed, outside))
    if not found or not system:
        spelling = keys.part_key(base, f"{system}|{code}" if system else f"|{code}")
        found.append(Numbers(spelling, _float(low), _float(high), closed, outside))
    return union(found)


# -- composite ----------------------------------------------------------------------------------------------------


def _composite(asked: Asked, value: str) -> Condition:
    pieces = split(value, "$")
    parts = catalog.parts(asked.type, asked.parameter)
    if len(pieces) != len(parts) or not all(pieces):
        raise bad(asked.name, f"takes {len(parts)} values joined by '$'.")
    of_parts = [Asked(asked.type, part, None, asked.name, asked.setting) for part in parts]
    each = tuple(_one(part, piece) for part, piece in zip(of_parts, pieces, strict=True))
    if asked.parameter.expression == asked.type:
        return And(each)  # the resource itself is the one element that has the parts
    base = keys.part_key(keys.kind_key(asked.type, asked.code, "pair"), unescape(pieces[0]))
    rest = tuple(
        _part(part, piece, place, base)
        for place, (part, piece) in enumerate(zip(of_parts, pieces, strict=True))
        if place
    )
    return Or((And((_single(asked), *each)), And(rest)))


def _part(part: Asked, piece: str, place: int, base: int) -> Condition:
    """Find the value of a later part of a composite, below the key that holds the spelling of its first part."""
    base = keys.part_key(base, str(place))
    match part.parameter.kind:
        case "quantity":
            return quantity(part, piece, base)
        case "number":
            op, text = prefixed(piece)
            low, high, closed, outside = bounds(op, number(part.name, text), text)
            return Numbers(base, _float(low), _float(high), closed, outside)
        case "date":
            op, text = prefixed(piece)
            found = dates.span(text.replace(" ", "+"))
            if found is None:
                raise bad(part.name, f"'{text[:40]}' is not a date.")
            return Dates(base, op, *found)
        case "string":
            return Text((base,), normal(unescape(piece)))
        case "reference":
            target = references.local(unescape(piece), part.setting.base_url)
            return Keys((keys.part_key(base, f"{target.type}/{target.id}" if target else unescape(piece)),))
        case _:
            return Keys((keys.part_key(base, unescape(piece)),))


# -- special ------------------------------------------------------------------------------------------------------

_METRES: Final = {"m": 1.0, "km": 1000.0, "[mi_us]": 1609.347, "[mi_i]": 1609.344, "mi": 1609.344, "[ft_i]": 0.3048}
_NEAR_DEFAULT = 25_000.0
MOST_WORDS: Final = 200


def _special(asked: Asked, value: str) -> Condition:
    match asked.code:
        case "near":
            return _near(asked, value)
        case "_text" | "_content":
            words = tuple(query_words(unescape(value)))
            if not 0 < len(words) <= MOST_WORDS:
                raise bad(asked.name, f"holds no word, or more than {MOST_WORDS}.")
            return Words(words, narrative=asked.code == "_text")
        case "_list":
            list_id = unescape(value).removeprefix("List/")
            if not references.is_id(list_id):
                raise unsupported(asked.name, "only the id of a List is known here.")
            return Listed(list_id)
        case _:
            raise unsupported(asked.name, "is not supported.")


def _near(asked: Asked, value: str) -> Condition:
    pieces = split(value, "|")
    if not 2 <= len(pieces) <= 4:
        raise bad(asked.name, "takes latitude|longitude|distance|unit.")
    latitude, longitude = (float(number(asked.name, piece)) for piece in pieces[:2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise bad(asked.name, "is outside of the earth's degrees.")
    metres = _NEAR_DEFAULT
    if len(pieces) > 2 and pieces[2]:
        unit = pieces[3] if len(pieces) == 4 and pieces[3] else "km"
        if unit not in _METRES:
            raise bad(asked.name, f"the unit must be one of {', '.join(_METRES)}.")
        metres = float(number(asked.name, pieces[2])) * _METRES[unit]
    if metres < 0:
        raise bad(asked.name, "the distance is negative.")
    at = (keys.kind_key(asked.type, "near", "latitude"), keys.kind_key(asked.type, "near", "longitude"))
    return Near(*at, latitude, longitude, metres)


KINDS: Final[dict[str, Callable[[Asked, str], Condition]]] = {
    "token": _token,
    "string": _string,
    "uri": _uri,
    "reference": _reference,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
    "composite": _composite,
    "special": _special,
}
