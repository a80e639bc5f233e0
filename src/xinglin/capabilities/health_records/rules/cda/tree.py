"""XML read defensively: no document type, so no entities to expand or fetch; bounded in size and depth."""

from typing import Final
from xml.etree.ElementTree import Element as Tag
from xml.parsers import expat

from xinglin.capabilities.health_records.rules.cda.header import SPACE
from xinglin.fhir.outcome import Issue, OutcomeError

MOST_BYTES: Final = 5_000_000
MOST_DEPTH: Final = 60
MOST_TAGS: Final = 200_000
_SCHEMA: Final = "http://www.w3.org/2001/XMLSchema-instance"
_SIGN: Final = "\x01"  # parts namespace and name; cannot stand in XML


class _Refused(Exception):
    """Carries a fault out of expat's handlers."""


class _Builder:
    """Handlers of expat that build a tree; names of CDA lose their namespace, those of others keep it."""

    def __init__(self) -> None:
        self.top: Tag | None = None
        self.open: list[Tag] = []
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= MOST_DEPTH or self.count > MOST_TAGS:
            raise _Refused(f"it has more than {MOST_TAGS:,} elements, or more than {MOST_DEPTH} within each other")
        made = Tag(_name(tag, SPACE, ""), {_name(name, _SCHEMA, "xsi:"): value for name, value in attributes.items()})
        if self.open:
            self.open[-1].append(made)
        else:
            self.top = made
        self.open.append(made)

    def end(self, _tag: str) -> None:
        self.open.pop()

    def characters(self, text: str) -> None:
        at = self.open[-1]
        if len(at):
            at[-1].tail = (at[-1].tail or "") + text
        else:
            at.text = (at.text or "") + text

    def doctype(self, *_declared: object) -> None:
        raise _Refused("it declares a document type, which is not allowed")


def _name(given: str, space: str, prefix: str) -> str:
    found, _, name = given.rpartition(_SIGN)
    if found == space:
        return prefix + name
    return f"{{{found}}}{name}" if found else name


def parse(xml: bytes) -> Tag:
    """Read XML; OutcomeError (400) says what is wrong with it."""
    if len(xml) > MOST_BYTES:
        raise _fault(f"The document is larger than {MOST_BYTES:,} bytes.")
    parser = expat.ParserCreate(None, _SIGN)
    builder = _Builder()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(xml, True)  # noqa: FBT003 - expat takes no keyword
    except _Refused as refused:
        raise _fault(f"The document is refused: {refused}.") from None
    except (expat.ExpatError, ValueError, LookupError) as broken:
        place = f"line {parser.ErrorLineNumber}, column {parser.ErrorColumnNumber + 1}"
        raise _fault(f"The document is no well-formed XML at {place}: {broken}.") from None
    if builder.top is None:
        raise _fault("The document is empty.")
    return builder.top


def _fault(text: str) -> OutcomeError:
    return OutcomeError(Issue("structure", "cda-malformed", "ClinicalDocument", text), status=400)
