"""A store with resources put in from documents, and searches written as a client writes them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from xinglin.fhir import codec
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.security.grants import ALL, Reach
from xinglin.store import search
from xinglin.store.body import cut
from xinglin.store.executor import Change, microseconds
from xinglin.store.search import Page
from xinglin.store.store import Store
from xinglin.store.terminology.keeping import behind

Document = dict[str, Any]
BASE = "http://here.test/fhir"


def everything(_: str) -> Reach:
    return ALL


def reaching(**reaches: str | None) -> Callable[[str], Reach]:
    """Reach by type: a search, or None for nothing; other types are reached whole."""

    def reach(on: str) -> Reach:
        if on not in reaches:
            return ALL
        found = reaches[on]
        return Reach() if found is None else Reach(tuple(found.split(" or ")))

    return reach


class Shelf:
    def __init__(self, store: Store) -> None:
        self.store = store

    async def put(self, *documents: Document) -> None:
        for document in documents:
            raw = json.dumps(document, ensure_ascii=False).encode()
            resource = codec.decode(raw)
            made = entry(resource, now_us=microseconds(self.store.now), base_url=BASE)
            tail = cut(raw, document["resourceType"]).tail
            written = await self.store.write(Change("update", document["resourceType"], document["id"], tail, made))
            # The next one gets a later lastUpdated, so that tests may count on the order.
            while self.store.now == written.ts:  # noqa: ASYNC110  the clock sends no event
                await asyncio.sleep(0.0003)
        if any(document["resourceType"] == "CodeSystem" for document in documents):
            await behind(self.store)

    async def page(
        self,
        asked: str,
        *,
        strict: bool = True,
        reach: Callable[[str], Reach] = everything,
        compartment: tuple[str, str] | None = None,
    ) -> Page:
        path, _, text = asked.partition("?")
        pairs = parse_qsl(text, keep_blank_values=True)
        query = parse(path or None, pairs, strict=strict, base_url=BASE, compartment=compartment)
        return await search.run(self.store, query, reach)

    async def ids(self, asked: str, **options: Any) -> list[str]:
        """Ids of the matches of the first page, in order."""
        return [row.id for row in (await self.page(asked, **options)).matches]

    async def found(self, asked: str, **options: Any) -> set[str]:
        """Ids of all matches, over all pages; an id that comes twice is an error."""
        every = await self.walked(asked, **options)
        assert len(every) == len(set(every))
        return set(every)

    async def walked(self, asked: str, **options: Any) -> list[str]:
        """Ids of all matches in order, page by page."""
        every: list[str] = []
        at = asked
        for _ in range(200):
            page = await self.page(at, **options)
            every += [row.id for row in page.matches]
            if page.next_token is None:
                return every
            at = f"{asked}{'&' if '?' in asked else '?'}{TOKEN}={page.next_token}"
        raise AssertionError("paging does not end")


def patient(id: str, *, family: str = "", given: str = "", **more: Any) -> Document:
    name = [{k: v for k, v in (("family", family), ("given", [given] if given else None)) if v}]
    return {"resourceType": "Patient", "id": id, **({"name": name} if name[0] else {}), **more}


def observation(
    id: str, code: str | Document = "8867-4", *, of: str | None = None, at: str | None = None, **more: Any
) -> Document:
    made: Document = {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]} if isinstance(code, str) else code,
    }
    if of:
        made["subject"] = {"reference": of}
    if at:
        made["effectiveDateTime"] = at
    return {**made, **more}


def quantity(value: float, unit: str = "mg", **more: Any) -> Document:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit, **more}
