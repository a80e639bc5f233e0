"""Tables of codes: which there are, and their concepts."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from xinglin.fhir.sources import cites

DATA: Final = resources.files("xinglin.tables") / "data"
INDEX: Final = "index.csv"

# Columns with a meaning of their own; every other column is a property of the concept. Several parents stand between
# spaces, the main one first; so do aliases.
CODE: Final = "code"
NAME: Final = "name"
PARENT: Final = "parent"
ENGLISH: Final = "en"
ALIASES: Final = "aliases"
FROM: Final = "from"
UNTIL: Final = "until"
_OWN: Final = frozenset({CODE, NAME, PARENT, ENGLISH, ALIASES, FROM, UNTIL})


@dataclass(frozen=True, slots=True)
class Table:
    """One row of `data/index.csv`.

    name: of the file, without ``.csv``. url: of the code system, empty for a table that is none. oid: without
    ``urn:oid:``, empty when there is none. since: day of the edition, ISO.
    """

    name: str
    url: str
    oid: str
    title_zh: str
    title_en: str
    source: str
    edition: str
    since: str


@dataclass(frozen=True, slots=True)
class Concept:
    """One code.

    parents: codes above it, the main one first. aliases: what people call it, to find it by; no name for a record.
    since, until: ISO days of validity, empty when open.
    """

    code: str
    name: str
    parents: tuple[str, ...] = ()
    en: str = ""
    aliases: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        """The main code above it; empty at the top."""
        return self.parents[0] if self.parents else ""


@cache
def tables() -> tuple[Table, ...]:
    """Give every table of the index, in its order."""
    return tuple(
        Table(
            name=row["file"].removesuffix(".csv"),
            url=row["url"],
            oid=row["oid"],
            title_zh=row["title_zh"],
            title_en=row["title_en"],
            source=row["source"],
            edition=row["edition"],
            since=row["since"],
        )
        for row in rows(INDEX)
    )


def table(name: str) -> Table:
    """Give a table by its name, or by the address of its code system; LookupError when there is none."""
    for one in tables():
        if name in {one.name, one.url}:
            return one
    raise LookupError(f"no table is called {name}")


@cache
def by_url() -> Mapping[str, Table]:
    """Give the tables that are code systems, by address."""
    return {one.url: one for one in tables() if one.url}


@cache
def concepts(name: str) -> tuple[Concept, ...]:
    """Give the concepts of a table (its name, or the address of its code system), in the order of the file."""
    return tuple(_concept(row) for row in rows(f"{table(name).name}.csv"))


@cache
def by_code(name: str) -> Mapping[str, Concept]:
    """Give the concepts of a table by code."""
    return {one.code: one for one in concepts(name)}


def rows(file: str) -> Iterator[dict[str, str]]:
    """Read the rows of a file of `data`."""
    yield from csv.DictReader(io.StringIO(content(file).decode(), newline=""))


def content(file: str) -> bytes:
    """Give the bytes of a file of `data`."""
    return (DATA / file).read_bytes()


def _concept(row: Mapping[str, str]) -> Concept:
    return Concept(
        code=row[CODE],
        name=row[NAME],
        parents=tuple(row.get(PARENT, "").split()),
        en=row.get(ENGLISH, ""),
        aliases=tuple(row.get(ALIASES, "").split()),
        since=row.get(FROM, ""),
        until=row.get(UNTIL, ""),
        properties={name: value for name, value in row.items() if name not in _OWN and value},
    )


@dataclass(frozen=True, slots=True)
class Link:
    """How one code is said in another system. equivalence: of the target to the source, as R4 has it."""

    source: str
    target: str
    equivalence: str


@dataclass(frozen=True, slots=True)
class Map:
    """A map between two systems. source, target: their addresses."""

    name: str
    source: str
    target: str
    title_zh: str
    title_en: str
    links: tuple[Link, ...]


@cites("CD-22")
@cache
def maps() -> tuple[Map, ...]:
    """Give the maps between lists that differ by use: national, front page, record form, FHIR."""
    links: dict[str, list[Link]] = {}
    for row in rows("concept_map_rows.csv"):
        links.setdefault(row["map"], []).append(Link(row["source_code"], row["target_code"], row["equivalence"]))
    return tuple(
        Map(row["map"], row["source"], row["target"], row["title_zh"], row["title_en"], tuple(links[row["map"]]))
        for row in rows("concept_maps.csv")
    )
