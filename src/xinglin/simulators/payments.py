"""What simulated channels of payment share: orders in a file, the payer's page, call-backs, switches of faults, keys.

The environment names the file of the orders (`FILE`, else in memory) and the folder of the keys (`KEYS`), in which
`make_keys` makes ours, theirs and what both need. Not set: keys of the moment, with which nobody can talk.
"""

import asyncio
import json
import os
import sqlite3
from base64 import b32encode
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from xinglin.care.money import yuan
from xinglin.simulators.faults import KINDS, Faults
from xinglin.store.clock import Clock

FILE: Final = "SIMULATED_PAYMENTS"
KEYS: Final = "SIMULATED_PAYMENT_KEYS"
CHINA: Final = ZoneInfo("Asia/Shanghai")
# Faults of questions, and faults of the moment when somebody pays.
ASKED: Final = frozenset({"time-out", "refuse", "slow", "down"})
PAYING: Final = frozenset({"duplicate", "late-receipt", "no-receipt", "wrong-amount"})
WAITS: Final = (0.3, 1.0, 3.0, 9.0, 27.0)  # seconds before a call-back, again until it is heard
SAYS: Final = {
    "off": "正常",
    "time-out": "生效后超时",
    "duplicate": "重复回调",
    "refuse": "拒绝",
    "slow": "缓慢",
    "down": "不可用",
    "late-receipt": "回调迟到",
    "no-receipt": "不回调",
    "wrong-amount": "实付金额不符",
}
# (address, body, headers) -> status
Post = Callable[[str, bytes, dict[str, str]], Awaitable[int]]
Order = dict[str, Any]


class Refusal(Exception):
    """The channel says no: code and words."""


def now() -> datetime:
    """Give the time of the channel."""
    return Clock().now().astimezone(CHINA)


async def posted(address: str, body: bytes, headers: dict[str, str]) -> int:
    """Post a call-back by the network."""
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.post(address, content=body, headers=headers)).status_code


class Till:
    """The orders of a channel. tell: makes the call-back of a paid order, body and headers."""

    def __init__(
        self,
        name: str,
        title: str,
        tell: Callable[[Order], tuple[bytes, dict[str, str]]],
        *,
        post: Post = posted,
        waits: tuple[float, ...] = WAITS,
    ) -> None:
        self.name, self.title, self.faults = name, title, Faults()
        self._tell, self._post, self._waits = tell, post, waits
        self._base = sqlite3.connect(os.environ.get(FILE, "") or ":memory:", isolation_level=None)
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS kept (till TEXT, number TEXT, value TEXT, PRIMARY KEY (till, number))"
        )
        self._running: set[asyncio.Task[None]] = set()

    def get(self, number: str) -> Order | None:
        """Find an order."""
        row = self._base.execute("SELECT value FROM kept WHERE till = ? AND number = ?", (self.name, number)).fetchone()
        return None if row is None else json.loads(row[0])

    def keep(self, order: Order) -> None:
        """Keep an order."""
        self._base.execute(
            "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (till, number) DO UPDATE SET value = excluded.value",
            (self.name, order["number"], json.dumps(order, ensure_ascii=False)),
        )

    def all(self) -> list[Order]:
        """Give the orders, the newest first."""
        rows = self._base.execute("SELECT value FROM kept WHERE till = ? ORDER BY rowid DESC LIMIT 5000", (self.name,))
        return [json.loads(row[0]) for row in rows]

    def ask(self, number: str, fen: int, text: str, until: str, notify: str) -> Order:
        """Take an order; the same again is the same."""
        known = self.get(number)
        if known is None:
            made = {"number": number, "fen": fen, "text": text, "until": until, "notify": notify}
            known = made | {"state": "unpaid", "paid": 0, "transaction": "", "at": "", "refunds": {}}
            self.keep(known)
        if known["fen"] != fen:
            raise Refusal("INVALID_REQUEST", "商户订单号重复且金额不同")
        if known["state"] == "paid":
            raise Refusal("ORDERPAID", "订单已支付")
        if known["state"] == "closed":
            raise Refusal("ORDER_CLOSED", "订单已关闭")
        return known

    def close(self, number: str) -> None:
        """Close an order."""
        known = self.get(number)
        if known is None:
            raise Refusal("ORDER_NOT_EXIST", "订单不存在")
        if known["state"] == "paid":
            raise Refusal("ORDERPAID", "订单已支付")
        self.keep(known | {"state": "closed"})

    def refund(self, number: str, refund: str, fen: int) -> dict[str, Any]:
        """Give money back; the same number again says how it stands."""
        known = self.get(number)
        if known is None or known["state"] != "paid":
            raise Refusal("RESOURCE_NOT_EXISTS", "订单不存在或未支付")
        done = known["refunds"].get(refund)
        if done is None:
            gone = sum(one["fen"] for one in known["refunds"].values())
            if fen <= 0 or gone + fen > known["paid"]:
                raise Refusal("INVALID_REQUEST", "退款金额大于可退金额")
            done = {"fen": fen, "id": f"50{number_of(refund)}", "at": now().isoformat(timespec="seconds")}
            self.keep(known | {"refunds": known["refunds"] | {refund: done}})
        if done["fen"] != fen:
            raise Refusal("INVALID_REQUEST", "退款单号重复且金额不同")
        found: dict[str, Any] = done
        return found

    def pay(self, number: str) -> Order:
        """Let the payer pay, and call back as the fault that is on has it."""
        order = self.get(number)
        if order is None or order["state"] != "unpaid" or now() > datetime.fromisoformat(order["until"]):
            raise Refusal("ORDER_CLOSED", "订单不能支付")
        fault = self.faults.take(PAYING)
        paid = order["fen"] - 1 if fault == "wrong-amount" else order["fen"]
        at = now().isoformat(timespec="seconds")
        order |= {"state": "paid", "paid": paid, "transaction": f"42{number_of(number)}", "at": at}
        self.keep(order)
        if fault != "no-receipt":
            for _ in range(2 if fault == "duplicate" else 1):
                self._start(self._told(order, self.faults.seconds if fault == "late-receipt" else 0.0))
        return order

    async def heard(self) -> None:
        """Wait until every call-back that is on its way has come, or was given up."""
        while self._running:
            await asyncio.gather(*self._running)

    def of_day(self, day: date) -> list[Order]:
        """Give the orders that were paid or refunded on a day, the oldest first."""
        text = day.isoformat()
        found = [
            order
            for order in self.all()
            if order["at"][:10] == text or any(one["at"][:10] == text for one in order["refunds"].values())
        ]
        return found[::-1]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _told(self, order: Order, late: float) -> None:
        for wait in self._waits:
            await asyncio.sleep(wait + late)
            late = 0.0
            body, headers = self._tell(order)
            try:
                if await self._post(order["notify"], body, headers) < 300:
                    return
            except httpx.HTTPError:
                continue  # the platform is not there: once more

    # -- pages --------------------------------------------------------------------------------------------------------

    async def page(self, request: Request) -> Response:
        """Show the payer's page; POST pays or goes away."""
        order = self.get(request.path_params["number"])
        if order is None:
            return HTMLResponse(_page(self.title, "<p>没有这笔订单。</p>"), status_code=404)
        if request.method == "POST":
            act = (await request.form()).get("act")
            if act == "pay":
                try:
                    order = self.pay(order["number"])
                except Refusal as refused:
                    return HTMLResponse(_page(self.title, f"<p>{escape(str(refused.args[1]))}</p>"), status_code=409)
        states = {"unpaid": "待支付", "paid": "支付成功，可以关闭本页", "closed": "订单已关闭"}
        shown = f"<p>{escape(order['text'])}</p><p class=sum>¥{yuan(order['fen'])}</p><p>{states[order['state']]}</p>"
        if order["state"] == "unpaid":
            shown += (
                "<form method=post><button name=act value=pay>确认支付</button> "
                "<button name=act value=cancel class=quiet>取消</button></form>"
            )
        return HTMLResponse(_page(self.title, shown))

    async def shown(self, _request: Request) -> Response:
        """Show the orders, and the switches of faults."""
        lines = "".join(
            f"<tr><td>{escape(one['number'])}<td>{yuan(one['fen'])}<td>{escape(one['state'])}"
            f"<td>{yuan(sum(back['fen'] for back in one['refunds'].values()))}<td>{escape(one['at'])}"
            for one in self.all()[:100]
        )
        kinds = "".join(f"<option value={kind}>{SAYS[kind]}" for kind in KINDS)
        return HTMLResponse(
            _page(
                self.title,
                f"<form method=post action=switch><label>故障 <select name=kind>{kinds}</select></label> "
                "<label>次数 <input name=times type=number value=1 min=0></label> "
                "<label>秒 <input name=seconds type=number value=30 min=0></label> <button>设置</button></form>"
                f"<p>当前：{SAYS[self.faults.kind]}</p>"
                f"<table><tr><th>订单<th>金额<th>状态<th>已退<th>时间{lines}</table>",
            )
        )

    async def switch(self, request: Request) -> Response:
        """Switch a fault on by the page."""
        form = await request.form()
        try:
            self.faults.switch(str(form["kind"]), int(str(form["times"])), float(str(form["seconds"])))
        except (KeyError, ValueError) as wrong:
            return HTMLResponse(_page(self.title, f"<p>{escape(str(wrong))}</p>"), status_code=422)
        return RedirectResponse(".", status_code=303)


def number_of(number: str) -> str:
    """Make the channel's number of ours."""
    return b32encode(number.encode()).decode().rstrip("=")[:26]


def link(request: Request, number: str) -> str:
    """Give the address of the payer's page."""
    return f"{base_of(request)}/pay/{number}"


def base_of(request: Request) -> str:
    """Give where the channel stands, also below a path of its own."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def make_keys(folder: Path) -> None:
    """Make the keys of a channel, once: ``merchant`` is ours, ``platform`` the channel's."""
    if (folder / "api-v3.key").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("merchant", "platform"):
        key = generate_private_key(65537, 2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        # Each side finds its own private key and the other's public one.
        for path, content in (
            (folder / ("merchant.pem" if name == "merchant" else "channel.pem"), private),
            (folder / ("merchant.pub" if name == "merchant" else "platform.pem"), public),
        ):
            path.touch(mode=0o600)
            path.write_bytes(content)
    (folder / "serial").write_text("5157F09EFDC096DE15EBE81A47057A7232F1B8E1")
    secret = folder / "api-v3.key"
    secret.touch(mode=0o600)
    secret.write_text(b32encode(os.urandom(20)).decode())


def keys_of(name: str) -> tuple[RSAPrivateKey, RSAPublicKey, bytes]:
    """Give the channel's own key, the merchant's public key and the secret between them."""
    base = os.environ.get(KEYS, "")
    if not base:
        fresh = generate_private_key(65537, 2048)
        return fresh, fresh.public_key(), b"0" * 32
    folder = Path(base) / name
    own = load_pem_private_key((folder / "channel.pem").read_bytes(), None)
    theirs = load_pem_public_key((folder / "merchant.pub").read_bytes())
    if not isinstance(own, RSAPrivateKey) or not isinstance(theirs, RSAPublicKey):
        raise TypeError(f"{folder} holds no RSA keys")
    return own, theirs, (folder / "api-v3.key").read_bytes().strip()


def _page(title: str, body: str) -> str:
    style = (
        "body{font:18px sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}.sum{font-size:2.4rem}"
        "button{font-size:1.1rem;padding:.7rem 1.6rem;border:0;border-radius:.4rem;background:#0b7a4b;color:#fff}"
        ".quiet{background:#eee;color:#222}td,th{text-align:left;padding:.3rem .6rem;font-size:.9rem}"
    )
    return (
        "<!doctype html><html lang=zh><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{style}</style><h1>{escape(title)}</h1>{body}</html>"
    )
