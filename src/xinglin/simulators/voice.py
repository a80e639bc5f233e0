"""The gateway of voice calls, simulated: ``POST /calls`` has a number called, ``GET /`` shows what was said to whom.

``GET /calls/KEY`` says what became of a call, and so does a call-back. Numbers that end in 0000 are out of reach; who
has one that ends in 1111 answers and presses nothing; all others press the key that is asked for.
"""

from dataclasses import dataclass, field
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from xinglin.simulators.faults import Faults
from xinglin.simulators.receipts import Receipts, told


@dataclass(slots=True)
class Exchange:
    """Calls in the order made, by their key."""

    receipts: Receipts | None = None
    calls: dict[str, dict[str, str]] = field(default_factory=dict)

    def call(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Call a number, once for each key."""
        key, number = str(asked["outId"]), str(asked["calledNumber"])
        if not number.isdigit():
            raise ValueError("no such number")
        if key not in self.calls:
            made = {"callId": f"c{len(self.calls) + 1}", "outId": key, "number": number, "text": str(asked["ttsText"])}
            self.calls[key] = made | _end(number, str(asked.get("expectedKey", "")))
            if self.receipts is not None:
                self.receipts.tell([{name: self.calls[key][name] for name in ("callId", "outId", "status", "dtmf")}])
        return {"callId": self.calls[key]["callId"]}

    async def one(self, request: Request) -> Response:
        """Say what became of a call."""
        return JSONResponse(self.calls.get(request.path_params["key"], {"status": "unknown"}))

    async def listed(self, request: Request) -> Response:
        """Give the calls to a number (``?number=``), or all, newest first."""
        wanted = request.query_params.get("number")
        return JSONResponse([one for one in reversed(self.calls.values()) if wanted in {None, one["number"]}])

    async def shown(self, _request: Request) -> Response:
        """Show what was said."""
        lines = "".join(
            f"<li><b>{escape(one['number'])}</b> {escape(one['text'])} <i>{one['status']} {one['dtmf']}</i></li>"
            for one in reversed(self.calls.values())
        )
        return HTMLResponse(
            f"<!doctype html><meta charset=utf-8><title>Calls</title><h1>语音电话模拟器</h1><ul>{lines}</ul>"
        )


def application() -> Starlette:
    """Make an exchange that has called nobody yet."""
    faults = Faults()
    exchange = Exchange(told("voice", faults))
    return Starlette(
        routes=[
            Route("/", exchange.shown, methods=["GET"]),
            Route("/calls", exchange.listed, methods=["GET"]),
            Route("/calls", faults.around(exchange.call), methods=["POST"]),
            Route("/calls/{key}", exchange.one, methods=["GET"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )


def _end(number: str, expected: str) -> dict[str, str]:
    if number.endswith("0000"):
        return {"status": "unreachable", "dtmf": ""}
    return {"status": "answered", "dtmf": "" if number.endswith("1111") else expected}
