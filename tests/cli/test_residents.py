"""`xinglin residents train`: weights from who is there, which the platform then matches by."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from bench.matching import people_of
from tests.cli.test_commands import run
from tests.conftest import FOLDER, key_store
from xinglin.app import create_registry
from xinglin.city.errors import corrupt, storable
from xinglin.city.stream import Stream
from xinglin.matching.model import residents, specification
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.orders import Order
from xinglin.store.store import Store


async def train(dsn: str, *arguments: str) -> tuple[int, str]:
    key = str(Path(os.environ[FOLDER]) / "master.key")
    ended = await asyncio.to_thread(
        run, "residents", "train", *arguments, XINGLIN_DATABASE_URL=dsn, XINGLIN_KEY_FILE=key
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.rule("CD-11")
async def test_the_command_learns_from_the_store_and_the_platform_takes_what_it_wrote(
    postgres_dsn: str, tmp_path: Path
) -> None:
    out = tmp_path / "weights.json"
    status, said = await train(postgres_dsn, str(out))
    assert status == 1
    assert "no residents" in said
    store = await Store.open(postgres_dsn, keys=key_store())
    door = Door(store, create_registry(Settings()).rulebook, audited=False)
    people = list(people_of(300, seed=5))
    until = store.now.date()
    people += [storable(corrupt(one, Stream("x", one["id"])), until) | {"id": f"{one['id']}-2"} for one in people[::3]]
    orders = [Order("update", "Patient", json.dumps(one).encode(), one["id"]) for one in people]
    for start in range(0, len(orders), 100):
        await door.auto(SYSTEM).write_many(orders[start : start + 100])
    await store.close()
    status, said = await train(postgres_dsn, str(out))
    assert status == 0, said
    assert f"{len(people)} residents" in said
    learnt = specification(out)
    assert learnt.version != residents().version or learnt.source != residents().source
    assert create_registry(Settings(matching_weights=out)).rulebook.operations


def test_a_file_that_holds_no_weights_is_refused_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "weights.json"
    wrong.write_text("{}")
    with pytest.raises(ValueError, match=r"weights\.json is no file of weights"):
        specification(wrong)
