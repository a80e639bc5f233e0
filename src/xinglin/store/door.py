"""The one door: every read and write of health data passes here.

`Fhir` is what pages, interactions, operations and jobs call. For each call the rulebook says what the principal
reaches of the type; the reach becomes part of the statement, before any limit. "Not found" and "not yours" are one
answer. `Door.auto` gives a Fhir whose calls each commit by themselves (reads coalesced, writes grouped); `Door.work`
gives a unit of work: one transaction, one clock reading, one id source.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct, structs

from xinglin.fhir import codec
from xinglin.fhir.attachments import may_hold_files
from xinglin.fhir.declarations import Operation
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.profiles import profile_issues
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.home import home_of
from xinglin.fhir.search.persons import Persons
from xinglin.fhir.search.query import EVERYTHING, Query
from xinglin.fhir.search.veil import telling
from xinglin.security import relations
from xinglin.security.grants import Reach
from xinglin.security.labels import GATHERING, belongs, is_minor
from xinglin.security.ledger import REFUSED, Act, act_by
from xinglin.security.principal import SYSTEM, Principal
from xinglin.store import gathering, holding, rights, search
from xinglin.store.announcing import announce
from xinglin.store.body import cut
from xinglin.store.egress import no_operations
from xinglin.store.executor import Change, Must, Row, Written, microseconds
from xinglin.store.explain import Decision, explain
from xinglin.store.holding import Holder
from xinglin.store.ledger import events
from xinglin.store.marks import indexed
from xinglin.store.orders import Order, below, claimed_by, id_of, refuse_subset, struct_of
from xinglin.store.persons import PersonsChanged
from xinglin.store.reading import Reading, forbidden, not_found, stale
from xinglin.store.rulebook import UNSHIELDED, Rulebook
from xinglin.store.scanning import Uploads
from xinglin.store.store import Store
from xinglin.store.terminology.keeping import CODE_SYSTEM, follow
from xinglin.store.together import Together
from xinglin.store.transaction import Transaction

Takes = TypeVar("Takes")
Gives = TypeVar("Gives")
# makes a new document of the old one: JSON form, decimals as Decimal
Apply = Callable[[dict[str, Any]], dict[str, Any]]


class Door:
    """The door of one process over one store, obeying one rulebook."""

    def __init__(
        self,
        store: Store,
        rulebook: Rulebook,
        *,
        base_url: str = "",
        audited: bool = True,
        uploads: Uploads | None = None,
        critical: bool = False,
    ) -> None:
        self.uploads = uploads
        self.critical = critical  # critical information infrastructure: more is asked for an export (R7-020)
        self.store = store
        self.rulebook = rulebook
        self.base_url = base_url
        # Only measurements, and stores without a ledger, do without.
        self.audited = audited
        self.clock = store.clock
        self.vault = store.vault
        # Grants do not change while the program runs; the same few principals ask again and again.
        self.reach = lru_cache(maxsize=16_384)(rulebook.reach)
        self.masks = lru_cache(maxsize=1_024)(rulebook.masks)
        self.single = lru_cache(maxsize=8_192)(self._single)
        self.together = {
            name: Together(self, rulebook.operations[name][0], run) for name, run in rulebook.together.items()
        }

    def _single(
        self, principal: Principal, type: str, reach: Reach, persons: Persons
    ) -> tuple[str, tuple[object, ...]]:
        return rights.single(type, reach, lambda on: self.reach(principal, "search", on), self.base_url, persons)

    def auto(self, principal: Principal) -> "Fhir":
        """Give calls that each commit by themselves."""
        return Fhir(self, principal, self.store, None)

    async def event(self, principal: Principal, what: str, **about: Any) -> None:
        """Record an event by itself, whatever becomes of other work; *about* as in `security.ledger.act_by`."""
        if self.audited:
            await self.store.ledger.event(act_by(principal, self.clock.now(), what, **about))

    async def refused(self, principal: Principal, what: str, refusal: OutcomeError, *, type: str = "") -> None:
        """Record that *what* was asked for and refused, when that is a matter of rights: 401, 403, 404, 410."""
        if refusal.status in {401, 403, 404, 410}:
            await self.event(
                principal, what, type=type, outcome=REFUSED, detail=f"{refusal.status} {refusal.issues[0].key}"
            )

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
        self.vault = door.vault
        self.fhir = Fhir(door, principal, transaction, self)
        # What was remarked about resources that were written here.
        self.warned: list[Issue] = []
        self._transaction = transaction

    @property
    def now(self) -> datetime:
        """The one clock reading of this unit of work (UTC, whole milliseconds)."""
        return self._transaction.now

    @property
    def executor(self) -> Transaction:
        """The transaction, for packages of store and server: what they are given the unit of work for."""
        return self._transaction

    @property
    def platform(self) -> "Fhir":
        """Calls of the platform itself in this transaction.

        For what a decision brings about though the caller has no right to it: a revoked credential ends places of work.
        """
        return Fhir(self.door, SYSTEM, self._transaction, self)

    def note(self, what: str, **about: Any) -> None:
        """Record an event in this transaction; *about* as in `security.ledger.act_by`."""
        if self.door.audited:
            self._transaction.note([act_by(self.principal, self.now, what, **about)])

    def shown(self, acts: Iterable[Act]) -> None:
        """Record acts in this transaction."""
        self._transaction.note(acts)

    def new_id(self) -> str:
        """Make an id."""
        return self.door.clock.new_id()

    async def lock(self, *names: str) -> None:
        """Hold named locks until the end of the transaction, taken in sorted order."""
        await self._transaction.lock(names)

    async def announce(self, topic: str) -> None:
        """Tell open pages, with the commit, that what *topic* names has changed (`store.announcing`)."""
        await announce(self._transaction, topic)

    async def defer(self, job: str, **arguments: object) -> None:
        """Enqueue *job* in this transaction: it exists when and only when the transaction commits."""
        await self._transaction.defer(job, arguments)

    async def defer_at(self, at: datetime, job: str, **arguments: object) -> None:
        """Enqueue *job* in this transaction, to run not before *at*."""
        await self._transaction.defer(job, arguments, at=at)

    async def defer_each(self, at: datetime, job: str, arguments: Sequence[Mapping[str, object]]) -> None:
        """Enqueue *job* for each of *arguments* in this transaction, to run not before *at*."""
        await self._transaction.defer_each(job, arguments, at=at)

    async def read_many(self, type: str, ids: Sequence[str], *, lock: bool = False) -> dict[str, Row]:
        """Read resources as the platform by one statement, by id; what is absent or deleted is left out.

        lock: until the end of the transaction, in one order; only of what names no patient.
        """
        wanted = list(dict.fromkeys(ids))
        rows = await self._transaction.get_many([(type, id) for id in wanted], lock=lock)
        found = {row.id: row for row in rows if row is not None and not row.deleted}
        await self.platform._shown("read", type, list(found.values()))
        return found


class Fhir(Reading):
    """FHIR interactions for one principal."""

    _work: UnitOfWork | None

    # -- writing ------------------------------------------------------------------------------------------------

    async def create(self, resource: bytes | Struct, *, type: str, if_none_exist: str | None = None) -> Written:
        """Make a resource under a new id; with criteria only when nothing meets them, else that one is answered."""
        if if_none_exist is None:
            return await self._write(Order("create", type, resource))
        async with self._transaction() as inside:
            found = await inside.only_match(type, if_none_exist)
            if found is not None:
                return Written(type, found.id, found.vid, found.ts, created=False, unchanged=True)
            return await inside._write(Order("create", type, resource))

    async def update(
        self, resource: bytes | Struct, *, type: str, id: str, if_match: int | None = None, must: Must = "any"
    ) -> Written:
        """Replace the resource, or make it under the client's id; *must* as in `executor.Change`."""
        return await self._write(Order("update", type, resource, id, if_match, must))

    async def update_where(
        self, resource: bytes | Struct, *, type: str, criteria: str, if_match: int | None = None
    ) -> Written:
        """Update the one resource that meets the criteria; none: create; several: 412 (conditional update)."""
        async with self._transaction() as inside:
            found = await inside.only_match(type, criteria)
            given = id_of(resource)
            if found is not None:
                if given not in {None, found.id}:
                    text = f"The criteria find {type}/{found.id}, the resource says {given}."
                    raise OutcomeError(Issue("invalid", "id-mismatch", f"{type}.id", text))
                return await inside._write(Order("update", type, resource, found.id, if_match, "exists", free=True))
            if given is None:
                return await inside._write(Order("create", type, resource))
            return await inside._write(Order("update", type, resource, given, if_match, "new"))

    async def patch(self, apply: Apply, *, type: str, id: str, if_match: int | None = None) -> Written:
        """Read under lock, let *apply* make the new document of the old one (decimals as Decimal), and update."""
        async with self._transaction() as inside:
            if inside.reach("patch", type).nothing:
                raise OutcomeError(forbidden("patch", type))
            await inside._must_reach("patch", type, id)
            row = await inside.executor.get(type, id, lock=True)
            if row is None:
                raise OutcomeError(not_found(type, id))
            if row.deleted:
                raise OutcomeError(Issue("deleted", "deleted", text=f"{type}/{id} has been deleted."))
            if if_match not in {None, row.vid}:
                raise OutcomeError(stale(type, id, row.vid), status=412)
            document = apply(document_of(row.body()))
            if document.get("resourceType") != type or document.get("id") != id:
                raise OutcomeError(Issue("invalid", "id-immutable", f"{type}.id", "A patch may not change type or id."))
            return await inside._write(Order("patch", type, bytes_of(document), id, row.vid, "exists"))

    async def patch_where(self, apply: Apply, *, type: str, criteria: str, if_match: int | None = None) -> Written:
        """Patch the one resource that meets the criteria; none: 404; several: 412."""
        async with self._transaction() as inside:
            found = await inside.only_match(type, criteria)
            if found is None:
                raise OutcomeError(Issue("not-found", "no-match", text=f"No {type} meets the criteria."))
            return await inside.patch(apply, type=type, id=found.id, if_match=if_match)

    async def delete(self, type: str, id: str, *, if_match: int | None = None) -> Written:
        """Delete; idempotent: what is not there (or not yours) answers with version 0."""
        return await self._write(Order("delete", type, None, id, if_match))

    async def delete_where(self, type: str, criteria: str) -> tuple[Written, ...]:
        """Delete the one resource that meets the criteria; none: nothing; several: 412 (policy "single")."""
        async with self._transaction() as inside:
            found = await inside.only_match(type, criteria)
            return () if found is None else (await inside._write(Order("delete", type, None, found.id)),)

    async def write_many(self, orders: Sequence[Order]) -> list[Written]:
        """Write several resources, all or none, each once; answers stand in the order given."""
        async with self._transaction() as inside:
            changes = await inside._allow_all(orders)
            try:
                written = await inside.executor.write_many(changes)
            except PersonsChanged:
                # From here on the transaction keeps others from merging.
                changes = await inside._allow_all(orders, [change.id for change in changes])
                written = await inside.executor.write_many(changes)
            await inside._hand_on(changes, written)
            for order, change, one in zip(orders, changes, written, strict=True):
                await inside._must_have_stayed(order, change, one)
            await inside._followed(list(zip(orders, written, strict=True)))
            return [inside._warned(change, one) for change, one in zip(changes, written, strict=True)]

    def judge(self, order: Order, more: frozenset[str] = frozenset()) -> Change:
        """Judge the form of what is not there, for who may write everything of its type (`store.loading`).

        more: labels that it has to carry.
        """
        if order.type in self.door.rulebook.exclusives and self._holds(order.type, struct_of(order)):
            text = "This resource takes what only one may have: write it through the interface, not by a load."
            raise OutcomeError(Issue("business-rule", "exclusive", order.type, text))
        return self._prepared(order, None, more)

    # -- operations ---------------------------------------------------------------------------------------------

    async def operate(self, operation: Operation[Takes, Gives], given: Takes) -> Gives:
        """Call an operation that some capability handles, in this transaction, with this principal's rights."""
        if not self.door.rulebook.may_operate(self.principal, operation.code, operation.on):
            raise OutcomeError(forbidden(f"${operation.code}", operation.on))
        if self.principal.abroad:
            raise no_operations()
        if self._work is None and (operation.on, operation.code) in self.door.together:
            together: Together[Takes, Gives] = self.door.together[operation.on, operation.code]
            return await together.ask(self.principal, given)
        _, run = self.door.rulebook.operations[operation.on, operation.code]
        async with self._transaction() as inside:
            gives: Gives = await run(inside._work, given)
            if inside._work is not None:
                inside._work.note("operation", type=operation.on, detail=f"${operation.code}")
            return gives

    async def explain(self, who: Principal, interaction: str, type: str, id: str | None = None) -> Decision:
        """Say whether *who* may do *interaction* to a resource (or to the type at all), and why."""
        self.reach(interaction, type)
        return await explain(self.executor, self.door.rulebook, who, interaction, type, id, base_url=self.door.base_url)

    # -- inside -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator["Fhir"]:
        """Give this Fhir when it has a transaction already, else one in a transaction of its own."""
        if self._work is not None:
            yield self
        else:
            async with self.door.work(self.principal) as work:
                yield work.fhir

    async def _write(self, order: Order) -> Written:
        if self._work is None and self._needs_transaction(order):
            async with self.door.work(self.principal) as work:
                return await work.fhir._write(order)
        change, written = await self._written(order)
        await self._must_have_stayed(order, change, written)
        await self._followed([(order, written)])
        return self._warned(change, written)

    def _warned(self, change: Change, written: Written) -> Written:
        """Give the warnings about what was written to whoever asked for it, and to the unit of work."""
        if not change.issues:
            return written
        if self._work is not None:
            self._work.warned += change.issues
        return structs.replace(written, issues=change.issues)

    async def _written(self, order: Order) -> tuple[Change, Written]:
        """Judge an order and write it; anew when patients were merged between the two."""
        for _ in range(search.ATTEMPTS):
            [change] = await self._allow_all([order])
            if self._work is None and gathering.names([change]):
                # What gathers it is labelled in the same transaction.
                async with self.door.work(self.principal) as work:
                    return await work.fhir._written(order)
            try:
                written = await self.executor.write(change)
            except PersonsChanged:
                await self.executor.learn_persons()
                continue
            await self._hand_on([change], [written])
            return change, written
        raise PersonsChanged

    async def _allow_all(self, orders: Sequence[Order], made: Sequence[str | None] = ()) -> list[Change]:
        """Judge orders that are written together. made: ids that were made for them before."""
        ids = made or [None] * len(orders)
        changes = [await self._allow_one_of(order, id) for order, id in zip(orders, ids, strict=True)]
        if self._work is not None:
            if locks := gathering.names(changes):
                await self._work.lock(*locks)
            for place, more in enumerate(await gathering.inherited(self.executor, changes)):
                if more - gathering.found_on(changes[place]):
                    changes[place] = await self._allow(orders[place], more, changes[place].id)
        return changes

    async def _hand_on(self, changes: Sequence[Change], written: Sequence[Written]) -> None:
        """Label what gathers that which was written now."""
        if self._work is not None:
            made = [change for change, one in zip(changes, written, strict=True) if not one.unchanged]
            await gathering.hand_on(self.executor, made, base_url=self.door.base_url, audited=self.door.audited)

    def _needs_transaction(self, order: Order) -> bool:
        """A write needs more than its own statement when the state before counts, or the reach asks SQL."""
        guarded = bool(self.door.rulebook.invariants.get(order.type)) and order.wish != "create"
        if (
            guarded
            or order.type == CODE_SYSTEM
            or order.type in GATHERING
            or order.type in self.door.rulebook.exclusives
            or not self.reach(order.wish, order.type).whole
        ):
            return True
        if order.wish in {"update", "patch"} and belongs(order.type):
            return True  # a label that stood there stays, whoever writes
        making = self.reach("create", order.type)
        return order.wish == "update" and not making.whole and not making.nothing

    async def _allow_one_of(self, order: Order, made: str | None = None) -> Change:
        """Judge an order among others: what refuses it says which one it is."""
        try:
            return await self._allow(order, made=made)
        except OutcomeError as refused:
            if not order.where:
                raise
            raise OutcomeError(*(below(order, issue) for issue in refused.issues), status=refused.status) from refused

    async def _allow(self, order: Order, more: frozenset[str] = frozenset(), made: str | None = None) -> Change:
        """Judge one order against grants, form, profiles and invariants, and make the change of it.

        more: labels that it has to carry. made: the id that was made for it before.
        """
        reach = self.reach(order.wish, order.type)
        if reach.nothing:
            raise OutcomeError(forbidden(order.wish, order.type))
        if order.type == events.TYPE:
            text = "AuditEvent is written by the platform alone."
            raise OutcomeError(Issue("not-supported", "ledger-only", order.type, text), status=405)
        before: Row | None = None
        hidden = False
        if order.id is not None and self._work is not None and self._needs_transaction(order):
            before = await self.executor.get(order.type, order.id, lock=True)
            if before is not None and not await self._reaches_row(reach, order, before):
                # As of what never was: a delete finds nothing, a version that is asked for does not match.
                if order.wish == "delete":
                    return Change("delete", order.type, order.id, expect=order.if_match, must="hidden")
                if order.if_match is not None:
                    hidden, before = True, None
                elif not before.deleted:
                    raise OutcomeError(not_found(order.type, order.id))
        if order.wish == "delete":
            self._guard(order.type, before, None)
            act = self._act(order, self.executor.now)
            return Change("delete", order.type, order.id or "", expect=order.if_match, act=act)
        change = self._prepared(order, before, more, made)
        if self.door.uploads is not None and may_hold_files(change.tail):
            await self.door.uploads.refuse_malware(struct_of(order))
        if not self.principal.roles & UNSHIELDED:
            await self._refuse_founding(order, before, change)
        return structs.replace(change, must="hidden") if hidden else change

    async def _reaches_row(self, reach: Reach, order: Order, row: Row) -> bool:
        """Tell whether a row may be reached; of a deleted one its last content counts."""
        if row.deleted:
            return await rights.was_allowed(self._asking(order.wish), row)
        return await self._reached(reach, row.rt, row.id)

    async def _refuse_founding(self, order: Order, before: Row | None, change: Change) -> None:
        """Refuse what would let somebody found a relation for himself, or write over what he sees masked."""
        entry = change.entry
        if entry is None:
            return
        alive = before is not None and not before.deleted
        if alive and before is not None and order.type in rights.FOUNDING and before.pat != entry.pat:
            text = "What lets people reach a record cannot be moved to another patient."
            raise OutcomeError(Issue("forbidden", "patient-fixed", order.type, text))
        if alive and before is not None and order.type == "Task":
            old, new = codec.decode(before.body(), "Task"), struct_of(order)
            if relations.widened(old, new, base_url=self.door.base_url):
                text = "Whoever may change a task cannot let himself or others into a record by it, nor for longer."
                raise OutcomeError(Issue("forbidden", "relation-fixed", order.type, text))
        if order.type == "Task" and rights.BREAK_GLASS_KEY in entry.keys:
            raise OutcomeError(Issue("forbidden", "use-operation", "Task.code", "Use Patient/$break-glass."))
        if alive and before is not None and await self._covered("read", (before,)) != [before]:
            raise OutcomeError(
                Issue("forbidden", "masked", order.type, "You see this resource masked, so you cannot write it.")
            )

    def _labelled(self, struct: Struct, tail: bytes, before: Row | None, more: frozenset[str], now: datetime) -> bytes:
        """Stamp labels: of the contents, of a child, and those that stood there before (nobody takes them away)."""
        born = getattr(struct, "birthDate", None) if type(struct).__name__ == "Patient" else None
        if born is not None and is_minor(born, now.date()):
            more |= {"minor"}
        return rights.label(struct, tail, more | rights.kept(before))

    def _prepared(
        self, order: Order, before: Row | None, more: frozenset[str] = frozenset(), made: str | None = None
    ) -> Change:
        raw = order.resource if isinstance(order.resource, bytes) else codec.encode(order.resource)  # type: ignore[arg-type]
        struct = codec.decode(raw, order.type)
        cutting = cut(raw, order.type, accepted=True)
        refuse_subset(struct, order.type)
        if order.id is not None and telling(order.id):
            text = "An identity card number or telephone number is no id: it would stand in every address and log."
            raise OutcomeError(Issue("invalid", "telling-id", f"{order.type}.id", text))
        if order.id is not None and not order.free and cutting.id != order.id:
            told = "has none" if cutting.id is None else f"says {cutting.id}"
            text = f"The id in the address is {order.id}, the resource {told}."
            raise OutcomeError(Issue("invalid", "id-mismatch", f"{order.type}.id", text))
        rulebook = self.door.rulebook
        refuse(profile_issues(struct, rulebook.profiles, rulebook.code_sets))
        self._guard(order.type, before, struct)
        made = made or order.id or self.door.clock.new_id(home_of(struct))
        now = self.executor.now
        tail = self._labelled(struct, cutting.tail, before, more, now)
        base, persons = self.door.base_url, self.executor.persons
        entry = indexed(struct, id=made, now_us=microseconds(now), base_url=base, persons=persons)
        must = order.must
        if order.wish == "update" and must == "any" and self.reach("create", order.type).nothing:
            must = "exists"
        return Change(
            "create" if order.wish == "create" else "update",
            order.type,
            made,
            tail,
            entry,
            order.if_match,
            must,
            self._act(order, now),
            rulebook.warnings(order.type, raw, now),
        )

    def _act(self, order: Order, now: datetime) -> Act | None:
        """Begin the act of a write; the store completes it."""
        if not self.door.audited:
            return None
        begun = self._begun
        # A load begins the same act many times in a millisecond.
        if begun is None or begun.at != now or begun.what != order.wish or begun.type != order.type:
            rule = self.reach(order.wish, order.type).rules
            begun = self._begun = act_by(self.principal, now, order.wish, type=order.type, rule=rule)
        return begun

    def _guard(self, type: str, before: Row | None, after: Struct | None) -> None:
        """Ask the invariants of the type, or of the profiles that the state before or after claims."""
        checks = self.door.rulebook.invariants.get(type)
        if not checks:
            return
        old = codec.decode(before.body(), type) if before is not None and not before.deleted else None
        claimed = claimed_by(old) | claimed_by(after)
        refuse(issue for url, check in checks if url is None or url in claimed for issue in check(old, after))

    async def _must_have_stayed(self, order: Order, change: Change, written: Written) -> None:
        """Refuse a write whose result lies outside the reach (the transaction rolls back)."""
        wishes = ("update", "create") if order.wish == "update" and written.created else (order.wish,)
        for wish in wishes:
            reach = self.reach(wish, order.type)
            if not reach.whole and change.entry is not None and not await self._reached(reach, order.type, change.id):
                text = "What you wrote lies outside what you may write."
                raise OutcomeError(Issue("forbidden", "outside-reach", order.type, text))

    async def _followed(self, done: Sequence[tuple[Order, Written]]) -> None:
        """Keep in step what follows from records: the concepts of a code system, what a resource holds alone."""
        if self._work is None:
            return
        made = [(order, written) for order, written in done if not written.unchanged]
        await holding.follow(
            self._work.executor,
            [
                Holder(
                    order.type,
                    written.id,
                    self._holds(order.type, None if order.wish == "delete" else struct_of(order)),
                    new=written.created,
                )
                for order, written in made
                if order.type in self.door.rulebook.exclusives
            ],
        )
        for order, written in made:
            if order.type == CODE_SYSTEM:
                document = None if order.resource is None else msgspec.to_builtins(struct_of(order))
                await follow(self._work.executor, written.id, document, written.vid)

    def _holds(self, type: str, struct: Struct | None) -> dict[str, str]:
        """Give the keys that a resource holds alone, each with the code of the issue for who comes second."""
        claimed = claimed_by(struct)
        return {
            key: code
            for url, keys, code in self.door.rulebook.exclusives[type]
            if struct is not None and (url is None or url in claimed)
            for key in keys(struct)
        }

    async def only_match(self, type: str, criteria: str, *, without: Collection[str] = ()) -> Row | None:
        """Find the one resource that meets the criteria, holding the criteria's lock; several are refused (412).

        without: ids that do not count, as the same transaction deletes them.
        """
        query = await self.hold(type, criteria)
        page = await self.search(replace(query, count=2 + len(without), sort=(), includes=(), total="none"))
        matches = [row for row in page.matches if row.id not in without]
        if len(matches) > 1:
            text = f"More than one {type} meets the criteria {criteria}."
            raise OutcomeError(Issue("multiple-matches", "multiple-matches", text=text), status=412)
        return matches[0] if matches else None

    async def hold(self, type: str, criteria: str) -> Query:
        """Take the lock of criteria until the unit of work ends, so that nobody else creates what meets them."""
        pairs = parse_qsl(criteria.removeprefix("?").removeprefix(f"{type}?"), keep_blank_values=True)
        query = parse(type, pairs, strict=True, base_url=self.door.base_url)
        if query.condition == EVERYTHING:
            raise OutcomeError(
                Issue("invalid", "criteria-empty", text="The criteria name no search parameter."), status=412
            )
        if self._work is not None:
            await self._work.lock(f"{type}?{sorted(pairs)}")
        return query
