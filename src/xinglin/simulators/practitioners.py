"""The registers of physicians, nurses and pharmacists, simulated: what `capabilities/practitioners/gateways.py` asks.

It knows every certificate whose number is sound as valid, until it is told otherwise by PUT /v1/certificates/NUMBER
with ``{"status": "1", "name", "level", "category", "scope", "institutions", "validUntil"}``: 1 valid, 2 suspended,
3 revoked, 4 cancelled, 5 expired, 0 unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.fhir.outcome import Issue
from xinglin.security.identifiers import (
    institution_licence_faults,
    nurse_faults,
    practising_faults,
    qualification_faults,
)
from xinglin.simulators.faults import Faults

# After every certificate that is asked for, and while whoever holds it may be alive: older numbers are no person's.
LAST_DAY: Final = date(2050, 12, 31)
_FORMS: Final[dict[str, Callable[[str], tuple[Issue, ...]]]] = {
    "institution": institution_licence_faults,
    "practising": practising_faults,
    "nurse": lambda number: nurse_faults(number, LAST_DAY),
    "qualification": lambda number: qualification_faults(number, person=None, today=LAST_DAY),
}


@dataclass(slots=True)
class Register:
    """Certificates by number where they are not simply valid."""

    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)

    def query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer POST /v1/certificates/query."""
        found = [self._certificate(str(one["kind"]), str(one["certificateNo"])) for one in asked["certificates"]]
        return {"code": "0", "message": "", "certificates": found}

    async def tell(self, request: Request) -> Response:
        """Take PUT /v1/certificates/NUMBER."""
        self.certificates[request.path_params["number"]] = await request.json()
        return Response(status_code=204)

    def _certificate(self, kind: str, number: str) -> dict[str, Any]:
        known = self.certificates.get(number)
        if known is not None:
            return {"certificateNo": number} | known
        form = _FORMS.get(kind)
        sound = form is None or not any(issue.severity == "error" for issue in form(number))
        return {"certificateNo": number, "status": "1" if sound else "0"}


def application() -> Starlette:
    """Make a register that was told nothing yet."""
    register, faults = Register(), Faults()
    return Starlette(
        routes=[
            Route("/v1/certificates/query", faults.around(register.query), methods=["POST"]),
            Route("/v1/certificates/{number}", register.tell, methods=["PUT"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )
