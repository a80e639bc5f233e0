"""Checks a narrative's XHTML (http://hl7.org/fhir/R4/narrative.html): safe markup only, and something to read.

Allowed is what chapters 7 to 11 (but 9.4) and 15 of HTML 4.0 describe, links and images. Scripts, forms, frames, event
attributes, style sheets and document type declarations are not.
"""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

XHTML: Final = "http://www.w3.org/1999/xhtml"

ELEMENTS: Final = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "b",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "kbd",
        "li",
        "map",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
COMMON: Final = frozenset(
    [
        "abbr",
        "accesskey",
        "align",
        "axis",
        "char",
        "charoff",
        "class",
        "colspan",
        "dir",
        "headers",
        "id",
        "lang",
        "rowspan",
        "scope",
        "span",
        "style",
        "tabindex",
        "title",
        "valign",
        "width",
        "xml:lang",
        "xml:space",
    ]
)
SPECIAL: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset(["charset", "coords", "href", "hreflang", "name", "rel", "rev", "shape", "type"]),
    "area": frozenset(["alt", "coords", "href", "nohref", "shape"]),
    "blockquote": frozenset({"cite"}),
    "br": frozenset({"clear"}),
    "col": frozenset({"height"}),
    "hr": frozenset(["noshade", "size"]),
    "img": frozenset(["alt", "border", "height", "hspace", "ismap", "longdesc", "src", "usemap", "vspace"]),
    "li": frozenset(["type", "value"]),
    "map": frozenset({"name"}),
    "ol": frozenset(["compact", "start", "type"]),
    "pre": frozenset({"space"}),
    "q": frozenset({"cite"}),
    "table": frozenset(["bgcolor", "border", "cellpadding", "cellspacing", "frame", "rules", "summary"]),
    "td": frozenset(["bgcolor", "height", "nowrap"]),
    "th": frozenset(["bgcolor", "height", "nowrap"]),
    "tr": frozenset({"bgcolor"}),
    "ul": frozenset(["compact", "type"]),
}
_ADDRESSES: Final = frozenset({"href", "src", "cite", "longdesc", "usemap"})
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "urn", "cid"})
_IMAGE = re.compile(r"data:image/(?:png|jpe?g|gif|bmp|webp)[;,]", re.IGNORECASE)
_UNSAFE_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|behavior|-moz-binding|javascript:|\\", re.IGNORECASE)


class _Refused(Exception):
    """Carries the fault out of expat's handlers."""


def fault(div: str) -> str | None:
    """Say what is wrong with the XHTML of a div; None when it is sound.

    Names are compared as they are written: the namespace is the default one, prefixes are not allowed.
    """
    parser = expat.ParserCreate("UTF-8")
    reader = _Reader(parser)
    parser.StartElementHandler = reader.first
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

    __slots__ = ("content", "parser")

    def __init__(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        self.content = False

    def first(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "div" or attributes.get("xmlns") != XHTML:
            raise _Refused(f"it must be one div in the namespace {XHTML}")
        self.start(tag, attributes)
        self.parser.StartElementHandler = self.start

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in ELEMENTS:
            raise _Refused(f"the element {tag} is not allowed")
        if tag == "img":
            self.content = True
        for attribute, value in attributes.items():
            _attribute(tag, attribute, value)

    def characters(self, text: str) -> None:
        if not text.isspace():
            self.content = True
            self.parser.CharacterDataHandler = None  # enough is known

    def doctype(self, *_declared: object) -> None:
        raise _Refused("a document type declaration is not allowed")


def _attribute(element: str, name: str, value: str) -> None:
    if name == "xmlns" and value == XHTML:
        return
    if name not in COMMON and name not in SPECIAL.get(element, ()):
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
