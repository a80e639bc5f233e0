"""`xinglin invite`: how the first administrators come in."""

import os

import pytest

from tests.conftest import FOLDER
from xinglin.app import create_registry, open_door
from xinglin.cli.invite import _invited
from xinglin.fhir.outcome import OutcomeError
from xinglin.settings import Settings, read
from xinglin.store.identity import accounts


@pytest.fixture
def settings(postgres_dsn: str) -> Settings:
    return read({"XINGLIN_DATABASE_URL": postgres_dsn, "XINGLIN_KEY_FILE": f"{os.environ[FOLDER]}/master.key"})


async def test_the_first_administrator_is_invited_and_invited_again(settings: Settings) -> None:
    link = await _invited(settings, "Hu.Wei", "胡伟", "system-admin", "")
    again = await _invited(settings, "hu.wei", "", "", "")
    assert link.startswith("http://127.0.0.1:8080/invitation/")
    assert again != link
    door = await open_door(settings, create_registry(settings))
    try:
        account = await accounts.by_handle(door.store, "login", door.vault.digest("login", "hu.wei"))
        assert account is not None
        assert account.state == "invited"
        held = await accounts.assignments(door.store, account.id, door.store.now)
        assert [one.role for one in held] == ["system-admin"]
    finally:
        await door.store.close()
    with pytest.raises(OutcomeError):
        await _invited(settings, "hu.wei", "", "audit-admin", "")


async def test_a_new_account_needs_a_name(settings: Settings) -> None:
    with pytest.raises(OutcomeError):
        await _invited(settings, "nobody", "", "", "")
