"""Links between the entries of a Bundle, and replacing them by where the entries come to live.

Links are replaced in references, in elements of type uri, url, oid and uuid, and in the hrefs and srcs of narratives;
canonicals are not. Source: http://hl7.org/fhir/R4/http.html#trules
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.model import members
from xinglin.fhir.r4 import RESOURCES

# The string after a member `reference`: that of a Reference, or a uri (Expression.reference), which is replaced too.
# An escaped quote cannot open a member here, so text that quotes JSON is left alone.
_REFERENCE: Final = re.compile(rb'"reference"\s*:\s*"((?:[^"\\]|\\.)*)"')
_ADDRESS: Final = re.compile(rb"(?:urn:(?:uuid|oid):|https?:(?:\\?/){2})[^\"\\\s<>'&]+")
_LINK: Final = re.compile(r"""(\b(?:href|src)\s*=\s*)(["'])([^"']*)\2""")
_CONDITIONAL: Final = re.compile(r"[A-Z][A-Za-z]{2,60}\?.+", re.DOTALL)
_REPLACED: Final = frozenset({"uri", "url", "oid", "uuid"})


def references(raw: bytes) -> list[str]:
    """List the references in a resource's bytes, unescaped, in the order they stand."""
    return list(each_reference(raw))


def each_reference(raw: bytes) -> Iterator[str]:
    """Give the references in a resource's bytes one by one, for who does not need them all."""
    for found in _REFERENCE.finditer(raw):
        yield _unescaped(found[1])


def may_be_conditional(raw: bytes) -> bool:
    """Tell whether a resource's bytes can hold a conditional reference: a question mark stands there, or an escape."""
    return b"?" in raw or b"\\" in raw


def is_conditional(reference: str) -> bool:
    """Tell whether *reference* is a search (``Patient?identifier=…``) rather than an address."""
    return _CONDITIONAL.fullmatch(reference) is not None


def target_of(reference: str, targets: Mapping[str, str], base: str | None = None) -> str | None:
    """Find what *reference* becomes; None when it stays.

    base: the server that the fullUrl of the referring entry names; relative references are relative to it.
    """
    found = targets.get(reference)
    if found is None and base is not None and "://" not in reference:
        found = targets.get(f"{base}/{reference}")
    return found


def relinked(raw: bytes, targets: Mapping[str, str], *, base: str | None = None, base_url: str = "") -> bytes:
    """Replace links in a resource's bytes (see `Links`)."""
    return Links(targets, base_url).relinked(raw, base)


class Links:
    """Replaces the links of many resources alike.

    targets: fullUrl or conditional reference → ``Type/id``. base_url: our own; the fullUrls of a Bundle inside a
    resource need it, as they are never relative.
    """

    def __init__(self, targets: Mapping[str, str], base_url: str = "") -> None:
        self._targets = targets
        self._base_url = base_url
        # How the addresses begin: what a text must hold at all to be worth a closer look.
        self._beginnings = {target.rpartition(":")[0].encode() for target in targets if target.startswith("urn:")}
        if any(target.startswith("http") for target in targets):
            self._beginnings |= {b"http:", b"https:"}

    def relinked(self, raw: bytes, base: str | None = None) -> bytes:
        """Replace links in a resource's bytes; digits and order stay.

        base: the server that the fullUrl of the resource's entry names; relative references are relative to it.
        """
        targets = self._targets
        if not targets:
            return raw

        def replaced(found: re.Match[bytes]) -> bytes:
            target = target_of(_unescaped(found[1]), targets, base)
            return found[0] if target is None else b'"reference":' + msgspec.json.encode(target)

        made = _REFERENCE.sub(replaced, raw)
        # Most resources link by references alone; only where an address is left must the types be looked at.
        if any(beginning in made for beginning in self._beginnings) and self._is_left(made):
            document = document_of(made)
            if isinstance(document, dict) and document.get("resourceType") in RESOURCES:
                _relink(document, document["resourceType"], targets, self._base_url)
                return bytes_of(document)
        return made

    def _is_left(self, raw: bytes) -> bool:
        addresses = _ADDRESS.findall(raw.replace(rb"\/", b"/"))
        return any(found.decode(errors="replace") in self._targets for found in addresses)


def _relink(document: dict[str, Any], type_name: str, targets: Mapping[str, str], base_url: str) -> None:
    """Replace in the elements of *document*; what is no element is left for the validator to refuse."""
    known = members(type_name)
    for member, value in document.items():
        primitive, _, sibling = member.rpartition("_")
        if sibling in known and member.startswith("_") and not primitive:
            kind = "Element"
        elif member in known:
            kind = known[member][1]
        else:
            continue
        absolute = type_name == "Bundle.entry" and member == "fullUrl"
        if isinstance(value, list):
            document[member] = [_new(one, kind, targets, base_url, absolute=absolute) for one in value]
        else:
            document[member] = _new(value, kind, targets, base_url, absolute=absolute)


def _new(value: Any, kind: str, targets: Mapping[str, str], base_url: str, *, absolute: bool) -> Any:
    if isinstance(value, dict):
        inner = value.get("resourceType") if kind == "Resource" else kind
        if isinstance(inner, str) and (kind != "Resource" or inner in RESOURCES):
            _relink(value, inner, targets, base_url)
        return value
    if not isinstance(value, str):
        return value
    if kind == "xhtml":
        return _LINK.sub(lambda found: f"{found[1]}{found[2]}{targets.get(found[3], found[3])}{found[2]}", value)
    if kind in _REPLACED and value in targets:
        return f"{base_url}/{targets[value]}" if absolute else targets[value]
    return value


def _unescaped(found: bytes) -> str:
    if b"\\" not in found:
        return found.decode(errors="replace")
    try:
        return str(msgspec.json.decode(b'"' + found + b'"'))
    except msgspec.DecodeError:
        return found.decode(errors="replace")
