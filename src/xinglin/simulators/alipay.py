"""Alipay, simulated: payments by a code, queries, cancelling, refunds, the file of a day (open platform, RSA2).

A payer opens ``/pay/NUMBER`` and confirms; the platform is called back, signed. ``/`` shows the orders and switches
faults (`simulators.payments`). Requests must bear the merchant's signature, answers bear ours.
"""

import asyncio
import io
import zipfile
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.capabilities.billing.rules import alipay as signed
from xinglin.care.money import fen, yuan
from xinglin.simulators.payments import ASKED, Order, Post, Refusal, Till, base_of, keys_of, link, now, posted

NAME: Final = "alipay"
HEADS: Final = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,退款批次号/请求号,订单金额（元）,商家实收（元）"
)
STATES: Final = {"unpaid": "WAIT_BUYER_PAY", "paid": "TRADE_SUCCESS", "closed": "TRADE_CLOSED"}


class Channel:
    """Alipay."""

    def __init__(self, post: Post = posted, waits: tuple[float, ...] | None = None) -> None:
        self.own, self.theirs, _ = keys_of(NAME)
        more = {} if waits is None else {"waits": waits}
        self.till = Till(NAME, "支付宝模拟器", self.told, post=post, **more)

    async def gateway(self, request: Request) -> Response:
        """Take a question."""
        asked = {name: str(value) for name, value in (await request.form()).items()}
        node = asked.get("method", "").replace(".", "_") + "_response"
        kind = self.till.faults.take(ASKED)
        if kind == "down":
            return Response(status_code=503)
        if kind == "slow":
            await asyncio.sleep(self.till.faults.seconds)
        try:
            if not signed.holds(self.theirs, asked.get("sign", ""), signed.content(asked)):
                raise Refusal("isv.invalid-signature", "验签出错")  # noqa: TRY301  as the channel would
            if kind == "refuse":
                raise Refusal("ACQ.SIMULATED", "模拟器拒绝")  # noqa: TRY301  as the channel would
            given = msgspec.json.decode(asked["biz_content"])
            found = {"code": "10000", "msg": "Success"} | self._answer(request, asked, given)
        except Refusal as refused:
            code, words = refused.args
            found = {"code": "40004", "msg": "Business Failed", "sub_code": code, "sub_msg": words}
        if kind == "time-out":
            await asyncio.sleep(self.till.faults.seconds)
        text = msgspec.json.encode(found).decode()
        body = f'{{"{node}":{text},"sign":"{signed.sign(self.own, text)}"}}'
        return Response(body, media_type="application/json")

    def _answer(self, request: Request, asked: dict[str, str], given: dict[str, Any]) -> dict[str, Any]:
        match asked["method"]:
            case "alipay.trade.precreate":
                until = given["time_expire"].replace(" ", "T") + "+08:00"
                amount = fen(given["total_amount"])
                order = self.till.ask(given["out_trade_no"], amount, given["subject"], until, asked["notify_url"])
                self.till.keep(order | {"app": asked["app_id"]})
                return {"out_trade_no": order["number"], "qr_code": link(request, order["number"])}
            case "alipay.trade.query":
                return self._order(self._known(given["out_trade_no"]))
            case "alipay.trade.cancel":
                order = self._known(given["out_trade_no"])
                if order["state"] == "unpaid":
                    self.till.close(order["number"])
                return {"out_trade_no": order["number"], "retry_flag": "N", "action": "close"}
            case "alipay.trade.refund":
                number = given["out_trade_no"]
                self.till.refund(number, given["out_request_no"], fen(given["refund_amount"]))
                return {"out_trade_no": number, "fund_change": "Y", "refund_fee": given["refund_amount"]}
            case "alipay.trade.fastpay.refund.query":
                order = self._known(given["out_trade_no"])
                back = order["refunds"].get(given["out_request_no"])
                if back is None:
                    return {}
                at = back["at"].replace("T", " ")[:19]
                found = {"refund_status": "REFUND_SUCCESS", "refund_amount": yuan(back["fen"]), "gmt_refund_pay": at}
                return found | {"trade_no": order["transaction"], "out_request_no": given["out_request_no"]}
            case "alipay.data.dataservice.bill.downloadurl.query":
                day = date.fromisoformat(given["bill_date"])
                if not self.till.of_day(day):
                    raise Refusal("isp.bill_not_exist", "账单不存在")
                base = base_of(request)
                return {"bill_download_url": f"{base}/bill?day={day}"}
            case _:
                raise Refusal("isv.invalid-method", "不存在的方法名")

    def _known(self, number: str) -> Order:
        order = self.till.get(number)
        if order is None:
            raise Refusal("ACQ.TRADE_NOT_EXIST", "交易不存在")
        return order

    def _order(self, order: Order) -> dict[str, Any]:
        amount = order["paid"] if order["state"] == "paid" else order["fen"]
        found = {
            "out_trade_no": order["number"],
            "trade_status": STATES[order["state"]],
            "total_amount": yuan(amount),
            "trade_no": order["transaction"],
        }
        return found | ({"send_pay_date": order["at"].replace("T", " ")[:19]} if order["at"] else {})

    def told(self, order: Order) -> tuple[bytes, dict[str, str]]:
        """Make the call-back of a paid order."""
        at = order["at"].replace("T", " ")[:19]
        given = self._order(order) | {
            "notify_time": f"{now():%Y-%m-%d %H:%M:%S}",
            "notify_type": "trade_status_sync",
            "app_id": order.get("app", ""),
            "charset": "utf-8",
            "version": "1.0",
            "sign_type": "RSA2",
            "gmt_payment": at,
        }
        given["sign"] = signed.sign(self.own, signed.content(given, heard=True))
        return urlencode(given).encode(), {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

    async def bill(self, request: Request) -> Response:
        """Give the file of a day."""
        day = request.query_params["day"]
        lines = ["#支付宝业务明细查询", f"#起始日期：[{day}]", HEADS]
        for order in self.till.of_day(date.fromisoformat(day)):
            if order["at"][:10] == day:
                lines.append(_line(order, "", order["paid"], order["at"], "交易"))
            for number, back in order["refunds"].items():
                if back["at"][:10] == day:
                    lines.append(_line(order, number, -back["fen"], back["at"], "退款"))
        lines.append(f"#交易合计：{len(lines) - 3}笔")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{day.replace('-', '')}_detail.csv", "\r\n".join(lines).encode("gb18030"))
        return Response(packed.getvalue(), media_type="application/zip")


def _line(order: Order, refund: str, amount: int, at: str, kind: str) -> str:
    moment = at.replace("T", " ")[:19]
    cells = (order["transaction"], order["number"], kind, order["text"], moment, moment, refund)
    return ",".join(f"{cell}\t" for cell in (*cells, yuan(amount), yuan(amount)))


def application(channel: Channel | None = None) -> Starlette:
    """Make the channel's interface and pages."""
    one = channel or Channel()
    return Starlette(
        routes=[
            Route("/", one.till.shown, methods=["GET"]),
            Route("/switch", one.till.switch, methods=["POST"]),
            Route("/faults", one.till.faults.set, methods=["POST"]),
            Route("/pay/{number}", one.till.page, methods=["GET", "POST"]),
            Route("/gateway.do", one.gateway, methods=["POST"]),
            Route("/bill", one.bill, methods=["GET"]),
        ]
    )
