"""The words of a resource for the text index: which elements hold text, walked by a function written for each type."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct

from xinglin.fhir.fhirpath.writer import Writer
from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.search.text import Words, vector, words_in
from xinglin.fhir.search.veil import forget_with
from xinglin.fhir.wire import ENCODER

# What is no text of the resource: identities, technical data, and what other parameters find better.
_SKIPPED: Final = frozenset(
    {"Meta", "Identifier", "Extension", "Attachment", "Signature", "Narrative", "Address", "SampledData"}
)
_WORDLESS: Final = _SKIPPED | {"Quantity", "Period", "Reference", "Money", "Range", "Ratio"}
_TEXTS: Final = frozenset({"string", "markdown"})
# Types whose values come again and again: their words are remembered by their JSON.
_CODED: Final = frozenset({"CodeableConcept", "Coding"})
_REMEMBERED: Final = 8_192

# Called with a struct and what takes its words.
Walker = Callable[[Struct, Callable[[Words], None]], None]


def document(resource: Struct) -> str:
    """Give the text form of the resource's tsvector; the narrative counts for more than the other texts.

    Contained resources count as well, but for their narratives.
    """
    found: list[Words] = []
    walk(resource, found.append)
    narrative = getattr(resource, "text", None)
    return vector(getattr(narrative, "div", None) or "", found)


def walk(value: Struct, add: Callable[[Words], None]) -> None:
    """Call *add* with the words of every text of *value*."""
    _WALKERS[type(value)](value, add)


class _Walkers(dict[type[Struct], Walker]):
    """By struct: its function, written when first asked for."""

    def __missing__(self, struct: type[Struct]) -> Walker:
        made = self[struct] = _written(struct)
        return made


_WALKERS: Final = _Walkers()


class _Concepts(dict[bytes, Words]):
    """By JSON: the words of a coded value."""

    def of(self, value: Struct) -> Words:
        """Give the words of *value*, a CodeableConcept or Coding."""
        mark = ENCODER.encode(value)
        known = self.get(mark)
        if known is None:
            found: list[Words] = []
            walk(value, found.append)
            known = {word: None for words, _ in found for word in words}, sum([length for _, length in found])
            if len(self) >= _REMEMBERED:
                self.clear()
            self[mark] = known
        return known


_CONCEPTS: Final = _Concepts()
forget_with(_CONCEPTS.clear)


def _written(struct: type[Struct]) -> Walker:
    """Write the function that walks *struct*."""
    writer = Writer()
    for name, kind, many in _texts_of(struct):
        each = "y" if many else "x"
        call = f"walk({each}, add)"
        if kind in _TEXTS:
            call = f"add(words_in({each}))"
        elif kind in _CODED:
            call = f"add(concept({each}))"
        with writer.block(f"if (x := v.{name}) is not None:"):
            if not many:
                writer.line(call)
            else:
                with writer.block("for y in x:"), writer.block("if y is not None:"):
                    writer.line(call)
    if not writer.lines:
        writer.line("return")
    return writer.function("v, add", {"words_in": words_in, "concept": _CONCEPTS.of, "walk": walk})


def _texts_of(struct: type[Struct]) -> Iterator[tuple[str, str, bool]]:
    """Name the attributes of a struct that hold text or may hold it further down: (attribute, type, a list)."""
    fhir_type: Any = getattr(struct, "fhir_type", struct.__name__)
    info = TYPES.get(fhir_type)
    if info is None or fhir_type in _SKIPPED:
        return
    for element in info.elements:
        for name, kind in ((element.attr, element.types[0]),) if not element.choice else element.members():
            whole = kind in TYPES and TYPES[kind].kind != "primitive" and kind not in _WORDLESS
            if kind in _TEXTS or whole:
                yield name, kind, element.max != 1
