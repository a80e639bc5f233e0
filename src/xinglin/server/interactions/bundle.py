"""Batch and transaction: ``POST [base]`` with a Bundle (http://hl7.org/fhir/R4/http.html#transaction)."""

from xinglin.fhir.bundle import read
from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.interactions.batch import batch
from xinglin.server.interactions.transaction import transaction
from xinglin.server.negotiate import refuse_content_type


async def bundle(call: Call) -> Response:
    """Carry out a Bundle: a batch entry by entry, a transaction as a whole."""
    refuse_content_type(call.request)
    raw = await call.body()
    incoming = read(raw, base_url=call.base, max_entries=call.service.settings.max_bundle_entries)
    if incoming.type == "batch":
        return await batch(call, incoming)
    return await transaction(call, incoming)
