"""Update: ``PUT [base]/[type]/[id]``, also conditional (``PUT [base]/[type]?criteria``)."""

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.interactions.references import with_targets
from xinglin.server.interactions.written import body_of
from xinglin.server.negotiate import if_match, refuse_content_type
from xinglin.server.respond import of_written


async def update(call: Call) -> Response:
    """Replace the resource or make it under the client's id; ``If-None-Match: *`` only makes it."""
    refuse_content_type(call.request)
    raw = await with_targets(call.fhir, await call.body(), call.type)
    only_new = call.request.header(b"if-none-match") == "*"
    written = await call.fhir.update(
        raw, type=call.type, id=call.id, if_match=if_match(call.request), must="new" if only_new else "any"
    )
    return of_written(call, written, body_of(call, written, raw))


async def update_where(call: Call) -> Response:
    """Update the one resource that meets the criteria of the query; none: create; several: 412."""
    refuse_content_type(call.request)
    raw = await with_targets(call.fhir, await call.body(), call.type)
    criteria = criteria_of(call)
    written = await call.fhir.update_where(raw, type=call.type, criteria=criteria, if_match=if_match(call.request))
    return of_written(call, written, body_of(call, written, raw))


def criteria_of(call: Call) -> str:
    """Give the search of a conditional interaction; without one the interaction is refused (400)."""
    if not call.request.query:
        text = f"Say which {call.type} is meant: an id in the address, or search parameters."
        raise OutcomeError(Issue("required", "criteria-missing", text=text))
    call.pairs  # noqa: B018  reading them refuses what is no UTF-8
    return call.request.query.decode()
