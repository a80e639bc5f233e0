"""The slow evaluation itself: asked by one who may see everything, it and the platform agree."""

import random  # noqa: TID251  seeded: every run asks the same

import httpx

from tests.oracle import asked
from tests.oracle.town import Town
from tests.oracle.values import Document
from tests.server.conftest import application, client, store

__all__ = ["application", "client", "store"]


async def test_one_who_may_see_everything_finds_what_the_slow_evaluation_finds(client: httpx.AsyncClient) -> None:
    town = Town(1)
    now: dict[str, Document] = {}
    for one in town.written:
        name = asked.name_of(one)
        response = await client.put(f"/{name}", json=one)
        assert response.status_code in {200, 201}, response.text
        now[name] = one
    for name in town.deleted:
        assert (await client.delete(f"/{name}")).status_code in {200, 204}
        del now[name]
    every = asked.Everything(now.values())
    chance = random.Random(7)

    def seen(type: str) -> list[Document]:
        return [one for one in now.values() if one["resourceType"] == type]

    for _ in range(300):
        search = asked.search(chance, every)
        response = await client.get(f"/{search.text}", headers={"prefer": "handling=strict"})
        assert response.status_code == 200, (search.text, response.text)
        answer = response.json()
        matches = search.matches(seen)
        if search.summary:
            assert answer["total"] == len(matches), search.text
            continue
        page = matches[: search.count or 20]
        shown = [e["resource"]["id"] for e in answer.get("entry", []) if e["search"]["mode"] == "match"]
        assert shown == [one["id"] for one in page], search.text
        brought = {asked.name_of(e["resource"]) for e in answer.get("entry", []) if e["search"]["mode"] == "include"}
        assert brought == search.included(page, seen), search.text
