"""Searches of one patient's record, as it is or as it was at an instant; each gives no more than a page shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from xinglin.capabilities.health_records.rules.documents import Document, instant, order, when
from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.search.keys import rid_of
from xinglin.fhir.search.match import matches
from xinglin.fhir.search.query import Condition, Query
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row, microseconds

Pairs = tuple[tuple[str, str], ...]
# type → search parameters beside the patient
Wanted = Mapping[str, Pairs]

BATCH: Final = 100
# What was changed since the instant is looked through this far; a page says when there is more.
MOST_CHANGED: Final = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A page of documents, newest first. partial: more was changed since the instant than was looked through."""

    documents: tuple[Document, ...]
    token: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """The record of one patient to read from. at: as it was then; None: as it is."""

    work: UnitOfWork
    id: str
    at: datetime | None = None

    async def patient(self) -> Document:
        """Give the Patient; OutcomeError 404 when there is none, or was none, within reach."""
        row: Row | None = await self.work.fhir.read("Patient", self.id)
        if row is not None and self.at is not None:
            row = await self.then(row)
        if row is None:
            raise OutcomeError(Issue("not-found", "not-then", "Patient", "This person was not recorded then."))
        found: Document = document_of(row.body())
        return found

    async def search(self, wanted: Wanted, count: int, token: str = "", before: str = "") -> Found:
        """Find resources of several types in one search, newest first.

        before: when the page before ended (as it was only). A type that the reader has no right to is left out.
        """
        query = self._query(wanted)
        if not query.branches:
            return Found(())
        asked = replace(query, count=count, token=token or None)
        if self.at is None:
            page = await self.work.fhir.search(asked)
            return Found(tuple(document_of(row.body()) for row in page.matches), page.next_token)
        return await self._as_it_was(wanted, asked, before)

    async def one(self, type: str, id: str) -> Document:
        """Give a resource of this record; OutcomeError 404 for what is not of it."""
        query = replace(self._query({type: (("_id", id),)}), count=1)
        page = await self.work.fhir.search(query) if query.branches else None
        row = page.matches[0] if page is not None and page.matches else None
        if row is not None and self.at is not None:
            row = await self.then(row)
        elif self.at is not None and query.branches:
            gone, _ = await self.work.fhir.departed(query, rid_of("Patient", self.id), at=self.at, token="", count=1)
            row = gone[0] if gone else None
        if row is None:
            raise OutcomeError(Issue("not-found", "not-found", text=f"{type}/{id} is not known."), status=404)
        found: Document = document_of(row.body())
        return found

    async def institutions(self, count: int) -> list[Document]:
        """Give the institutions that saw the patient, by name."""
        if (
            self.work.fhir.reach("search", "Organization").nothing
            or self.work.fhir.reach("search", "Encounter").nothing
        ):
            return []
        visited = {"_has:Encounter:service-provider:patient": f"Patient/{self.id}"}
        page = await self.work.fhir.find("Organization", **visited, _sort="name", _count=str(count))
        return [document_of(row.body()) for row in page.matches]

    async def several(self, type: str, ids: Sequence[str]) -> list[Document]:
        """Give what is referred to by id, as far as the reader may find it; what came after the instant as it is."""
        if not ids or self.work.fhir.reach("search", type).nothing:
            return []
        page = await self.work.fhir.find(type, _id=",".join(sorted(set(ids))), _count=str(len(set(ids))))
        rows = [await self.then(row) or row for row in page.matches]
        return [document_of(row.body()) for row in rows]

    async def versions(self, type: str, id: str, count: int) -> list[Row]:
        """Give the versions of an entry that the reader has, newest first; as of an instant those until then."""
        until = None if self.at is None else (None, self.at + timedelta(microseconds=1))
        page = await self.work.fhir.history(type, id, at=until, count=count)
        return list(page.rows)

    def _query(self, wanted: Wanted) -> Query:
        branches = []
        for type, pairs in wanted.items():
            if not self.work.fhir.reach("search", type).nothing:
                branches.append((type, self._condition(type, pairs)))
        return Query(type=None, branches=tuple(branches), base_url=self.work.door.base_url)

    def _condition(self, type: str, pairs: Pairs) -> Condition:
        asked = (("patient", f"Patient/{self.id}"), *pairs)
        return parse(type, asked, strict=True, base_url=self.work.door.base_url).condition

    async def _as_it_was(self, wanted: Wanted, query: Query, before: str) -> Found:
        """Join what has not changed since, what has, and what was deleted since."""
        assert self.at is not None  # noqa: S101  search asks only then
        same = {type: (*pairs, ("_lastUpdated", f"le{self.at.isoformat()}")) for type, pairs in wanted.items()}
        page = await self.work.fhir.search(replace(query, branches=self._query(same).branches))
        documents = [document_of(row.body()) for row in page.matches]
        changed, partial = await self._changed(wanted, query)
        gone, more = await self.work.fhir.departed(query, rid_of("Patient", self.id), at=self.at, token="", count=BATCH)
        changed += [document_of(row.body()) for row in gone]
        # A page holds what lies between the end of the one before and its own end, so that pages keep their order.
        if before:
            changed = [one for one in changed if _place(one) < _at(before)]
        if page.next_token and documents:
            changed = [one for one in changed if _place(one) >= _place(documents[-1])]
        every = sorted([*documents, *changed], key=order, reverse=True)
        kept = every if page.next_token or before else every[: query.count]
        return Found(tuple(kept), page.next_token, partial or more is not None)

    async def _changed(self, wanted: Wanted, query: Query) -> tuple[list[Document], bool]:
        """Give the former versions, that met the query, of what was changed since the instant."""
        assert self.at is not None  # noqa: S101  called only as of an instant
        moved = self._query({type: (("_lastUpdated", f"gt{self.at.isoformat()}"),) for type in wanted})
        conditions = dict(query.branches)
        found: list[Document] = []
        token: str | None = None
        seen = 0
        while True:
            page = await self.work.fhir.search(replace(moved, count=BATCH, token=token))
            for row in page.matches:
                former = await self.then(row) if row.vid > 1 else None
                if former is not None and _meets(conditions[row.rt], former, query.base_url):
                    found.append(document_of(former.body()))
            seen += len(page.matches)
            token = page.next_token
            if token is None or seen >= MOST_CHANGED:
                return found, token is not None

    async def then(self, row: Row) -> Row | None:
        """Give the version that was current at the instant of the record; None when there was none yet."""
        if self.at is None or row.ts <= self.at:
            return row
        moment = (self.at, self.at + timedelta(microseconds=1))
        page = await self.work.fhir.history(row.rt, row.id, at=moment, count=1)
        return next((one for one in page.rows if not one.deleted and one.ts <= self.at), None)


def _meets(condition: Condition, row: Row, base_url: str) -> bool:
    """Tell whether a former version is what the query asks; a chain, which only the store could judge, is not asked."""
    made = entry(codec.decode(row.body(), row.rt), now_us=microseconds(row.ts), base_url=base_url)
    return matches(condition, made, updated_us=microseconds(row.ts)) is True


def _place(document: Document) -> datetime:
    return order(document)[0]


def _at(value: str) -> datetime:
    made = instant(value)
    if made is None:
        raise OutcomeError(Issue("invalid", "bad-date", "http.before", f"{value[:40]} is no date."), status=400)
    return made


def end_of(found: Found) -> str:
    """Say when the last of a page happened, for the page after it."""
    return when(found.documents[-1]) if found.documents else ""
