"""A witness of the audit ledger, simulated: it keeps signed heads, and takes only one that goes on from the last.

``POST /heads`` takes ``{"head": …, "path": […]}``: the head as `Head.document` writes it, and the proof that the last
head's tree begins its tree; 422 when it does not. ``GET /heads`` lists what it keeps. Faults by ``POST /faults``.
"""

from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xinglin.security.ledger import Head, head_of
from xinglin.security.merkle import consistent
from xinglin.simulators.faults import Faults

MOST: Final = 100_000


class Witness:
    """The heads kept, oldest first."""

    def __init__(self) -> None:
        self.heads: list[Head] = []

    def keep(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Keep a head that goes on from the last; ValueError when it does not."""
        head = head_of(asked["head"])
        if self.heads:
            last = self.heads[-1]
            path = [bytes.fromhex(one) for one in asked.get("path", ())]
            if not consistent(last.size, last.root, head.size, head.root, path):
                raise ValueError(f"the tree of {head.size} leaves does not begin with the {last.size} that I know")
        if len(self.heads) >= MOST:
            del self.heads[0]
        if not self.heads or head.size > self.heads[-1].size:
            self.heads.append(head)
        return {"kept": len(self.heads)}

    async def list(self, _request: Request) -> Response:
        """Answer GET /heads."""
        return JSONResponse([head.document() for head in self.heads])


def application() -> Starlette:
    """Make a witness that knows nothing yet."""
    witness, faults = Witness(), Faults()
    return Starlette(
        routes=[
            Route("/heads", witness.list, methods=["GET"]),
            Route("/heads", faults.around(witness.keep), methods=["POST"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )
