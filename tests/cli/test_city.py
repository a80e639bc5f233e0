"""`xinglin city`, as a user runs it."""

import os
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import FOLDER
from xinglin.app import create_registry, open_door
from xinglin.capabilities.appointments.contract import NUMBER, PLAN, SESSION
from xinglin.city.spec import CitySpec
from xinglin.cli.city import compare, load_city
from xinglin.cli.commands import app
from xinglin.cli.sessions import plan
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings, read

SPEC = CitySpec(residents=40, seed=9, years=1, until=date(2026, 11, 22), duplicates=0.1)


@pytest.fixture
def settings(postgres_dsn: str) -> Settings:
    return read({"XINGLIN_DATABASE_URL": postgres_dsn, "XINGLIN_KEY_FILE": f"{os.environ[FOLDER]}/master.key"})


def test_a_city_is_loaded_and_a_second_run_finds_it_there(settings: Settings, tmp_path: Path) -> None:
    first = load_city(settings, SPEC, tmp_path / "refused", processes=0)
    assert first.refused == 0, (tmp_path / "refused").read_text()
    assert first.created > 10_000
    again = load_city(settings, SPEC, tmp_path / "refused", processes=0)
    assert (again.created, again.unchanged) == (0, first.created)


async def test_what_was_loaded_is_found(settings: Settings) -> None:
    door = await open_door(settings, create_registry(settings))
    try:
        fhir = door.auto(SYSTEM)
        tag = "https://xinglin.health/fhir/CodeSystem/synthetic|city"
        assert await fhir.count("Patient", _tag=tag) >= SPEC.residents
        assert await fhir.count("Encounter", status="in-progress") > 0
        assert await fhir.count("PractitionerRole", organization="Organization/jz-renmin") > 50
    finally:
        await door.store.close()


async def test_residents_find_numbers_once_the_worker_has_begun(settings: Settings) -> None:
    registry = create_registry(settings)
    await plan(settings)
    door = await open_door(settings, registry)
    try:
        waiting = await door.store.fetch(
            "SELECT args->>'organization' AS id FROM procrastinate_jobs WHERE task_name = $1", PLAN
        )
        assert waiting[0]["id"] == "jz-renmin"
        assert len(waiting) > 30
        run = registry.jobs[PLAN].run
        async with door.work(SYSTEM) as work:
            await run(work, organization="jz-third")
        here = {"actor:Location.organization": "Organization/jz-third", "_profile": SESSION.url}
        assert await door.auto(SYSTEM).count("Schedule", **here) > 8
        assert await door.auto(SYSTEM).count("Slot", _profile=NUMBER.url, status="free") > 100
    finally:
        await door.store.close()


def test_a_file_is_written_and_a_city_that_cannot_be_is_refused(tmp_path: Path) -> None:
    arguments = ["city", "--residents", "20", "--years", "1", "--until", "2026-11-22", "--processes", "1"]
    out = tmp_path / "city.ndjson"
    ended = CliRunner().invoke(app, [*arguments, "--out", str(out)])
    assert ended.exit_code == 0, ended.output
    assert out.read_bytes().count(b"\n") > 9_000
    for wrong in (["--residents", "0"], ["--years", "11"], ["--duplicates", "0.9"], ["--until", "tomorrow"]):
        assert CliRunner().invoke(app, ["city", *wrong, "--out", str(out)]).exit_code == 2


def test_a_report_says_what_lies_outside(capsys: pytest.CaptureFixture[str]) -> None:
    # Forty people are too few for a household mean within a quarter person, or enough: either way the report says it.
    held = compare(SPEC)
    shown = capsys.readouterr().out
    assert ("all holds" in shown) == held
    assert ("OUTSIDE" in shown) != held
    assert "hypertension" in shown
