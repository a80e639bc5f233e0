"""From a request to the answer of its handler: for requests from the network and for entries of Bundles."""

from typing import Final

from xinglin.fhir.outcome import OutcomeError
from xinglin.security.principal import Principal
from xinglin.server.call import Call, Service
from xinglin.server.http import Request, Response
from xinglin.server.negotiate import refuse_unacceptable
from xinglin.store.door import Fhir

# Names of acts, where they differ from those of routes.
_WHAT: Final = {
    **{name: name for name in ("read", "vread", "create", "update", "patch", "delete", "transaction")},
    **{f"search-{level}": "search" for level in ("system", "type", "compartment")},
    **{f"history-{level}": "history" for level in ("system", "type", "instance")},
}


async def dispatch(service: Service, request: Request, principal: Principal, fhir: Fhir) -> Response:
    """Route one request and let its handler answer; raises OutcomeError."""
    route, target = service.router.find(request.method, request.path)
    request.route = route.shape
    refuse_unacceptable(request, request.pairs(service.settings.max_parameters) if request.query else [])
    try:
        return await route.handler(Call(service, request, principal, fhir, target))
    except OutcomeError as refusal:
        await service.door.refused(principal, _WHAT.get(route.interaction, "operation"), refusal, type=target.type)
        raise
