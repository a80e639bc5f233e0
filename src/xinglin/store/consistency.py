"""The whole store against itself: every record opens, every index row follows from a record, no version is missing.

All tables are walked side by side in one order (bucket, rid) and one snapshot, so memory stays small at any size.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from xinglin.fhir import codec
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search import keys
from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.persons import Persons
from xinglin.store import persons
from xinglin.store.executor import Row
from xinglin.store.faults import answered
from xinglin.store.marks import indexed
from xinglin.store.pool import Connection, Pool
from xinglin.store.store import Store

AHEAD: Final = 500  # rows read ahead of each table
BATCH: Final = 200  # documents and terms compared by one statement

Place = tuple[int, int]
Group = tuple[Place, list[Any]]

_STREAMS: Final = {
    "res": "SELECT bucket, rid, rt, id, vid, ts, deleted, pat, ord, keys, enc, body FROM res",
    "hist": "SELECT bucket, rid, rt, id, vid, ts, op = 'D' AS deleted, enc, body, NULL::int8 AS pat FROM hist",
    "ix": "SELECT bucket, rid, key, ord, pat, c FROM ix",
    "dx": "SELECT bucket, rid, key, lo, hi FROM dx",
    "sx": "SELECT bucket, rid, key, norm FROM sx",
    "qx": "SELECT bucket, rid, key, val FROM qx",
    "tx": "SELECT bucket, rid, rt, doc::text AS doc FROM tx",
}
_SAME_WORDS: Final = """
SELECT n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS u(want, have, n)
WHERE want::tsvector IS DISTINCT FROM have::tsvector
"""
_TERMS: Final = """
SELECT n FROM unnest($1::int4[], $2::int8[], $3::int8[]) WITH ORDINALITY AS u(bucket, param, tid, n)
WHERE NOT EXISTS (SELECT 1 FROM term t WHERE t.bucket = u.bucket AND t.param = u.param AND t.tid = u.tid)
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One disagreement. what: kebab-case kind, the table first, e.g. ``ix-missing``; of: ``Type/id`` or the rid."""

    what: str
    of: str
    text: str = ""


@dataclass(slots=True)
class Checked:
    """What was looked at, and how many faults were found."""

    resources: int = 0
    versions: int = 0
    index_rows: int = 0
    faults: int = 0


async def check(
    store: Store,
    report: Callable[[Fault], None],
    *,
    base_url: str = "",
    progress: Callable[[int], None] | None = None,
) -> Checked:
    """Compare the whole store; *report* hears each fault as it is found, *progress* the number of records so far.

    base_url: the one the records were written with (it makes absolute references local). Writers are not disturbed: all
    is read from one snapshot.
    """
    # Whole tables are sorted: by scans, and with room.
    session = {"enable_seqscan": "on", "work_mem": "32MB", "idle_in_transaction_session_timeout": "0"}
    pool = Pool(store.dsn, 1, timeout_ms=0, session=session)
    async with answered():
        connection = await pool.connect()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                walk = _Walk(store, connection, report, base_url, await persons.read(connection))
                return await walk.all(progress)
        finally:
            await connection.close(timeout=5)


class _Walk:
    def __init__(
        self, store: Store, connection: Connection, report: Callable[[Fault], None], base_url: str, known: Persons
    ) -> None:
        self._persons = known
        self._store = store
        self._connection = connection
        self._report = report
        self._base_url = base_url
        self._checked = Checked()
        self._words: list[tuple[str, str, str]] = []
        self._terms: dict[tuple[int, int, int], str] = {}
        self._seen_terms: set[tuple[int, int, int]] = set()

    async def all(self, progress: Callable[[int], None] | None) -> Checked:
        await self._store.records.take_dictionaries(self._connection, now=True)
        async with aclosing(_side_by_side(self._connection)) as places:
            async for place, rows in places:
                self._one(place, rows)
                if len(self._words) + len(self._terms) >= BATCH:
                    await self._compare()
                if progress is not None and self._checked.resources % 1_000 == 0:
                    progress(self._checked.resources)
        await self._compare()
        return self._checked

    def _fault(self, what: str, of: str, text: str = "") -> None:
        self._checked.faults += 1
        self._report(Fault(what, of, text))

    def _one(self, place: Place, rows: dict[str, list[Any]]) -> None:
        """Check one resource: its record, its versions, its index rows."""
        indexed = {table: rows.get(table, []) for table in ("ix", "dx", "sx", "qx", "tx")}
        self._checked.index_rows += sum(map(len, indexed.values()))
        records = rows.get("res", [])
        if not records:
            for table, found in rows.items():
                self._fault(f"{table}-orphan", str(place[1]), f"{len(found)} rows without a record")
            return
        record = records[0]
        of = f"{keys.TYPE_NAMES.get(record['rt'], record['rt'])}/{record['id']}"
        self._checked.resources += 1
        self._versions(of, record, rows.get("hist", []))
        # A sealed body opens at its own place alone, so the place comes first: it says why.
        type, _, id = of.partition("/")
        if (place[1], place[0]) != (keys.rid_of(type, id), keys.bucket_of(id)):
            self._fault("res-place", of, "rid or bucket does not follow from type and id")
        row = self._open(of, record)
        if row is None:
            return
        if row.deleted:
            if record["keys"] or record["body"] or any(indexed.values()):
                self._fault("res-deleted", of, "a deleted resource has a body or index rows")
            return
        entry = self._entry(of, row)
        if entry is not None:
            self._inline(of, record, entry)
            self._index(of, record["ord"], entry, indexed)

    def _versions(self, of: str, record: Any, replaced: list[Any]) -> None:
        self._checked.versions += 1 + len(replaced)
        if sorted(old["vid"] for old in replaced) != list(range(1, record["vid"])):
            self._fault("hist-versions", of, f"at version {record['vid']} with {len(replaced)} earlier ones")
        for old in replaced:
            self._open(f"{of}/_history/{old['vid']}", old)
        times = [old["ts"] for old in sorted(replaced, key=lambda old: old["vid"])] + [record["ts"]]
        if any(later <= earlier for earlier, later in pairwise(times)):
            self._fault("hist-times", of, "a version is not later than the one before")

    def _open(self, of: str, record: Any) -> Row | None:
        try:
            return self._store.records.row(record)
        except Exception as fault:  # noqa: BLE001  whatever it is, it is what this command looks for
            self._fault("body-unreadable", of, type(fault).__name__)
            return None

    def _entry(self, of: str, row: Row) -> Entry | None:
        try:
            struct = codec.decode(row.body(), row.rt)
        except OutcomeError as refusal:
            self._fault("body-refused", of, ", ".join(f"{issue.key} {issue.where}" for issue in refusal.issues[:3]))
            return None
        return indexed(struct, id=row.id, now_us=0, base_url=self._base_url, persons=self._persons)

    def _inline(self, of: str, record: Any, entry: Entry) -> None:
        if record["pat"] != entry.pat:
            self._fault("res-pat", of)
        undated = entry.ord < keys.DATED and record["ord"] < keys.DATED  # then it is the time of the first writing
        if record["ord"] != entry.ord and not undated:
            self._fault("res-ord", of)
        if sorted(record["keys"]) != sorted(set(entry.keys) | {key for key, _ in entry.ix}):
            self._fault("res-keys", of)

    def _index(self, of: str, ord_: int, entry: Entry, indexed: dict[str, list[Any]]) -> None:
        wanted: dict[str, list[tuple[Any, ...]]] = {
            "ix": [(key, ord_, entry.pat, coded) for key, coded in dict(entry.ix).items()],
            "dx": list(dict.fromkeys(entry.dx)),
            "sx": list(dict.fromkeys(entry.sx)),
            "qx": list(dict.fromkeys(entry.qx)),
        }
        for table, want in wanted.items():
            have = [tuple(record.values())[2:] for record in indexed[table]]
            self._compare_rows(table, of, want, have)
        document = [record["doc"] for record in indexed["tx"]]
        if bool(entry.tx) != bool(document):
            self._fault("tx-extra" if document else "tx-missing", of)
        elif document:
            self._words.append((of, entry.tx, document[0]))
        for param, system, code, display, key, _ in entry.terms:
            term = (key & 1023, param, keys.hash64(f"{system}\x1f{code}\x1f{display}"))
            if term not in self._seen_terms:
                self._terms[term] = of

    def _compare_rows(self, table: str, of: str, want: list[tuple[Any, ...]], have: list[tuple[Any, ...]]) -> None:
        wanted, found = set(want), set(have)
        if missing := len(wanted - found):
            self._fault(f"{table}-missing", of, f"{missing} rows")
        if extra := len(found - wanted):
            self._fault(f"{table}-extra", of, f"{extra} rows")
        if len(have) > len(found):
            self._fault(f"{table}-twice", of, f"{len(have) - len(found)} rows")

    async def _compare(self) -> None:
        """Let PostgreSQL compare what only it can: words, and terms against the dictionary of them."""
        if self._words:
            names, want, have = zip(*self._words, strict=True)
            for record in await self._connection.fetch(_SAME_WORDS, list(want), list(have)):
                self._fault("tx-different", names[record["n"] - 1])
        if self._terms:
            places = list(self._terms)
            columns = [list(column) for column in zip(*places, strict=True)]
            for record in await self._connection.fetch(_TERMS, *columns):
                self._fault("term-missing", self._terms[places[record["n"] - 1]])
            if len(self._seen_terms) < 500_000:
                self._seen_terms.update(places)
        self._words.clear()
        self._terms.clear()


async def _side_by_side(connection: Connection) -> AsyncGenerator[tuple[Place, dict[str, list[Any]]], None]:
    """Yield what every table has of one place, place after place."""
    streams = {table: _groups(connection, sql) for table, sql in _STREAMS.items()}
    heads: dict[str, Group] = {}
    for table, stream in streams.items():
        if (first := await anext(stream, None)) is not None:
            heads[table] = first
    while heads:
        place = min(head[0] for head in heads.values())
        there = [table for table, head in heads.items() if head[0] == place]
        yield place, {table: heads[table][1] for table in there}
        for table in there:
            following = await anext(streams[table], None)
            if following is None:
                del heads[table]
            else:
                heads[table] = following


async def _groups(connection: Connection, sql: str) -> AsyncIterator[Group]:
    """Yield the rows of one statement, grouped by place, in order."""
    place: Place | None = None
    rows: list[Any] = []
    async for record in connection.cursor(f"{sql} ORDER BY bucket, rid", prefetch=AHEAD):
        here = (record["bucket"], record["rid"])
        if here != place:
            if place is not None:
                yield place, rows
            place, rows = here, []
        rows.append(record)
    if place is not None:
        yield place, rows
