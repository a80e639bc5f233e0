"""FHIR values in few words, as a reader says them: names, codes, quantities, periods. Pure.

Values are what `fhir.document` decodes: dicts, lists, str, int, Decimal, bool. Unknown shapes give the empty string, so
that a caller may fall back to something else.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from xinglin.web.format import moment
from xinglin.web.names import code_name, type_name
from xinglin.web.view import Language

JOIN: Final = {"zh": "；", "en": "; "}
YES_NO: Final = {"zh": ("是", "否"), "en": ("yes", "no")}
# Members that name a resource, the best first.
TITLES: Final = (
    *("name", "title", "code", "medication", "vaccineCode", "type", "class"),
    *("description", "text", "identifier"),
)


def brief(value: Any, language: Language) -> str:
    """Say a value of any data type in few words; several values are joined by a semicolon."""
    if isinstance(value, bool):
        return YES_NO[language][0 if value else 1]
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return JOIN[language].join(said for one in value if (said := brief(one, language)))
    if isinstance(value, Mapping):
        for members, say in _SHAPES:
            if any(member in value for member in members) and (said := say(value, language)):
                return said
    return ""


def name(value: Mapping[str, Any]) -> str:
    """Write a HumanName: the text, else a Chinese name without a space, another as given and family."""
    if value.get("text"):
        return str(value["text"])
    given = [part for part in value.get("given", ()) if part]
    family = str(value.get("family") or "")
    if family and _chinese(family):
        return family + "".join(given)
    return " ".join(part for part in (*value.get("prefix", ()), *given, family, *value.get("suffix", ())) if part)


def quantity(value: Mapping[str, Any], language: Language) -> str:
    """Write a Quantity with comparator and unit: ``≥ 6.3 mmol/L``."""
    sign = {"<=": "≤ ", ">=": "≥ ", "<": "< ", ">": "> "}.get(value.get("comparator", ""), "")
    if "currency" in value:
        return f"{value.get('value', '')} {value['currency']}"
    unit = value.get("unit") or value.get("code") or ""
    return f"{sign}{value.get('value', '')} {unit}".strip()


def coded(value: Mapping[str, Any], language: Language) -> str:
    """Write a CodeableConcept: its text, else the first display, else the first code."""
    codings = [one for one in value.get("coding", ()) if isinstance(one, Mapping)]
    displays = [str(one["display"]) for one in codings if one.get("display")]
    said = value.get("text") or next(iter(displays), "")
    codes = [str(one["code"]) for one in codings if one.get("code")]
    return str(said) if said else code_name(codes[0], language) if codes else ""


def coding(value: Mapping[str, Any], language: Language) -> str:
    """Write a Coding: its display, else its code."""
    return str(value.get("display") or code_name(str(value.get("code", "")), language))


def period(value: Mapping[str, Any], language: Language) -> str:
    """Write a Period: ``2026-11-21 09:05 – 09:40``."""
    start, end = moment(str(value.get("start", ""))), moment(str(value.get("end", "")))
    if start[:10] == end[:10] and len(end) > 10:
        end = end[11:]
    return f"{start} – {end}" if start and end else f"{start} –" if start else f"– {end}"


def title(resource: Mapping[str, Any], language: Language) -> str:
    """Name a resource for people: the person's name, the title, the code, the number; else its type and id."""
    for member in TITLES:
        for key, value in resource.items():
            stem = member if key == member or _is_choice(key, member) else None
            if stem is None or (key == "text" and resource.get("resourceType") != "Communication"):
                continue
            first = value[0] if isinstance(value, list) and value else value
            if said := brief(first, language):
                return said if len(said) <= 120 else said[:119] + "…"
    return f"{type_name(str(resource.get('resourceType', '')), language)} {resource.get('id', '')}".strip()


def short_system(system: str) -> str:
    """Name a code or identifier system by its last part: ``http://loinc.org`` → ``loinc.org``."""
    bare = system.removeprefix("http://").removeprefix("https://").rstrip("/")
    return bare.rsplit("/", 1)[-1]


def _range(value: Mapping[str, Any], language: Language) -> str:
    low, high = (quantity(value[end], language) if end in value else "" for end in ("low", "high"))
    if low and high and value["low"].get("unit") == value["high"].get("unit") and value["low"].get("unit"):
        low = str(value["low"].get("value", ""))
    return f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"


def _ratio(value: Mapping[str, Any], language: Language) -> str:
    parts = (quantity(value[end], language) if end in value else "1" for end in ("numerator", "denominator"))
    return " / ".join(parts)


def _address(value: Mapping[str, Any], language: Language) -> str:
    if value.get("text"):
        return str(value["text"])
    lines = [str(line) for line in value.get("line", ()) if line]
    parts = [str(value.get(part, "")) for part in ("state", "city", "district")]
    if _chinese("".join([*parts, *lines])):
        return "".join([*parts, *lines])
    return ", ".join(part for part in (*lines, *reversed(parts), str(value.get("postalCode", ""))) if part)


def _attachment(value: Mapping[str, Any], language: Language) -> str:
    return " · ".join(str(value[part]) for part in ("title", "contentType", "url") if value.get(part))


def _timing(value: Mapping[str, Any], language: Language) -> str:
    if "code" in value:
        return coded(value["code"], language)
    repeat = value.get("repeat", {})
    if "frequency" in repeat and "period" in repeat:
        return f"{repeat['frequency']} × / {repeat['period']} {repeat.get('periodUnit', '')}"
    return JOIN[language].join(moment(str(one)) for one in value.get("event", ()))


def _dosage(value: Mapping[str, Any], language: Language) -> str:
    if value.get("text"):
        return str(value["text"])
    doses = [quantity(one["doseQuantity"], language) for one in value.get("doseAndRate", ()) if "doseQuantity" in one]
    how = _timing(value["timing"], language) if "timing" in value else ""
    route = coded(value["route"], language) if "route" in value else ""
    return " · ".join(part for part in (*doses, how, route) if part)


def _reference(value: Mapping[str, Any], language: Language) -> str:
    known = value.get("display") or value.get("reference")
    return str(known) if known else brief(value.get("identifier"), language)


def _chinese(text: str) -> bool:
    return any("㐀" <= sign <= "鿿" for sign in text)


def _is_choice(key: str, stem: str) -> bool:
    return key.startswith(stem) and key[len(stem) : len(stem) + 1].isupper() and not key.endswith("Reference")


Say = Callable[[Mapping[str, Any], Language], str]

# The members that betray a type, and how it is said; the first that says something wins.
_SHAPES: Final[tuple[tuple[tuple[str, ...], Say], ...]] = (
    (("family", "given"), lambda value, _: name(value)),
    (("coding",), coded),
    (("reference",), _reference),
    (("line", "city", "district", "postalCode"), _address),
    (("start", "end"), period),
    (("low", "high"), _range),
    (("numerator", "denominator"), _ratio),
    (("contentType",), _attachment),
    (("repeat",), _timing),
    (("doseAndRate", "timing", "dosageInstruction"), _dosage),
    (("unit", "comparator", "currency"), quantity),
    (("display", "code"), coding),
    (("value",), lambda value, _: str(value["value"]) if not isinstance(value["value"], Mapping) else ""),
    (("text",), lambda value, _: str(value["text"])),
    (("name",), lambda value, language: brief(value["name"], language)),
    (
        ("concept", "item", "type", "role", "actor", "individual", "function"),
        lambda value, language: _first(value, language),
    ),
)


def _first(value: Mapping[str, Any], language: Language) -> str:
    members = ("concept", "item", "actor", "individual", "type", "role", "function")
    return next((said for member in members if member in value and (said := brief(value[member], language))), "")
