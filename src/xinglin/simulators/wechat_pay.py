"""WeChat Pay, simulated: native payments, queries, closing, refunds, the file of a day (API v3).

A payer opens ``/pay/NUMBER`` and confirms; the platform is called back, signed and sealed. ``/`` shows the orders and
switches faults (`simulators.payments`). Requests must bear the merchant's signature, answers bear ours.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import date
from hashlib import sha1
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.capabilities.billing.rules import wechat_pay as signed
from xinglin.care.money import yuan
from xinglin.simulators.payments import ASKED, Order, Post, Refusal, Till, base_of, keys_of, link, now, posted

NAME: Final = "wechat-pay"
HEADS: Final = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
STATUS: Final = {"ORDER_NOT_EXIST": 404, "NO_STATEMENT_EXIST": 404, "SIGN_ERROR": 401}
Effect = Callable[[Request, dict[str, Any]], Awaitable[object]]


class Channel:
    """WeChat Pay."""

    def __init__(self, post: Post = posted, waits: tuple[float, ...] | None = None) -> None:
        self.own, self.theirs, self.secret = keys_of(NAME)
        more = {} if waits is None else {"waits": waits}
        self.till = Till(NAME, "微信支付模拟器", self.told, post=post, **more)

    def around(self, effect: Effect) -> Callable[[Request], Awaitable[Response]]:
        """Make an endpoint: signed both ways, with the fault that is on."""

        async def endpoint(request: Request) -> Response:
            body = (await request.body()).decode()
            kind = self.till.faults.take(ASKED)
            if kind == "down":
                return Response(status_code=503)
            if kind == "slow":
                await asyncio.sleep(self.till.faults.seconds)
            try:
                self._authorized(request, body)
                if kind == "refuse":
                    raise Refusal("SYSTEM_ERROR_SIMULATED", "模拟器拒绝")  # noqa: TRY301  as the channel would
                found = await effect(request, msgspec.json.decode(body or "{}"))
            except Refusal as refused:
                code, words = refused.args
                return self._signed({"code": code, "message": words}, STATUS.get(code, 400))
            if kind == "time-out":
                await asyncio.sleep(self.till.faults.seconds)
            return self._signed(found, 200 if found is not None else 204)

        return endpoint

    def _authorized(self, request: Request, body: str) -> None:
        given = signed.authorized(request.headers.get("authorization", ""))
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        path += f"?{request.url.query}" if request.url.query else ""
        lines = (request.method, path, given.get("timestamp", ""), given.get("nonce_str", ""), body)
        if not signed.holds(self.theirs, given.get("signature", ""), *lines):
            raise Refusal("SIGN_ERROR", "签名错误")

    def _signed(self, content: object, status: int = 200) -> Response:
        body = b"" if content is None else msgspec.json.encode(content)
        return Response(body, status, self._headers(body.decode()), media_type="application/json")

    def _headers(self, body: str) -> dict[str, str]:
        stamp, nonce = str(int(now().timestamp())), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": "PUB_KEY_ID_SIMULATED",
            "Wechatpay-Signature": signed.sign(self.own, stamp, nonce, body),
        }

    def told(self, order: Order) -> tuple[bytes, dict[str, str]]:
        """Make the call-back of a paid order."""
        resource = signed.sealed(
            self.secret, msgspec.json.encode(self._order(order)), secrets.token_hex(6), "transaction"
        )
        body = msgspec.json.encode(
            {
                "id": secrets.token_hex(16),
                "create_time": now().isoformat(timespec="seconds"),
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "支付成功",
                "resource": resource,
            }
        )
        return body, self._headers(body.decode()) | {"content-type": "application/json"}

    def _order(self, order: Order) -> dict[str, Any]:
        states = {"unpaid": "NOTPAY", "paid": "REFUND" if order["refunds"] else "SUCCESS", "closed": "CLOSED"}
        found: dict[str, Any] = {
            "appid": order.get("app", ""),
            "mchid": order.get("merchant", ""),
            "out_trade_no": order["number"],
            "trade_type": "NATIVE",
            "trade_state": states[order["state"]],
            "trade_state_desc": "",
        }
        if order["state"] == "paid":
            amount = {"total": order["paid"], "payer_total": order["paid"], "currency": "CNY", "payer_currency": "CNY"}
            found |= {"transaction_id": order["transaction"], "success_time": order["at"], "amount": amount}
        return found

    async def native(self, request: Request, given: dict[str, Any]) -> object:
        """Take an order."""
        order = self.till.ask(
            given["out_trade_no"],
            given["amount"]["total"],
            given["description"],
            given["time_expire"],
            given["notify_url"],
        )
        self.till.keep(order | {"app": given["appid"], "merchant": given["mchid"]})
        return {"code_url": link(request, order["number"])}

    async def query(self, request: Request, _given: dict[str, Any]) -> object:
        """Say how an order stands."""
        order = self.till.get(request.path_params["number"])
        if order is None:
            raise Refusal("ORDER_NOT_EXIST", "订单不存在")
        return self._order(order)

    async def close(self, request: Request, _given: dict[str, Any]) -> object:
        """Close an order."""
        self.till.close(request.path_params["number"])
        return None

    async def refund(self, _request: Request, given: dict[str, Any]) -> object:
        """Give money back."""
        amount = given["amount"]
        done = self.till.refund(given["out_trade_no"], given["out_refund_no"], amount["refund"])
        return {
            "refund_id": done["id"],
            "out_refund_no": given["out_refund_no"],
            "out_trade_no": given["out_trade_no"],
            "status": "SUCCESS",
            "success_time": done["at"],
            "amount": {"refund": done["fen"], "total": amount["total"], "currency": "CNY"},
        }

    async def bill(self, request: Request, _given: dict[str, Any]) -> object:
        """Say where the file of a day is."""
        day = date.fromisoformat(request.query_params["bill_date"])
        file = self._file(day)
        if not self.till.of_day(day):
            raise Refusal("NO_STATEMENT_EXIST", "账单文件不存在")
        base = base_of(request)
        return {
            "hash_type": "SHA1",
            "hash_value": sha1(file.encode(), usedforsecurity=False).hexdigest(),
            "download_url": f"{base}/v3/billdownload/file?day={day}",
        }

    async def file(self, request: Request) -> Response:
        """Give the file of a day."""
        return Response(self._file(date.fromisoformat(request.query_params["day"])), media_type="text/plain")

    def _file(self, day: date) -> str:
        lines = []
        for order in self.till.of_day(day):
            if order["at"][:10] == day.isoformat():
                lines.append(_line(order, None, None))
            for number, back in order["refunds"].items():
                if back["at"][:10] == day.isoformat():
                    lines.append(_line(order, number, back))
        total = f"总交易单数,应结订单总金额\r\n`{len(lines)},`0.00\r\n"
        return "\r\n".join((HEADS, *lines, total))


def _line(order: Order, refund: str | None, back: dict[str, Any] | None) -> str:
    paid = yuan(order["paid"])
    at = (back or order)["at"].replace("T", " ")[:19]
    gone = yuan(back["fen"]) if back else "0.00"
    cells = [
        *(at, order.get("app", ""), order.get("merchant", ""), "0", "", order["transaction"], order["number"], "payer"),
        *("NATIVE", "REFUND" if back else "SUCCESS", "OTHERS", "CNY", "0.00" if back else paid, "0.00"),
        *(back["id"] if back else "0", refund or "0", gone, "0.00", "ORIGINAL" if back else "", ""),
        *(order["text"], "", "0.00000", "0.60%", "0.00" if back else paid, gone, ""),
    ]
    return ",".join(f"`{cell}" for cell in cells)


def application(channel: Channel | None = None) -> Starlette:
    """Make the channel's interface and pages."""
    one = channel or Channel()
    of = "/v3/pay/transactions/out-trade-no/{number}"
    return Starlette(
        routes=[
            Route("/", one.till.shown, methods=["GET"]),
            Route("/switch", one.till.switch, methods=["POST"]),
            Route("/faults", one.till.faults.set, methods=["POST"]),
            Route("/pay/{number}", one.till.page, methods=["GET", "POST"]),
            Route("/v3/pay/transactions/native", one.around(one.native), methods=["POST"]),
            Route(of, one.around(one.query), methods=["GET"]),
            Route(f"{of}/close", one.around(one.close), methods=["POST"]),
            Route("/v3/refund/domestic/refunds", one.around(one.refund), methods=["POST"]),
            Route("/v3/bill/tradebill", one.around(one.bill), methods=["GET"]),
            Route("/v3/billdownload/file", one.file, methods=["GET"]),
        ]
    )
