"""What changed between two versions of a resource, element by element. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import msgspec

from xinglin.web.brief import brief
from xinglin.web.names import element_name
from xinglin.web.view import Language

# The server's own marks differ between any two versions and say nothing.
SKIPPED: Final = frozenset({"meta.versionId", "meta.lastUpdated"})
LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; an empty *before* was added, an empty *after* removed."""

    label: str
    path: str
    before: str
    after: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any], language: Language) -> tuple[Change, ...]:
    """Compare two documents; items of a list are matched by their content, so that an insertion is one change."""
    kind = str(after.get("resourceType") or before.get("resourceType") or "")
    return tuple(
        Change(_label(kind, path, language), f"{kind}.{path}", _shown(old, language), _shown(new, language))
        for path, old, new in _walk(dict(before), dict(after), "")
    )


def _walk(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if _same(old, new) or path in SKIPPED:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _walk(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    elif isinstance(old, list) or isinstance(new, list):
        yield from _lists(old or [], new or [], path)
    else:
        yield path, old, new


def _lists(old: list[Any], new: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    matcher = SequenceMatcher(None, [_bytes(one) for one in old], [_bytes(one) for one in new], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        paired = min(i2 - i1, j2 - j1)
        for step in range(paired):
            yield from _walk(old[i1 + step], new[j1 + step], f"{path}[{j1 + step}]")
        for place in range(i1 + paired, i2):
            yield f"{path}[{place}]", old[place], None
        for place in range(j1 + paired, j2):
            yield f"{path}[{place}]", None, new[place]


def _same(old: Any, new: Any) -> bool:
    """Compare by spelling: 1.0 and 1.00 are two values in FHIR, and true is not 1."""
    return _bytes(old) == _bytes(new)


_bytes: Final = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def _label(kind: str, path: str, language: Language) -> str:
    parts = [part.partition("[")[0].lstrip("_") for part in path.split(".")]
    return " › ".join(element_name(".".join([kind, *parts[: place + 1]]), language) for place in range(len(parts)))


def _shown(value: Any, language: Language) -> str:
    """Say a value; a structure that cannot be said in few words is shown as JSON."""
    if value is None:
        return ""
    said = brief(value, language) if not isinstance(value, dict) or len(value) <= 3 else ""
    said = said or _bytes(value).decode()
    return said if len(said) <= LONGEST else said[:LONGEST] + "…"
