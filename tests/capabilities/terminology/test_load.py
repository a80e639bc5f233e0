"""Editions that somebody sends as a file: small ones at once, large ones by a job, their reports kept."""

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.capabilities.terminology.conftest import WHO
from xinglin.capabilities.terminology import jobs
from xinglin.capabilities.terminology.operations import load as loading
from xinglin.capabilities.terminology.pages import load as pages
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.terminology import loads
from xinglin.store.terminology.loading import Wanted
from xinglin.store.terminology.systems import systems
from xinglin.web.view import File, Form, Redirect, Rejected, View

BIRDS = "http://example.org/birds"
ROWS = "编码,名称,上级代码\n" + "".join(f"B{n},鸟{n},{'B0' if n else ''}\n" for n in range(300)) + "B7,又一只,\n"


def sent(text: str = ROWS, *, system: str = BIRDS, name: str = "鸟类.csv", version: str = "1") -> Form:
    file = File("file", name, b"", io.BytesIO(text.encode()))
    return Form((("system", system), ("version", version), ("since", "2026-01-01")), files=(file,))


async def send(door: Door, form: Form) -> str:
    async with door.work(WHO["developer"]) as work:
        return (await pages.send(work, form)).to.rpartition("/")[2]


async def show(door: Door, id: str, **more: str) -> dict[str, Any]:
    async with door.work(WHO["developer"]) as work:
        found = await pages.show_one(work, Form(tuple(more.items()), {"id": id}))
        assert isinstance(found, View)
        return dict(found.values)


async def take(door: Door, id: str) -> Redirect:
    async with door.work(WHO["developer"]) as work:
        return await pages.send_one(work, Form((), {"id": id}))


async def do(door: Door, id: str, what: str) -> None:
    async with door.work(SYSTEM) as work:
        await jobs.load(work, load=id, what=what)


def key_of(refused: Rejected) -> str:
    """Give the key of the first thing that is told."""
    issues: Any = refused.view.values["issues"]
    return str(issues[0].key)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the job do what is larger than a few bytes."""
    monkeypatch.setattr(loading, "SMALL", 10)
    monkeypatch.setattr(loads, "PART", 1_000)


async def test_a_small_file_is_examined_at_once_and_taken(door: Door) -> None:
    id = await send(door, sent(system=BIRDS + "/small"))
    values = await show(door, id)
    assert values["found"]["codes"] == 300
    assert values["counts"] == [("twice", 1)]
    await take(door, id)
    async with door.work(WHO["developer"]) as work:
        assert (await loads.load(work.executor, id)).state == "taken"
        (now,) = await systems(work.executor, BIRDS + "/small")
        assert (now.version, now.concepts) == ("1", 300)
        assert b"twice" in await loads.remarks(work.executor, id)
    with pytest.raises(Rejected) as again:
        await take(door, id)
    assert key_of(again.value) == "edition-not-examined"


async def test_a_large_file_is_examined_and_taken_by_the_job(door: Door, large: None) -> None:
    id = await send(door, sent())
    assert (await show(door, id))["one"].state == "running"
    with pytest.raises(Rejected):
        await take(door, id)  # not before it was examined
    await do(door, id, "examine")
    assert (await show(door, id))["one"].state == "examined"
    await take(door, id)
    assert (await show(door, id))["one"].state == "running"
    await do(door, id, "take")
    await do(door, id, "take")  # twice is once
    values = await show(door, id)
    assert (values["one"].state, values["found"]["codes"], values["version"]) == ("taken", 300, "1")
    async with door.work(WHO["developer"]) as work:
        (now,) = await systems(work.executor, BIRDS)
        assert now.concepts == 300
        assert await work.executor.fetch("SELECT FROM edition_part WHERE load = $1", id) == []


async def test_what_is_wrong_with_a_large_file_is_kept(door: Door, large: None) -> None:
    id = await send(door, sent("没有,列名\n1,2\n" * 20))
    await do(door, id, "examine")
    one = (await show(door, id))["one"]
    assert (one.state, one.issues[0].key) == ("refused", "headings-missing")


async def test_what_is_wrong_with_a_small_file_is_said_at_once(door: Door) -> None:
    with pytest.raises(Rejected) as refused:
        await send(door, sent("没有,列名\n1,2\n"))
    assert (refused.value.view.status, key_of(refused.value)) == (422, "headings-missing")
    with pytest.raises(Rejected) as other:
        await send(door, sent(name="鸟类.pdf"))
    assert key_of(other.value) == "edition-file-kind"


async def test_how_far_it_is_is_told_beside_the_transaction(door: Door) -> None:
    id = await send(door, sent(system=BIRDS + "/told"))
    async with loads.telling(door.store, id) as tell:
        tell("reading", 7)
    one = await loads.load(door.store, id)
    assert (one.doing, one.done) == ("reading", 7)


async def test_old_files_go_and_reports_stay(door: Door) -> None:
    id = await send(door, sent(system=BIRDS + "/kept"))
    async with door.work(SYSTEM) as work:
        await loads.forget(work.executor, files=work.now + timedelta(days=1), reports=work.now - timedelta(days=1))
        one = await loads.load(work.executor, id)
        assert one.found["codes"] == 300
        with pytest.raises(OutcomeError) as gone:
            async with loads.unpacked(work.executor, one):
                pass
        assert gone.value.status == 410
        await jobs.forget(work)


async def test_a_file_is_kept_in_parts(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "PART", 100)
    text = ROWS.encode()
    async with door.work(SYSTEM) as work:
        wanted = Wanted(Path(), BIRDS, date(2026, 1, 1))
        parts = loads.chunks(io.BytesIO(text).read)
        assert await loads.keep(
            work.executor, "parted", by="x", name="a.csv", wanted=wanted, parts=parts, ending=".csv"
        ) == len(text)
        async with loads.unpacked(work.executor, await loads.load(work.executor, "parted")) as laid:
            assert laid.path.read_bytes() == text
