"""Residents sign in by phone, are proved to be who they are, and act for children."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest

from tests.capabilities.accounts.conftest import Hire, Time, hidden, post, sign_in
from xinglin.capabilities.accounts import jobs
from xinglin.capabilities.accounts.gateways import HttpMessages, HttpRegister
from xinglin.capabilities.accounts.operations.limits import limits
from xinglin.security.identifiers import IDENTITY_CARD, person_check
from xinglin.security.principal import SYSTEM
from xinglin.settings import Settings
from xinglin.simulators import register, sms
from xinglin.store.door import Door
from xinglin.store.store import Store

PHONE = "13800000001"
NUMBER = "41080219900307" + "123" + person_check("41080219900307" + "123")


class Town:
    """The simulated systems, and the worker that asks them."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self.sms = httpx.ASGITransport(sms.application())
        self.register = httpx.ASGITransport(register.application())
        self._runs: dict[str, Callable[..., Any]] = {
            "accounts.send-code": partial(
                jobs.send_code, limits(settings), HttpMessages("http://sms", transport=self.sms)
            ),
            "accounts.ask-register": partial(
                jobs.ask_register, HttpRegister("http://register", transport=self.register)
            ),
            "accounts.ask-dependant": partial(
                jobs.ask_dependant, HttpRegister("http://register", transport=self.register)
            ),
        }

    async def tell(self, system: str, method: str, path: str, body: dict[str, Any]) -> None:
        transport = self.sms if system == "sms" else self.register
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{system}") as client:
            (await client.request(method, path, json=body)).raise_for_status()

    async def messages(self) -> list[dict[str, str]]:
        async with httpx.AsyncClient(transport=self.sms, base_url="http://sms") as client:
            found: list[dict[str, str]] = (await client.get("/messages")).json()
            return found

    async def work(self) -> int:
        """Do all jobs that are due, once."""
        waiting = await self._door.store.fetch(
            "UPDATE procrastinate_jobs SET status = 'doing' WHERE id IN "
            "(SELECT id FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id) RETURNING id, task_name, args::text"
        )
        for job in sorted(waiting, key=lambda one: int(one["id"])):
            async with self._door.work(SYSTEM) as work:
                await self._runs[job["task_name"]](work, **msgspec.json.decode(job["args"]))
        return len(waiting)


@pytest.fixture
def town(door: Door, settings: Settings) -> Town:
    return Town(door, settings)


async def ask_code(client: httpx.AsyncClient, town: Town, phone: str = PHONE) -> tuple[httpx.Response, str]:
    """Have a code sent; the page that asks for it, and the code."""
    asked = await post(client, "/login", phone=phone)
    await town.work()
    text = (await town.messages())[0]["text"]
    found = re.search(r"\d{6}", text)
    assert found is not None
    return asked, found[0]


async def resident(client: httpx.AsyncClient, town: Town, phone: str = PHONE) -> None:
    """Sign in as a resident."""
    asked, code = await ask_code(client, town, phone)
    answer = await post(client, "/login/code", ticket=hidden(asked, "ticket"), code=code)
    assert answer.status_code == 303, answer.text


async def proved(client: httpx.AsyncClient, town: Town, phone: str = PHONE, number: str = NUMBER) -> None:
    """Sign in and reach L1."""
    await resident(client, town, phone)
    answer = await post(client, "/account/proofing", level="L1", method="two-element", name="赵小兰", number=number)
    assert answer.status_code == 303, answer.text
    await town.work()


async def account(store: Store) -> dict[str, Any]:
    (found,) = await store.fetch("SELECT id, level, person FROM account WHERE kind = 'resident'")
    return {"id": found["id"], "level": found["level"], "person": found["person"]}


async def test_a_code_to_the_phone_makes_an_account(client: httpx.AsyncClient, town: Town, store: Store) -> None:
    await resident(client, town)
    shown = await client.get("/account")
    assert "138****0001" in shown.text
    assert "未实名" in shown.text
    assert (await account(store))["level"] == "L0"


async def test_nothing_of_phone_and_code_stands_in_the_database(
    client: httpx.AsyncClient, town: Town, store: Store
) -> None:
    asked, code = await ask_code(client, town)
    for table in ("account", "handle", "ticket", "attempt", "procrastinate_jobs", "audit"):
        kept = " ".join(str(row["t"]) for row in await store.fetch(f"SELECT t::text AS t FROM {table} t"))
        assert PHONE not in kept
        assert PHONE.encode().hex() not in kept
        assert f'"{code}"' not in kept
    assert hidden(asked, "ticket")


async def test_a_wrong_code_is_refused_and_the_fifth_ends_the_step(client: httpx.AsyncClient, town: Town) -> None:
    asked, code = await ask_code(client, town)
    wrong = "000000" if code != "000000" else "000001"
    ticket = hidden(asked, "ticket")
    for _ in range(4):
        answer = await post(client, "/login/code", ticket=ticket, code=wrong)
        assert answer.status_code == 422
        assert "验证码不正确" in answer.text
    assert "已过期" in (await post(client, "/login/code", ticket=ticket, code=wrong)).text
    assert (await post(client, "/login/code", ticket=ticket, code=code)).status_code == 422


async def test_codes_are_sent_once_a_minute_and_five_times_an_hour(
    client: httpx.AsyncClient, town: Town, time: Time
) -> None:
    await ask_code(client, town)
    assert "一分钟后再试" in (await post(client, "/login", phone=PHONE)).text
    for _ in range(4):
        time.pass_(seconds=61)
        assert (await post(client, "/login", phone=PHONE)).status_code == 200
    time.pass_(seconds=61)
    assert "请稍后再试" in (await post(client, "/login", phone=PHONE)).text


async def test_a_code_expires(client: httpx.AsyncClient, town: Town, time: Time) -> None:
    asked, code = await ask_code(client, town)
    time.pass_(minutes=6)
    assert "已过期" in (await post(client, "/login/code", ticket=hidden(asked, "ticket"), code=code)).text


async def test_a_message_whose_answer_was_lost_is_not_sent_twice(client: httpx.AsyncClient, town: Town) -> None:
    await town.tell("sms", "POST", "/faults", {"kind": "duplicate", "times": 1})
    await ask_code(client, town)
    assert len(await town.messages()) == 1


@pytest.mark.rule("R6-043")
async def test_name_and_number_make_a_patient_of_level_one(
    client: httpx.AsyncClient, town: Town, store: Store, door: Door
) -> None:
    await proved(client, town)
    found = await account(store)
    assert found["level"] == "L1"
    row = await door.auto(SYSTEM).read("Patient", found["person"].removeprefix("Patient/"))
    patient = msgspec.json.decode(row.body())
    assert patient["identifier"][0] == {"use": "official", "system": IDENTITY_CARD, "value": NUMBER}
    assert (patient["birthDate"], patient["gender"]) == ("1990-03-07", "male")
    (mark,) = patient["extension"]
    assert mark["extension"][:3] == [
        {"url": "level", "valueCode": "L1"},
        {"url": "method", "valueCode": "two-element"},
        {"url": "type", "valueCode": "6"},
    ]


@pytest.mark.rule("R6-043")
async def test_levels_are_reached_one_after_the_other(
    client: httpx.AsyncClient, town: Town, store: Store, hire: Hire, time: Time
) -> None:
    await resident(client, town)
    early = await post(client, "/account/proofing", level="L2", method="face", evidence="demo-1")
    assert "请先核对姓名与证件号码" in early.text
    await post(client, "/account/proofing", level="L1", method="two-element", name="赵小兰", number=NUMBER)
    await town.work()
    bad = await post(client, "/account/proofing", level="L2", method="face", evidence="mine")
    assert bad.status_code == 303
    await town.work()
    assert "核验凭证无效" in (await client.get("/account/proofing")).text
    await post(client, "/account/proofing", level="L2", method="face", evidence="demo-1")
    await town.work()
    assert (await account(store))["level"] == "L2"
    client.cookies.clear()
    staff = await hire("receptionist")
    await sign_in(client, staff, time)
    other = await post(client, "/desk/proofing", phone=PHONE, number="410802199003071000", evidence="身份证")
    assert "不一致" in other.text
    done = await post(client, "/desk/proofing", phone=PHONE, number=NUMBER, evidence="身份证")
    assert "L3" in done.text
    assert (await account(store))["level"] == "L3"


async def test_a_number_that_cannot_be_is_refused_before_anybody_is_asked(
    client: httpx.AsyncClient, town: Town, store: Store
) -> None:
    await resident(client, town)
    answer = await post(
        client, "/account/proofing", level="L1", method="two-element", name="赵小兰", number="410802199003071238"
    )
    assert answer.status_code == 422
    assert not await store.fetch("SELECT FROM proofing")


async def test_a_name_that_does_not_belong_is_refused(client: httpx.AsyncClient, town: Town, store: Store) -> None:
    await town.tell("register", "PUT", f"/persons/{NUMBER}", {"name": "别人"})
    await proved(client, town)
    assert (await account(store))["level"] == "L0"
    assert "姓名与证件号码不一致" in (await client.get("/account/proofing")).text
    assert not await store.fetch("SELECT FROM proofing WHERE sealed IS NOT NULL")


@pytest.mark.parametrize("kind", ["down", "refuse"])
async def test_a_register_that_fails_is_asked_again_or_believed(
    client: httpx.AsyncClient, town: Town, store: Store, kind: str
) -> None:
    await town.tell("register", "POST", "/faults", {"kind": kind, "times": 1})
    await proved(client, town)
    (one,) = await store.fetch("SELECT state, tries, reason FROM proofing")
    if kind == "refuse":
        assert one["state"] == "refused"
        assert "refused by the simulator" in one["reason"]
        return
    assert (one["state"], one["tries"]) == ("unknown", 1)
    assert "暂时没有回答" in (await client.get("/account/proofing")).text
    assert await town.work() == 1
    assert (await account(store))["level"] == "L1"


async def test_two_accounts_cannot_be_one_person(client: httpx.AsyncClient, town: Town, store: Store) -> None:
    await proved(client, town)
    client.cookies.clear()
    await proved(client, town, phone="13800000002")
    levels = [row["level"] for row in await store.fetch("SELECT level FROM account ORDER BY made")]
    assert levels == ["L1", "L0"]
    assert "已绑定另一账户" in (await client.get("/account/proofing")).text


@pytest.mark.rule("R6-042")
async def test_a_guardian_acts_for_a_child_and_at_most_five(
    client: httpx.AsyncClient, town: Town, store: Store, door: Door
) -> None:
    await proved(client, town)
    child = {"born": "2020-05-01", "relation": "child"}
    answer = await post(client, "/account/dependants", name="赵一诺", certificate="demo-A1", **child)
    assert answer.status_code == 303, answer.text
    await town.work()
    assert "已绑定" in (await client.get("/account/dependants")).text
    (bound,) = await store.fetch("SELECT patient FROM dependant WHERE state = 'bound'")
    switched = await post(client, "/account/roles", patient=bound["patient"])
    assert switched.status_code == 303
    assert "监护人" in (await client.get("/account")).text
    for number in range(2, 6):
        await post(client, "/account/dependants", name="赵一诺", certificate=f"demo-A{number}", **child)
    sixth = await post(client, "/account/dependants", name="赵一诺", certificate="demo-A6", **child)
    assert "已达上限" in sixth.text


@pytest.mark.rule("R6-042")
async def test_who_is_of_age_is_not_bound_and_no_longer_acted_for(
    client: httpx.AsyncClient, town: Town, time: Time, store: Store
) -> None:
    await proved(client, town)
    grown = await post(
        client, "/account/dependants", name="赵大", certificate="demo-B", born="2008-11-01", relation="child"
    )
    assert "年满 18 岁" in grown.text
    await post(client, "/account/dependants", name="赵二", certificate="demo-C", born="2008-11-23", relation="child")
    await town.work()
    (bound,) = await store.fetch("SELECT patient FROM dependant WHERE state = 'bound'")
    time.pass_(days=2)
    client.cookies.clear()
    await resident(client, town)
    refused = await post(client, "/account/roles", patient=bound["patient"])
    assert refused.status_code == 404


async def test_nobody_acts_for_a_stranger(client: httpx.AsyncClient, town: Town) -> None:
    await proved(client, town)
    assert (await post(client, "/account/roles", patient="Patient/other")).status_code == 404
