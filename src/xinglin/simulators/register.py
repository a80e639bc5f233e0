"""The population register, simulated: it compares names with numbers, faces with both, and children with guardians.

It takes every sound number with any name, until it is told otherwise by ``PUT /persons/NUMBER`` with ``{"name": …}``
(an empty name: nobody has the number), and every evidence and birth certificate that begins with ``demo``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.security.identifiers import PersonNumber, person_number
from xinglin.simulators.faults import Faults

LAST_DAY: Final = date(2099, 12, 31)
TAKEN: Final = ("demo", "DEMO")


@dataclass(slots=True)
class Register:
    """Names by number where they are not any; answers by key, so that a question asked again is answered alike."""

    names: dict[str, str] = field(default_factory=dict)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)

    def person(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer POST /persons/match: key, name, number, method, evidence."""
        return self._once(asked, lambda: self._person(asked))

    def birth(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer POST /births/match: key, guardian (name, number), child, certificate, born."""
        return self._once(asked, lambda: self._birth(asked))

    async def tell(self, request: Request) -> Response:
        """Take PUT /persons/NUMBER."""
        self.names[request.path_params["number"]] = str((await request.json())["name"])
        return Response(status_code=204)

    def _once(self, asked: dict[str, Any], found: Callable[[], str]) -> dict[str, Any]:
        key = str(asked["key"])
        if key not in self.answered:
            reason = found()
            self.answered[key] = {"matched": not reason, "reason": reason, "answer": f"r{len(self.answered) + 1}"}
        return self.answered[key]

    def _person(self, asked: dict[str, Any]) -> str:
        number, name = str(asked["number"]), str(asked["name"])
        if not isinstance(person_number(number, LAST_DAY), PersonNumber) or self.names.get(number, name) != name:
            return "mismatch"
        if asked.get("method", "two-element") != "two-element" and not str(asked.get("evidence", "")).startswith(TAKEN):
            return "evidence"
        return ""

    def _birth(self, asked: dict[str, Any]) -> str:
        guardian = asked["guardian"]
        if self._person({"name": guardian["name"], "number": guardian["number"]}):
            return "guardian"
        return "" if str(asked["certificate"]).startswith(TAKEN) else "certificate"


def application() -> Starlette:
    """Make a register that was told nothing yet."""
    register, faults = Register(), Faults()
    return Starlette(
        routes=[
            Route("/persons/match", faults.around(register.person), methods=["POST"]),
            Route("/births/match", faults.around(register.birth), methods=["POST"]),
            Route("/persons/{number}", register.tell, methods=["PUT"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )
