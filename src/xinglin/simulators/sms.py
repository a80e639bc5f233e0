"""The gateway of text messages, simulated: ``POST /messages`` takes one, ``GET /`` shows them as phones would.

``GET /receipts/KEY`` says whether one arrived; where it is told an address (`simulators.receipts`), it also tells it.

A question with a key that was answered before is answered alike and sends nothing again.
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
class Gateway:
    """Messages in the order sent, and the keys that were answered."""

    messages: list[dict[str, str]] = field(default_factory=list)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)
    phones: dict[str, str] = field(default_factory=dict)
    receipts: Receipts | None = None

    def send(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Send one message, once."""
        key, phone, text = str(asked["key"]), str(asked["phone"]), str(asked["text"])
        if not phone.isdigit():
            raise ValueError("no such number")
        if key not in self.answered:
            self.messages.append({"phone": phone, "text": text})
            self.answered[key] = {"id": f"m{len(self.messages)}"}
            self.phones[key] = phone
            if self.receipts is not None:
                self.receipts.tell([{"key": key, "state": self._state(phone)}])
        return self.answered[key]

    async def receipt(self, request: Request) -> Response:
        """Say whether a message arrived; phones that end in 0000 are out of reach."""
        phone = self.phones.get(request.path_params["key"])
        if phone is None:
            return JSONResponse({"state": "unknown"})
        return JSONResponse({"state": self._state(phone)})

    def _state(self, phone: str) -> str:
        return "failed" if phone.endswith("0000") else "delivered"

    async def listed(self, request: Request) -> Response:
        """Give the messages of a phone (``?phone=``), or all, newest first."""
        wanted = request.query_params.get("phone")
        return JSONResponse([one for one in reversed(self.messages) if wanted in {None, one["phone"]}])

    async def shown(self, _request: Request) -> Response:
        """Show what arrived."""
        lines = "".join(
            f"<li><b>{escape(one['phone'])}</b> {escape(one['text'])}</li>" for one in reversed(self.messages)
        )
        return HTMLResponse(f"<!doctype html><meta charset=utf-8><title>SMS</title><h1>短信模拟器</h1><ul>{lines}</ul>")


def application() -> Starlette:
    """Make a gateway that has sent nothing yet."""
    faults = Faults()
    gateway = Gateway(receipts=told("sms", faults))
    return Starlette(
        routes=[
            Route("/", gateway.shown, methods=["GET"]),
            Route("/messages", gateway.listed, methods=["GET"]),
            Route("/messages", faults.around(gateway.send), methods=["POST"]),
            Route("/receipts/{key}", gateway.receipt, methods=["GET"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )
