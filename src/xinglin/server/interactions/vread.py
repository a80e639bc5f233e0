"""Vread: ``GET [base]/[type]/[id]/_history/[vid]``."""

from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.respond import of_row


async def vread(call: Call) -> Response:
    """Answer one version; 410 when that version is a delete."""
    return of_row(call, await call.fhir.vread(call.type, call.id, call.vid))
