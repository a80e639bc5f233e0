"""Read: ``GET [base]/[type]/[id]``, also conditional (If-None-Match, If-Modified-Since)."""

from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.respond import of_row


async def read(call: Call) -> Response:
    """Answer the current version; 410 when it is a delete, 304 when the client has it."""
    return of_row(call, await call.fhir.read(call.type, call.id))
