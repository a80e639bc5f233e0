"""A courier, simulated: it takes parcels, says where they are, and reports the code it was shown at the door.

POST /v1/orders ``{"orderNo", "from", "name", "phone", "address", "cold"}`` takes a parcel, the same one once.
POST /v1/orders/query ``{"orderNo"}`` says how far it is: each question moves it one step, until it waits at the door.
PUT /v1/orders/NUMBER ``{"state"?, "code"?, "celsius"?}`` tells it what happens: the code that was shown, a refusal.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.simulators.faults import Faults

STEPS: Final = ("handed-over", "in-transit", "arrived")


@dataclass(slots=True)
class Courier:
    """Parcels by the number of their order."""

    parcels: dict[str, dict[str, Any]] = field(default_factory=dict)

    def order(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer POST /v1/orders; the same number is the same parcel."""
        number = str(asked["orderNo"])
        if not str(asked["address"]).strip():
            raise ValueError("there is no address")
        parcel = self.parcels.setdefault(
            number, {"orderNo": number, "waybill": f"SF{len(self.parcels) + 1:010d}", "state": STEPS[0], "code": ""}
        )
        if asked.get("cold"):
            parcel.setdefault("celsius", "5.0")
        return parcel

    def query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer POST /v1/orders/query."""
        parcel = self.parcels.get(str(asked["orderNo"]))
        if parcel is None:
            return {"orderNo": asked["orderNo"], "state": "unknown"}
        said = dict(parcel)
        if parcel["state"] in STEPS[:-1]:
            parcel["state"] = STEPS[STEPS.index(parcel["state"]) + 1]
        return said

    async def tell(self, request: Request) -> Response:
        """Take PUT /v1/orders/NUMBER."""
        parcel = self.parcels.get(request.path_params["number"])
        if parcel is None:
            return Response(status_code=404)
        given = await request.json()
        parcel |= {name: str(given[name]) for name in ("state", "code", "celsius") if name in given}
        return Response(status_code=204)


def application() -> Starlette:
    """Make a courier with nothing on the way."""
    courier, faults = Courier(), Faults()
    return Starlette(
        routes=[
            Route("/v1/orders", faults.around(courier.order), methods=["POST"]),
            Route("/v1/orders/query", faults.around(courier.query), methods=["POST"]),
            Route("/v1/orders/{number}", courier.tell, methods=["PUT"]),
            Route("/faults", faults.set, methods=["POST"]),
        ]
    )
