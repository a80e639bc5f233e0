"""The store of one process: pinned connections, coalesced reads, grouped writes, and transactions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final, Literal

import structlog

from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.fhir.search.persons import NOBODY, Persons
from xinglin.fhir.search.veil import take_secret
from xinglin.store import persons
from xinglin.store.announcing import Announcements
from xinglin.store.body import UnknownDictionary
from xinglin.store.bulk import copy_in
from xinglin.store.clock import Clock
from xinglin.store.executor import Change, Record, Row, Written
from xinglin.store.faults import AWAY, DRIVER, answered, meaning
from xinglin.store.lanes import Lanes, Order
from xinglin.store.ledger.ledger import Ledger, session_ended
from xinglin.store.ledger.proofs import Proofs
from xinglin.store.ledger.sequencer import Sequencer
from xinglin.store.ledger.written import batch_of
from xinglin.store.maintenance import train_dictionaries
from xinglin.store.persons import PersonsChanged
from xinglin.store.pool import BY_IDENTITY, Connection, Pool
from xinglin.store.records import Records
from xinglin.store.steps import Insert
from xinglin.store.transaction import Transaction, limited
from xinglin.store.vault.keys import CHANGED, take_keys
from xinglin.store.vault.keystore import KeyStore
from xinglin.store.vault.vault import UnknownKey, Vault
from xinglin.store.writing import Writer, prepared_at

_LOG: Final = structlog.get_logger("xinglin.store")

READ_LANES: Final = 1
WRITE_LANES: Final = 2
READS_MOST: Final = 200  # identities in one statement
WRITES_MOST: Final = 100  # versions in one statement
WAITING_MAX: Final = 5_000

Pair = tuple[str, str]


class Store:
    """Records of one database, as one process sees them. Make one with `open`; it implements `Executor`.

    Each call is its own commit. Reads that arrive while a statement runs share the next one; so do writes, and every
    caller gets the answer after the durable commit of its own write.
    """

    def __init__(
        self,
        dsn: str,
        *,
        connections: int,
        sql_timeout_ms: int,
        noop_updates: str,
        keep_bytes: int,
        clock: Clock,
        vault: Vault,
    ) -> None:
        self.dsn = dsn
        self.vault = vault
        self.clock = clock
        self.sql_timeout_ms = sql_timeout_ms
        self.records = Records(keep_bytes, self.vault)
        self.writer = Writer(self.records, keep=noop_updates == "keep")
        self._persons = NOBODY
        self._hearing = False
        heard = {CHANGED: vault.changed, persons.CHANGED: self._merged}
        size = max(2, connections - READ_LANES - WRITE_LANES - 1)
        self._pool = Pool(dsn, size, timeout_ms=sql_timeout_ms, heard=heard)
        self._tasks: set[asyncio.Task[None]] = set()
        by_identity = Pool(dsn, 0, timeout_ms=sql_timeout_ms, session=BY_IDENTITY, heard=heard)
        self._reads: Lanes[Pair, Row | None] = Lanes(
            by_identity, self._read, lanes=READ_LANES, most=READS_MOST, waiting_max=WAITING_MAX, again=True
        )
        self._writes: Lanes[Change, Written] = Lanes(
            by_identity, self._write, lanes=WRITE_LANES, most=WRITES_MOST, waiting_max=WAITING_MAX
        )
        self.ledger = Ledger(by_identity, clock)
        self.sequencer = Sequencer(self._pool, clock, self.vault)
        self.proofs = Proofs(self._pool)
        self.announcements = Announcements(self._pool.connect)
        # New coded values of transactions, which may not wait for each other's.
        self._terms: Lanes[Sequence[Change], None] = Lanes(
            by_identity, self._learn, lanes=1, most=WRITES_MOST, waiting_max=WAITING_MAX, again=True
        )

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        connections: int = 8,
        sql_timeout_ms: int = 5_000,
        noop_updates: Literal["skip", "keep"] = "skip",
        keep_bytes: int = 0,
        clock: Clock | None = None,
        keys: KeyStore | None = None,
        sealed: bool = True,
    ) -> "Store":
        """Open the store of a migrated database; OutcomeError (503) when it cannot be reached.

        keys: who unwraps the data keys; a store that has such keys is not opened without. sealed: False writes bodies
        as they are, for measuring. Raises KeyStoreFault.
        keep_bytes: for rows opened lately, which need not be decompressed again.
        """
        store = cls(
            dsn,
            connections=connections,
            sql_timeout_ms=sql_timeout_ms,
            noop_updates=noop_updates,
            keep_bytes=keep_bytes,
            clock=clock or Clock(),
            vault=Vault(keys, bodies=sealed),
        )
        async with answered(), store._pool.link() as link:
            await take_keys(link.connection, store.vault)
            if store.vault.search_secret:
                take_secret(store.vault.search_secret)
            await store.records.take_dictionaries(link.connection, now=True)
            store._persons = await persons.read(link.connection)
        return store

    async def close(self) -> None:
        """Finish what was asked, then close every connection."""
        await asyncio.gather(*self._tasks)
        await self._reads.close()
        await self._writes.close()
        await self._terms.close()
        await self.ledger.close()
        await self._pool.close()

    @property
    def now(self) -> datetime:
        """The clock at this moment."""
        return self.clock.now()

    @property
    def persons(self) -> Persons:
        """Who stands for whom (see `Executor.persons`); soon after a merge elsewhere it is the state before."""
        return self._persons

    async def learn_persons(self) -> Persons:
        """Read who stands for whom now; also when a backup was restored, with fewer merges than before."""
        async with self._link() as connection:
            found = await persons.read(connection)
        if found.epoch != self._persons.epoch:
            self._persons = found
        return self._persons

    def _merged(self) -> None:
        """Take up a merge that another process told of; whoever is earlier finds out by its own statement."""
        # Each connection hears it.
        if not self._hearing:
            self._hearing = True
            task = asyncio.get_running_loop().create_task(self._hear())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _hear(self) -> None:
        self._hearing = False  # what is told from here on is read again
        with suppress(OutcomeError):  # every statement that depends on it asks again
            await self.learn_persons()

    async def get(self, rt: str, id: str, *, lock: bool = False) -> Row | None:
        """Return the current version (see `Executor.get`); a lock needs a transaction."""
        if lock:
            raise ValueError("a lock needs a transaction")
        return await self._reads.ask((rt, id))

    async def get_many(self, pairs: Sequence[Pair]) -> list[Row | None]:
        """Return current versions in the order of *pairs*, by one statement."""
        if not pairs:
            return []
        async with self._link() as connection:
            found = await self.records.current(connection, list(dict.fromkeys(pairs)))
        return [found.get(pair) for pair in pairs]

    async def write(self, change: Change) -> Written:
        """Write one change, together with those of others that arrive at the same time."""
        return await self._writes.ask(change, rid_of(change.rt, change.id))

    async def write_many(self, changes: Sequence[Change]) -> list[Written]:
        """Write several changes in one transaction."""
        async with self.begin() as transaction:
            return await transaction.write_many(changes)

    async def load(self, changes: Sequence[Change], *, durable: bool = True) -> None:
        """Write first versions of resources that are not there, in one transaction by COPY; all or none.

        durable: on the disk when this returns; else soon, or with the next durable commit of anybody (ADR 106).
        Conflict (409) when one of them is there: then write them one by one.
        """
        now = self.clock.now()
        steps = [Insert(change, entry, entry.rid, now) for change in changes if (entry := change.entry) is not None]
        async with self._link() as connection:
            await self.records.take_dictionaries(connection, now=True)  # one may be made while we load
            await self.writer.learn_terms(connection, changes)
            async with connection.transaction():
                if not durable:
                    await connection.execute("SET LOCAL synchronous_commit = off")
                # Held until the commit, whatever it answers.
                epoch = self._persons.epoch
                known = await connection.fetchval(persons.KNOWN, epoch)
                if not known or not all(prepared_at(change, epoch) for change in changes):
                    raise PersonsChanged
                await copy_in(connection, steps, self.records.bodies)
                await self.ledger.append(connection, batch_of(changes))
        await self._train(self.records.bodies.wanting())

    async def fetch(
        self, sql: str, *args: object, custom_plan: bool = False, timeout_ms: int | None = None
    ) -> list[Record]:
        """Run one reading statement (see `Executor.fetch`); it is run again when the connection was lost."""
        try:
            try:
                return await self._fetch(sql, args, custom_plan=custom_plan, timeout_ms=timeout_ms)
            except AWAY:
                return await self._fetch(sql, args, custom_plan=custom_plan, timeout_ms=timeout_ms)
        except DRIVER as fault:
            raise meaning(fault) from fault

    async def rows(self, records: Sequence[Record]) -> list[Row]:
        """Open records (see `Executor.rows`)."""
        try:
            return [self.records.known(record) for record in records]
        except (UnknownDictionary, UnknownKey):
            async with self._link() as connection:
                return await self.records.rows(connection, records)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Open a transaction (READ COMMITTED) with one clock reading; commits when the block ends, else rolls back."""
        async with self._pool.link() as link:
            async with answered():
                await link.plan(custom=False)
                work = link.connection.transaction()
                await work.start()
            try:
                transaction = Transaction(
                    link.connection,
                    self.records,
                    self.writer,
                    self.clock.now(),
                    sql_timeout_ms=self.sql_timeout_ms,
                    learn=self._terms.ask,
                    ledger=self.ledger,
                    known=self._persons,
                )
                yield transaction
                await transaction.settle()
            except BaseException:
                with suppress(*DRIVER):  # the caller hears of what came first
                    await work.rollback()
                raise
            async with answered():
                await work.commit()
        if transaction.persons.epoch > self._persons.epoch:
            self._persons = transaction.persons
        self._care()

    @asynccontextmanager
    async def _link(self) -> AsyncIterator[Connection]:
        async with answered(), self._pool.link() as link:
            yield link.connection

    async def _fetch(
        self, sql: str, args: Sequence[object], *, custom_plan: bool, timeout_ms: int | None
    ) -> list[Record]:
        link = await self._pool.take(custom=custom_plan)
        try:
            if link.custom is not custom_plan:
                await link.plan(custom=custom_plan)
            return await limited(link.connection, sql, args, timeout_ms=timeout_ms, usual_ms=self.sql_timeout_ms)
        finally:
            self._pool.give(link)

    async def _read(self, connection: Connection, orders: Sequence[Order[Pair, Row | None]]) -> None:
        found = await self.records.current(connection, list({order.item for order in orders}))
        for order in orders:
            if not order.answer.done():
                order.answer.set_result(found.get(order.item))

    async def _learn(self, connection: Connection, orders: Sequence[Order[Sequence[Change], None]]) -> None:
        await self.writer.learn_terms(connection, [change for order in orders for change in order.item])
        for order in orders:
            if not order.answer.done():
                order.answer.set_result(None)

    async def _write(self, connection: Connection, orders: Sequence[Order[Change, Written]]) -> None:
        alive = await self._alive(connection, orders)
        await self.writer.group(connection, alive, self.clock.now(), self._persons)
        self._care()

    async def _alive(
        self, connection: Connection, orders: Sequence[Order[Change, Written]]
    ) -> Sequence[Order[Change, Written]]:
        """Refuse the orders of sessions that have ended meanwhile; gives the others."""
        ended = await self.ledger.ended(connection, (o.item.act for o in orders if o.item.act is not None))
        for order in orders if ended else ():
            if order.item.act is not None and order.item.act.session in ended and not order.answer.done():
                order.answer.set_exception(session_ended())
                order.answer.exception()  # seen: a caller that went away is no unhandled fault
        return [order for order in orders if not order.answer.done()] if ended else orders

    def _care(self) -> None:
        """Have dictionaries trained, beside the requests, for types that have grown without."""
        if types := self.records.bodies.wanting():
            task = asyncio.create_task(self._train(types))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _train(self, types: Sequence[str]) -> None:
        if not types:
            return
        try:
            await train_dictionaries(self.dsn, types, vault=self.vault)
            async with self._link() as connection:
                await self.records.take_dictionaries(connection, now=True)
        except OutcomeError as fault:
            # Bodies are only larger without; the next thousand asks again.
            _LOG.warning("store.no_dictionary", types=types, why=str(fault))
