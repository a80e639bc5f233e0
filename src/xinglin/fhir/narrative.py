"""Checks a narrative's XHTML (http://hl7.org/fhir/R4/narrative.html): safe markup only, and something to read.

Allowed is what chapters 7 to 11 (but 9.4) and 15 of HTML 4.0 describe, links and images. Scripts, forms, frames, event
attributes, style sheets and document type declarations are not.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

XHTML: Final = "http://www.w3.org/1999/xhtml"
MAX_DEPTH: Final = 200

ELEMENTS: Final = frozenset(
    "a abbr acronym address area b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt em"
    " h1 h2 h3 h4 h5 h6 hr i img kbd li map ol p pre q s samp small span strike strong sub sup"
    " table tbody td tfoot th thead tr tt u ul var".split()
)
COMMON: Final = frozenset(
    "abbr accesskey align axis char charoff class colspan dir headers id lang rowspan scope span style tabindex title"
    " valign width".split()
)
SPECIAL: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset("charset coords href hreflang name rel rev shape type".split()),
    "area": frozenset("alt coords href nohref shape".split()),
    "blockquote": frozenset({"cite"}),
    "br": frozenset({"clear"}),
    "col": frozenset({"height"}),
    "hr": frozenset("noshade size".split()),
    "img": frozenset("alt border height hspace ismap longdesc src usemap vspace".split()),
    "li": frozenset("type value".split()),
    "map": frozenset({"name"}),
    "ol": frozenset("compact start type".split()),
    "pre": frozenset({"space"}),
    "q": frozenset({"cite"}),
    "table": frozenset("bgcolor border cellpadding cellspacing frame rules summary".split()),
    "td": frozenset("bgcolor height nowrap".split()),
    "th": frozenset("bgcolor height nowrap".split()),
    "tr": frozenset({"bgcolor"}),
    "ul": frozenset("compact type".split()),
}
_ADDRESSES: Final = frozenset({"href", "src", "cite", "longdesc", "usemap"})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "urn", "cid"})
_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|bmp|webp)[;,]", re.IGNORECASE)
_UNSAFE_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|behavior|-moz-binding|javascript:|\\", re.IGNORECASE)
_SIGN: Final = "\x01"  # parts namespace and name; cannot stand in XML


class _Refused(Exception):
    """Carries the fault out of expat's handlers."""


def fault(div: str) -> str | None:
    """Say what is wrong with the XHTML of a div; None when it is sound."""
    parser = expat.ParserCreate("UTF-8", _SIGN)
    reader = _Reader()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(div, True)  # noqa: FBT003 - expat takes no keyword
    except _Refused as refused:
        return str(refused)
    except (expat.ExpatError, ValueError) as broken:
        return f"it is not well-formed XML: {broken}"
    return None if reader.content else "it has no text and no image"


class _Reader:
    """Handlers of expat that refuse what is not allowed."""

    def __init__(self) -> None:
        self.depth = 0
        self.content = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, name = tag.rpartition(_SIGN)
        if self.depth == 0 and (space, name) != (XHTML, "div"):
            raise _Refused(f"it must be one div in the namespace {XHTML}")
        if space != XHTML or name not in ELEMENTS:
            raise _Refused(f"the element {name} is not allowed")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused(f"elements are nested deeper than {MAX_DEPTH}")
        self.content = self.content or name == "img"
        for attribute, value in attributes.items():
            _attribute(name, attribute.rpartition(_SIGN)[2], value)

    def end(self, _tag: str) -> None:
        self.depth -= 1

    def characters(self, text: str) -> None:
        self.content = self.content or not text.isspace()

    def doctype(self, *_declared: object) -> None:
        raise _Refused("a document type declaration is not allowed")


def _attribute(element: str, name: str, value: str) -> None:
    if name not in COMMON and name not in SPECIAL.get(element, ()) and name != "space":
        raise _Refused(f"the attribute {name} of {element} is not allowed")
    if name == "style" and _UNSAFE_STYLE.search(value):
        raise _Refused("a style must not load or run anything")
    if name in _ADDRESSES and not _safe(element, value):
        raise _Refused(f"the address in {name} of {element} is not allowed")


def _safe(element: str, address: str) -> bool:
    """Tell whether a link or image may point there; browsers ignore white space and controls in schemes."""
    dense = "".join(sign for sign in address if sign > " ")
    scheme = _SCHEME.match(dense)
    if scheme is None or scheme.group(1).lower() in _SAFE_SCHEMES:
        return True
    return element == "img" and _IMAGE.match(dense) is not None
