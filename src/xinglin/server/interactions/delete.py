"""Delete: ``DELETE [base]/[type]/[id]``, also conditional; idempotent."""

from xinglin.fhir.outcome import Issue
from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.interactions.update import criteria_of
from xinglin.server.negotiate import if_match
from xinglin.server.respond import of_issues


async def delete(call: Call) -> Response:
    """Delete; what is not there is as deleted as what is."""
    written = await call.fhir.delete(call.type, call.id, if_match=if_match(call.request))
    response = _answer(call, f"{call.type}/{call.id} is deleted.")
    if written.vid:
        response.headers.append((b"etag", b'W/"%d"' % written.vid))
    return response


async def delete_where(call: Call) -> Response:
    """Delete the one resource that meets the criteria; several are refused with 412 and none is deleted."""
    written = await call.fhir.delete_where(call.type, criteria_of(call))
    if not written:
        return of_issues(200, (_remark(f"No {call.type} meets the criteria; nothing was deleted."),))
    return _answer(call, ", ".join(f"{one.rt}/{one.id}" for one in written) + " is deleted.")


def _answer(call: Call, text: str) -> Response:
    if call.preference.give == "OperationOutcome":
        return of_issues(200, (_remark(text),))
    return Response(204)


def _remark(text: str) -> Issue:
    return Issue("informational", "deleted", text=text, severity="information")
