"""What an operation is given: Parameters in the body, or primitives in the address."""

from typing import Any

from xinglin.fhir import codec
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.call import Call
from xinglin.server.interactions.patch import parameters_of
from xinglin.server.negotiate import GENERAL, refuse_content_type


async def parts_of(call: Call) -> list[dict[str, Any]]:
    """Give the parameters of a POST as parts of a Parameters resource; none when there is no body."""
    if not await call.request.body(call.service.settings.max_body_bytes):
        return []
    refuse_content_type(call.request)
    return list(parameters_of(await call.body()).get("parameter", ()))


def query_of(call: Call, known: frozenset[str]) -> dict[str, list[str]]:
    """Give the parameters of the address; unknown ones are refused when handling is strict."""
    found: dict[str, list[str]] = {}
    for name, value in call.pairs:
        if name in known:
            found.setdefault(name, []).append(value)
        elif call.preference.strict and name not in GENERAL:
            text = f"There is no parameter {name[:80]!r} here."
            raise OutcomeError(Issue("not-supported", "unknown-parameter", name[:80], text))
    return found


async def resource_or_parts(call: Call) -> tuple[bytes | None, Any, list[dict[str, Any]]]:
    """Read a body that is a resource, or a Parameters that may hold it.

    Gives the bytes of a resource that came by itself, the document of one that came in Parameters, and the other parts.
    """
    raw = await call.request.body(call.service.settings.max_body_bytes)
    if not raw.strip():
        return None, None, []
    refuse_content_type(call.request)
    document = document_of(raw)
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters" or call.type == "Parameters":
        return raw, None, []
    parts = document.get("parameter")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        codec.decode(raw, "Parameters")  # says what is wrong with it
        return None, None, []
    resource = next((part.get("resource") for part in parts if part.get("name") == "resource"), None)
    return None, resource, [part for part in parts if part.get("name") != "resource"]


def text_of(parts: list[dict[str, Any]], name: str) -> str | None:
    """Give the text of the part *name*, whatever string type it has."""
    for part in parts:
        if part.get("name") == name:
            value = next((value for member, value in part.items() if member.startswith("value")), None)
            if not isinstance(value, str):
                text = f"The parameter {name} must hold one text."
                raise OutcomeError(
                    Issue("value", "parameter-type", f"Parameters.parameter.where(name = '{name}')", text)
                )
            return value
    return None
