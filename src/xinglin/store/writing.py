"""Writes on one connection: each change is decided against the current state, all of one kind are one statement."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import asyncpg

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import hash64, rid_of
from xinglin.fhir.search.persons import Persons
from xinglin.security.ledger import Act
from xinglin.store import statements
from xinglin.store.executor import Change, Written
from xinglin.store.faults import IN_THE_WAY, meaning
from xinglin.store.lanes import Order
from xinglin.store.ledger import rows
from xinglin.store.ledger.written import acts_of
from xinglin.store.persons import MERGED_MEANWHILE, PersonsChanged, RecordMoving, moving
from xinglin.store.pool import Connection
from xinglin.store.records import Records
from xinglin.store.steps import Insert, Replace, decide, fresh, written

ATTEMPTS: Final = 5
TERMS_KNOWN_MAX: Final = 200_000


@lru_cache(maxsize=16)
def audited_insert(epoch: int | None) -> str:
    """Give the statement of `statements.insert` with the acts of what it writes."""
    return rows.audited(statements.insert(epoch))


@lru_cache(maxsize=16)
def audited_replace(epoch: int | None) -> str:
    """Give the statement of `statements.replace` with the acts of what it writes."""
    return rows.audited(statements.replace(epoch), mark="int8", only="e.mark IN (SELECT rid FROM old)")


Term = tuple[int, str, str, str, int, int]


class Writer:
    """Writes for one process. keep: make versions also of updates that change nothing."""

    def __init__(self, records: Records, *, keep: bool) -> None:
        self._records = records
        self._keep = keep
        self._terms: set[tuple[int, str, str, str]] = set()

    async def group(
        self, connection: Connection, orders: Sequence[Order[Change, Written]], now: datetime, persons: Persons
    ) -> None:
        """Write the changes of several callers, each by itself: one that is refused leaves the others alone.

        persons: as this process knows them; what was prepared with others is refused (PersonsChanged).
        """
        await self._records.take_dictionaries(connection)
        await self.learn_terms(connection, [order.item for order in orders])
        open_orders: list[Order[Change, Written]] = []
        for order in orders:
            if prepared_at(order.item, persons.epoch):
                open_orders.append(order)
            else:
                _refuse(order, PersonsChanged())
        for attempt in range(ATTEMPTS):
            if not open_orders:
                return
            if attempt:
                await asyncio.sleep(0.002 * 2**attempt)
            open_orders = await self._once(connection, open_orders, now, persons)
        for order in open_orders:
            text = "Others changed the resource again and again."
            _refuse(order, OutcomeError(Issue("conflict", "concurrent-change", text=text)))

    async def all(
        self,
        connection: Connection,
        changes: Sequence[Change],
        now: datetime,
        acts: list[Act],
        *,
        persons: Persons,
    ) -> list[Written]:
        """Write all changes in the transaction that is open on the connection; raises at the first that is refused.

        acts: gets what is to be written into the ledger before the commit. persons: as of this transaction.
        """
        await self._records.take_dictionaries(connection)
        pairs = [(change.rt, change.id) for change in changes]
        if len(set(pairs)) < len(pairs):
            raise OutcomeError(Issue("invalid", "changed-twice", text="One transaction changes one resource twice."))
        sought = [pair for pair, change in zip(pairs, changes, strict=True) if not fresh(change)]
        if sought and persons.moving:
            # Looked at before they are locked, as whoever moves them holds them for long.
            standing = await self._records.states(connection, sought)
            if any(moving(persons, one.pat, one.keys) for one in standing.values()):
                raise RecordMoving
        states = await self._records.states(connection, sought, lock=True) if sought else {}
        outcomes = [
            decide(change, states.get(rid_of(change.rt, change.id)), now=now, keep=self._keep) for change in changes
        ]
        inserts = [step for step in outcomes if isinstance(step, Insert)]
        replaces = [step for step in outcomes if isinstance(step, Replace)]
        if inserts:
            await self._insert(connection, inserts)
        if replaces and len(await self._replace(connection, replaces)) < len(replaces):
            raise AssertionError("a locked row changed")
        for change, outcome in zip(changes, outcomes, strict=True):
            acts += acts_of(change, outcome)
        return [outcome if isinstance(outcome, Written) else written(outcome) for outcome in outcomes]

    async def reindex(self, connection: Connection, steps: Sequence[Replace]) -> set[int]:
        """Write the index of current versions anew; returns the rids of those whose rows were not right."""
        steps = sorted(steps, key=lambda step: step.old.row.rid)
        rids = [step.old.row.rid for step in steps]
        stored = statements.indexed_rows(await connection.fetch(statements.INDEXED, rids))
        wrong = {
            step.old.row.rid
            for step in steps
            if step.entry is not None
            and any(
                rows.get(step.old.row.rid, set()) != wanted
                for rows, wanted in zip(
                    stored, (set(step.entry.dx), set(step.entry.sx), set(step.entry.qx)), strict=True
                )
            )
        }
        done = await connection.fetch(statements.REINDEX, *statements.reindex_arguments(steps, *stored))
        return wrong | {record["rid"] for record in done}

    async def learn_terms(self, connection: Connection, changes: Sequence[Change]) -> None:
        """Write the coded values that this process has not seen, before the resources that have them.

        The connection must not be in a transaction: each statement is its own commit, so no two writers wait for each
        other, and a term without a resource does no harm.
        """
        terms = self.new_terms(changes)
        if not terms:
            return
        await connection.execute(statements.TERMS, *_term_columns([terms[name] for name in sorted(terms)]))
        if len(self._terms) > TERMS_KNOWN_MAX:
            self._terms.clear()
        self._terms.update(terms)

    def new_terms(self, changes: Sequence[Change]) -> dict[tuple[int, str, str, str], Term]:
        """Return the coded values of *changes* that this process has not seen."""
        return {
            term[:4]: term
            for change in changes
            if change.entry is not None
            for term in change.entry.terms
            if term[:4] not in self._terms
        }

    async def _once(
        self, connection: Connection, orders: list[Order[Change, Written]], now: datetime, persons: Persons
    ) -> list[Order[Change, Written]]:
        """Try once; returns the orders whose resources were changed by somebody else meanwhile."""
        sought = [order for order in orders if not fresh(order.item)]
        states = await self._records.states(connection, [(o.item.rt, o.item.id) for o in sought]) if sought else {}
        inserts: list[tuple[Order[Change, Written], Insert]] = []
        replaces: list[tuple[Order[Change, Written], Replace]] = []
        unchanged: list[tuple[Order[Change, Written], Written]] = []
        for order in orders:
            state = states.get(rid_of(order.item.rt, order.item.id))
            if state is not None and moving(persons, state.pat, state.keys):
                _refuse(order, RecordMoving())
                continue
            try:
                outcome = decide(order.item, state, now=now, keep=self._keep)
            except OutcomeError as refusal:
                _refuse(order, refusal)
                continue
            match outcome:
                case Written():
                    unchanged.append((order, outcome))
                case Insert():
                    inserts.append((order, outcome))
                case Replace():
                    replaces.append((order, outcome))
        await self._answer_group(connection, unchanged)
        again = await self._insert_group(connection, inserts, persons.epoch) if inserts else []
        return again + (await self._replace_group(connection, replaces, persons.epoch) if replaces else [])

    async def _answer_group(self, connection: Connection, group: list[tuple[Order[Change, Written], Written]]) -> None:
        """Answer the changes that change nothing, once their acts are written."""
        acts = [act for order, outcome in group for act in acts_of(order.item, outcome)]
        if acts:
            await connection.execute(rows.INSERT, *rows.arguments(acts))
        for order, outcome in group:
            _answer(order, outcome)

    async def _insert_group(
        self, connection: Connection, group: list[tuple[Order[Change, Written], Insert]], epoch: int
    ) -> list[Order[Change, Written]]:
        try:
            await self._insert(connection, [step for _, step in group], audit=True, epoch=epoch)
        except asyncpg.PostgresError as fault:
            return await self._one_by_one(connection, group, fault, self._insert_group, epoch)
        for order, step in group:
            _answer(order, written(step))
        return []

    async def _replace_group(
        self, connection: Connection, group: list[tuple[Order[Change, Written], Replace]], epoch: int
    ) -> list[Order[Change, Written]]:
        try:
            done = await self._replace(connection, [step for _, step in group], audit=True, epoch=epoch)
        except asyncpg.PostgresError as fault:
            return await self._one_by_one(connection, group, fault, self._replace_group, epoch)
        for order, step in group:
            if step.old.row.rid in done:
                _answer(order, written(step))
        return [order for order, step in group if step.old.row.rid not in done]

    async def _one_by_one(
        self,
        connection: Connection,
        group: list[tuple[Order[Change, Written], Any]],
        fault: asyncpg.PostgresError,
        write: Any,
        epoch: int,
    ) -> list[Order[Change, Written]]:
        """After a group failed as a whole: replay its members alone, so that each gets its own answer."""
        if connection.is_closed():
            raise fault
        if fault.sqlstate == MERGED_MEANWHILE:
            for order, _ in group:
                _refuse(order, PersonsChanged())
            return []
        if len(group) > 1:
            return [order for member in group for order in await write(connection, [member], epoch)]
        order = group[0][0]
        if isinstance(fault, IN_THE_WAY):
            return [order]  # decided anew against what stands there now
        _refuse(order, meaning(fault))
        return []

    async def _insert(
        self, connection: Connection, steps: Sequence[Insert], *, audit: bool = False, epoch: int | None = None
    ) -> None:
        """Write first versions. audit: write their acts too, by the same statement. epoch: see `statements.insert`."""
        arguments = statements.insert_arguments(steps, self._records.bodies)
        acts = [act for step in steps for act in acts_of(step.change, step)] if audit else []
        if acts:
            await connection.execute(audited_insert(epoch), *arguments, *rows.arguments(acts))
        else:
            await connection.execute(statements.insert(epoch), *arguments)

    async def _replace(
        self, connection: Connection, steps: Sequence[Replace], *, audit: bool = False, epoch: int | None = None
    ) -> set[int]:
        """Write next versions; returns the rids that were still at the version that the steps know.

        audit: write the acts of these too, by the same statement.
        """
        steps = sorted(steps, key=lambda step: step.old.row.rid)
        rids = [step.old.row.rid for step in steps]
        stored = statements.indexed_rows(await connection.fetch(statements.INDEXED, rids))
        arguments = statements.replace_arguments(steps, self._records.bodies, *stored)
        acts = [(act, step.old.row.rid) for step in steps for act in acts_of(step.change, step)] if audit else []
        if acts:
            audit_arguments = *rows.arguments(act for act, _ in acts), [rid for _, rid in acts]
            done = await connection.fetch(audited_replace(epoch), *arguments, *audit_arguments)
        else:
            done = await connection.fetch(statements.replace(epoch), *arguments)
        return {record["rid"] for record in done}


def _term_columns(terms: Sequence[Term]) -> tuple[list[Any], ...]:
    return (
        [key & 1023 for *_, key, _ in terms],
        [param for param, *_ in terms],
        [hash64(f"{system}\x1f{code}\x1f{display}") for _, system, code, display, *_ in terms],
        [system for _, system, *_ in terms],
        [code for _, _, code, *_ in terms],
        [display for _, _, _, display, *_ in terms],
        [key for *_, key, _ in terms],
        [text_key for *_, text_key in terms],
    )


def prepared_at(change: Change, epoch: int) -> bool:
    """Tell whether the index rows of a change were made with the persons of this epoch; a delete has none."""
    return change.entry is None or change.entry.epoch == epoch


def _answer(order: Order[Change, Written], outcome: Written) -> None:
    if not order.answer.done():
        order.answer.set_result(outcome)


def _refuse(order: Order[Change, Written], refusal: OutcomeError) -> None:
    if not order.answer.done():
        order.answer.set_exception(refusal)
        order.answer.exception()  # seen: a caller that went away is no unhandled fault
