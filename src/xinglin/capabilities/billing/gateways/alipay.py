"""Alipay, open platform: payments by a code (precreate), queries, refunds, the file of a day, call-backs; RSA2."""

import csv
import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
import msgspec

from xinglin.capabilities.billing.gateways.channels import (
    SECONDS,
    Back,
    ChannelRefusedError,
    ChannelSilentError,
    Keys,
    Known,
    Order,
    Returned,
    State,
    Told,
)
from xinglin.capabilities.billing.rules import alipay as signed
from xinglin.capabilities.billing.rules.reconciling import Row
from xinglin.care.money import fen, yuan

CHINA: Final = ZoneInfo("Asia/Shanghai")
_STATES: Final[Mapping[str, State]] = {
    "TRADE_SUCCESS": "paid",
    "TRADE_FINISHED": "paid",
    "WAIT_BUYER_PAY": "unpaid",
    "TRADE_CLOSED": "closed",
}
GOOD: Final = "10000"
UNKNOWN: Final = "20000"  # the service is not there


class Alipay:
    """The channel. notify: the address it calls back. transport: another way to it than the network, for tests."""

    def __init__(
        self,
        base: str,
        app: str,
        keys: Keys,
        *,
        notify: str,
        transport: httpx.AsyncBaseTransport | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._base, self._app, self._keys = base, app, keys
        self._notify, self._transport, self._seconds = notify, transport, seconds

    async def ask(self, order: Order, now: datetime) -> str:
        """Ask for a code; the same order again gives its code again."""
        given = {
            "out_trade_no": order.number,
            "total_amount": yuan(order.fen),
            "subject": order.text[:100],
            "time_expire": f"{order.until.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
        }
        return str((await self._said("alipay.trade.precreate", given, now))["qr_code"])

    async def query(self, number: str, now: datetime) -> Known:
        """Ask by our number; Alipay does not know an order before its code was scanned."""
        try:
            found = await self._said("alipay.trade.query", {"out_trade_no": number}, now)
        except ChannelRefusedError as refused:
            if "ACQ.TRADE_NOT_EXIST" in str(refused):
                return Known("none")
            raise
        return _known(found, str(found.get("send_pay_date", "")))

    async def close(self, number: str, now: datetime) -> None:
        """Cancel an order. What was never scanned cannot be paid after it, and what was paid is refused."""
        known = await self.query(number, now)
        if known.state == "paid":
            raise ChannelRefusedError("ACQ.TRADE_HAS_SUCCESS")
        found = await self._said("alipay.trade.cancel", {"out_trade_no": number}, now)
        if found.get("action") == "refund":
            # It was paid between: cancelling has given the money back.
            raise ChannelSilentError("cancelled after it was paid")

    async def refund(self, back: Back, now: datetime) -> Returned:
        """Ask for a refund; the same number again only says how it stands."""
        given = {
            "out_trade_no": back.of,
            "out_request_no": back.number,
            "refund_amount": yuan(back.fen),
            "refund_reason": back.reason[:80],
        }
        await self._said("alipay.trade.refund", given, now)
        asked = {"out_trade_no": back.of, "out_request_no": back.number}
        found = await self._said("alipay.trade.fastpay.refund.query", asked, now)
        return Returned(
            found.get("refund_status") == "REFUND_SUCCESS",
            fen(str(found.get("refund_amount", "0"))),
            f"{found.get('trade_no', '')}/{back.number}",
            _time(str(found.get("gmt_refund_pay", ""))),
        )

    async def bill(self, day: date, now: datetime) -> tuple[Row, ...]:
        """Fetch the file of a day: a ZIP of tables in GB18030."""
        given = {"bill_type": "trade", "bill_date": day.isoformat()}
        try:
            found = await self._said("alipay.data.dataservice.bill.downloadurl.query", given, now)
        except ChannelRefusedError as refused:
            if "isp.bill_not_exist" in str(refused):
                return ()
            raise
        try:
            async with self._client() as client:
                file = await client.get(str(found["bill_download_url"]))
                file.raise_for_status()
            with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
                [name] = [one for one in archive.namelist() if one.endswith("detail.csv")]
                return _rows(archive.read(name).decode("gb18030"))
        except (httpx.HTTPError, zipfile.BadZipFile, ValueError) as fault:
            raise ChannelSilentError(type(fault).__name__) from fault

    def heard(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Told | None:
        """Verify a call-back: a form, signed within; headers and time say nothing."""
        del headers, now
        given = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if not signed.holds(self._keys.theirs, given.get("sign", ""), signed.content(given, heard=True)):
            return None
        if given.get("app_id") != self._app or given.get("trade_status") not in _STATES:
            return None
        try:
            return Told(given["out_trade_no"], _known(given, given.get("gmt_payment", "")))
        except (KeyError, ValueError, ArithmeticError):
            return None

    async def _said(self, method: str, given: Mapping[str, str], now: datetime) -> dict[str, Any]:
        asked = {
            "app_id": self._app,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{now.astimezone(CHINA):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "notify_url": self._notify,
            "biz_content": msgspec.json.encode(given).decode(),
        }
        asked["sign"] = signed.sign(self._keys.own, signed.content(asked))
        node = method.replace(".", "_") + "_response"
        try:
            async with self._client() as client:
                answer = await client.post(f"{self._base}/gateway.do", data=asked)
                answer.raise_for_status()
            whole = msgspec.json.decode(answer.content)
            if not signed.holds(self._keys.theirs, str(whole["sign"]), signed.said(answer.text, node)):
                raise ChannelSilentError("the answer is not signed by Alipay")
            found: dict[str, Any] = whole[node]
            code = str(found["code"])
        except (httpx.HTTPError, KeyError, TypeError, ValueError, msgspec.DecodeError) as fault:
            raise ChannelSilentError(type(fault).__name__) from fault
        if code == UNKNOWN:
            raise ChannelSilentError(str(found.get("sub_code", code)))
        if code != GOOD:
            raise ChannelRefusedError(f"{found.get('sub_code', code)} {found.get('sub_msg', '')}"[:200])
        return found

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=self._seconds, transport=self._transport)


def _known(found: Mapping[str, Any], at: str) -> Known:
    state = _STATES[found["trade_status"]]
    return Known(state, fen(str(found["total_amount"])), str(found.get("trade_no", "")), _time(at))


def _time(given: str) -> str:
    """Give a time as Alipay writes it (of China) with its offset; empty stays so."""
    return f"{given.replace(' ', 'T')[:19]}+08:00" if given else ""


def _rows(text: str) -> tuple[Row, ...]:
    """Read the file: lines that begin with # are words; values may end in a tab."""
    lines = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    heads = [head.strip() for head in next(lines, [])]
    found = []
    try:
        for line in lines:
            row = dict(zip(heads, (value.strip() for value in line), strict=True))
            refund = row["退款批次号/请求号"]
            found.append(Row(row["商户订单号"], abs(fen(row["订单金额（元）"])), row["支付宝交易号"], refund))
    except (KeyError, ValueError, ArithmeticError) as fault:
        raise ChannelSilentError(f"the file of the day cannot be read: {fault}") from fault
    return tuple(found)
