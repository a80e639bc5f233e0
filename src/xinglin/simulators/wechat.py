"""An official account of WeChat, simulated: tokens, template messages, what followers write, and what is pushed.

``GET /`` shows what followers were sent, and lets one write as a follower. A follower whose name ends in ``gone`` does
not follow the account (43004). What WeChat pushes goes to the call-back that `simulators.receipts` names, signed with
the token (`SECRET`) as WeChat signs.
"""

import os
import secrets
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from xinglin.capabilities.notifications.rules.receipts import wechat_signature
from xinglin.simulators.faults import Faults
from xinglin.simulators.receipts import CALLBACKS, SECONDS, SECRET, Receipts, seconds_now

LIFE: Final = 7200  # seconds of a token
FIRST: Final = 200228332  # number of the first message
WORDS: Final = {0: "ok", 40001: "invalid credential", 43004: "require subscribe", 47003: "argument invalid"}


@dataclass(slots=True)
class Account:
    """The account. followers: what each was sent. given: numbers by follower and client_msg_id."""

    faults: Faults
    push: Receipts | None
    tokens: list[str] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    given: dict[tuple[str, str], int] = field(default_factory=dict)

    async def token(self, request: Request) -> Response:
        """Give a token; the one before goes on unless another is forced."""
        asked = await request.json()
        if not asked.get("appid") or not asked.get("secret"):
            return _said(40001)
        if not self.tokens or asked.get("force_refresh"):
            self.tokens.append(secrets.token_urlsafe(24))
        return JSONResponse({"access_token": self.tokens[-1], "expires_in": LIFE})

    async def send(self, request: Request) -> Response:
        """Take a template message."""
        if request.query_params.get("access_token") not in self.tokens[-1:]:
            return _said(40001)
        return await self.faults.around(self._send, refused=lambda _why: _said(43004))(request)

    def _send(self, asked: dict[str, Any]) -> dict[str, Any]:
        follower, data = str(asked["touser"]), asked.get("data", {})
        if follower.endswith("gone"):
            raise ValueError("43004")
        if not {"first", "remark"} <= set(data) or not asked.get("template_id"):
            return {"errcode": 47003, "errmsg": WORDS[47003]}
        key = (follower, str(asked.get("client_msg_id", "")))
        number = self.given.get(key)
        if number is None:
            number = FIRST + len(self.sent)
            self.given[key] = number
            text = f"{data['first']['value']} {data['remark']['value']}"
            self.sent.append({"follower": follower, "text": text, "url": str(asked.get("url", ""))})
            self._finish(follower, number)
        return {"errcode": 0, "errmsg": "ok", "msgid": number}

    def _finish(self, follower: str, number: int) -> None:
        if self.push is not None:
            status = "failed:user block" if follower.endswith("blocks") else "success"
            self.push.tell_bytes(
                _xml(follower, MsgType="event", Event="TEMPLATESENDJOBFINISH", MsgID=str(number), Status=status)
            )

    async def say(self, request: Request) -> Response:
        """Write to the account as a follower: ``{"follower", "text"}``; gives what it answers."""
        asked = await request.json()
        body = _xml(str(asked["follower"]), MsgType="text", Content=str(asked["text"]), MsgId=secrets.token_hex(8))
        if self.push is None:
            return PlainTextResponse("the account has no call-back", status_code=422)
        answer = await self.push.post(body)
        return PlainTextResponse(answer.text, status_code=answer.status_code)

    async def written(self, request: Request) -> Response:
        """Write to the account by the form of ``GET /``."""
        async with request.form() as form:
            follower, text = str(form.get("follower", "")), str(form.get("text", ""))
        answer = await self.push.post(_xml(follower, MsgType="text", Content=text)) if self.push else None
        return HTMLResponse(self._page(answer.text if answer is not None else ""))

    async def listed(self, _request: Request) -> Response:
        """Give what was sent, newest first."""
        return JSONResponse(list(reversed(self.sent)))

    async def shown(self, _request: Request) -> Response:
        """Show what followers were sent."""
        return HTMLResponse(self._page(""))

    def _page(self, answer: str) -> str:
        lines = "".join(
            f"<li><b>{escape(one['follower'])}</b> {escape(one['text'])} {escape(one['url'])}</li>"
            for one in reversed(self.sent)
        )
        form = (
            "<form method=post action=written><label>用户 <input name=follower value=o-demo></label> "
            "<label>对公众号说 <input name=text></label> <button>发送</button></form>"
        )
        said = f"<p>公众号回复：{escape(answer)}</p>" if answer else ""
        return (
            f"<!doctype html><meta charset=utf-8><title>WeChat</title><h1>公众号模拟器</h1>{form}{said}<ul>{lines}</ul>"
        )


class Push(Receipts):
    """What WeChat pushes: signed by its token, the time and a number, in the address."""

    def __init__(self, url: str, token: str, faults: Faults, seconds: float = SECONDS) -> None:
        super().__init__(url, token, faults, seconds)
        self._token = token

    async def post(self, body: bytes, query: str = "", headers: dict[str, str] | None = None) -> Any:
        """Post a body with the signature of now."""
        timestamp, nonce = str(seconds_now()), secrets.token_hex(8)
        signed = wechat_signature(self._token, timestamp, nonce)
        return await super().post(body, f"?signature={signed}&timestamp={timestamp}&nonce={nonce}{query}", headers)


def application() -> Starlette:
    """Make an account that has sent nothing yet."""
    base, token = os.environ.get(CALLBACKS, ""), os.environ.get(SECRET, "")
    faults = Faults()
    account = Account(faults, Push(f"{base}/wechat", token, faults) if base and token else None)
    return Starlette(
        routes=[
            Route("/", account.shown, methods=["GET"]),
            Route("/cgi-bin/stable_token", account.token, methods=["POST"]),
            Route("/cgi-bin/message/template/send", account.send, methods=["POST"]),
            Route("/messages", account.listed, methods=["GET"]),
            Route("/say", account.say, methods=["POST"]),
            Route("/written", account.written, methods=["POST"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )


def _said(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": WORDS[code]})


def _xml(follower: str, **members: str) -> bytes:
    given = {"ToUserName": "gh_xinglin", "FromUserName": follower, "CreateTime": str(seconds_now())} | members
    return (
        "<xml>" + "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in given.items()) + "</xml>"
    ).encode()
