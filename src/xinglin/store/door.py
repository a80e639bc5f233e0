"""The one door: every read and write of health data passes here.

`Fhir` is what pages, interactions, operations and jobs call. For each call the rulebook says what the principal
reaches of the type; the reach becomes part of the statement, before any limit. "Not found" and "not yours" are one
answer. `Door.auto` gives a Fhir whose calls each commit by themselves (reads coalesced, writes grouped); `Door.work`
gives a unit of work: one transaction, one clock reading, one id source.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from xinglin.fhir import codec
from xinglin.fhir.declarations import Operation
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.search import keys
from xinglin.fhir.search.extract import entry as entry_of
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.match import matches
from xinglin.fhir.search.query import And, IdIn, Query
from xinglin.security.grants import Reach
from xinglin.security.principal import Principal
from xinglin.store import search
from xinglin.store.body import cut
from xinglin.store.clock import Clock
from xinglin.fhir.profiles import profile_issues
from xinglin.store.executor import Change, Executor, Must, Row, Written, microseconds
from xinglin.store.rulebook import Rulebook
from xinglin.store.store import Store
from xinglin.store.transaction import Transaction

Takes = TypeVar("Takes")
Gives = TypeVar("Gives")

Wish = Literal["create", "update", "patch", "delete"]
SUBSETTED: Final = "SUBSETTED"


@dataclass(frozen=True, slots=True)
class Order:
    """One write that a caller wishes.

    resource: the client's bytes, or a struct; None for a delete. id: None lets the server choose one (create).
    if_match: the version the caller knows. must: what has to be there before.
    """

    wish: Wish
    type: str
    resource: bytes | Struct | None = None
    id: str | None = None
    if_match: int | None = None
    must: Must = "any"


class Door:
    """The door of one process over one store, obeying one rulebook."""

    def __init__(self, store: Store, rulebook: Rulebook, *, base_url: str = "", clock: Clock | None = None) -> None:
        self.store = store
        self.rulebook = rulebook
        self.base_url = base_url
        self.clock = clock or Clock()

    def auto(self, principal: Principal) -> "Fhir":
        """Give calls that each commit by themselves."""
        return Fhir(self, principal, self.store, None)

    @asynccontextmanager
    async def work(self, principal: Principal) -> AsyncIterator["UnitOfWork"]:
        """Open one transaction; it commits when the block ends, and rolls back when the block raises."""
        async with self.store.begin() as transaction:
            yield UnitOfWork(self, principal, transaction)


class UnitOfWork:
    """Who acts, when, and the door, for the length of one transaction."""

    def __init__(self, door: Door, principal: Principal, transaction: Transaction) -> None:
        self.door = door
        self.principal = principal
        self.fhir = Fhir(door, principal, transaction, self)
        self._transaction = transaction

    @property
    def now(self) -> datetime:
        """The one clock reading of this unit of work (UTC, whole milliseconds)."""
        return self._transaction.now

    def new_id(self) -> str:
        """Make an id."""
        return self.door.clock.new_id()

    async def lock(self, *names: str) -> None:
        """Hold named locks until the end of the transaction, taken in sorted order."""
        await self._transaction.lock(names)

    async def defer(self, job: str, **arguments: object) -> None:
        """Enqueue *job* in this transaction: it exists when and only when the transaction commits."""
        await self._transaction.defer(job, arguments)


class Fhir:
    """FHIR interactions for one principal."""

    def __init__(self, door: Door, principal: Principal, executor: Executor, work: UnitOfWork | None) -> None:
        self.door = door
        self.principal = principal
        self.executor = executor
        self._work = work

    # -- reading ------------------------------------------------------------------------------------------------

    async def read(self, type: str, id: str, *, lock: bool = False, interaction: str = "read") -> Row:
        """Return the current version; OutcomeError not-found (404), or deleted (410) where nothing is hidden."""
        reach = self.reach(interaction, type)
        if not reach.everything and not await self._reached(reach, type, id):
            raise OutcomeError(_not_found(type, id))
        row = await self.executor.get(type, id, lock=lock)
        if row is None:
            raise OutcomeError(_not_found(type, id))
        if row.deleted:
            raise OutcomeError(Issue("deleted", "deleted", text=f"{type}/{id} has been deleted."))
        return row

    def reach(self, interaction: str, type: str) -> Reach:
        """Give what the principal reaches of *type*; OutcomeError when the type is unknown."""
        known(type)
        return self.door.rulebook.reach(self.principal, interaction, type)

    async def _reached(self, reach: Reach, type: str, id: str) -> bool:
        if reach.everything:
            return True
        if reach.nothing:
            return False
        query = Query(type=type, condition=IdIn((id,)), count=1)
        page = await search.run(self.executor, query, lambda on: reach if on == type else self.reach("search", on))
        return bool(page.matches)
