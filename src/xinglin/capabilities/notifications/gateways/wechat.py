"""The official account of WeChat: template messages to who has bound the account.

The forms are those of the account's public interface: ``cgi-bin/stable_token``, ``cgi-bin/message/template/send`` with
``client_msg_id`` (one message for each of them within ten minutes), errors as ``errcode``. What became of a message is
only pushed (event ``TEMPLATESENDJOBFINISH``), never asked for.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec

from xinglin.capabilities.notifications.gateways import GatewayRefused, GatewaySilent, Letter
from xinglin.setting_forms import Secret

SECONDS: Final = 5
STALE: Final = frozenset({40001, 40014, 42001})  # the token is none, or none any more
BUSY: Final = -1
KEY_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Account:
    """The official account. base: of the interface. template: the id of a template with ``first`` and ``remark``."""

    base: str
    app_id: str
    secret: Secret
    template: str


class WechatGateway:
    """Template messages. transport: another way to WeChat than the network, for tests."""

    def __init__(self, account: Account, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._account = account
        self._transport = transport
        self._token = ""

    async def send(self, letter: Letter) -> str:
        """Send one; gives WeChat's number of it. A token that has ended is renewed once."""
        body: dict[str, Any] = {
            "touser": letter.address,
            "template_id": self._account.template,
            "client_msg_id": hashlib.sha256(letter.key.encode()).hexdigest()[:KEY_LENGTH],
            "data": {"first": {"value": letter.title}, "remark": {"value": letter.text}},
        }
        if letter.link:
            body["url"] = letter.link
        answer = await self._send(body, fresh=False)
        if answer.get("errcode") in STALE:
            answer = await self._send(body, fresh=True)
        _judge(answer)
        return str(answer["msgid"])

    async def receipt(self, _key: str) -> str:
        """Know nothing: WeChat pushes receipts."""
        return ""

    async def _send(self, body: dict[str, Any], *, fresh: bool) -> dict[str, Any]:
        if fresh or not self._token:
            self._token = await self._new_token(fresh=fresh)
        path = f"/cgi-bin/message/template/send?access_token={self._token}"
        return await self._asked(path, body)

    async def _new_token(self, *, fresh: bool) -> str:
        body = {
            "grant_type": "client_credential",
            "appid": self._account.app_id,
            "secret": self._account.secret.reveal(),
            "force_refresh": fresh,
        }
        answer = await self._asked("/cgi-bin/stable_token", body)
        if "access_token" not in answer:
            # A wrong secret is the operator's to mend: the message waits, and goes by another channel in the end.
            raise GatewaySilent(f"no token: errcode {answer.get('errcode')}")
        return str(answer["access_token"])

    async def _asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(transport=self._transport, timeout=SECONDS) as client:
                answer = await client.post(self._account.base + path, content=msgspec.json.encode(body))
        except httpx.HTTPError as fault:
            raise GatewaySilent(type(fault).__name__) from None
        if answer.status_code != 200:
            raise GatewaySilent(f"status {answer.status_code}")
        try:
            return msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.DecodeError as fault:
            raise GatewaySilent(str(fault)) from None


def _judge(answer: dict[str, Any]) -> None:
    """Refuse what WeChat refuses: 43004 does not follow the account, 47003 the template's fields, and so on."""
    code = answer.get("errcode", 0)
    if code in STALE or code == BUSY or (code == 0 and "msgid" not in answer):
        raise GatewaySilent(f"errcode {code}")
    if code != 0:
        raise GatewayRefused(f"errcode {code}")
