"""The templates of shared documents: what each holds, and where it comes from. Read from ``data/*.json``.

A section has groups; a group is one kind of resource, each of which becomes an organizer; an element of a group is one
data element (数据元, WS 363) with the FHIRPath of its value. The same path says where a reader puts the value back.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from xinglin.fhir.sources import cites

DATA: Final = resources.files("xinglin.capabilities.health_records.rules.cda") / "data"
DOCUMENTS: Final = "https://xinglin.health/fhir/CodeSystem/wst-500"
RECORDS: Final = "https://xinglin.health/fhir/CodeSystem/wst-483"
LOINC: Final = "http://loinc.org"
LOINC_OID: Final = "2.16.840.1.113883.6.1"
# OID of the catalogue of data elements (WS 363), and of the codes of documents.
CATALOGUE: Final = cites("ST-03")("2.16.156.10011.2.2.1")
KINDS: Final = "2.16.156.10011.2.4"


@dataclass(frozen=True, slots=True)
class Domain:
    """Where the codes of an element come from (值域): an OID, its FHIR system, and what a code of it may be.

    table: of `xinglin.tables` that holds every code, "" when there is none; shape: ``disease`` or ``operation``.
    timings: how often each code means, as members of Timing.repeat; empty but for frequencies.
    """

    name: str
    oid: str
    title: str
    system: str
    table: str = ""
    shape: str = ""
    timings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One data element. type: of its value in CDA (ST CD PQ TS); path: FHIRPath below the resource of the group.

    text_of: LOINC code of the section of the Composition whose text the value is, instead of a path.
    make: what a reader begins a new item with, where the path picks one of several by ``where``.
    """

    de: str
    name: str
    type: str
    path: str
    required: bool
    domain: Domain | None
    text_of: str
    make: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """The resources of one kind. where: FHIRPath that picks them; role: of a diagnosis of the visit (AD, DD).

    required: when there is none, an organizer says that it is not known (ST-05). any: of which one has a value.
    fixed: what a reader begins the resource with. time: path of the date that the organizer bears.
    """

    on: str
    where: str
    role: str
    required: bool
    any: tuple[str, ...]
    fixed: Mapping[str, Any]
    time: str
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the body, by its LOINC code."""

    code: str
    display: str
    title: str
    required: bool
    groups: tuple[Group, ...]

    def group_of(self, de: str) -> Group | None:
        """Give the group that a data element belongs to."""
        return next((one for one in self.groups if any(each.de == de for each in one.elements)), None)


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of document.

    root: OID of the template. focus: type of what it is about; when: FHIRPath that says whether one is fit.
    numbers: OIDs of the numbers of the visit that the header names. needs: sections without which there is nothing to
    write. wanted: searches that find what it holds.
    """

    id: str
    standard: str
    root: str
    code: str
    title: str
    title_en: str
    focus: str
    when: str
    numbers: tuple[str, ...]
    needs: tuple[str, ...]
    wanted: Mapping[str, tuple[tuple[str, str], ...]]
    sections: tuple[Section, ...]

    @property
    def type(self) -> tuple[str, str, str]:
        """The Composition's type: system, code and display."""
        series, _, part = self.standard.removeprefix("WS/T ").removesuffix("-2016").partition(".")
        return (DOCUMENTS, self.code, self.title) if series == "500" else (RECORDS, f"{series}.{part}", self.title)

    def section(self, code: str) -> Section | None:
        """Give a section by its code."""
        return next((one for one in self.sections if one.code == code), None)

    @property
    def texts(self) -> tuple[tuple[Section, Element], ...]:
        """The elements that somebody writes as a text, with their sections."""
        return tuple(
            (section, element)
            for section in self.sections
            for group in section.groups
            for element in group.elements
            if element.text_of
        )


@cache
@cites("ST-07")
def templates() -> tuple[Template, ...]:
    """Give every template, in the order of their names."""
    found = (one for one in DATA.iterdir() if one.name.startswith("wst") and one.name.endswith(".json"))
    return tuple(_template(json.loads(one.read_text("utf-8"))) for one in sorted(found, key=lambda one: one.name))


def template(id: str) -> Template | None:
    """Give a template by its name (``wst500-4``)."""
    return next((one for one in templates() if one.id == id), None)


def template_of(type: Mapping[str, Any]) -> Template | None:
    """Give the template of a document by its Composition.type."""
    codes = {(one.get("system"), one.get("code")) for one in type.get("coding", ())}
    return next((one for one in templates() if one.type[:2] in codes), None)


def of_root(root: str) -> Template | None:
    """Give a template by the OID that a document names."""
    return next((one for one in templates() if one.root == root), None)


@cache
def domains() -> Mapping[str, Domain]:
    """Give the value domains by name."""
    read = json.loads((DATA / "domains.json").read_text("utf-8"))
    return {
        name: Domain(
            name,
            one["oid"],
            one["name"],
            one["system"],
            one.get("table", ""),
            one.get("shape", ""),
            tuple(one.get("timings", ())),
        )
        for name, one in read.items()
    }


def _template(read: Mapping[str, Any]) -> Template:
    wanted = {type: tuple((name, value) for name, value in pairs) for type, pairs in read["wanted"].items()}
    simple = {name: read[name] for name in ("id", "standard", "root", "code", "title", "title_en", "focus", "when")}
    sections = tuple(_section(one) for one in read["sections"])
    return Template(
        **simple, numbers=tuple(read["numbers"]), needs=tuple(read["needs"]), wanted=wanted, sections=sections
    )


def _section(read: Mapping[str, Any]) -> Section:
    groups = tuple(_group(one) for one in read["groups"])
    return Section(read["code"], read["display"], read["title"], read["required"], groups)


def _group(read: Mapping[str, Any]) -> Group:
    return Group(
        on=read["on"],
        where=read.get("where", ""),
        role=read.get("role", ""),
        required=read.get("required", False),
        any=tuple(read.get("any", ())),
        fixed=read.get("fixed", {}),
        time=read.get("time", ""),
        elements=tuple(_elements(read["elements"])),
    )


def _elements(read: list[Mapping[str, Any]]) -> Iterator[Element]:
    for one in read:
        yield Element(
            de=one["de"],
            name=one["name"],
            type=one["type"],
            path=one.get("path", ""),
            required=one["required"],
            domain=domains()[one["domain"]] if "domain" in one else None,
            text_of=one.get("text_of", ""),
            make=one.get("make", {}),
        )
