"""Capabilities: ``GET [base]/metadata``."""

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.call import Call
from xinglin.server.capability_statement import capability_statement
from xinglin.server.http import Response
from xinglin.server.respond import JSON, shape_of

_MODES = frozenset({"full", "normative"})


async def metadata(call: Call) -> Response:
    """Answer the CapabilityStatement, made from the tables that the router works with."""
    mode = next((value for name, value in call.pairs if name == "mode"), "full")
    if mode not in _MODES:
        text = f"mode is full or normative, not {mode[:40]!r}: there is no terminology service."
        raise OutcomeError(Issue("not-supported", "mode", "mode", text))
    body = capability_statement(call.service.router, call.base, call.service.settings, smart=call.service.smart)
    return Response(200, shape_of(call.pairs).of(body), [JSON])
