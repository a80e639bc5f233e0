"""What the store hands out and takes in: rows, changes, and the calls that `Store` and `Transaction` share."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from msgspec import Struct

from xinglin.fhir.outcome import Issue
from xinglin.security.ledger import Act
from xinglin.store.body import head

if TYPE_CHECKING:
    from xinglin.fhir.search.entry import Entry
    from xinglin.fhir.search.persons import Persons

Op = Literal["create", "update", "delete"]
Must = Literal["any", "new", "exists", "hidden"]

_BEFORE_BODY: Final = len(b'/","resource":')

# Columns of `res` that `Executor.rows` needs, in any order and under these names; the alias of the table is r.
ROW_COLUMNS: Final = "r.rt, r.id, r.rid, r.vid, r.ts, r.deleted, r.enc, r.body, r.pat"


class Record(Protocol):
    """A row as asyncpg gives it, read by column name."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of a column."""


class Row(Struct, frozen=True):
    """One version of a resource.

    entry: ``Type/id","resource":`` and the whole JSON of the resource as answers show it, as an entry of a Bundle goes
    on after the base of its fullUrl: pages are joined of these. Empty when the version is a delete.
    added: where level and class that follow from the type stand in the entry, which are not kept (ADR 0083).
    op: ``C`` for the first version, ``U`` for later ones, ``D`` for a delete. ts: UTC, whole milliseconds.
    pat: `rid` of the patient in whose compartment the resource lies now.
    """

    rt: str
    id: str
    rid: int
    vid: int
    ts: datetime
    deleted: bool
    entry: bytes
    op: str
    pat: int | None = None
    added: tuple[int, int] = (0, 0)

    def body(self) -> bytes:
        """Give the whole resource as it is kept; empty for a delete."""
        begin = len(self.rt) + len(self.id) + _BEFORE_BODY
        start, end = self.added
        return self.entry[begin:start] + self.entry[end:] if end else self.entry[begin:]

    def answer(self) -> bytes:
        """Give the whole resource as an answer shows it, with its level and class; empty for a delete."""
        return self.entry[len(self.rt) + len(self.id) + _BEFORE_BODY :]

    @property
    def tail(self) -> bytes:
        """The bytes that stand after the value of meta.lastUpdated; empty for a delete."""
        return b"" if self.deleted else self.body()[len(head(self.rt, self.id, self.vid, self.ts)) :]


class Change(Struct, frozen=True):
    """One write that the door has allowed.

    op: ``create`` refuses an id that is alive; ``update`` makes or replaces, as *must* says; ``delete`` is idempotent.
    tail, entry: what `body.cut` and `fhir.search.extract.entry` give; unused by a delete.
    expect: the version that must be the current one (If-Match), else 412.
    act: who does this; the ledger gets it, completed by what the write comes to, in the same transaction.
    must: ``new`` refuses (412) when the resource is alive, ``exists`` refuses (404, 410) when it is not. ``hidden``:
    the caller may not know of it, so a delete or an If-Match meets nothing.
    issues: what capabilities remark about the content (`registry.Caution`).
    """

    op: Op
    rt: str
    id: str
    tail: bytes = b""
    entry: "Entry | None" = None
    expect: int | None = None
    must: Must = "any"
    act: Act | None = None
    issues: tuple[Issue, ...] = ()


class Written(Struct, frozen=True):
    """What a write came to.

    vid: the current version afterwards; 0 when a delete found nothing. created: there was no living version before.
    unchanged: no version was made, as nothing was to be changed (same content, or deleted already).
    issues: warnings about the content; it was written all the same.
    tail: what is kept now, with the labels that were stamped; empty for a delete.
    """

    rt: str
    id: str
    vid: int
    ts: datetime
    created: bool
    unchanged: bool = False
    issues: tuple[Issue, ...] = ()
    tail: bytes = b""


_PLACEHOLDER: Final = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class SqlFragment:
    """A piece of SQL with its own arguments, numbered from $1; a predicate speaks of ``res`` by the alias r."""

    sql: str
    args: tuple[object, ...] = ()

    def shifted(self, by: int) -> str:
        """Return the SQL with every placeholder moved up, for use after *by* other arguments."""
        return _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + by}", self.sql)


class Executor(Protocol):
    """Reads and writes of records: `Store` (each call its own commit, coalesced, grouped) or `Transaction`.

    Every call raises OutcomeError for what the caller can answer (timeout 503, conflict 409 or 412, 404, 410), and
    never an error of the driver.
    """

    @property
    def now(self) -> datetime:
        """The clock: of this moment (`Store`) or of the transaction's begin; UTC, whole milliseconds."""

    @property
    def persons(self) -> "Persons":
        """Who stands for whom, as far as it is known here; whatever is written or asked is made with it."""

    async def learn_persons(self) -> "Persons":
        """Read who stands for whom now."""

    async def get(self, rt: str, id: str, *, lock: bool = False) -> Row | None:
        """Return the current version, also when it is a delete; None when there never was one.

        lock: hold the row until the end of the transaction (`Transaction` only).
        """

    async def get_many(self, pairs: Sequence[tuple[str, str]]) -> list[Row | None]:
        """Return the current versions of ``(type, id)`` pairs, in their order."""

    async def write(self, change: Change) -> Written:
        """Write one change."""

    async def write_many(self, changes: Sequence[Change]) -> list[Written]:
        """Write several changes, all or none, each to a resource of its own; answers stand in the order given."""

    async def fetch(
        self, sql: str, *args: object, custom_plan: bool = False, timeout_ms: int | None = None
    ) -> list[Record]:
        """Run one statement under the time limit of the store, or *timeout_ms*.

        custom_plan: plan for these very arguments (conditions with skewed keys), not once for all.
        """

    async def rows(self, records: Sequence[Record]) -> list[Row]:
        """Turn records with the columns of ROW_COLUMNS into rows: decompresses the bodies."""


EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(ts: datetime) -> int:
    """Return the microseconds since the epoch."""
    delta = ts - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
