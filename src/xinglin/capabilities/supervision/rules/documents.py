"""Small readers of FHIR documents: extensions, references, instants."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Document = dict[str, Any]
CHINA = ZoneInfo("Asia/Shanghai")


def values(holder: Mapping[str, Any], url: str) -> Iterator[Any]:
    """Give the value of every extension *url*."""
    for one in holder.get("extension", ()):
        if one["url"] == url:
            yield _value(one)


def value(holder: Mapping[str, Any], url: str) -> Any:
    """Give the value of the first extension *url*; None when there is none."""
    return next(values(holder, url), None)


def nested(holder: Mapping[str, Any], url: str) -> list[dict[str, Any]]:
    """Give every extension *url* that has parts, as part → value; the last of parts that repeat."""
    found = (one["extension"] for one in holder.get("extension", ()) if one["url"] == url and "extension" in one)
    return [{part["url"]: _value(part) for part in parts} for parts in found]


def coded(url: str, code: str) -> Document:
    """Write an extension that holds a code."""
    return {"url": url, "valueCode": code}


def reference(holder: Mapping[str, Any], *path: str) -> str:
    """Give the reference at a path of members, the first of each list; empty when there is none."""
    found: Any = holder
    for member in (*path, "reference"):
        found = found[0] if isinstance(found, list) and found else found
        found = found.get(member) if isinstance(found, Mapping) else None
    return str(found or "")


def code_of(concept: Mapping[str, Any] | None, system: str = "") -> str:
    """Give the first code of a CodeableConcept, of one system when it is named; empty when there is none."""
    found = (concept or {}).get("coding", ())
    return next((str(one.get("code", "")) for one in found if not system or one.get("system") == system), "")


def words_of(concept: Mapping[str, Any] | None) -> str:
    """Give the words of a CodeableConcept: text, else the display or code of the first coding."""
    one = concept or {}
    coding: Mapping[str, Any] = next(iter(one.get("coding", ())), {})
    return str(one.get("text") or coding.get("display") or coding.get("code") or "")


def instant(text: object) -> datetime | None:
    """Read an instant or date; None when there is none, a date as its beginning in Beijing."""
    if not text:
        return None
    if "T" not in str(text):
        year, month, day = [*map(int, str(text).split("-")), 1, 1][:3]
        return datetime(year, month, day, tzinfo=CHINA)
    found = datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=CHINA)


def claims(document: Mapping[str, Any], profile: str) -> bool:
    """Tell whether a document claims a profile."""
    return profile in document.get("meta", {}).get("profile", ())


def name_of(document: Mapping[str, Any]) -> str:
    """Give the name of a person or an organization; empty when there is none."""
    given = document.get("name")
    if isinstance(given, list):
        one: Mapping[str, Any] = next(iter(given), {})
        return str(one.get("text") or "".join((one.get("family", ""), *one.get("given", ()))))
    return str(given or "")


def identifier(document: Mapping[str, Any], system: str) -> str:
    """Give the identifier of a system; empty when there is none."""
    found = (one.get("value", "") for one in document.get("identifier", ()) if one.get("system") == system)
    return str(next(found, ""))


def _value(extension: Mapping[str, Any]) -> Any:
    return next((extension[name] for name in extension if name.startswith("value")), None)
