"""Merged and parted again in any order, a town answers every question as before.

What is brought along by an include has no order of its own; everything else is the same byte for byte.
"""

import random  # noqa: TID251  seeded: every run asks the same

import httpx
import msgspec
import pytest

from tests.oracle import asked
from tests.oracle.asked import Everything, name_of
from tests.oracle.town import PATIENTS, Town
from tests.oracle.values import Document
from tests.server.conftest import application, client, store
from xinglin.store import merging
from xinglin.store.consistency import check
from xinglin.store.store import Store

__all__ = ["application", "client", "store"]

SEARCHES = 120
MERGES = 5


async def written(client: httpx.AsyncClient, town: Town) -> dict[str, Document]:
    now: dict[str, Document] = {}
    for one in town.written:
        response = await client.put(f"/{name_of(one)}", json=one)
        assert response.status_code in {200, 201}, response.text
        now[name_of(one)] = one
    for name in town.deleted:
        assert (await client.delete(f"/{name}")).status_code in {200, 204}
        del now[name]
    return now


async def answers(client: httpx.AsyncClient, questions: list[str]) -> dict[str, list[str]]:
    found = {}
    for question in questions:
        response = await client.get(f"/{question}", headers={"prefer": "handling=strict"})
        assert response.status_code == 200, (question, response.text)
        answer = response.json()
        entries = [msgspec.json.encode(one).decode() for one in answer.pop("entry", [])]
        matches = [one for one in entries if '"mode":"include"' not in one]
        found[question] = [str(answer), *matches, *sorted(set(entries) - set(matches))]
    return found


async def faults(store: Store) -> list[str]:
    found: list[str] = []
    await check(store, lambda fault: found.append(f"{fault.what} {fault.of} {fault.text}"))
    return found


async def merge_some(store: Store, chance: random.Random) -> list[str]:
    """Merge patients that are not merged yet into others that are not; give them in order."""
    free = [name.removeprefix("Patient/") for name in PATIENTS]
    done = []
    for _ in range(MERGES):
        source, target = chance.sample(free, 2)
        async with store.begin() as transaction:
            await merging.hold(transaction)
            await merging.merge(transaction, source, target, by="dev", reason="one person")
        free.remove(source)
        done.append(source)
    return done


@pytest.mark.rule("CD-11")
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
async def test_what_is_merged_and_parted_answers_as_before(client: httpx.AsyncClient, store: Store, seed: int) -> None:
    chance = random.Random(seed)
    every = Everything((await written(client, Town(seed))).values())
    questions = [asked.search(chance, every).text for _ in range(SEARCHES)]
    questions += [f"{who}/$everything?_count=500" for who in PATIENTS]
    before = await answers(client, questions)

    merged = await merge_some(store, chance)
    assert await faults(store) == []
    between = await answers(client, questions)
    assert between != before

    chance.shuffle(merged)
    for source in merged:
        async with store.begin() as transaction:
            await merging.hold(transaction)
            assert await merging.unmerge(transaction, source) is not None
        assert await faults(store) == []
    assert await answers(client, questions) == before
