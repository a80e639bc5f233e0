"""`xinglin token`: for accounts of a demonstration, and of no use anywhere else."""

from dataclasses import replace

import httpx
import pytest

from tests.server.oauth.conftest import SETTINGS
from tests.server.oauth.people import App, Person, bearer
from tests.server.oauth.served import compose
from xinglin.fhir.outcome import OutcomeError
from xinglin.server.oauth.scripts import CLIENT, token_for
from xinglin.server.oauth.service import create_oauth
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.identity import accounts, clients, sealed
from xinglin.store.identity.accounts import Account, Assignment

DEMO = replace(SETTINGS, demo=True)


@pytest.fixture(scope="module")
async def demo(door: Door) -> Door:
    async with door.store.begin() as work:
        for login, demo in (("demo-physician", True), ("demo-wang", False)):
            id = door.clock.new_id()
            name = sealed.seal(door.vault, sealed.name_place(id), "王建国")
            account = Account(
                id, "staff", "active", name, work.now, login=login, person=f"Practitioner/{login}", demo=demo
            )
            await accounts.add(work, account, {"login": door.vault.digest("login", login)})
            await accounts.assign(work, Assignment(id, door.clock.new_id(), "physician", work.now, "test"))
    return door


def server(door: Door, settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(compose(door, settings)), base_url="http://localhost")


async def test_a_script_acts_as_an_account_of_the_demonstration(demo: Door) -> None:
    oauth = create_oauth(demo, DEMO)
    token = await token_for(oauth, "physician")
    narrow = await token_for(oauth, "demo-physician", scope="patient/*.rs", patient="1")
    async with server(demo, DEMO) as http:
        assert (await http.get("/fhir/Patient/2", headers=bearer(token))).status_code == 200
        assert (await http.get("/fhir/Patient/1", headers=bearer(narrow))).status_code == 200
        assert (await http.get("/fhir/Patient/2", headers=bearer(narrow))).status_code == 404


async def test_its_token_opens_no_other_server(demo: Door) -> None:
    token = await token_for(create_oauth(demo, DEMO), "physician")
    async with server(demo, SETTINGS) as http:
        assert (await http.get("/fhir/Patient/2", headers=bearer(token))).status_code == 401


@pytest.mark.parametrize("settings", [SETTINGS, replace(DEMO, host="0.0.0.0")])
async def test_outside_a_demonstration_there_are_none(demo: Door, settings: Settings) -> None:
    with pytest.raises(OutcomeError) as refused:
        await token_for(create_oauth(demo, settings), "physician")
    assert refused.value.status == 403


@pytest.mark.parametrize("name", ["wang", "demo-wang", "nobody", ""])
async def test_real_accounts_get_none(demo: Door, name: str) -> None:
    with pytest.raises(OutcomeError) as refused:
        await token_for(create_oauth(demo, DEMO), name)
    assert refused.value.status == 404


@pytest.mark.parametrize("scope", ["", "nonsense", "openid", "user/*.rs nonsense"])
async def test_what_is_no_scope_is_refused(demo: Door, scope: str) -> None:
    with pytest.raises(OutcomeError):
        await token_for(create_oauth(demo, DEMO), "physician", scope=scope)


async def test_nobody_comes_in_as_the_command_line(http: httpx.AsyncClient, demo: Door, resident: Person) -> None:
    await token_for(create_oauth(demo, DEMO), "physician")
    client = await clients.by_id(demo.store, CLIENT)
    assert client is not None
    assert (await App(http, client, resident).ask()).status_code == 400
    answer = await App(http, client, resident).redeem("x")
    assert answer.json()["error"] == "unauthorized_client"
