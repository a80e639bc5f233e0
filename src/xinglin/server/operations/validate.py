"""$validate: would this resource be taken (http://hl7.org/fhir/R4/resource-operation-validate.html)."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.profiles import profile_issues
from xinglin.fhir.r4.datatypes import Meta
from xinglin.fhir.validate import warnings
from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.operations.given import query_of, resource_or_parts, text_of
from xinglin.server.respond import of_issues
from xinglin.store.rulebook import Rulebook

MODES: Final = frozenset({"create", "update", "delete", "profile"})
_PARAMETERS: Final = frozenset({"mode", "profile"})
_BASE: Final = "http://hl7.org/fhir/StructureDefinition/"


async def validate(call: Call) -> Response:
    """Answer what is wrong with a resource, as an OperationOutcome with status 200: judging it has worked."""
    raw, document, parts = await resource_or_parts(call)
    query = query_of(call, _PARAMETERS)
    mode = text_of(parts, "mode") or next(iter(query.get("mode", ())), None)
    profiles = [value for part in parts if part.get("name") == "profile" and (value := text_of([part], "profile"))]
    profiles += query.get("profile", [])
    if mode is not None and mode not in MODES:
        text = f"mode is one of {', '.join(sorted(MODES))}."
        raise OutcomeError(Issue("value", "mode", "mode", text))
    if mode == "delete":
        return await _deletable(call)
    given = raw if raw is not None else bytes_of(document) if document is not None else await _stored(call)
    return of_issues(200, await _issues(call, given, mode, profiles))


async def _stored(call: Call) -> bytes:
    if not call.id:
        raise OutcomeError(
            Issue("required", "resource-missing", "resource", "Send the resource that is to be validated.")
        )
    return (await call.fhir.read(call.type, call.id)).body()


async def _deletable(call: Call) -> Response:
    if not call.id:
        raise OutcomeError(Issue("required", "id-missing", text="A delete is validated at the address of a resource."))
    await call.fhir.read(call.type, call.id)
    allowed = not call.fhir.reach("delete", call.type).nothing
    issues = () if allowed else (Issue("forbidden", "forbidden", text=f"You have no right to delete {call.type}."),)
    return of_issues(200, issues)


async def _issues(call: Call, raw: bytes, mode: str | None, profiles: list[str]) -> tuple[Issue, ...]:
    try:
        resource = codec.decode(raw, call.type)
    except OutcomeError as refused:
        return refused.issues
    found = [*_against(call.service.door.rulebook, call.type, resource, profiles), *warnings(resource)]
    own: str | None = getattr(resource, "id", None)
    if mode == "update" and call.id and own != call.id:
        text = f"The id in the address is {call.id}, the resource {'has none' if own is None else f'says {own}'}."
        found.append(Issue("invalid", "id-mismatch", f"{call.type}.id", text))
    if mode in {"create", "update"}:
        found += await _changed(call, resource, is_update=mode == "update")
    return tuple(found)


def _against(rulebook: Rulebook, type_name: str, resource: Struct, profiles: Iterable[str]) -> list[Issue]:
    """Check the profiles that the resource claims, and those that the caller names."""
    issues = list(profile_issues(resource, rulebook.profiles, rulebook.code_sets))
    for url in profiles:
        bare = url.partition("|")[0]
        if bare == _BASE + type_name:
            continue
        if bare not in rulebook.profiles:
            issues.append(
                Issue("not-supported", "profile-unknown", "profile", f"The profile {url[:200]} is not known here.")
            )
            continue
        claiming: Any = msgspec.structs.replace(resource, meta=Meta(profile=[url]))
        issues += (
            issue for issue in profile_issues(claiming, rulebook.profiles, rulebook.code_sets) if issue not in issues
        )
    return issues


async def _changed(call: Call, resource: Struct, *, is_update: bool) -> list[Issue]:
    """Ask the rules that guard every write, which know the state before and after."""
    checks = call.service.door.rulebook.invariants.get(call.type, ())
    if not checks:
        return []
    before: Struct | None = None
    if is_update and call.id:
        before = codec.decode((await call.fhir.read(call.type, call.id)).body(), call.type)
    claimed = {url.partition("|")[0] for one in (before, resource) for url in _claims(one)}
    return [issue for url, check in checks if url is None or url in claimed for issue in check(before, resource)]


def _claims(resource: Struct | None) -> tuple[str, ...]:
    return tuple(getattr(getattr(resource, "meta", None), "profile", None) or ())
