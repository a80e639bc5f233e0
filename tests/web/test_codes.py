"""What the combo box of codes comes to: the choice, or what was typed."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.conftest import key_store
from xinglin.app import create_registry
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.store.door import Door, UnitOfWork
from xinglin.store.store import Store
from xinglin.web.codes import picked
from xinglin.web.view import Form

URL = "http://example.org/dish"
CODES = {"1": "豆腐", "2": "豆腐脑", "3": "面条", "30": "面条汤"}


@pytest.fixture
async def work(postgres_dsn: str) -> AsyncIterator[UnitOfWork]:
    store = await Store.open(postgres_dsn, connections=8, keys=key_store())
    door = Door(store, create_registry(Settings()).rulebook)
    system = {
        "resourceType": "CodeSystem",
        "id": "dish",
        "url": URL,
        "status": "active",
        "content": "complete",
        "concept": [{"code": code, "display": name} for code, name in CODES.items()],
    }
    soft = {
        "resourceType": "ValueSet",
        "id": "soft",
        "url": "http://example.org/soft",
        "status": "active",
        "compose": {"include": [{"system": URL, "concept": [{"code": "1"}, {"code": "2"}]}]},
    }
    for one in (system, soft):
        await door.auto(SYSTEM).update(json.dumps(one).encode(), type=str(one["resourceType"]), id=str(one["id"]))
    async with door.work(SYSTEM) as opened:
        yield opened
    await store.close()


def form(text: str = "", chosen: str = "") -> Form:
    return Form((("dish", chosen), ("dish.text", text)))


async def test_a_choice_counts_as_long_as_the_text_beside_it_says_it(work: UnitOfWork) -> None:
    found = await picked(work, form("2 豆腐脑", f"{URL}|2"), "dish", systems=(URL,))
    assert (found.code, found.display, found.fault) == ("2", "豆腐脑", "")
    changed = await picked(work, form("面条汤", f"{URL}|2"), "dish", systems=(URL,))
    assert changed.code == "30"


@pytest.mark.parametrize(("text", "code"), [("豆腐", "1"), ("dfn", "2"), ("30", "30"), ("miantiaotang", "30")])
async def test_what_is_typed_counts_when_it_fits_one_code(work: UnitOfWork, text: str, code: str) -> None:
    assert (await picked(work, form(text), "dish", systems=(URL,))).code == code


async def test_of_several_codes_the_page_asks_again(work: UnitOfWork) -> None:
    found = await picked(work, form("df"), "dish", systems=(URL,))
    assert (found.code, found.fault) == ("", "kit.code.several")
    assert found.options == ((f"{URL}|1", "1 豆腐"), (f"{URL}|2", "2 豆腐脑"))
    chosen = await picked(work, form("", f"{URL}|2"), "dish", systems=(URL,))
    assert chosen.code == "2"


async def test_nothing_found_and_nothing_typed_are_told_apart(work: UnitOfWork) -> None:
    assert (await picked(work, form("zzz"), "dish", systems=(URL,))).fault == "kit.code.none"
    assert (await picked(work, form(), "dish", systems=(URL,))).fault == ""


async def test_a_value_set_bounds_what_may_be_chosen(work: UnitOfWork) -> None:
    async def code(text: str, chosen: str = "") -> str:
        return (await picked(work, form(text, chosen), "dish", value_set="http://example.org/soft")).code

    assert await code("", f"{URL}|1") == "1"
    assert await code("", f"{URL}|3") == ""
    assert await code("面条") == ""
    assert await code("豆腐脑") == "2"


async def test_a_code_that_was_made_up_is_not_taken(work: UnitOfWork) -> None:
    for chosen in (f"{URL}|99", "http://other|1", "1", "|"):
        assert (await picked(work, form("", chosen), "dish", systems=(URL,))).code == ""
