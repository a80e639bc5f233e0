"""Callers of one operation at the same moment: one transaction for those that wait, and each his own answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from xinglin.fhir.declarations import Operation, Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store import together
from xinglin.store.together import Asked, Together

DOUBLE: Operation[int, int] = Operation("double", "Patient", int, int, title=Text("加倍", "Double"))


class Transactions:
    """Stands for a door: counts what was done together."""

    audited = False

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    @asynccontextmanager
    async def work(self, _: object) -> AsyncIterator[Any]:
        yield SimpleNamespace()

    async def run(self, _: object, asked: Sequence[Asked[int]]) -> list[int | OutcomeError]:
        given = [one.given for one in asked]
        self.groups.append(given)
        await asyncio.sleep(0)
        if 13 in given:
            raise OutcomeError(Issue("conflict", "in-the-way"))
        if 17 in given:
            raise OutcomeError(Issue("transient", "database-away"))
        if 19 in given:
            raise ZeroDivisionError
        return [OutcomeError(Issue("value", "odd")) if one % 2 else 2 * one for one in given]


async def asked(door: Transactions, numbers: Sequence[int]) -> list[int | BaseException]:
    many = Together(door, DOUBLE, door.run)  # type: ignore[arg-type]
    return await asyncio.gather(*(many.ask(SYSTEM, one) for one in numbers), return_exceptions=True)


def said(answer: int | BaseException) -> str:
    return answer.issues[0].key if isinstance(answer, OutcomeError) else type(answer).__name__


async def test_what_waits_is_done_together_and_each_gets_his_own_answer() -> None:
    door = Transactions()
    answers = await asked(door, [2, 4, 5, 6])
    assert [answers[place] for place in (0, 1, 3)] == [4, 8, 12]
    assert said(answers[2]) == "odd"
    assert max(len(group) for group in door.groups) > 1
    assert len(door.groups) < 4


async def test_a_group_holds_so_many() -> None:
    door = Transactions()
    numbers = [2 * one for one in range(3 * together.MOST)]
    assert await asked(door, numbers) == [2 * one for one in numbers]
    assert max(len(group) for group in door.groups) == together.MOST


@pytest.mark.parametrize(("bad", "key"), [(13, "in-the-way"), (19, "ZeroDivisionError")])
async def test_who_is_in_the_way_hears_of_it_alone(bad: int, key: str) -> None:
    door = Transactions()
    answers = await asked(door, [2, 4, bad, 6])
    assert [answers[place] for place in (0, 1, 3)] == [4, 8, 12]
    assert said(answers[2]) == key


async def test_what_may_have_been_committed_is_not_done_again() -> None:
    door = Transactions()
    answers = await asked(door, [2, 4, 17, 6])
    shared = next(group for group in door.groups if 17 in group)
    assert {said(answers[[2, 4, 17, 6].index(one)]) for one in shared} == {"database-away"}
    assert sum(17 in group for group in door.groups) == 1
