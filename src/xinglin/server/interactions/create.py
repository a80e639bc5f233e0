"""Create: ``POST [base]/[type]``, also conditional (If-None-Exist)."""

from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.interactions.references import with_targets
from xinglin.server.interactions.written import body_of
from xinglin.server.negotiate import refuse_content_type
from xinglin.server.respond import of_written


async def create(call: Call) -> Response:
    """Make a resource; with criteria only when nothing meets them, else answer the one that does with 200."""
    refuse_content_type(call.request)
    raw = await with_targets(call.fhir, await call.body(), call.type)
    criteria = call.request.header(b"if-none-exist")
    if not criteria:
        written = await call.fhir.create(raw, type=call.type)
        return of_written(call, written, body_of(call, written, raw))
    written = await call.fhir.create(raw, type=call.type, if_none_exist=criteria)
    if written.created:
        return of_written(call, written, body_of(call, written, raw))
    return of_written(call, written, (await call.fhir.read(call.type, written.id)).answer())
