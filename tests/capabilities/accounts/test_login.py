"""Staff sign in by two factors; what does not fit is refused in the same words."""

import re

import httpx
import pytest

from tests.capabilities.accounts.conftest import PASSWORD, Hire, Time, hidden, post, sign_in
from xinglin.store.store import Store


async def events(store: Store) -> list[tuple[str, str, str]]:
    found = await store.fetch("SELECT what, outcome::text AS outcome, who FROM audit ORDER BY at, id")
    return [(row["what"], row["outcome"], row["who"]) for row in found]


async def test_password_and_code_begin_a_session(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    staff = await hire("physician")
    answer = await sign_in(client, staff, time)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    start = await client.get("/")
    assert (start.status_code, start.headers["location"]) == (303, "/clinic")
    shown = await client.get("/clinic")
    assert shown.status_code == 200
    assert "王建国" in shown.text
    assert "医师" in shown.text
    assert shown.headers["cache-control"] == "no-store"


async def test_an_unknown_name_and_a_wrong_password_look_the_same(client: httpx.AsyncClient, hire: Hire) -> None:
    staff = await hire("physician")
    wrong = await post(client, "/login/staff", login=staff.login, password="Wrong-1-word")
    unknown = await post(client, "/login/staff", login="nobody", password="Wrong-1-word")
    assert wrong.status_code == unknown.status_code == 422

    def said(answer: httpx.Response) -> str:
        return re.sub(r'name="csrf" value="[^"]*"', "", answer.text)

    assert said(wrong).replace(staff.login, "nobody") == said(unknown)


async def test_a_page_leads_to_the_login_and_back(client: httpx.AsyncClient, hire: Hire, time: Time) -> None:
    staff = await hire("physician")
    away = await client.get("/account?x=1")
    assert (away.status_code, away.headers["location"]) == (303, "/login?back=%2Faccount%3Fx%3D1")
    first = await post(client, "/login/staff", login=staff.login, password=PASSWORD, back="/account?x=1")
    back = hidden(first, "back")
    second = await post(client, "/login/second", ticket=hidden(first, "ticket"), code=staff.code(time.at), back=back)
    assert second.headers["location"] == "/account?x=1"


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_led_elsewhere(client: httpx.AsyncClient, back: str) -> None:
    assert hidden(await client.get("/login/staff", params={"back": back}), "back") == "/"
