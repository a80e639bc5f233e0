"""Tables of codes: which there are, and their concepts."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

DATA: Final = resources.files("xinglin.tables") / "data"
INDEX: Final = "index.csv"

# Columns with a meaning of their own; every other column is a property of the concept.
CODE: Final = "code"
NAME: Final = "name"
PARENT: Final = "parent"
ENGLISH: Final = "en"
FROM: Final = "from"
UNTIL: Final = "until"
_OWN: Final = frozenset({CODE, NAME, PARENT, ENGLISH, FROM, UNTIL})


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
    """One code. parent: code above it, empty at the top. since, until: ISO days of validity, empty when open."""

    code: str
    name: str
    parent: str = ""
    en: str = ""
    since: str = ""
    until: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


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
def concepts(name: str) -> tuple[Concept, ...]:
    """Give the concepts of a table (its name, or the address of its code system), in the order of the file."""
    return tuple(_concept(row) for row in rows(f"{table(name).name}.csv"))


@cache
def by_code(name: str) -> Mapping[str, Concept]:
    """Give the concepts of a table by code."""
    return {one.code: one for one in concepts(name)}


def rows(file: str) -> Iterator[dict[str, str]]:
    """Read the rows of a file of `data`."""
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def content(file: str) -> bytes:
    """Give the bytes of a file of `data`."""
    return (DATA / file).read_bytes()


def _concept(row: Mapping[str, str]) -> Concept:
    return Concept(
        code=row[CODE],
        name=row[NAME],
        parent=row.get(PARENT, ""),
        en=row.get(ENGLISH, ""),
        since=row.get(FROM, ""),
        until=row.get(UNTIL, ""),
        properties={name: value for name, value in row.items() if name not in _OWN and value},
    )
