"""Accounts of staff: invitation, factors, sessions, administrators; and the demonstration's."""

import re
from dataclasses import replace

import httpx
import pyotp
import pytest

from tests.capabilities.accounts.conftest import PASSWORD, SETTINGS, Hire, Staff, Time, hidden, post, sign_in
from xinglin.app import create_registry
from xinglin.capabilities.accounts import jobs
from xinglin.capabilities.accounts.operations.limits import limits
from xinglin.cli.demonstration_accounts import STAFF as DEMONSTRATION
from xinglin.cli.demonstration_accounts import _resident, _staff
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import SYSTEM
from xinglin.server.asgi import create_asgi
from xinglin.server.pages import create_pages
from xinglin.server.principals import DEVELOPER, development, first_of
from xinglin.server.sessions import Sessions
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.identity import accounts
from xinglin.store.identity.accounts import Assignment
from xinglin.store.identity.sessions import end_sessions
from xinglin.store.store import Store


async def enter(client: httpx.AsyncClient, hire: Hire, time: Time, *roles: str, login: str = "wang") -> Staff:
    """Hire somebody and sign them in."""
    client.cookies.clear()
    staff = await hire(*roles, login=login)
    assert (await sign_in(client, staff, time)).status_code == 303
    return staff


async def invited(client: httpx.AsyncClient, login: str = "lixiuying") -> str:
    """Make an account as administrator; the path of its invitation."""
    made = await post(client, "/accounts/new", name="李秀英", login=login)
    assert made.status_code == 200, made.text
    found = re.search(r"/invitation/[\w-]+", made.text)
    assert found is not None
    return found[0]


async def test_the_first_login_sets_password_and_app(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    await enter(client, hire, time, "system-admin")
    path = await invited(client)
    client.cookies.clear()
    assert "李秀英" in (await client.get(path)).text
    weak = await post(client, path, password="short", again="other")
    assert weak.status_code == 422
    for said in ("密码太短", "两次输入的密码不一致"):
        assert said in weak.text
    setting = await post(client, path, password=PASSWORD, again=PASSWORD)
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", setting.text)
    assert secret is not None
    app = pyotp.TOTP(secret[1].replace(" ", ""))
    assert (await post(client, f"{path}/app", code="000000")).status_code == 422
    codes = await post(client, f"{path}/app", code=app.at(time.at))
    assert codes.status_code == 200
    assert "还没有可用的角色" in codes.text
    assert len(re.findall(r"<li>[a-z2-7]{5}-[a-z2-7]{5}</li>", codes.text)) == 8
    assert (await client.get(path)).status_code == 410
    (kept,) = await store.fetch("SELECT state FROM account WHERE login = 'lixiuying'")
    assert kept["state"] == "active"


async def test_an_invitation_expires(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    await enter(client, hire, time, "system-admin")
    path = await invited(client)
    time.pass_(hours=73)
    client.cookies.clear()
    assert (await client.get(path)).status_code == 410


async def test_a_password_alone_opens_nothing(client: httpx.AsyncClient, hire: Hire) -> None:
    staff = await hire("physician")
    await post(client, "/login/staff", login=staff.login, password=PASSWORD)
    assert (await client.get("/account")).status_code == 303
    assert "session" not in client.cookies


async def test_a_code_counts_once(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    staff = await enter(client, hire, time, "physician")
    client.cookies.clear()
    first = await post(client, "/login/staff", login=staff.login, password=PASSWORD)
    again = await post(client, "/login/second", ticket=hidden(first, "ticket"), code=staff.code(time.at))
    assert again.status_code == 422
    time.pass_(seconds=30)
    later = await post(client, "/login/second", ticket=hidden(first, "ticket"), code=staff.code(time.at))
    assert later.status_code == 303


async def test_five_wrong_passwords_lock_even_the_right_one(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    staff = await hire("physician")
    for _ in range(5):
        await post(client, "/login/staff", login=staff.login, password="Wrong-1-word")
    assert (await post(client, "/login/staff", login=staff.login, password=PASSWORD)).status_code == 422
    time.pass_(minutes=31)
    assert (await sign_in(client, staff, time)).status_code == 303
    said = [row["what"] for row in await store.fetch("SELECT what FROM audit WHERE who = $1 ORDER BY id", staff.id)]
    assert said.count("lock") == 1
    assert said.count("login") == 7


async def test_five_wrong_codes_end_the_login(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    staff = await hire("physician")
    first = await post(client, "/login/staff", login=staff.login, password=PASSWORD)
    ticket = hidden(first, "ticket")
    for _ in range(5):
        await post(client, "/login/second", ticket=ticket, code="000000")
    assert "已过期" in (await post(client, "/login/second", ticket=ticket, code=staff.code(time.at))).text


async def test_an_idle_session_ends_and_a_used_one_does_not(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    await enter(client, hire, time, "physician")
    for _ in range(3):
        time.pass_(minutes=15)
        assert (await client.get("/account")).status_code == 200
    time.pass_(minutes=21)
    away = await client.get("/account")
    assert (away.status_code, away.headers["location"]) == (303, "/login?back=%2Faccount")
    assert "session" not in client.cookies


async def test_no_session_outlasts_its_hours(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    await enter(client, hire, time, "physician")
    for _ in range(12 * 4 - 1):
        time.pass_(minutes=15)
        assert (await client.get("/account")).status_code == 200
    time.pass_(minutes=15)
    assert (await client.get("/account")).status_code == 303


async def test_signing_out_ends_the_session_and_clears_the_browser(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    await enter(client, hire, time, "physician")
    cookie = client.cookies["session"]
    out = await post(client, "/logout")
    assert out.headers["clear-site-data"] == '"cache", "storage"'
    assert "session" not in client.cookies
    time.pass_(seconds=4)
    assert (await client.get("/account", headers={"cookie": f"session={cookie}"})).status_code == 303
    (kept,) = await store.fetch("SELECT ended IS NOT NULL AS ended, why FROM session")
    assert (kept["ended"], kept["why"]) == (True, "signed out")


async def test_other_sessions_are_listed_and_ended(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    staff = await enter(client, hire, time, "physician")
    lost = client.cookies["session"]
    client.cookies.clear()
    time.pass_(seconds=31)
    await sign_in(client, staff, time)
    shown = await client.get("/account/sessions")
    assert shown.text.count('<span class="state state-success">已登录') == 1
    assert "本机" in shown.text
    await post(client, "/account/sessions")
    time.pass_(seconds=4)
    assert (await client.get("/account")).status_code == 200
    assert (await client.get("/account", headers={"cookie": f"session={lost}"})).status_code == 303


async def test_a_session_ended_by_its_practitioner_is_refused_at_once(
    client: httpx.AsyncClient, door: Door, hire: Hire, time: Time, store: Store
) -> None:
    staff = await hire("physician", person="Practitioner/w")
    await sign_in(client, staff, time)
    assert (await client.get("/account")).status_code == 200
    assert await end_sessions(store, practitioner="Practitioner/w", why="credential revoked") == 1
    time.pass_(seconds=4)
    assert (await client.get("/account")).status_code == 303


async def test_another_role_is_another_session(client: httpx.AsyncClient, hire: Hire, time: Time, door: Door) -> None:
    staff = await enter(client, hire, time, "physician", "nurse")
    before = client.cookies["session"]
    shown = await client.get("/account/roles")
    nurse = re.search(r'value="([^"]+)">[^\n]*<span>护士', shown.text)
    assert nurse is not None
    await post(client, "/account/roles", assignment=nurse[1])
    assert client.cookies["session"] != before
    assert "护士" in (await client.get("/account")).text
    time.pass_(seconds=4)
    assert (await client.get("/account", headers={"cookie": f"session={before}"})).status_code == 303
    assert staff.id


async def test_another_role_makes_no_second_factor_fresh(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    await enter(client, hire, time, "physician", "nurse")
    (before,) = await store.fetch("SELECT strong_until, until FROM session")
    time.pass_(minutes=2)
    nurse = re.search(r'value="([^"]+)">[^\n]*<span>护士', (await client.get("/account/roles")).text)
    assert nurse is not None
    await post(client, "/account/roles", assignment=nurse[1])
    (after,) = await store.fetch("SELECT strong_until, until FROM session WHERE ended IS NULL")
    assert (after["strong_until"], after["until"]) == (before["strong_until"], before["until"])


async def test_staff_act_in_their_own_roles_alone(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    await enter(client, hire, time, "physician")
    for fields in ({}, {"assignment": "other"}, {"patient": "Patient/1"}):
        assert (await post(client, "/account/roles", **fields)).status_code == 404


async def test_an_account_has_five_sessions_at_most(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    staff = await hire("physician")
    for _ in range(6):
        client.cookies.clear()
        time.pass_(seconds=31)
        assert (await sign_in(client, staff, time)).status_code == 303
    said = [row["why"] for row in await store.fetch("SELECT why FROM session ORDER BY created")]
    assert said == ["too many", "", "", "", "", ""]


async def test_signing_in_again_leaves_nothing_open(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    staff = await enter(client, hire, time, "physician")
    time.pass_(seconds=31)
    await sign_in(client, staff, time)
    said = [row["why"] for row in await store.fetch("SELECT why FROM session ORDER BY created")]
    assert said == ["signed in again", ""]


async def test_a_cookie_of_another_secret_is_nobody(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    await enter(client, hire, time, "physician")
    id, _, _ = client.cookies["session"].partition(".")
    client.cookies.clear()
    for cookie in (f"{id}.{'A' * 43}", id, f"{id}.", "x.y", "…"):
        answer = await client.get("/account", headers={b"cookie": f"session={cookie}".encode()})
        assert answer.status_code == 303


async def test_a_session_is_nobody_for_a_foreign_page(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    await enter(client, hire, time, "physician")
    body = '{"resourceType":"Basic","code":{"text":"x"}}'
    headers = {"content-type": "application/fhir+json", "sec-fetch-site": "cross-site"}
    assert (await client.post("/fhir/Basic", content=body, headers=headers)).status_code == 401


async def test_https_has_a_cookie_that_no_other_host_can_plant(
    client: httpx.AsyncClient, hire: Hire, time: Time
) -> None:
    staff = await hire("physician")
    base = httpx.URL("https://xinglin.example")
    async with httpx.AsyncClient(transport=client._transport, base_url=base) as secure:
        await sign_in(secure, staff, time)
        assert "__Host-session" in secure.cookies
        assert (await secure.get("/account")).status_code == 200


# -- administrators ---------------------------------------------------------------------------------------------------


async def test_nobody_administers_two_things(client: httpx.AsyncClient, hire: Hire, time: Time, door: Door) -> None:
    other = await hire("system-admin", login="hu")
    await enter(client, hire, time, "security-admin")
    refused = await post(client, f"/accounts/{other.id}", do="give", role="audit-admin")
    assert "不能由同一账户兼任" in refused.text
    given = await post(client, f"/accounts/{other.id}", do="give", role="nurse")
    assert given.status_code == 303
    with pytest.raises(OutcomeError):
        async with door.work(SYSTEM) as work:
            await accounts.assign(work.executor, Assignment(other.id, work.new_id(), "audit-admin", work.now, "x"))


async def test_a_security_administrator_gives_no_role_to_themselves_and_makes_no_accounts(
    client: httpx.AsyncClient, hire: Hire, time: Time
) -> None:
    staff = await enter(client, hire, time, "security-admin")
    assert "不能更改自己的账户" in (await post(client, f"/accounts/{staff.id}", do="give", role="nurse")).text
    assert (await client.get("/accounts/new")).status_code == 404


async def test_a_system_administrator_gives_no_roles(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    other = await hire(login="li")
    await enter(client, hire, time, "system-admin")
    refused = await post(client, f"/accounts/{other.id}", do="give", role="physician")
    assert refused.status_code == 422
    assert "另一种管理员" in refused.text


async def test_administrators_see_their_own_institution_alone(
    client: httpx.AsyncClient, hire: Hire, time: Time
) -> None:
    other = await hire("physician", login="li", organization="Organization/other")
    await enter(client, hire, time, "system-admin")
    assert (await client.get(f"/accounts/{other.id}")).status_code == 404
    assert (await post(client, f"/accounts/{other.id}", do="disable")).status_code == 404
    assert "li" not in re.findall(r'text-secondary">(\w+)<', (await client.get("/accounts")).text)


async def test_a_disabled_account_is_out_at_once(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    other = await enter(client, hire, time, "physician", login="li")
    cookie = client.cookies["session"]
    await enter(client, hire, time, "system-admin")
    assert (await post(client, f"/accounts/{other.id}", do="disable")).status_code == 303
    time.pass_(seconds=4)
    client.cookies.clear()
    assert (await client.get("/account", headers={"cookie": f"session={cookie}"})).status_code == 303
    assert (await post(client, "/login/staff", login="li", password=PASSWORD)).status_code == 422


async def test_a_role_taken_back_ends_its_sessions(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    other = await enter(client, hire, time, "physician", login="li")
    cookie = client.cookies["session"]
    await enter(client, hire, time, "security-admin")
    assignment = hidden(await client.get(f"/accounts/{other.id}"), "assignment")
    await post(client, f"/accounts/{other.id}", do="take", assignment=assignment)
    time.pass_(seconds=4)
    client.cookies.clear()
    assert (await client.get("/account", headers={"cookie": f"session={cookie}"})).status_code == 303


async def test_a_login_name_and_a_practitioner_have_one_account(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    await enter(client, hire, time, "system-admin")
    fields = {"name": "李秀英", "practitioner": "Practitioner/li"}
    assert (await post(client, "/accounts/new", login="lixiuying", **fields)).status_code == 200
    for login in ("lixiuying", "other"):
        again = await post(client, "/accounts/new", login=login, **fields)
        assert again.status_code == 409
        assert "已有账户" in again.text
    assert len(await store.fetch("SELECT FROM account")) == 2


async def test_a_dormant_account_is_disabled(hire: Hire, time: Time, door: Door, store: Store) -> None:
    await hire("physician")
    time.pass_(days=91)
    fresh = await hire("nurse", login="li")
    async with door.work(SYSTEM) as work:
        await jobs.disable_dormant(limits(SETTINGS), work)
    states = {row["login"]: row["state"] for row in await store.fetch("SELECT login, state FROM account")}
    assert states == {"wang": "disabled", "li": "active"}
    assert fresh.id


@pytest.mark.rule("R7-015")
async def test_sessions_are_kept_for_six_months_and_steps_for_a_day(
    client: httpx.AsyncClient, hire: Hire, time: Time, door: Door, store: Store
) -> None:
    await enter(client, hire, time, "physician")
    await post(client, "/login/staff", login="nobody", password="x")

    async def kept(*tables: str) -> list[int]:
        async with door.work(SYSTEM) as work:
            await jobs.sweep(work)
        return [int((await store.fetch(f"SELECT count(*) AS n FROM {one}"))[0]["n"]) for one in tables]

    assert await kept("session", "ticket", "attempt") == [1, 1, 1]
    time.pass_(days=3)
    assert await kept("session", "ticket", "attempt") == [1, 0, 0]
    time.pass_(days=179)
    assert await kept("session") == [1]
    time.pass_(days=3)
    assert await kept("session") == [0]


# -- passwords --------------------------------------------------------------------------------------------------------


async def test_a_password_that_is_too_old_is_changed_first(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    staff = await hire("physician")
    time.pass_(days=91)
    asked = await sign_in(client, staff, time)
    assert "密码已到期" in asked.text
    assert "session" not in client.cookies
    ticket = hidden(asked, "ticket")
    same = await post(client, "/login/renew", ticket=ticket, password=PASSWORD, again=PASSWORD)
    assert "最近用过" in same.text
    new = "Chun-Feng-8-Hua-Yu"
    done = await post(client, "/login/renew", ticket=ticket, password=new, again=new)
    assert done.status_code == 303
    assert "session" in client.cookies


async def test_changing_the_password_asks_for_the_old_one_and_ends_other_sessions(
    client: httpx.AsyncClient, hire: Hire, time: Time, store: Store
) -> None:
    staff = await enter(client, hire, time, "physician")
    client.cookies.clear()
    time.pass_(seconds=31)
    await sign_in(client, staff, time)
    new = "Chun-Feng-8-Hua-Yu"
    wrong = await post(client, "/account/password", old="x", password=new, again=new)
    assert "现在的密码不正确" in wrong.text
    done = await post(client, "/account/password", old=PASSWORD, password=new, again=new)
    assert done.status_code == 303
    assert len(await store.fetch("SELECT FROM session WHERE ended IS NULL")) == 1


async def test_new_recovery_codes_need_a_fresh_second_factor_and_work_once(
    client: httpx.AsyncClient, hire: Hire, time: Time
) -> None:
    staff = await enter(client, hire, time, "physician")
    time.pass_(minutes=6)
    away = await post(client, "/account/recovery")
    assert away.headers["location"] == "/account/step-up?back=/account/security"
    assert (await post(client, "/account/step-up", code="000000")).status_code == 422
    await post(client, "/account/step-up", code=staff.code(time.at), back="/account/security")
    shown = await post(client, "/account/recovery")
    (code, *_) = re.findall(r"<li>([a-z2-7-]{11})</li>", shown.text)
    for status in (303, 422):
        client.cookies.clear()
        first = await post(client, "/login/staff", login=staff.login, password=PASSWORD)
        answer = await post(client, "/login/second", ticket=hidden(first, "ticket"), code=code)
        assert answer.status_code == status


# -- the demonstration ------------------------------------------------------------------------------------------------


@pytest.fixture
async def demonstration(door: Door) -> None:
    async with door.work(SYSTEM) as work:
        for role, person in DEMONSTRATION.items():
            await _staff(work, role, person)
        await _resident(work)


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize("role", [*DEMONSTRATION, "resident", "guardian"])
async def test_one_click_makes_a_role_and_the_page_says_what_it_is(client: httpx.AsyncClient, role: str) -> None:
    became = await post(client, "/demo/role", role=role)
    assert became.status_code == 303
    shown = await client.get("/account")
    assert "演示模式" in shown.text
    name = DEMONSTRATION[role].name if role in DEMONSTRATION else ""
    assert name in shown.text


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize("changes", [{"demo": False}, {"host": "192.0.2.1"}])
async def test_elsewhere_there_is_no_such_switch_and_its_sessions_are_nobody(
    client: httpx.AsyncClient, door: Door, changes: dict[str, object]
) -> None:
    await post(client, "/demo/role", role="physician")
    cookie = client.cookies["session"]
    other = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    registry = create_registry(other)
    who = first_of(Sessions(door.store, other), development(other))
    served = create_asgi(registry, door, other, pages=create_pages(registry, door, other, principal_of=who))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://localhost") as elsewhere:
        assert "演示模式" not in (await elsewhere.get("/login")).text
        assert (await post(elsewhere, "/demo/role", role="physician")).status_code in {401, 404}
        answer = await elsewhere.get("/account", headers={"cookie": f"session={cookie}"})
        assert answer.status_code == 303


@pytest.mark.usefixtures("demonstration")
async def test_an_account_of_the_demonstration_has_no_other_way_in(client: httpx.AsyncClient) -> None:
    for password in ("", "demo", "demo-physician", "admin"):
        answer = await post(client, "/login/staff", login="demo-physician", password=password)
        assert answer.status_code == 422


async def test_no_account_exists_that_nobody_made(store: Store, settings: Settings) -> None:
    assert settings.dev_principal is False
    assert not await store.fetch("SELECT FROM account")
    assert DEVELOPER.id == "dev"
