"""The whole ladder over simulated gateways: WeChat, mail, text message, call, and then a person."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from tests.capabilities.access.ward import OFFICER, RESIDENT, open_door, patient, put
from tests.capabilities.notifications.test_messages import DEAD, OPEN, PHONE, Office, with_phone
from xinglin.capabilities.access.contract import OPENED
from xinglin.capabilities.notifications import jobs
from xinglin.capabilities.notifications.contract import (
    NOTIFY_ROLE,
    READ_ALL,
    REFUSE,
    UNREAD,
    Mine,
    Notice,
    Refusing,
    RoleNotice,
)
from xinglin.capabilities.notifications.gateways import Gateway, GatewayRefused, GatewaySilent, Letter
from xinglin.capabilities.notifications.gateways.http import SmsGateway, VoiceGateway
from xinglin.capabilities.notifications.gateways.mail import MailGateway, MailServer
from xinglin.capabilities.notifications.gateways.wechat import Account, WechatGateway
from xinglin.capabilities.notifications.operations import contacts
from xinglin.capabilities.notifications.operations.confirm import receive
from xinglin.capabilities.notifications.operations.deliver import hearer_of
from xinglin.capabilities.notifications.pages import callbacks
from xinglin.capabilities.notifications.rules.messages import tries_of
from xinglin.capabilities.notifications.rules.receipts import (
    HEADER,
    Receipt,
    message_receipts,
    signature,
    wechat_signature,
)
from xinglin.capabilities.watching.contract import ALERTED
from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import ANONYMOUS, SYSTEM
from xinglin.setting_forms import Secret
from xinglin.simulators import sms, voice, wechat
from xinglin.simulators.faults import Faults
from xinglin.simulators.mail import Office as PostOffice
from xinglin.simulators.wechat import _xml
from xinglin.store import channels
from xinglin.store.identity import accounts, dependants
from xinglin.store.identity import contacts as kept
from xinglin.store.identity.accounts import Account as Holder
from xinglin.store.identity.accounts import Assignment
from xinglin.store.identity.dependants import Dependant
from xinglin.store.store import Store
from xinglin.web.view import Heard

SECRET: Final = Secret("both know it")


def application(module: Any) -> httpx.ASGITransport:
    return httpx.ASGITransport(module.application())


async def fault(way: httpx.ASGITransport, kind: str, times: int = 0) -> None:
    async with httpx.AsyncClient(transport=way, base_url="http://x") as client:
        assert (await client.post("/faults", json={"kind": kind, "times": times})).status_code == 204


async def listed(way: httpx.ASGITransport, path: str) -> list[dict[str, str]]:
    async with httpx.AsyncClient(transport=way, base_url="http://x") as client:
        found: list[dict[str, str]] = (await client.get(path)).json()
        return found


@asynccontextmanager
async def post_office() -> AsyncIterator[tuple[PostOffice, MailServer]]:
    """Serve real SMTP on a free port."""
    office = PostOffice(Faults())
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    async with server:
        yield office, MailServer("127.0.0.1", server.sockets[0].getsockname()[1], "x@y.cn", encrypted=False)


class Town(Office):
    """An office with every channel open."""

    def __init__(self, store: Store, mail: MailServer) -> None:
        super().__init__(*open_door(store))
        self.sms, self.voice, self.wechat = (application(one) for one in (sms, voice, wechat))
        account = Account("http://wechat", "wx", Secret("s"), "t")
        ways: dict[str, Gateway] = {
            "wechat": WechatGateway(account, self.wechat),
            "mail": MailGateway(mail),
            "sms": SmsGateway("http://sms", self.sms),
            "voice": VoiceGateway("http://voice", self.voice),
        }
        self.terms = replace(self.terms, gateways=ways)

    async def bind(self, channel: str, address: str, holder: str = "Patient/1") -> None:
        async with self.door.work(SYSTEM) as work:
            await kept.bind(work.executor, work.vault, holder, channel, address, work.now)

    async def gone(self, id: str) -> list[str]:
        return [f"{one.channel} {one.outcome}" for one in tries_of(await self.message(id))]

    async def tell(self, channel: str, *receipts: Receipt) -> int:
        async with self.door.work(ANONYMOUS) as work:
            return await receive(work, channel, receipts)


@pytest.fixture
async def post() -> AsyncIterator[tuple[PostOffice, MailServer]]:
    async with post_office() as opened:
        yield opened


@pytest.fixture
async def town(store: Store, post: tuple[PostOffice, MailServer]) -> Town:
    made = Town(store, post[1])
    await store.fetch("DELETE FROM contact RETURNING holder")
    await store.fetch("DELETE FROM channel_hour RETURNING hour")
    await put(made.door, with_phone("1"), with_phone("2", DEAD), patient("3"))
    return made


async def test_all_that_reaches_somebody_is_tried_in_its_order_and_then_a_person(
    town: Town, post: tuple[PostOffice, MailServer]
) -> None:
    await put(town.door, with_phone("1", DEAD))
    await town.bind("wechat", "o-gone")
    await town.bind("mail", "unknown@b.cn")
    id = await town.notify()
    await town.run()
    assert await town.gone(id) == [
        "wechat refused",
        "mail refused",
        "sms sent",
        "sms undelivered",
        "voice sent",
        "voice undelivered",
        "person listed",
    ]
    assert await town.state(id) == "failed"
    async with town.door.work(SYSTEM) as work:
        counts = await channels.since(work.executor, work.now - timedelta(hours=24))
    assert ("voice", "undelivered", 1) in {(one.channel, one.outcome, one.n) for one in counts}


async def test_wechat_comes_first_and_its_push_ends_the_ladder(town: Town) -> None:
    await town.bind("wechat", "o-mei")
    id = await town.notify()
    await town.run(until=town.clock.moment)
    (sent,) = await listed(town.wechat, "/messages")
    assert "昏迷" not in sent["text"]
    assert "王医生" not in sent["text"]
    assert await town.tell("wechat", Receipt("delivered", number=str(wechat.FIRST))) == 1
    assert await town.tell("wechat", Receipt("delivered", number=str(wechat.FIRST))) == 0  # told again
    await town.run()
    assert (await town.state(id), await town.gone(id)) == ("delivered", ["wechat sent", "wechat delivered"])


async def test_a_lost_answer_of_wechat_makes_no_second_message(town: Town) -> None:
    gateway = town.terms.gateways["wechat"]
    letter = Letter("m-wechat-1", "o-mei", "t", "x", "zh")
    first = await gateway.send(letter)
    assert await gateway.send(letter) == first
    assert len(await listed(town.wechat, "/messages")) == 1


async def test_a_token_that_has_ended_is_renewed(town: Town) -> None:
    gateway = town.terms.gateways["wechat"]
    async with httpx.AsyncClient(transport=town.wechat, base_url="http://x") as client:
        asked = {"appid": "wx", "secret": "s", "force_refresh": True}
        await gateway.send(Letter("a", "o", "t", "x", "zh"))
        await client.post("/cgi-bin/stable_token", json=asked)  # by another process: 40001 from now on
    assert await gateway.send(Letter("b", "o", "t", "x", "zh"))


async def test_without_a_push_the_next_channel_follows(town: Town) -> None:
    await town.bind("wechat", "o-mei")
    id = await town.notify()
    await town.run()
    assert await town.gone(id) == ["wechat sent", "wechat undelivered", "sms sent", "sms delivered"]


async def test_a_late_receipt_ends_what_another_channel_or_a_person_has_begun(town: Town) -> None:
    await town.bind("wechat", "o-mei")
    await put(town.door, with_phone("1", DEAD))
    id = await town.notify()
    await town.run()
    assert await town.state(id) == "failed"
    assert await town.tell("wechat", Receipt("failed", f"{id}-wechat-1")) == 0
    assert await town.tell("wechat", Receipt("delivered", f"{id}-wechat-1")) == 1
    assert await town.state(id) == "delivered"
    assert await town.door.auto(SYSTEM).count("Task", status="cancelled") == 1


async def test_receipts_of_others_rounds_and_strangers_change_nothing(town: Town) -> None:
    id = await town.notify()
    await town.run(until=town.clock.moment)
    strange = ("", "x", f"{id}-sms-2", f"{id}-voice-1", "nobody-sms-1")
    assert await town.tell("sms", *(Receipt("failed", key) for key in strange)) == 0
    assert await town.tell("voice", Receipt("failed", f"{id}-sms-1")) == 0
    assert await town.state(id) == "sent"
    assert await town.tell("sms", Receipt("failed", f"{id}-sms-1"), Receipt("failed", f"{id}-sms-1")) == 1
    await town.run()
    assert await town.gone(id) == ["sms sent", "sms undelivered", "voice sent", "voice delivered"]
    (call,) = await listed(town.voice, "/calls")
    assert call["text"].endswith("听清请按1。")


@pytest.mark.parametrize("kind", ["off", "down", "refuse", "time-out", "duplicate"])
async def test_mail_is_handed_over_once_or_not_at_all(post: tuple[PostOffice, MailServer], kind: str) -> None:
    office, server = post
    office.faults._kind, office.faults._times, office.faults._seconds = kind, 1, 0.01
    gateway = MailGateway(server)
    letter = Letter("m-mail-1", "mei@b.cn", "【杏林】您有一条新消息", ".请登录查看。\n..", "zh")
    why = {"down": GatewaySilent, "refuse": GatewayRefused}.get(kind)
    with pytest.raises(why) if why else nullcontext():
        await gateway.send(letter)
    assert len(office.mails) == {"duplicate": 2, "down": 0, "refuse": 0}.get(kind, 1)
    if office.mails:
        assert office.mails[0]["text"] == ".请登录查看。\n.."


async def test_a_person_chooses_by_what_to_be_told(town: Town) -> None:
    await town.bind("wechat", "o-mei")
    resident = town.door.auto(RESIDENT)
    await resident.operate(REFUSE, Refusing(channels=("wechat", "voice")))
    id = await town.notify()
    await town.run()
    assert await town.gone(id) == ["sms sent", "sms delivered"]
    with pytest.raises(OutcomeError) as refused:
        await resident.operate(REFUSE, Refusing(channels=("sms",)))
    assert refused.value.issues[0].key == "channel-not-optional"


async def test_what_is_new_is_counted_until_it_is_read(town: Town) -> None:
    resident = town.door.auto(RESIDENT)
    for number in range(3):
        await town.notify(Notice(OPENED.code, "Patient/1", OPEN.parameters, key=f"n{number}"))
    await town.notify(Notice(OPENED.code, "Patient/2", OPEN.parameters))
    assert await resident.operate(UNREAD, Mine()) == 3
    assert await resident.operate(READ_ALL, Mine()) == 3
    assert await resident.operate(UNREAD, Mine()) == await resident.operate(READ_ALL, Mine()) == 0


async def test_a_mail_address_is_bound_by_the_code_that_comes_to_it(
    town: Town, post: tuple[PostOffice, MailServer]
) -> None:
    office, _ = post
    async with town.door.work(RESIDENT) as work:
        ticket = await contacts.ask_mail(work, "mei@b.cn", "zh")
    (job,) = await town.door.store.fetch(
        "SELECT args::text AS args FROM procrastinate_jobs WHERE task_name = 'notifications.send-code'"
    )
    assert "mei" not in job["args"]
    async with town.door.work(SYSTEM) as work:
        await jobs.send_code(work, **msgspec.json.decode(job["args"]), terms=town.terms)
    code = office.mails[0]["text"].partition("验证码 ")[2][:6]
    async with town.door.work(replace(RESIDENT, id="another")) as work:
        assert await contacts.give_code(work, ticket, code) == "code-ended"
    async with town.door.work(RESIDENT) as work:
        assert await contacts.give_code(work, ticket, "nonsense") == "code-wrong"
        assert await contacts.give_code(work, ticket, code) == ""
        assert await contacts.mine(work) == {"mail": "mei@b.cn"}
    rows = await town.door.store.fetch("SELECT address FROM contact")
    assert b"mei" not in rows[0]["address"]
    async with town.door.work(RESIDENT) as work:
        await contacts.release(work, "mail")
        assert await contacts.mine(work) == {}
    with pytest.raises(OutcomeError):
        async with town.door.work(RESIDENT) as work:
            await contacts.ask_mail(work, "no address", "zh")


async def test_wechat_is_bound_by_who_sends_the_code_to_the_account(town: Town) -> None:
    async with town.door.work(RESIDENT) as work:
        code = await contacts.ask_wechat(work, "zh")

    async def push(body: bytes, token: Secret = SECRET) -> bytes:
        seconds = str(int(town.clock.moment.timestamp()))
        query = {"timestamp": seconds, "nonce": "n", "signature": wechat_signature(SECRET.reveal(), seconds, "n")}
        async with town.door.work(ANONYMOUS) as work:
            return (await callbacks.wechat(work, Heard("POST", query, {}, body), token=token)).body

    assert "没有找到" in (await push(_xml("o-mei", MsgType="text", Content="HELLO"))).decode()
    with pytest.raises(OutcomeError) as refused:
        await push(_xml("o-mei", MsgType="text", Content=code), Secret("another"))
    assert refused.value.status == 403
    assert "绑定成功" in (await push(_xml("o-mei", MsgType="text", Content=code.lower()))).decode()
    assert "没有找到" in (await push(_xml("o-eve", MsgType="text", Content=code))).decode()  # once
    async with town.door.work(RESIDENT) as work:
        assert await contacts.mine(work) == {"wechat": "o-mei"}


async def test_a_call_back_is_taken_once_and_only_with_its_signature(town: Town) -> None:
    id = await town.notify()
    await town.run(until=town.clock.moment)
    body = msgspec.json.encode([{"key": f"{id}-sms-1", "state": "delivered"}])
    signed = {HEADER: signature(SECRET.reveal(), int(town.clock.moment.timestamp()), body)}

    async def call(headers: dict[str, str], body: bytes = body) -> int:
        async with town.door.work(ANONYMOUS) as work:
            heard = Heard("POST", {}, headers, body)
            said = await callbacks.gateway(work, heard, channel="sms", read=message_receipts, secret=SECRET)
            return said.status

    for headers, sent in (({}, body), (signed, body + b" ")):
        with pytest.raises(OutcomeError) as refused:
            await call(headers, sent)
        assert refused.value.status == 403
    assert await town.state(id) == "sent"
    assert [await call(signed), await call(signed)] == [200, 200]
    assert await town.gone(id) == ["sms sent", "sms delivered"]
    town.clock.pass_(minutes=6)
    with pytest.raises(OutcomeError):
        await call(signed)


@pytest.mark.rule("R6-042")
async def test_a_guardian_is_told_of_a_child_by_what_the_guardian_bound(town: Town) -> None:
    child = patient("3") | {"name": [{"text": "李小明"}], "telecom": [{"system": "phone", "value": DEAD}]}
    await put(town.door, child)
    async with town.door.work(SYSTEM) as work:
        account = work.new_id()
        await accounts.add(work.executor, Holder(account, "resident", "active", b"x", work.now, person="Patient/1"), {})
        of_age = work.now + timedelta(days=1)
        bound = Dependant(
            account=account, id=work.new_id(), patient="Patient/3", relation="parent", state="bound",
            name=b"x", born=b"x", until=of_age, made=work.now,
        )  # fmt: skip
        await dependants.add(work.executor, bound)
    await town.bind("wechat", "o-mother")
    id = await town.notify(replace(OPEN, recipient="Patient/3"))
    await town.run(until=town.clock.moment)
    (sent,) = await listed(town.wechat, "/messages")
    assert sent["follower"] == "o-mother"
    assert "关于李*明：" in sent["text"]
    async with town.door.work(SYSTEM) as work:
        hearer = await hearer_of(work, await town.message(id))
        assert (hearer.reference, hearer.addresses["sms"]) == ("Patient/1", PHONE)
        assert await dependants.guardian(work.executor, "Patient/3", of_age) is None  # then one binds oneself


async def test_whoever_holds_a_role_is_told_once(town: Town) -> None:
    await put(town.door, {"resourceType": "Practitioner", "id": "9", "telecom": [{"system": "phone", "value": PHONE}]})
    async with town.door.work(SYSTEM) as work:
        id = work.new_id()
        await accounts.add(work.executor, Holder(id, "staff", "active", b"x", work.now, person="Practitioner/9"), {})
        await accounts.assign(
            work.executor, Assignment(id, work.new_id(), "researcher", work.now, "system", "Organization/77")
        )
    given = RoleNotice(ALERTED.code, "researcher", "Organization/77", key="alert 1")
    async with town.door.work(SYSTEM) as work:
        assert await work.platform.operate(NOTIFY_ROLE, given) == 1
        assert await work.platform.operate(NOTIFY_ROLE, given) == 1
        assert await work.platform.operate(NOTIFY_ROLE, replace(given, organization="Organization/78")) == 0
    assert await town.door.auto(OFFICER).count("Communication") == 1
