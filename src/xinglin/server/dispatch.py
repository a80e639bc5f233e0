"""From a request to the answer of its handler: for requests from the network and for entries of Bundles."""

from xinglin.security.principal import Principal
from xinglin.server.call import Call, Service
from xinglin.server.http import Request, Response
from xinglin.server.negotiate import refuse_unacceptable
from xinglin.store.door import Fhir


async def dispatch(service: Service, request: Request, principal: Principal, fhir: Fhir) -> Response:
    """Route one request and let its handler answer; raises OutcomeError."""
    route, target = service.router.find(request.method, request.path)
    request.route = route.shape
    refuse_unacceptable(request, request.pairs(service.settings.max_parameters) if request.query else [])
    return await route.handler(Call(service, request, principal, fhir, target))
