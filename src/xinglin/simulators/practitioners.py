"""The registers of physicians, nurses and pharmacists, simulated: what `capabilities/practitioners/gateways.py` asks.

It knows every certificate whose number is sound as valid, and what it is told by PUT /v1/certificates/NUMBER. Faults by
POST /faults with ``{"kind": "error" | "garbage" | "refuse" | "slow" | "off", "times": 1, "seconds": 30}``: that many
next questions fail (0: all until ``off``).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xinglin.fhir.outcome import Issue
from xinglin.security.identifiers import nurse_faults, practising_faults, qualification_faults

LAST_DAY: Final = date(2099, 12, 31)
_FORMS: Final[dict[str, Callable[[str], tuple[Issue, ...]]]] = {
    "practising": practising_faults,
    "nurse": lambda number: nurse_faults(number, LAST_DAY),
    "qualification": lambda number: qualification_faults(number, person=None, today=LAST_DAY),
}


@dataclass(slots=True)
class Register:
    """Certificates by number, the numbers of the questions so far, and the fault that is switched on."""

    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    fault: str = "off"
    times: int = 0
    seconds: float = 30.0

    def answer(self, kind: str, number: str) -> dict[str, Any]:
        """Say what the register knows under a number."""
        known = self.certificates.get(number)
        if known is not None:
            return {"certificateNo": number} | known
        form = _FORMS.get(kind)
        sound = form is None or not any(issue.severity == "error" for issue in form(number))
        return {"certificateNo": number, "status": "1" if sound else "0"}

    def next_fault(self) -> str:
        """Give the fault that the next question meets, and count it."""
        met = self.fault
        if self.times:
            self.times -= 1
            if not self.times:
                self.fault = "off"
        return met

    async def query(self, request: Request) -> Response:
        """Answer POST /v1/certificates/query."""
        asked = await request.json()
        self.questions.append(asked["queryNo"])
        match self.next_fault():
            case "error":
                return Response(status_code=500)
            case "garbage":
                return Response(b"<html>", media_type="text/html")
            case "refuse":
                return JSONResponse({"code": "E1", "message": "query limit"})
            case "slow":
                await asyncio.sleep(self.seconds)
        found = [self.answer(one["kind"], one["certificateNo"]) for one in asked["certificates"]]
        return JSONResponse({"code": "0", "message": "", "certificates": found})

    async def tell(self, request: Request) -> Response:
        """Take PUT /v1/certificates/NUMBER: status, name, level, category, scope, institutions, validUntil."""
        self.certificates[request.path_params["number"]] = await request.json()
        return Response(status_code=204)

    async def break_down(self, request: Request) -> Response:
        """Take POST /faults."""
        given = await request.json()
        self.fault, self.times = given["kind"], int(given.get("times", 0))
        self.seconds = float(given.get("seconds", self.seconds))
        return Response(status_code=204)


def application() -> Starlette:
    """Make a register that knows nothing yet."""
    register = Register()
    return Starlette(
        routes=[
            Route("/v1/certificates/query", register.query, methods=["POST"]),
            Route("/v1/certificates/{number}", register.tell, methods=["PUT"]),
            Route("/faults", register.break_down, methods=["POST"]),
        ]
    )
