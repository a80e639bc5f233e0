"""Reading through the door: what one may see of current records, versions and searches, and the trace of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.keys import bucket_of, rid_of
from xinglin.fhir.search.persons import NOBODY
from xinglin.fhir.search.query import Query
from xinglin.security.grants import Reach
from xinglin.security.ledger import Act
from xinglin.security.principal import Principal
from xinglin.store import egress, history, rights, search
from xinglin.store.departed import departed
from xinglin.store.executor import Executor, Row
from xinglin.store.history import HistoryPage
from xinglin.store.ledger import events
from xinglin.store.ledger.shown import acts_of
from xinglin.store.search import Page
from xinglin.store.search.labels import PARAMETERS, Labels, labels
from xinglin.store.search.overview import overview
from xinglin.store.search.shield import timed

if TYPE_CHECKING:
    from xinglin.store.door import Door, UnitOfWork


class Reading:
    """FHIR interactions that read, for one principal."""

    def __init__(self, door: "Door", principal: Principal, executor: Executor, work: "UnitOfWork | None") -> None:
        self.door = door
        self.principal = principal
        self.executor = executor
        self._work = work
        self._begun: Act | None = None
        self._reaches: dict[tuple[str, str], Reach] = {}  # asking the door means comparing principals

    async def read(self, type: str, id: str, *, lock: bool = False) -> Row:
        """Return the current version; OutcomeError not-found (404), or deleted (410) where nothing is hidden."""
        if type == events.TYPE:
            return await self._event("read", id)
        reach = self.reach("read", type)
        if reach.whole:
            row = await self.executor.get(type, id, lock=lock)
        else:
            row, reached = (None, False) if reach.nothing else await self._single(reach, type, id, lock=lock)
            if row is not None and not reached:
                gone = row.deleted and await rights.was_allowed(self._asking("read"), row)
                row = row if gone else None
        if row is None:
            raise OutcomeError(not_found(type, id))
        if row.deleted:
            raise OutcomeError(Issue("deleted", "deleted", text=f"{type}/{id} has been deleted."))
        (row,) = await self._covered("read", (row,))
        await self._shown("read", type, (row,))
        return row

    async def vread(self, type: str, id: str, vid: str) -> Row:
        """Return one version; a version that is a delete is gone (410)."""
        if type == events.TYPE:
            return await self._event("vread", id if vid == "1" else "")
        await self._must_reach("vread", type, id)
        row = await history.version(self.executor, type, id, int(vid)) if vid.isdecimal() and len(vid) < 10 else None
        if row is not None and not self.reach("vread", type).whole:
            row = next(iter(await rights.shown(self._asking("vread"), (row,))), None)
        if row is None:
            raise OutcomeError(not_found(type, f"{id}/_history/{vid}"))
        if row.deleted:
            raise OutcomeError(Issue("deleted", "deleted", text=f"Version {vid} of {type}/{id} is its delete."))
        (row,) = await self._covered("vread", (row,), versions=True)
        await self._shown("vread", type, (row,))
        return row

    async def search(self, query: Query) -> Page:
        """Find what the query asks within the principal's reach: matches, includes, the token of the next page."""
        if query.type is not None and self.reach("search", query.type).nothing:
            raise OutcomeError(forbidden("search", query.type))
        if query.type == events.TYPE:
            page = await events.search(self.executor, query, self.reach("search", query.type))
            await self._shown("search", query.type, (), _names(query))
            return page
        told = rights.telling(query, self._searchable) if self.door.masks(self.principal.roles) else None
        if told is not None:
            text = f"You see {told[0]} masked, so you may not ask by {told[1]}."
            raise OutcomeError(Issue("forbidden", "masked-parameter", f"http.{told[1]}", text))
        page = await search.run(self.executor, query, self._searchable, judge=self._judged)
        if self.door.masks(self.principal.roles):
            matches = await self._covered("search", page.matches)
            page = replace(page, matches=matches, included=await self._covered("search", page.included))
        await self._shown("search", query.type or "", (*page.matches, *page.included), _names(query))
        return page

    async def _event(self, interaction: str, id: str) -> Row:
        """Read an entry of the ledger as AuditEvent."""
        row = await events.read(self.executor, id, self.reach(interaction, events.TYPE))
        if row is None:
            raise OutcomeError(not_found(events.TYPE, id))
        await self._shown(interaction, events.TYPE, ())
        return row

    async def find(self, type: str, /, **parameters: str) -> Page:
        """Search with plain parameters: ``find("Observation", patient="1", _sort="-date")``; unknown ones are 400."""
        return await self.search(parse(type, list(parameters.items()), strict=True, base_url=self.door.base_url))

    async def count(self, type: str, /, **parameters: str) -> int:
        """Count what a search would find."""
        page = await self.find(type, **parameters, _summary="count")
        return page.total or 0

    async def overview(self) -> dict[str, int]:
        """Count what one may find of each type, each up to `overview.MOST`."""
        counts = await overview(self.executor, list(RESOURCES), self._searchable)
        await self._shown("search", "", (), "_summary")
        return counts

    async def labels(self, type: str | None = None) -> Labels:
        """Tell which profiles, tags and security labels one may find, of a type or of all."""
        if type is not None and self.reach("search", type).nothing:
            raise OutcomeError(forbidden("search", type))
        found = await labels(self.executor, [type] if type else list(RESOURCES), self._searchable)
        await self._shown("search", type or "", (), " ".join(PARAMETERS.values()))
        return found

    async def departed(self, query: Query, patient: int, **page: Any) -> tuple[list[Row], str | None]:
        """Give a page of what was in a compartment at an instant and was deleted since, as far as its history shows."""

        async def versions(type: str, id: str, moment: history.Period) -> Sequence[Row]:
            try:
                return (await self.history(type, id, at=moment, count=1)).rows
            except OutcomeError as refused:
                if refused.status != 404:
                    raise
                return ()  # out of reach is as if it had never been there

        return await departed(self.executor, query, patient, versions, **page)

    async def history(self, type: str | None = None, id: str | None = None, **page: Any) -> HistoryPage:
        """Return versions, newest first: of an instance (404 when it never was), a type, or everything."""
        if type is not None and id is not None:
            await self._must_reach("history", type, id)
        if all(self.reach("history", one).whole for one in ((type,) if type else RESOURCES)):
            found = await history.page(self.executor, type, id, **page)
        else:
            found = await self._history(type, id, **page)
        if type is not None and id is not None and not found.total and await self.executor.get(type, id) is None:
            raise OutcomeError(not_found(type, id))
        await self._shown("history", type or "", found.rows)
        return found

    def reach(self, interaction: str, type: str) -> Reach:
        """Give what the principal reaches of *type*; OutcomeError when the type is unknown."""
        known = self._reaches.get((interaction, type))
        if known is not None:
            return known
        if type not in RESOURCES:
            raise OutcomeError(
                Issue("not-supported", "unknown-type", text=f"There is no resource type {type}."), status=404
            )
        found = self._reaches[interaction, type] = self.door.reach(self.principal, interaction, type)
        return found

    async def _shown(self, what: str, type: str, rows: Sequence[Row], detail: str = "") -> None:
        """Have it written who is shown *rows*: before the answer leaves the door, or with the transaction."""
        if self.principal.abroad:
            await self._leave(type, rows)
        if not self.door.audited:
            return
        rule = self.reach(what, type).rules if type else ()
        persons = self.executor.persons
        acts = acts_of(
            self.principal, self.executor.now, what, rows, type=type, rule=rule, detail=detail, persons=persons
        )
        if self._work is None:
            await self.door.store.ledger.shown(acts)
        else:
            self._work.shown(acts)

    async def _leave(self, type: str, rows: Sequence[Row]) -> None:
        """Count, before they are shown, whose data leave the country; refused (403) when they may not."""
        if type == events.TYPE:
            raise egress.no_ledger()
        if self._work is not None:
            await egress.leave(self._work.executor, self.principal.abroad, rows, critical=self.door.critical)
            return
        async with self.door.store.begin() as transaction:
            await egress.leave(transaction, self.principal.abroad, rows, critical=self.door.critical)

    async def _must_reach(self, interaction: str, type: str, id: str) -> None:
        """Refuse (404) what lies out of reach; of a deleted resource its last content counts."""
        reach = self.reach(interaction, type)
        if reach.whole or await self._reached(reach, type, id):
            return
        row = None if reach.nothing else await self.executor.get(type, id)
        if row is None or not row.deleted or not await rights.was_allowed(self._asking(interaction), row):
            raise OutcomeError(not_found(type, id))

    async def _history(self, type: str | None, id: str | None, *, count: int | None = None, **page: Any) -> HistoryPage:
        """Fill a page with versions that may be seen, whatever lies between them; nobody learns how many do."""
        predicate = None
        if id is None:
            types = [type] if type else list(RESOURCES)
            predicate = search.reach_predicate(
                types, self._reach_for("history"), self._searchable, self.executor.now, self.executor.persons
            )
        wanted = history.COUNT if count is None else count
        kept: list[Row] = []
        token = page.pop("token", None)
        while wanted:
            found = await history.page(
                self.executor, type, id, predicate=predicate, count=max(wanted, history.COUNT), token=token, **page
            )
            kept += await rights.shown(self._asking("history"), found.rows)
            token = found.next_token
            if len(kept) > wanted:
                token = history.token_of(kept[wanted - 1])
            if len(kept) >= wanted or token is None:
                break
        rows = await self._covered("history", kept[:wanted], versions=True)
        return HistoryPage(tuple(rows), token, None)

    def _asking(self, interaction: str) -> rights.Asking:
        return rights.Asking(self.executor, self._reach_for(interaction), self._searchable, self.door.base_url)

    async def _covered(self, interaction: str, rows: Sequence[Row], *, versions: bool = False) -> list[Row]:
        """Cover what the principal sees masked; *versions*: rows may be older ones."""
        if not self.door.masks(self.principal.roles):
            return list(rows)
        return await rights.covered(self._asking(interaction), rows, versions=versions)

    async def _judged(self, old: Sequence[Row]) -> list[Row]:
        """Keep the older versions, found by includes, that may be seen by their own content."""
        free = [row for row in old if self.reach("search", row.rt).whole]
        bound = [row for row in old if not self.reach("search", row.rt).whole]
        return free + await rights.shown(self._asking("search"), bound) if bound else free

    async def _reached(self, reach: Reach, type: str, id: str) -> bool:
        if reach.nothing or reach.whole:
            return reach.whole
        return (await self._single(reach, type, id))[1]

    async def _single(self, reach: Reach, type: str, id: str, *, lock: bool = False) -> tuple[Row | None, bool]:
        """Read one resource, and tell whether it is alive and within *reach*, by one statement."""
        place = (bucket_of(id), rid_of(type, id))
        end = " FOR UPDATE OF r" if lock else ""
        for _ in range(search.ATTEMPTS):
            persons = self.executor.persons
            sql, args = self.door.single(self.principal, type, reach, persons.mark or NOBODY)
            records = await self.executor.fetch(sql + end, *timed(args, self.executor.now), *place)
            if not records or records[0]["epoch"] == persons.epoch:
                break
            await self.executor.learn_persons()  # patients were merged meanwhile
        rows = await self.executor.rows(records)
        if not rows or (rows[0].rt, rows[0].id) != (type, id):
            return None, False
        return rows[0], bool(records[0]["reached"]) and not rows[0].deleted

    def _searchable(self, type: str) -> Reach:
        return self.reach("search", type)

    def _reach_for(self, interaction: str) -> Callable[[str], Reach]:
        return lambda type: self.reach(interaction, type)


def _names(query: Query) -> str:
    """Name the parameters of a search, without their values."""
    return " ".join(dict.fromkeys(name for name, _ in query.applied))


def not_found(type: str, id: str) -> Issue:
    """Say that something is not there; the same for what is not yours."""
    return Issue("not-found", "not-found", text=f"{type}/{id} is not known.")


def forbidden(wish: str, type: str) -> Issue:
    """Say that no grant allows the wish on the type at all."""
    return Issue("forbidden", "forbidden", text=f"You have no right to {wish} on {type}.")


def stale(type: str, id: str, vid: int) -> Issue:
    """Say that If-Match named an older version."""
    return Issue(
        "conflict", "version-conflict", text=f"{type}/{id} is at version {vid} now: read it again, then change it."
    )
