"""What the gateways make of answers that are good, bad, lost, or none."""

import httpx
import pytest

from xinglin.capabilities.accounts.gateways import (
    BirthQuestion,
    GatewayRefused,
    GatewaySilent,
    HttpMessages,
    HttpRegister,
    Match,
    PersonQuestion,
)
from xinglin.simulators import register, sms

QUESTION = PersonQuestion("k1", "赵小兰", "410802199003071239", "two-element")


class Lost(httpx.ASGITransport):
    """The other side does what it was asked, and the answer is lost, the first time."""

    lost = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if not self.lost:
            self.lost = True
            raise httpx.ReadTimeout("too late")
        return answer


async def listed(transport: httpx.AsyncBaseTransport) -> list[dict[str, str]]:
    async with httpx.AsyncClient(transport=transport, base_url="http://sms") as client:
        found: list[dict[str, str]] = (await client.get("/messages")).json()
        return found


async def test_a_message_whose_answer_was_lost_is_asked_again_and_sent_once() -> None:
    town = Lost(sms.application())
    gateway = HttpMessages("http://sms", transport=town)
    with pytest.raises(GatewaySilent):
        await gateway.send("k1", "13800000001", "一")
    await gateway.send("k1", "13800000001", "一")
    assert [one["text"] for one in await listed(town)] == ["一"]


async def test_a_question_whose_answer_was_lost_gets_the_same_one() -> None:
    town = HttpRegister("http://register", transport=Lost(register.application()))
    with pytest.raises(GatewaySilent):
        await town.person(QUESTION)
    assert await town.person(QUESTION) == Match(matched=True, answer="r1")
    assert await town.person(PersonQuestion("k2", "赵小兰", "410802199003071239", "two-element")) == Match(
        matched=True, answer="r2"
    )


async def test_a_refusal_gives_its_reason() -> None:
    gateway = HttpMessages("http://sms", transport=httpx.ASGITransport(sms.application()))
    with pytest.raises(GatewayRefused, match="no such number"):
        await gateway.send("k1", "not a phone", "一")


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(200, text="<html>"), httpx.Response(200)])
async def test_what_cannot_be_understood_is_no_answer(answer: httpx.Response) -> None:
    gateway = HttpRegister("http://register", transport=httpx.MockTransport(lambda _request: answer))
    with pytest.raises(GatewaySilent):
        await gateway.person(QUESTION)


async def test_a_refusal_in_no_words_is_a_refusal() -> None:
    gateway = HttpRegister("http://register", transport=httpx.MockTransport(lambda _: httpx.Response(422, text="?")))
    with pytest.raises(GatewayRefused):
        await gateway.person(QUESTION)


async def test_without_an_address_there_is_no_answer() -> None:
    with pytest.raises(GatewaySilent):
        await HttpMessages(None).send("k1", "13800000001", "一")


@pytest.mark.parametrize(
    ("number", "certificate", "reason"),
    [
        ("410802199003071239", "DEMO1", ""),
        ("410802199003071238", "DEMO1", "guardian"),
        ("410802199003071239", "X1", "certificate"),
    ],
)
async def test_a_birth_is_compared_with_its_guardian(number: str, certificate: str, reason: str) -> None:
    gateway = HttpRegister("http://register", transport=httpx.ASGITransport(register.application()))
    found = await gateway.birth(BirthQuestion("k", "赵小兰", number, "赵一诺", certificate, "2020-05-01"))
    assert (found.matched, found.reason) == (not reason, reason)


async def test_a_fault_of_another_kind_is_not_switched_on() -> None:
    transport = httpx.ASGITransport(sms.application())
    async with httpx.AsyncClient(transport=transport, base_url="http://sms") as client:
        assert (await client.post("/faults", json={"kind": "fire"})).status_code == 422
        assert (await client.post("/faults", json={"kind": "slow", "seconds": 0.01, "times": 1})).status_code == 204
        body = {"key": "k", "phone": "13800000001", "text": "<b>"}
        assert (await client.post("/messages", json=body)).status_code == 200
        assert "&lt;b&gt;" in (await client.get("/")).text
