"""Another phone by two codes or at a desk; the end of an account, and what of it stays."""

import re

import httpx
import pytest

from tests.capabilities.accounts.conftest import Hire, Time, csrf, hidden, post, sign_in
from tests.capabilities.accounts.test_residents import (
    NUMBER,
    PHONE,
    Town,
    account,
    ask_code,
    proved,
    resident,
    town,
)
from xinglin.security.principal import SYSTEM
from xinglin.store.door import Door
from xinglin.store.store import Store

NEW = "13900000002"
__all__ = ["town"]


async def codes(town: Town) -> dict[str, str]:
    """Give the newest text that came to each phone; its six digits where it has them."""
    await town.work()
    found: dict[str, str] = {}
    for one in reversed(await town.messages()):  # the newest stands first
        digits = re.search(r"\d{6}", one["text"])
        found[one["phone"]] = digits[0] if digits else one["text"]
    return found


async def begun(client: httpx.AsyncClient, town: Town, time: Time) -> tuple[dict[str, str], dict[str, str]]:
    time.pass_(seconds=61)
    asked = await post(client, "/account/phone", phone=NEW)
    assert asked.status_code == 200, asked.text
    return {name: hidden(asked, name) for name in ("old", "new")}, await codes(town)


async def test_a_phone_is_changed_by_a_code_to_each_and_others_are_signed_out(
    client: httpx.AsyncClient, town: Town, time: Time, store: Store
) -> None:
    await resident(client, town)
    elsewhere = httpx.Cookies(client.cookies)
    time.pass_(seconds=61)
    client.cookies.clear()
    await resident(client, town)
    tickets, sent = await begun(client, town, time)
    wrong = await post(client, "/account/phone", **tickets, code=sent[PHONE], **{"code-new": "000000x"[:6]})
    assert wrong.status_code == 422
    assert "两个验证码都要填对" in wrong.text
    done = await post(client, "/account/phone", **tickets, code=sent[PHONE], **{"code-new": sent[NEW]})
    assert (done.status_code, done.headers["location"]) == (303, "/account/phone?done=1")
    assert "139****0002" in (await client.get("/account")).text
    told = await codes(town)
    assert "已更换" in told[PHONE]
    assert "已更换" in told[NEW]
    again = await post(client, "/account/phone", **tickets, code=sent[PHONE], **{"code-new": sent[NEW]})
    assert again.status_code == 422  # the codes are used up
    client.cookies = httpx.Cookies(elsewhere)
    assert (await client.get("/account")).status_code == 303
    client.cookies.clear()
    await resident(client, town, NEW)
    assert len(await store.fetch("SELECT id FROM account WHERE kind = 'resident'")) == 1


async def test_codes_of_one_account_do_not_move_another(client: httpx.AsyncClient, town: Town, time: Time) -> None:
    await resident(client, town)
    tickets, sent = await begun(client, town, time)
    client.cookies.clear()
    await resident(client, town, "13700000003")
    answer = await post(client, "/account/phone", **tickets, code=sent[PHONE], **{"code-new": sent[NEW]})
    assert answer.status_code == 422
    time.pass_(seconds=61)
    taken = await post(client, "/account/phone", phone=PHONE)
    got = await codes(town)
    held = {name: hidden(taken, name) for name in ("old", "new")}
    refused = await post(client, "/account/phone", **held, code=got["13700000003"], **{"code-new": got[PHONE]})
    assert "另一个账户" in refused.text


async def test_who_lost_the_phone_is_seen_at_a_desk(
    client: httpx.AsyncClient, town: Town, time: Time, hire: Hire
) -> None:
    await proved(client, town)
    before = httpx.Cookies(client.cookies)
    client.cookies.clear()
    await sign_in(client, await hire("receptionist"), time)
    nobody = await post(client, "/desk/phone", number="110101199003070000", phone=NEW, evidence="身份证")
    assert "没有找到" in nobody.text
    unseen = await post(client, "/desk/phone", number=NUMBER, phone=NEW, evidence=" ")
    assert unseen.status_code == 422
    asked = await post(client, "/desk/phone", number=NUMBER, phone=NEW, evidence="身份证")
    given = {name: hidden(asked, name) for name in ("ticket", "number", "evidence", "phone")}
    sent = await codes(town)
    wrong = await post(client, "/desk/phone", **given, code="12345")
    assert wrong.status_code == 422
    done = await post(client, "/desk/phone", **given, code=sent[NEW])
    assert "手机号已更换" in done.text
    assert "已更换" in (await codes(town))[PHONE]
    time.pass_(seconds=5)  # a process keeps who somebody is for some seconds
    client.cookies = httpx.Cookies(before)
    assert (await client.get("/account")).status_code == 303  # every session ended
    client.cookies.clear()
    await resident(client, town, NEW)
    assert "139****0002" in (await client.get("/account")).text


@pytest.mark.rule("R7-008")
async def test_a_closed_account_is_gone_and_the_record_stays(
    client: httpx.AsyncClient, town: Town, time: Time, store: Store, door: Door
) -> None:
    await proved(client, town)
    known = await account(store)
    page = await client.get("/account/close")
    assert "至少保存 15 年" in page.text
    time.pass_(seconds=61)
    asked = await post(client, "/account/close")
    ticket, sent = hidden(asked, "ticket"), await codes(town)
    wrong = await post(client, "/account/close", ticket=ticket, code="12345")
    assert wrong.status_code == 422
    done = await post(client, "/account/close", ticket=ticket, code=sent[PHONE])
    assert (done.status_code, done.headers["location"]) == (303, "/login")
    assert (await client.get("/account")).status_code == 303
    (kept,) = await store.fetch("SELECT state, why, phone, person FROM account")
    assert (kept["state"], kept["why"], kept["phone"], kept["person"]) == ("disabled", "closed", None, None)
    assert await store.fetch("SELECT 1 FROM handle") == []
    assert "已注销" in (await codes(town))[PHONE]
    row = await door.auto(SYSTEM).read("Patient", known["person"].removeprefix("Patient/"))
    assert not row.deleted
    # Whoever comes again begins anew, and finds the record by proofing.
    client.cookies.clear()
    time.pass_(seconds=61)
    await proved(client, town)
    found = await store.fetch("SELECT person FROM account WHERE state = 'active'")
    assert [one["person"] for one in found] == [known["person"]]


@pytest.mark.rule("R7-004")
async def test_the_notice_comes_after_the_first_sign_in_until_it_is_taken_note_of(
    client: httpx.AsyncClient, town: Town, time: Time, store: Store
) -> None:
    asked, code = await ask_code(client, town)
    answer = await post(client, "/login/code", ticket=hidden(asked, "ticket"), code=code, back="/account")
    assert answer.headers["location"] == "/privacy?back=%2Faccount"
    shown = await client.get(answer.headers["location"])
    assert "我已阅读并知晓" in shown.text
    version = hidden(shown, "version")
    taken = await client.post("/privacy", data={"csrf": await csrf(client), "version": version, "back": "/account"})
    assert (taken.status_code, taken.headers["location"]) == (303, "/account")
    assert [one["version"] for one in await store.fetch("SELECT version FROM notice_taken")] == [version]
    assert "我已阅读并知晓" not in (await client.get("/privacy")).text
    client.cookies.clear()
    time.pass_(seconds=61)
    asked, code = await ask_code(client, town)
    answer = await post(client, "/login/code", ticket=hidden(asked, "ticket"), code=code, back="/account")
    assert answer.headers["location"] == "/account"
