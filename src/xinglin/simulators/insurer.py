"""The insurance platform, simulated: insured persons, their accumulators, settlements in the national form.

``POST /api`` takes the envelope of `capabilities/insurance/gateways.py`. ``PUT /persons`` makes persons insured,
``PUT /reviews`` says what its review of fees finds,
``GET /`` shows what was settled. A card number that nobody knows is insured at its first question, as the field
``exp_content.insutype`` of 1101 says. It reckons with `care.settlement` by rules of the day, and keeps what it
knows in the file that the environment names (`FILE`), else in memory.

Faults by ``POST /faults``, of one transaction with ``"of": "2207"``: time-out after the effect, duplicate, refuse, slow
(the effect comes late), down.
"""

import os
from collections.abc import Mapping
from datetime import date, datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from xinglin.care.insurer import numbers
from xinglin.care.money import yuan
from xinglin.simulators.faults import Faults
from xinglin.simulators.insurer_book import Book, Refusal
from xinglin.simulators.insurer_visits import ACTS
from xinglin.simulators.receipts import seconds_now

FILE: Final = "SIMULATED_INSURER"
LENGTH: Final = 30  # of the number of a message
CHINA: Final = ZoneInfo("Asia/Shanghai")


class Platform:
    """The platform: takes envelopes, answers each message once."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.faults = Faults()
        self._of = ""
        self._acts = {named.code: act for act, named in numbers().items()}

    async def api(self, request: Request) -> Response:
        """Take an envelope."""
        asked = await request.json()
        if self._of and str(asked.get("infno")) != self._of:
            return JSONResponse(self.answer(asked))
        return await self.faults.around(self.answer, refused=lambda why: JSONResponse(_said({}, why)))(request)

    async def set_faults(self, request: Request) -> Response:
        """Take POST /faults; ``of`` names the transaction that has them."""
        self._of = str((await request.json()).get("of", ""))
        return await self.faults.set(request)

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer an envelope; the same message is answered as the first time, and has its effect once."""
        message, number = str(asked.get("msgid", "")), str(asked.get("infno", ""))
        act = self._acts.get(number, "")
        try:
            refused = self._refusal(act, message, str(asked.get("sign_no", "")))
            known = None if refused else self.book.answered(message, number, asked.get("input"))
            if known is not None or refused:
                return _said(known or {}, refused)
            with self.book.whole():
                output = ACTS[act](self.book, asked)
                self.book.keep_answer(message, number, asked.get("input"), output)
            return _said(output)
        except Refusal as refusal:
            return _said({}, str(refusal))
        except (KeyError, TypeError, ValueError, ArithmeticError) as fault:
            return _said({}, f"入参有误：{type(fault).__name__} {fault}")

    def _refusal(self, act: str, message: str, sign_no: str) -> str:
        if act not in ACTS:
            return "不支持的交易"
        if len(message) != LENGTH:
            return "报文编号应为 30 位"
        if self.book.undone(message):
            return "该报文已冲正"
        return "" if act == "sign-in" or self.book.signed_in(sign_no) else "未签到或签到已失效"

    async def insure(self, request: Request) -> Response:
        """Take PUT /persons: a list of persons as `insurer_book` keeps them."""
        for one in await request.json():
            self.book.insure(one)
        return Response(status_code=204)

    async def review(self, request: Request) -> Response:
        """Take PUT /reviews: what reviews find from now on."""
        self.book.keep("reviews", "all", {"result": await request.json()})
        return Response(status_code=204)

    async def listed(self, _request: Request) -> Response:
        """Give every settlement, newest first."""
        return JSONResponse(self.book.settlements())

    async def shown(self, _request: Request) -> Response:
        """Show what was settled."""
        lines = "".join(
            f"<li>{escape(one['setl_id'])} {escape(one['day'])} {escape(one['psn_no'])} "
            f"总额 {yuan(one['figures']['medfee_sumamt'])} 基金 {yuan(one['figures']['fund_pay_sumamt'])} "
            f"现金 {yuan(one['figures']['psn_cash_pay'])} <i>{'已撤销' if one['reversed'] else '有效'}</i></li>"
            for one in self.book.settlements()
        )
        return HTMLResponse(
            f"<!doctype html><meta charset=utf-8><title>Insurer</title><h1>医保平台模拟器</h1><ul>{lines}</ul>"
        )


def _said(output: Mapping[str, Any], refusal: str = "") -> dict[str, Any]:
    return {
        "infcode": -1 if refusal else 0,
        "inf_refmsgid": "",
        "refmsg_time": "",
        "respond_time": "",
        "err_msg": refusal,
        "output": dict(output),
    }


def application() -> Starlette:
    """Make a platform."""
    platform = Platform(Book(os.environ.get(FILE, ""), today=_today))
    return Starlette(
        routes=[
            Route("/", platform.shown, methods=["GET"]),
            Route("/api", platform.api, methods=["POST"]),
            Route("/persons", platform.insure, methods=["PUT"]),
            Route("/reviews", platform.review, methods=["PUT"]),
            Route("/settlements", platform.listed, methods=["GET"]),
            Route("/faults", platform.set_faults, methods=["POST"]),
        ]
    )


def _today() -> date:
    """Give the day as the platform's clock has it."""
    return datetime.fromtimestamp(seconds_now(), CHINA).date()
