"""What a document is made of: a document Bundle, asked by FHIRPath."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from msgspec import Struct

from xinglin.capabilities.health_records.rules.cda.templates import LOINC, Element, Group
from xinglin.fhir.fhirpath import Node, evaluate, parse
from xinglin.fhir.fhirpath.tree import Expr

_TAG: Final = re.compile(r"<[^>]*>")
_BREAK: Final = re.compile(r"</(?:p|div|li|tr|h\d)>|<br\s*/?>", re.IGNORECASE)


@cache
def expression(path: str) -> Expr:
    """Give a FHIRPath, parsed once."""
    return parse(path)


@dataclass(frozen=True, slots=True)
class Source:
    """A document Bundle whose first entry is the Composition."""

    bundle: Struct

    def ask(self, path: str, at: Node | None = None) -> list[Node]:
        """Evaluate a FHIRPath on the Bundle, or on a node in it."""
        return evaluate(expression(path), self.bundle, context=at)

    def one(self, path: str, at: Node | None = None) -> Node | None:
        """Give the first of what a FHIRPath finds."""
        return next(iter(self.ask(path, at)), None)

    def text(self, path: str, at: Node | None = None) -> str:
        """Give the first of what a FHIRPath finds as text; empty when there is none."""
        found = self.one(path, at)
        return "" if found is None or found.value is None else str(found.value)

    def foci(self, group: Group) -> list[Node]:
        """Find the resources of a group, in the order of the Bundle."""
        if group.role:
            # a diagnosis of a stay that says no use is one of discharge
            use = f"use.coding.exists(code = '{group.role}')" + (" or use.empty()" if group.role == "DD" else "")
            path = f"Bundle.entry.resource.ofType(Encounter).diagnosis.where({use})"
            return self.ask(f"{path}.condition.resolve().ofType({group.on})")
        where = f".where({group.where})" if group.where else ""
        return self.ask(f"Bundle.entry.resource.ofType({group.on}){where}")

    def values(self, element: Element, focus: Node) -> list[Node]:
        """Find the values of an element of a focus."""
        return self.ask(element.path, focus)

    def written(self, code: str) -> str:
        """Give the text that somebody wrote in the section *code* of the Composition; empty without one.

        A text that was generated from entries is not what somebody wrote.
        """
        where = f"code.coding.exists(system = '{LOINC}' and code = '{code}')"
        path = (
            f"Bundle.entry.resource.ofType(Composition).section.where({where}).text.where(status = 'additional').`div`"
        )
        return plain(self.text(path))


def plain(div: str) -> str:
    """Give the text of a narrative, a line for each block."""
    lines = html.unescape(_TAG.sub("", _BREAK.sub("\n", div))).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def marked(text: str) -> str:
    """Give a text as the div of a narrative, a paragraph for each line."""
    lines = "".join(f"<p>{html.escape(line, quote=False)}</p>" for line in text.splitlines() if line.strip())
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'


def members(node: Node) -> Iterator[Any]:
    """Give the codings of a CodeableConcept or Coding."""
    value: Any = node.value
    if node.type == "FHIR.Coding":
        yield value
    elif node.type == "FHIR.CodeableConcept":
        yield from value.coding or ()
