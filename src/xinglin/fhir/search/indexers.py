"""What the index holds of one value, by kind of parameter and FHIR type of the value.

Each function adds rows to a `Draft`; the counterpart that asks for them is in `conditions`. What comes again and again
(codes, concepts, patients) is worked out once: `visitor` remembers the rows.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from xinglin.fhir import ucum
from xinglin.fhir.search import catalog, dates, keys, references
from xinglin.fhir.search.conditions import UCUM
from xinglin.fhir.search.draft import Draft
from xinglin.fhir.search.text import has_han, looks_within, normal, readings, within
from xinglin.fhir.search.veil import forget_with, veil, veiled
from xinglin.fhir.wire import ENCODER

Indexer = Callable[[Draft, str, str, Any], None]
# Called with a draft, the FHIR type of a value, and the value.
Visit = Callable[[Draft, str, Any], None]
Term = tuple[int, str, str, str, int, int]

# Values whose rows are remembered: by their JSON, and by their text.
_BY_JSON: Final = frozenset({"CodeableConcept", "Coding"})
_BY_TEXT: Final = frozenset({"code", "canonical", "uri", "boolean"})
_REMEMBERED: Final = 1_024  # values of one parameter

LONGEST_CODE: Final = 500
"""Characters of a code or uri that the dictionary takes; longer ones are found by their key alone."""


# -- parameters ---------------------------------------------------------------------------------------------------


def visitor(resource_type: str, code: str, kind: str) -> Visit:
    """Make what indexes the values of one search parameter of *kind*, and notes that there are any."""
    present = keys.present_key(resource_type, code)
    if kind == "reference":
        return _referring(resource_type, code, present)
    index = KINDS[kind]

    def visit(draft: Draft, kind: str, value: Any) -> None:
        draft.checks[present] = None
        index(draft, code, kind, value)

    return _remembering(resource_type, visit) if kind in {"token", "uri"} else visit


def main_date(draft: Draft, kind: str, value: Any) -> None:
    """Note a range of the main date."""
    found = date_range(kind, value)
    if found is not None:
        draft.main.append(found)


def _remembering(resource_type: str, index: Visit) -> Visit:
    """Make of *index* what remembers the rows of coded values."""
    known: dict[object, tuple[dict[int, bool], dict[int, None], dict[Term, None]]] = {}
    forget_with(known.clear)

    def visit(draft: Draft, kind: str, value: Any) -> None:
        mark: object
        if kind in _BY_JSON:
            mark = ENCODER.encode(value)
        elif kind in _BY_TEXT:
            mark = kind, value
        else:
            index(draft, kind, value)
            return
        rows = known.get(mark)
        if rows is None:
            alone = Draft(resource_type, "", "")
            index(alone, kind, value)
            if len(known) >= _REMEMBERED:
                known.clear()
            rows = known[mark] = alone.ix, alone.checks, alone.terms
        draft.ix.update(rows[0])
        draft.checks.update(rows[1])
        draft.terms.update(rows[2])

    return visit


def _referring(resource_type: str, code: str, present: int) -> Visit:
    """Make what indexes references; one to a patient by a primary parameter may turn out to need no row."""
    salt = keys.reference_salt(resource_type, code)
    primary = code in catalog.primary(resource_type)

    def visit(draft: Draft, kind: str, value: Any) -> None:
        draft.checks[present] = None
        if kind != "Reference":
            reference(draft, code, kind, value)
            return
        text = value.reference
        if text and text[0] != "#":
            target, is_patient, version = _target(text, draft.base_url)
            if target is None:
                draft.ix[keys.key_of(resource_type, code, text)] = False
            else:
                if is_patient and draft.persons:
                    target = draft.patient(code, target)
                key = salt ^ target
                draft.ix[key] = False
                if is_patient:
                    draft.references.setdefault(code, {})[target] = None
                    if primary:
                        draft.primary[key] = target
                if version is not None:
                    draft.checks[keys.key_of(resource_type, code, version)] = None
        if value.identifier is not None:
            _identifier(draft, f"{code}:identifier", value.identifier)

    return visit


@lru_cache(maxsize=8_192)
def _target(text: str, base_url: str) -> tuple[int | None, bool, str | None]:
    """Give the identity that a reference names (None: it is not of this server), "a patient", and the version."""
    found = references.local(text, base_url)
    if found is None:
        return None, False, None
    version = None if found.version is None else f"{found.type}/{found.id}/_history/{found.version}"
    return keys.rid_of(found.type, found.id), found.type == "Patient", version


# -- token --------------------------------------------------------------------------------------------------------


def token(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index a token of any FHIR type."""
    if kind == "CodeableConcept":
        _concept(draft, code, value)
    elif kind == "Coding":
        coding(draft, code, value)
    elif kind == "Identifier":
        _identifier(draft, code, value)
    elif kind == "ContactPoint":
        _contact(draft, code, value)
    elif value is True or value is False:
        draft.ix[keys.key_of(draft.type, code, "true" if value else "false")] = False
    elif isinstance(value, str):
        key = keys.key_of(draft.type, code, value)
        draft.ix[key] = False
        if kind not in {"id", "string"} and len(value) <= LONGEST_CODE:
            draft.term(code, "", veiled(value), "", key)


def coding(draft: Draft, code: str, value: Any) -> int | None:
    """Index a Coding; returns its key, None when it has no code."""
    if value.code is None:
        if value.display:
            _text_only(draft, code, value.display)
        return None
    term, text_key = _coded(draft.type, code, value.system or "", value.code, value.display or "")
    key = term[4]
    draft.ix[key] = True
    if len(value.code) <= LONGEST_CODE:
        draft.terms[term] = None
        if text_key is not None:
            draft.checks[text_key] = None
    return key


@lru_cache(maxsize=8_192)
def _coded(resource_type: str, code: str, system: str, value: str, text: str) -> tuple[Term, int | None]:
    """Give what the dictionary holds of a coded value, and the key of its text when it has one."""
    key = keys.token_key(resource_type, code, system, value)
    parameter = keys.kind_key(resource_type, code, "terms")
    plain = normal(text) if text else ""
    text_key = keys.text_key(parameter, plain) if plain else None
    return (parameter, veiled(system), veiled(value), plain, key, key if text_key is None else text_key), text_key


forget_with(_coded.cache_clear)


def _concept(draft: Draft, code: str, value: Any) -> None:
    first: Any = None
    for one in value.coding or ():
        if coding(draft, code, one) is not None and first is None:
            first = one
    if not value.text:
        return
    if first is None or len(first.code) > LONGEST_CODE:
        _text_only(draft, code, value.text)
    else:
        term, text_key = _coded(draft.type, code, first.system or "", first.code, value.text)
        draft.terms[term] = None
        if text_key is not None:
            draft.checks[text_key] = None


def _text_only(draft: Draft, code: str, text: str) -> None:
    """Index a value that is only a text: the key of the text itself gets a row."""
    plain = normal(text)
    key = keys.text_key(keys.kind_key(draft.type, code, "terms"), plain)
    draft.ix[key] = False
    draft.term(code, "", "", plain, key)


def _identifier(draft: Draft, code: str, value: Any) -> None:
    if value.value is None:
        return
    number = veil(value.value)
    own, full = keys.identifier_keys(draft.type, code, value.system or "", number)
    draft.ix[own] = False
    draft.ix[full] = False
    if value.system:
        draft.checks[keys.system_key(draft.type, code, value.system)] = None
    if value.type is None:
        return
    for one in value.type.coding or ():
        if one.code:
            of_type = keys.of_type_key(draft.type, code, one.system or "", one.code, number)
            draft.checks[of_type] = None
        if one.display:
            _type_text(draft, code, one.display)
    if value.type.text:
        _type_text(draft, code, value.type.text)


def _type_text(draft: Draft, code: str, text: str) -> None:
    """Index the text of an identifier's type: for checks alone, as most identifiers share it."""
    plain = normal(text)
    draft.term(code, "", "", plain, keys.text_key(keys.kind_key(draft.type, code, "terms"), plain))


def _contact(draft: Draft, code: str, value: Any) -> None:
    if value.value is None:
        return
    folded = veil(references.contact(value.value))
    draft.ix[keys.key_of(draft.type, code, folded)] = False
    for space in (value.system or "", value.use):
        if space is not None:
            draft.checks[keys.token_key(draft.type, code, space, folded)] = None
            draft.checks[keys.system_key(draft.type, code, space)] = None


# -- string, uri --------------------------------------------------------------------------------------------------


def string(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index a string, or the parts of a name or an address."""
    if kind == "HumanName":
        _name(draft, code, value)
    elif kind == "Address":
        given = (value.text, value.city, value.district, value.state, value.postalCode, value.country)
        for part in (*given, *(value.line or ())):
            if part:
                _string(draft, code, part)
    elif isinstance(value, str) and value:
        _string(draft, code, value)


def _string(draft: Draft, code: str, text: str) -> None:
    plain = normal(text)
    if plain:
        draft.sx[keys.kind_key(draft.type, code, "text"), plain] = None
        draft.checks[keys.key_of(draft.type, code, text)] = None
    if has_han(text):
        _readings(draft, code, text)
        _within(draft, code, text)


def _within(draft: Draft, code: str, text: str) -> None:
    if looks_within(draft.type, code):
        key = keys.kind_key(draft.type, code, "within")
        for end in within(text):
            draft.sx[key, end] = None


def _readings(draft: Draft, code: str, text: str) -> None:
    key = keys.kind_key(draft.type, code, "pinyin")
    for reading in readings(text):
        draft.sx[key, reading] = None


def _name(draft: Draft, code: str, value: Any) -> None:
    for part in (value.text, value.family, *(value.given or ()), *(value.prefix or ()), *(value.suffix or ())):
        if part:
            _string(draft, code, part)
    if value.family and has_han(value.family):
        # A Chinese name is one word, also where only its parts are given.
        whole = value.family + "".join(g for g in value.given or () if g)
        draft.sx[keys.kind_key(draft.type, code, "text"), normal(whole)] = None
        _readings(draft, code, whole)
        _within(draft, code, whole)


def uri(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index an address; a canonical one with and without its version."""
    if not isinstance(value, str):
        return
    for spelled in {value, value.split("|", 1)[0]} if kind == "canonical" else (value,):
        key = keys.key_of(draft.type, code, spelled)
        draft.ix[key] = False
        if len(spelled) <= LONGEST_CODE:
            parameter = keys.kind_key(draft.type, code, "terms")
            plain = veiled(spelled)
            draft.terms[parameter, "", plain, plain, key, key] = None


# -- reference ----------------------------------------------------------------------------------------------------


def reference(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index what stands for a reference without being one: a canonical, or (in a Bundle) the resource itself."""
    if isinstance(value, str):
        for spelled in {value, value.split("|", 1)[0]}:
            draft.ix[keys.key_of(draft.type, code, spelled)] = False
    elif getattr(value, "id", None):
        _to(draft, code, type(value).__name__, value.id)


def _to(draft: Draft, code: str, target_type: str, target_id: str) -> None:
    rid = keys.rid_of(target_type, target_id)
    if target_type == "Patient":
        rid = draft.patient(code, rid)
    key = keys.reference_key(draft.type, code, rid)
    draft.ix[key] = False
    if target_type == "Patient":
        _patient(draft, code, key, rid)


def _patient(draft: Draft, code: str, key: int, rid: int) -> None:
    draft.references.setdefault(code, {})[rid] = None
    if code in catalog.primary(draft.type):
        draft.primary[key] = rid


# -- date, number, quantity ---------------------------------------------------------------------------------------


def date_range(kind: str, value: Any) -> tuple[int, int] | None:
    """Give the range of a date of any FHIR type; None for what is no date (an age, a text)."""
    if kind == "Period":
        return dates.period(value.start, value.end)
    if kind == "Timing":
        found = [span for span in map(dates.stored, value.event or ()) if span is not None]
        bounds = value.repeat.boundsPeriod if value.repeat is not None else None
        limits = dates.period(bounds.start, bounds.end) if bounds is not None else None
        return dates.outer([*found, *([limits] if limits else [])])
    return dates.stored(value) if isinstance(value, str) else None


def date(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index a date that is not the type's main date."""
    found = date_range(kind, value)
    if found is not None:
        draft.dx[keys.kind_key(draft.type, code, "date"), found[0], found[1]] = None


def number(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index a number; of a Range both ends."""
    key = keys.kind_key(draft.type, code, "number")
    if isinstance(value, (int, Decimal)):
        draft.qx[key, float(value)] = None
    elif kind == "Range":
        for end in (value.low, value.high):
            if end is not None and end.value is not None:
                draft.qx[key, float(end.value)] = None


def quantity(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index a quantity; of a Range both ends."""
    _quantity(draft, keys.kind_key(draft.type, code, "number"), kind, value)


def _quantity(draft: Draft, base: int, kind: str, value: Any) -> None:
    if kind == "Range":
        for end in (value.low, value.high):
            if end is not None:
                _quantity(draft, base, "Quantity", end)
        return
    amount = getattr(value, "value", None)
    if amount is None:
        return
    draft.qx[base, float(amount)] = None
    if kind == "Money":
        system, unit, spelled = "urn:iso:std:iso:4217", value.currency, None
    else:
        system, unit, spelled = value.system, value.code, value.unit
    for row in _unit_rows(base, amount, system, unit, spelled):
        draft.qx[row] = None


def _unit_rows(
    base: int, amount: Decimal | int, system: str | None, code: str | None, unit: str | None
) -> list[tuple[int, float]]:
    """Give the rows of a quantity under its units: canonical UCUM where it can be, else as spelled."""
    found: list[tuple[int, float]] = []
    plain = float(amount)
    known = ucum.approximate(amount, code) if code and system == UCUM else None
    if known is not None:
        found.append((keys.part_key(base, references.UCUM_MARK + known[1]), known[0]))
    elif code:
        if system:
            found.append((keys.part_key(base, f"{system}|{code}"), plain))
        found.append((keys.part_key(base, f"|{code}"), plain))
    if unit and unit != code:
        found.append((keys.part_key(base, f"|{unit}"), plain))
    return found


def special(draft: Draft, code: str, kind: str, value: Any) -> None:
    """Index a position, for ``near``."""
    if code == "near" and value.latitude is not None and value.longitude is not None:
        draft.qx[keys.kind_key(draft.type, "near", "latitude"), float(value.latitude)] = None
        draft.qx[keys.kind_key(draft.type, "near", "longitude"), float(value.longitude)] = None


KINDS: Final[dict[str, Indexer]] = {
    "token": token,
    "string": string,
    "uri": uri,
    "date": date,
    "number": number,
    "quantity": quantity,
    "special": special,
}


# -- composite ----------------------------------------------------------------------------------------------------


def spellings(kind: str, value: Any) -> list[str]:
    """Give the ways the first part of a composite is written in a query."""
    if kind == "CodeableConcept":
        return [way for one in value.coding or () for way in spellings("Coding", one)]
    if kind == "Coding":
        if value.code is None:
            return []
        return [value.code, f"{value.system or ''}|{value.code}"]
    if value is True or value is False:
        return ["true" if value else "false"]
    return [value] if isinstance(value, str) else []


def later_part(draft: Draft, base: int, parameter_kind: str, kind: str, value: Any) -> None:
    """Index the value of a later part of a composite below *base*, which holds the spelling of the first."""
    if parameter_kind == "quantity":
        _quantity(draft, base, kind, value)
    elif parameter_kind == "number":
        draft.qx[base, float(value)] = None
    elif parameter_kind == "date":
        found = date_range(kind, value)
        if found is not None:
            draft.dx[base, found[0], found[1]] = None
    elif parameter_kind == "string":
        draft.sx[base, normal(value)] = None
    elif kind == "Reference":
        target = references.local(value.reference, draft.base_url) if value.reference else None
        if target is not None or value.reference:
            draft.ix[keys.part_key(base, f"{target.type}/{target.id}" if target else value.reference)] = False
    else:
        for way in spellings(kind, value):
            draft.ix[keys.part_key(base, way)] = False
