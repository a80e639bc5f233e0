"""Patch: ``PATCH [base]/[type]/[id]`` with JSON Patch or FHIRPath Patch, also conditional."""

from typing import Any

from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.patch import fhirpath_patch, json_patch
from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.interactions.update import criteria_of
from xinglin.server.negotiate import if_match, refuse_content_type
from xinglin.server.respond import of_written
from xinglin.store.door import Apply
from xinglin.store.executor import Written

JSON_PATCH = "application/json-patch+json"
# A patch is told apart by its Content-Type alone; plain JSON could be either, so it is not taken.
TYPES = frozenset({JSON_PATCH, "application/fhir+json", "application/json+fhir"})


async def patch(call: Call) -> Response:
    """Change a part of the resource."""
    apply = await _apply_of(call)
    return await _answer(
        call, await call.fhir.patch(apply, type=call.type, id=call.id, if_match=if_match(call.request))
    )


async def patch_where(call: Call) -> Response:
    """Patch the one resource that meets the criteria; none: 404; several: 412."""
    apply = await _apply_of(call)
    criteria = criteria_of(call)
    written = await call.fhir.patch_where(apply, type=call.type, criteria=criteria, if_match=if_match(call.request))
    return await _answer(call, written)


def applied(patch_document: Any, *, is_json_patch: bool) -> Apply:
    """Give the function that applies a patch, which has been read already, to a document."""
    if is_json_patch:
        return lambda document: json_patch(document, patch_document)
    return lambda document: fhirpath_patch(document, patch_document)


async def _apply_of(call: Call) -> Apply:
    media = refuse_content_type(call.request, TYPES)
    raw = await call.body()
    if media == JSON_PATCH:
        return applied(document_of(raw), is_json_patch=True)
    return applied(parameters_of(raw), is_json_patch=False)


def parameters_of(raw: bytes) -> Any:
    """Read a Parameters resource as a document; anything else is refused."""
    document = document_of(raw)
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        text = f"A Parameters resource is expected here; JSON Patch is sent as {JSON_PATCH}."
        raise OutcomeError(Issue("structure", "parameters-expected", "resourceType", text))
    codec.decode(raw, "Parameters")
    return document


async def _answer(call: Call, written: Written) -> Response:
    body = b""
    if call.preference.give in {None, "representation"}:
        # The state that this patch made, even when another write has followed.
        body = (await call.fhir.vread(call.type, written.id, str(written.vid))).answer()
    return of_written(call, written, body)
