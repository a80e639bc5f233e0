"""Reading and writing members of the resources of billing: extensions, money, tags."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from xinglin.care.money import fen, yuan
from xinglin.fhir.declarations import canonical

Document = dict[str, Any]
TAGS: Final = canonical("billing-tag", "CodeSystem")
UNDER_WAY: Final = "under-way"  # marks what the sweep looks after


def value(resource: Mapping[str, Any], url: str) -> Any:
    """Give the value of an extension, whatever its type; None when there is none."""
    for ext in extensions(resource, url):
        return next((given for name, given in ext.items() if name.startswith("value")), None)
    return None


def extensions(resource: Mapping[str, Any], url: str) -> Iterator[Document]:
    """Give the extensions of a url."""
    return (ext for ext in resource.get("extension", ()) if ext["url"] == url)


def parts(extension: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of the parts of an extension by name."""
    return {
        part["url"]: next(given for name, given in part.items() if name.startswith("value"))
        for part in extension.get("extension", ())
    }


def reference(resource: Mapping[str, Any], url: str) -> str:
    """Give the reference in an extension; empty when there is none."""
    return str((value(resource, url) or {}).get("reference", ""))


def money(amount: int) -> Document:
    """Write fen as Money."""
    return {"value": Decimal(yuan(amount)), "currency": "CNY"}


def fen_of(given: Mapping[str, Any] | None) -> int:
    """Read Money; nothing is 0."""
    return fen(str(given["value"])) if given else 0


def referring(url: str, to: str) -> list[Document]:
    """Write an extension that refers; none for an empty reference."""
    return [{"url": url, "valueReference": {"reference": to}}] if to else []


def saying(url: str, kind: str, given: object) -> list[Document]:
    """Write an extension of a simple value, ``kind`` such as ``valueCode``; none for nothing."""
    return [{"url": url, kind: given}] if given not in {"", None} else []


def tagged(meta: Mapping[str, Any], tags: list[Document]) -> Document:
    """Give a meta with these tags of ours in place of those it had."""
    rest = [tag for tag in meta.get("tag", ()) if tag.get("system") != TAGS]
    others = {name: given for name, given in meta.items() if name != "tag"}
    return others | ({"tag": [*rest, *tags]} if rest or tags else {})


def tag(code: str) -> Document:
    """Write a tag of ours."""
    return {"system": TAGS, "code": code}
