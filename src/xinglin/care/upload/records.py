"""One record of the upload, its composite key and its digest; the fields of each table are data (2.4 of the book).

The tables are those of public implementations [P]; a province that names them otherwise is an adapter in front of its
port. Of a person only what the table asks for is told (R2-040).
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.fhir.sources import cites
from xinglin.security.sm import sm3

DATA: Final = Path(__file__).parent.parent / "data/upload_fields.csv"
CHINA: Final = ZoneInfo("Asia/Shanghai")
TABLES: Final = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8")
# The modification flag (修改标志).
NORMAL: Final = "1"
WITHDRAWN: Final = "2"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table. key: part of the composite key. needed: never empty."""

    table: str
    name: str
    key: bool
    needed: bool
    title: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record: values by field, as text."""

    table: str
    values: Mapping[str, str]

    @property
    def key(self) -> str:
        """The composite key: sent twice it is the same record (R2-042)."""
        parts = (self.values.get(one.name, "") for one in fields(self.table) if one.key)
        return "|".join((self.table, *parts))

    @property
    def missing(self) -> tuple[str, ...]:
        """Titles of the fields that must be told and are not."""
        return tuple(one.title for one in fields(self.table) if one.needed and not self.values.get(one.name))


@cache
def all_fields() -> tuple[Field, ...]:
    """Read the fields of every table, in their order."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(
            Field(row["table"], row["field"], bool(row["key"]), bool(row["needed"]), row["zh"])
            for row in csv.DictReader(file)
        )


@cache
def fields(table: str) -> tuple[Field, ...]:
    """Give the fields of one table."""
    return tuple(one for one in all_fields() if one.table == table)


@cites("R2-040")
def record(table: str, values: Mapping[str, object]) -> Record:
    """Make a record of a table: what the table does not ask for is a mistake, not a gift (KeyError)."""
    known = {one.name for one in fields(table)}
    if extra := sorted(set(values) - known):
        raise KeyError(f"{table} has no {', '.join(extra)}")
    told = {"modified": NORMAL, **values}
    ordered = {one.name: told.get(one.name, "") for one in fields(table)}
    return Record(table, {name: "" if value is None else str(value) for name, value in ordered.items()})


def withdrawn(records: Iterable[Record]) -> tuple[Record, ...]:
    """Give the same records as taken back: the same keys, the flag set."""
    return tuple(Record(one.table, {**one.values, "modified": WITHDRAWN}) for one in records)


@cites("R2-042")
def digest(records: Iterable[Record]) -> str:
    """Give the SM3 of records, whatever their order: what was sent is the same as what stands here, or it is not."""
    told = sorted(([one.table, dict(sorted(one.values.items()))] for one in records), key=json.dumps)
    return sm3(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).hex()


def moment(at: datetime | None) -> str:
    """Write a time as the tables do: 20261122T093000, in Beijing; empty for none."""
    return f"{at.astimezone(CHINA):%Y%m%dT%H%M%S}" if at is not None else ""


def read_moment(text: str) -> datetime | None:
    """Read such a time; None for none."""
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=CHINA) if text else None
