"""WeChat Pay, API v3: native payments (a code to scan or to open), queries, refunds, the file of a day, call-backs."""

import csv
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha1
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
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
from xinglin.capabilities.billing.rules import wechat_pay as signed
from xinglin.capabilities.billing.rules.reconciling import Row
from xinglin.care.money import fen

CHINA: Final = ZoneInfo("Asia/Shanghai")
_STATES: Final[Mapping[str, State]] = {
    "SUCCESS": "paid",
    "REFUND": "paid",
    "NOTPAY": "unpaid",
    "USERPAYING": "unpaid",
    "PAYERROR": "unpaid",
    "CLOSED": "closed",
    "REVOKED": "closed",
}


class WechatPay:
    """The channel. notify: the address it calls back. transport: another way to it than the network, for tests."""

    def __init__(
        self,
        base: str,
        app: str,
        merchant: str,
        keys: Keys,
        *,
        notify: str,
        transport: httpx.AsyncBaseTransport | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._base, self._app, self._merchant, self._keys = base, app, merchant, keys
        self._notify, self._transport, self._seconds = notify, transport, seconds

    async def ask(self, order: Order, now: datetime) -> str:
        """Ask for a native payment; the same order again gives its code again."""
        given = {
            "appid": self._app,
            "mchid": self._merchant,
            "description": order.text[:100],
            "out_trade_no": order.number,
            "time_expire": order.until.astimezone(CHINA).isoformat(timespec="seconds"),
            "notify_url": self._notify,
            "amount": {"total": order.fen, "currency": "CNY"},
        }
        return str((await self._said("POST", "/v3/pay/transactions/native", given, now))["code_url"])

    async def query(self, number: str, now: datetime) -> Known:
        """Ask by our number."""
        try:
            found = await self._said("GET", f"{_of(number)}?mchid={self._merchant}", None, now)
        except ChannelRefusedError as refused:
            if "ORDER_NOT_EXIST" in str(refused):
                return Known("none")
            raise
        return self._known(found)

    async def close(self, number: str, now: datetime) -> None:
        """Close an order."""
        await self._said("POST", f"{_of(number)}/close", {"mchid": self._merchant}, now)

    async def refund(self, back: Back, now: datetime) -> Returned:
        """Ask for a refund; the same number again only says how it stands."""
        given = {
            "out_trade_no": back.of,
            "out_refund_no": back.number,
            "reason": back.reason[:80],
            "amount": {"refund": back.fen, "total": back.total, "currency": "CNY"},
        }
        found = await self._said("POST", "/v3/refund/domestic/refunds", given, now)
        if found["status"] in {"CLOSED", "ABNORMAL"}:
            raise ChannelRefusedError(str(found["status"]))
        return Returned(
            found["status"] == "SUCCESS",
            int(found["amount"]["refund"]),
            str(found["refund_id"]),
            str(found.get("success_time", "")),
        )

    async def bill(self, day: date, now: datetime) -> tuple[Row, ...]:
        """Fetch the file of a day, and see that it is whole."""
        asked = urlencode({"bill_date": day.isoformat(), "bill_type": "ALL"})
        try:
            found = await self._said("GET", f"/v3/bill/tradebill?{asked}", None, now)
        except ChannelRefusedError as refused:
            if "NO_STATEMENT_EXIST" in str(refused):
                return ()
            raise
        parts = urlsplit(str(found["download_url"]))
        path = parts.path.removeprefix(urlsplit(self._base).path) + (f"?{parts.query}" if parts.query else "")
        file = await self._sent("GET", path, "", now)
        digest = sha1(file.content, usedforsecurity=False).hexdigest()
        if file.status_code != 200 or digest.upper() != str(found["hash_value"]).upper():
            raise ChannelSilentError("the file of the day is not whole")
        return _rows(file.text)

    def heard(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Told | None:
        """Verify and open a call-back."""
        text = body.decode("utf-8", "replace")
        if not signed.answered(self._keys.theirs, headers, text, int(now.timestamp())):
            return None
        try:
            notice = msgspec.json.decode(body)
            content = signed.opened(self._keys.secret, notice["resource"])
            if content is None or notice["event_type"] != "TRANSACTION.SUCCESS":
                return None
            found = msgspec.json.decode(content)
            if found["mchid"] != self._merchant or found["appid"] != self._app:
                return None
            return Told(str(found["out_trade_no"]), self._known(found))
        except (KeyError, TypeError, ValueError, msgspec.DecodeError):
            return None

    def _known(self, found: Mapping[str, Any]) -> Known:
        amount = found.get("amount", {})
        return Known(
            _STATES[found["trade_state"]],
            int(amount.get("total", 0)),
            str(found.get("transaction_id", "")),
            str(found.get("success_time", "")),
        )

    async def _said(self, verb: str, path: str, given: object, now: datetime) -> dict[str, Any]:
        body = "" if given is None else msgspec.json.encode(given).decode()
        answer = await self._sent(verb, path, body, now)
        if not signed.answered(self._keys.theirs, answer.headers, answer.text, int(now.timestamp())):
            raise ChannelSilentError("the answer is not signed by WeChat Pay")
        try:
            found: dict[str, Any] = msgspec.json.decode(answer.content or b"{}")
            if answer.status_code >= 500:
                raise ChannelSilentError(str(found.get("code", answer.status_code)))
            if answer.status_code >= 400:
                raise ChannelRefusedError(f"{found['code']} {found['message']}"[:200])
        except (KeyError, AttributeError, msgspec.DecodeError) as fault:
            raise ChannelSilentError(type(fault).__name__) from fault
        return found

    async def _sent(self, verb: str, path: str, body: str, now: datetime) -> httpx.Response:
        nonce = secrets.token_hex(16)
        header = signed.authorization(
            *(self._keys.own, self._merchant, self._keys.serial),
            verb=verb,
            path=path,
            body=body,
            nonce=nonce,
            seconds=int(now.timestamp()),
        )
        try:
            async with httpx.AsyncClient(timeout=self._seconds, transport=self._transport) as client:
                return await client.request(
                    verb,
                    f"{self._base}{path}",
                    content=body.encode(),
                    headers={"authorization": header, "content-type": "application/json", "accept": "application/json"},
                )
        except httpx.HTTPError as fault:
            raise ChannelSilentError(type(fault).__name__) from fault


def _of(number: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{number}"


def _rows(text: str) -> tuple[Row, ...]:
    """Read the file: Chinese heads, each value after a back-quote, a line of totals with its own heads at the end."""
    found = []
    lines = csv.reader(text.lstrip("\ufeff").splitlines())
    heads = next(lines, [])
    try:
        for line in lines:
            if not line or not line[0].startswith("`"):
                break
            row = {head: value.removeprefix("`") for head, value in zip(heads, line, strict=True)}
            refund = row["商户退款单号"] if row["交易状态"] == "REFUND" else ""
            amount = row["退款金额"] if refund else row["订单金额"]
            transaction = row["微信退款单号"] if refund else row["微信订单号"]
            found.append(Row(row["商户订单号"], fen(amount), transaction, refund))
    except (KeyError, ValueError, ArithmeticError) as fault:
        raise ChannelSilentError(f"the file of the day cannot be read: {fault}") from fault
    return tuple(found)
