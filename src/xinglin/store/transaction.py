"""One transaction: reads, writes, locks and jobs that become true together."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from xinglin.fhir.search.entry import Entry
from xinglin.fhir.search.keys import hash64
from xinglin.fhir.search.persons import Persons
from xinglin.security.ledger import Act
from xinglin.store import jobs, persons
from xinglin.store.executor import Change, Record, Row, Written
from xinglin.store.faults import answered
from xinglin.store.ledger.ledger import Ledger
from xinglin.store.persons import PersonsChanged, RecordMoving
from xinglin.store.pool import Connection
from xinglin.store.records import Records
from xinglin.store.steps import Replace, place_of
from xinglin.store.writing import Writer, prepared_at

HOLD_WAITS_MS: Final = 2_000


class Transaction:
    """An open transaction; `Store.begin` makes, commits and rolls back. Implements `Executor`.

    ledger: gets the acts noted, before the commit. known: who stands for whom when it begins.
    learn: writes the new coded values of changes on another connection, at once and for good.
    One task uses it at a time. After any OutcomeError from the database it can only be rolled back.
    """

    def __init__(
        self,
        connection: Connection,
        records: Records,
        writer: Writer,
        now: datetime,
        *,
        sql_timeout_ms: int,
        learn: Callable[[Sequence[Change]], Awaitable[None]],
        ledger: Ledger,
        known: Persons,
    ) -> None:
        self.connection = connection
        self.sql_timeout_ms = sql_timeout_ms
        self._records = records
        self._writer = writer
        self._now = now
        self._learn = learn
        self._ledger = ledger
        self._acts: list[Act] = []
        self._custom = False
        self._persons = known
        self._holds = False

    @property
    def persons(self) -> Persons:
        """Who stands for whom (see `Executor.persons`)."""
        return self._persons

    async def learn_persons(self) -> Persons:
        """Read who stands for whom, merges of this transaction included."""
        async with answered():
            self._persons = await persons.read(self.connection)
        return self._persons

    async def hold_persons(self) -> None:
        """Let nobody else write until the end, so that patients can be merged; before the first write.

        Whoever writes waits with it for transactions that have written, so it gives up early: conflict (409).
        """
        async with answered():
            await self.connection.execute(f"SET LOCAL lock_timeout = {HOLD_WAITS_MS}")
            await self.connection.execute("SELECT merges_held()")
            await self.connection.execute("SET LOCAL lock_timeout = DEFAULT")
        self._holds = True
        await self.learn_persons()

    @property
    def now(self) -> datetime:
        """The one clock reading of the transaction."""
        return self._now

    async def get(self, rt: str, id: str, *, lock: bool = False) -> Row | None:
        """Return the current version (see `Executor.get`)."""
        async with answered():
            if lock and self._persons.moving:
                # Looked at before it is locked, as whoever moves it holds it for long.
                found = (await self._records.states(self.connection, [(rt, id)])).values()
                if any(persons.moving(self._persons, one.pat, one.keys) for one in found):
                    raise RecordMoving
            return (await self._records.current(self.connection, [(rt, id)], lock=lock)).get((rt, id))

    async def get_many(self, pairs: Sequence[tuple[str, str]], *, lock: bool = False) -> list[Row | None]:
        """Return current versions in the order of *pairs*; locked in one order. lock: of what names no patient."""
        if not pairs:
            return []
        async with answered():
            found = await self._records.current(self.connection, list(dict.fromkeys(pairs)), lock=lock)
        return [found.get(pair) for pair in pairs]

    async def write(self, change: Change) -> Written:
        """Write one change."""
        return (await self.write_many([change]))[0]

    async def write_many(self, changes: Sequence[Change]) -> list[Written]:
        """Write several changes by one statement of each kind; a refusal leaves nothing of them written.

        PersonsChanged when they were prepared with other persons than there are: prepare them again.
        """
        if not changes:
            return []
        await self._keep_persons()
        if not all(prepared_at(change, self._persons.epoch) for change in changes):
            raise PersonsChanged
        async with answered():
            if self._writer.new_terms(changes):
                await self._learn(changes)
            return await self._writer.all(self.connection, changes, self._now, self._acts, persons=self._persons)

    async def reindex(self, pairs: Sequence[tuple[str, str]], entry_of: Callable[[Row, Persons], Entry]) -> int:
        """Write the index of current versions anew, as *entry_of* says; gives how many were not right."""
        await self._keep_persons()
        async with answered():
            states = (await self._records.states(self.connection, pairs, lock=True)).values()
            standing = [one for one in states if not one.row.deleted]
            steps = []
            for one in standing:
                entry = entry_of(one.row, self._persons)
                change = Change("update", one.row.rt, one.row.id, entry=entry)
                steps.append(Replace(change, entry, one, one.row.ts, place_of(entry, one)))
            changes = [step.change for step in steps]
            if self._writer.new_terms(changes):
                await self._learn(changes)
            return len(await self._writer.reindex(self.connection, steps)) if steps else 0

    async def _keep_persons(self) -> None:
        """Let nobody merge patients from the first write until the end."""
        if self._holds:
            return
        async with answered():
            known = await self.connection.fetchval(persons.KNOWN, self._persons.epoch)
        self._holds = True
        if not known:
            await self.learn_persons()

    async def fetch(
        self, sql: str, *args: object, custom_plan: bool = False, timeout_ms: int | None = None
    ) -> list[Record]:
        """Run one statement in the transaction (see `Executor.fetch`)."""
        async with answered():
            if custom_plan is not self._custom:
                mode = "force_custom_plan" if custom_plan else "force_generic_plan"
                await self.connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
                self._custom = custom_plan
            return await limited(self.connection, sql, args, timeout_ms=timeout_ms, usual_ms=self.sql_timeout_ms)

    async def rows(self, records: Sequence[Record]) -> list[Row]:
        """Open records (see `Executor.rows`)."""
        async with answered():
            return await self._records.rows(self.connection, records)

    def note(self, acts: Iterable[Act]) -> None:
        """Have acts written in this transaction."""
        self._acts += acts

    async def settle(self) -> None:
        """Write the acts noted; `Store.begin` does so before the commit. OutcomeError 503: then nothing may be done."""
        acts, self._acts = self._acts, []
        await self._ledger.append(self.connection, acts)

    async def lock(self, names: Iterable[str]) -> None:
        """Hold named locks until the end; taken in one order, so that no two wait for each other."""
        async with answered():
            await self.connection.execute(
                "SELECT pg_advisory_xact_lock(name) FROM unnest($1::int8[]) AS name",
                sorted({hash64(f"lock\x1f{name}") for name in names}),
            )

    async def defer(self, job: str, arguments: Mapping[str, object], **options: object) -> int:
        """Enqueue a job that exists when and only when the transaction commits (see `jobs.defer`)."""
        async with answered():
            return await jobs.defer(self.connection, job, arguments, **options)  # type: ignore[arg-type]

    async def defer_each(self, job: str, arguments: Sequence[Mapping[str, object]], *, at: datetime) -> None:
        """Enqueue a job for each of *arguments*, not before a moment."""
        async with answered():
            await jobs.defer_each(self.connection, job, arguments, at=at)


async def limited(
    connection: Connection, sql: str, args: Sequence[object], *, timeout_ms: int | None, usual_ms: int
) -> list[Record]:
    """Fetch under the session's time limit, or another one for this statement alone."""
    if timeout_ms is None or timeout_ms == usual_ms:
        return cast("list[Record]", await connection.fetch(sql, *args))
    await connection.execute(f"SET statement_timeout = {int(timeout_ms)}")
    try:
        found = await connection.fetch(sql, *args)
    except BaseException:
        # A transaction that failed takes the setting back by itself.
        if not connection.is_closed() and not connection.is_in_transaction():
            await connection.execute(f"SET statement_timeout = {int(usual_ms)}")
        raise
    await connection.execute(f"SET statement_timeout = {int(usual_ms)}")
    return cast("list[Record]", found)
