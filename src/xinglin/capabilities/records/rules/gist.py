"""A FHIR value in a few words, told from its shape (http://hl7.org/fhir/R4/datatypes.html)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Document = Mapping[str, Any]


def gist(value: object) -> str:
    """Say a value in a few words: names, codes, references, amounts, periods; empty when there is nothing to say."""
    if isinstance(value, Mapping):
        return _of(value)
    if isinstance(value, list):
        return "、".join(part for part in (gist(one) for one in value[:3]) if part)
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, str | int | Decimal):
        return str(value)
    return ""


def _of(value: Document) -> str:
    if "family" in value or "given" in value:
        return name(value)
    for member in ("text", "display"):
        if isinstance(value.get(member), str) and value[member]:
            return str(value[member])
    if "coding" in value:
        return gist(value["coding"][:1])
    if "reference" in value:
        return str(value["reference"])
    if "numerator" in value:
        return f"{gist(value['numerator'])} / {gist(value.get('denominator', {}))}"
    if "low" in value or "high" in value:
        return f"{gist(value.get('low', {}))} – {gist(value.get('high', {}))}"
    if "start" in value or "end" in value:
        return f"{str(value.get('start', ''))[:10]} – {str(value.get('end', ''))[:10]}"
    if "value" in value:
        parts = (
            value.get("comparator"),
            value["value"],
            value.get("unit") or value.get("code") or value.get("currency"),
        )
        return " ".join(str(part) for part in parts if part is not None)
    if "line" in value or "city" in value:
        return " ".join(
            [*(value.get(part, "") for part in ("state", "city", "district")), *value.get("line", ())]
        ).strip()
    for member in ("code", "title", "name", "url", "type"):
        if member in value and not isinstance(value[member], bool):
            return gist(value[member])
    return ""


def name(value: Document) -> str:
    """Say a HumanName: its text; else family and given, without a space between Chinese ones."""
    if value.get("text"):
        return str(value["text"])
    family, given = str(value.get("family", "")), [str(one) for one in value.get("given", ()) if one]
    if any("\u4e00" <= letter <= "\u9fff" for letter in family):
        return family + "".join(given)
    return " ".join(part for part in (*value.get("prefix", ()), *given, family) if part)
