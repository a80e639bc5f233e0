"""What stands in a document for people to read: a line for each entry, as it is called in the record. Pure."""

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from typing import Any, Final

from xinglin.capabilities.health_records.rules.documents import Document, codings, day, when
from xinglin.tables.codes import concepts, tables

XHTML: Final = "http://www.w3.org/1999/xhtml"
_CALLED: Final = ("code", "vaccineCode", "medicationCodeableConcept", "type", "relationship")
_FLAGS: Final = {"H": "↑", "HH": "↑↑", "L": "↓", "LL": "↓↓"}


def words(concept: Any) -> str:
    """Say a CodeableConcept: its text, else the first display, else the first code."""
    one = concept[0] if isinstance(concept, list) and concept else concept
    if not isinstance(one, dict):
        return ""
    codings = one.get("coding") or ()
    found = (coding.get(name) for name in ("display", "code") for coding in codings if coding.get(name))
    return str(one.get("text") or next(found, ""))


def line(document: Document) -> str:
    """Say a resource in a line: what, how much, when."""
    called = next((said for name in _CALLED if (said := words(document.get(name)))), "")
    called = called or str((document.get("medicationReference") or {}).get("display", ""))
    told = [called or str(document.get("resourceType", "")), _measured(document), _dosed(document)]
    told += [words(one.get("code")) for one in document.get("condition", ()) if isinstance(one, dict)]
    told += [words(one.get("manifestation")) for one in document.get("reaction", ())]
    happened = when(document)
    date = day(happened) if len(happened) >= 10 else None
    return " ".join(part for part in (*told, "" if date is None else f"({date.isoformat()})") if part)


def _measured(document: Document) -> str:
    parts = [f"{words(one.get('code'))} {_value(one)}" for one in document.get("component", ()) if _value(one)]
    flag = next((_FLAGS.get(code, "") for code in _codes(document.get("interpretation"))), "")
    return " ".join(part for part in (_value(document), *parts, flag) if part)


def _codes(concepts: Any) -> list[str]:
    return [str(coding.get("code")) for one in concepts or () for coding in one.get("coding", ())]


def _value(document: Document) -> str:
    quantity = document.get("valueQuantity")
    if isinstance(quantity, dict) and "value" in quantity:
        return f"{quantity['value']} {quantity.get('unit') or quantity.get('code') or ''}".strip()
    return words(document.get("valueCodeableConcept")) or str(document.get("valueString", ""))


def _dosed(document: Document) -> str:
    found = document.get("dosageInstruction") or document.get("dosage") or ()
    return "；".join(str(one["text"]) for one in found if isinstance(one, dict) and one.get("text"))


def confidentiality(documents: Iterable[Document]) -> str:
    """Give the confidentiality of a document that holds these: restricted (R) when one is labelled, else normal (N)."""
    return "R" if any(one.get("meta", {}).get("security") for one in documents) else "N"


def in_english(document: Document) -> str:
    """Give what the tables call a resource in English, by its first code that they know; empty without one."""
    for name in _CALLED:
        for system, code in codings(document.get(name)):
            said = _english().get((system, code))
            if said:
                return said
    return ""


@cache
def _english() -> Mapping[tuple[str, str], str]:
    known = {one.name: one.url for one in tables()}
    return {(known[name], one.code): one.en for name in ("icd10", "icd9cm3") for one in concepts(name) if one.en}


def narrative(lines: Iterable[str]) -> dict[str, str]:
    """Make a Narrative that was generated: a list."""
    items = "".join(f"<li>{escape(one, quote=False)}</li>" for one in lines)
    return {"status": "generated", "div": f'<div xmlns="{XHTML}"><ul>{items}</ul></div>'}


def remark(text: str) -> dict[str, str]:
    """Make a Narrative that was generated: one sentence."""
    return {"status": "generated", "div": f'<div xmlns="{XHTML}"><p>{escape(text, quote=False)}</p></div>'}
