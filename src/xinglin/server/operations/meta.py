"""$meta, $meta-add and $meta-delete: profiles, tags and security labels (http://hl7.org/fhir/R4/resource-operation-meta.html).

A change of labels is a version like any other: who labelled what, and when, stays visible in the history.
"""

from typing import Any, Final

from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.call import Call
from xinglin.server.http import Response
from xinglin.server.negotiate import if_match
from xinglin.server.operations.given import parts_of
from xinglin.server.respond import of_document
from xinglin.store.search.labels import Labels

_CODED: Final = ("security", "tag")
_LABELS: Final = ("profile", *_CODED)


async def meta(call: Call) -> Response:
    """Answer the meta of one resource; of a type, or of everything, the labels in use that the caller may find.

    Of more labels than are looked up, the first are told, and a parameter ``truncated`` says so.
    """
    if not call.id:
        return _in_use(await call.fhir.labels(call.type or None))
    row = await call.fhir.read(call.type, call.id)
    return _answer(document_of(row.answer())["meta"])


def _in_use(labels: Labels) -> Response:
    found: dict[str, Any] = {}
    for name, each in labels.found.items():
        coded = [{"system": system, "code": code} if system else {"code": code} for system, code in each]
        if each:
            found[name] = coded if name in _CODED else [code for _, code in each]
    parts: list[dict[str, Any]] = [{"name": "return", "valueMeta": found}] if found else []
    if not labels.complete:
        parts.append({"name": "truncated", "valueBoolean": True})
    return of_document({"resourceType": "Parameters", **({"parameter": parts} if parts else {})})


async def meta_add(call: Call) -> Response:
    """Add profiles, tags and labels that are not there yet; a tag that is there keeps its display."""
    return await _changed(call, _added)


async def meta_delete(call: Call) -> Response:
    """Remove profiles, tags and labels; what is not there is as removed as what is."""
    return await _changed(call, _removed)


async def _changed(call: Call, change: Any) -> Response:
    given = await _given(call)

    def apply(document: dict[str, Any]) -> dict[str, Any]:
        made = dict(document.get("meta", {}))
        for name in _LABELS:
            items = change(made.get(name, []), given.get(name, []), name)
            made.pop(name, None)
            if items:
                made[name] = items
        return {**document, "meta": made}

    written = await call.fhir.patch(apply, type=call.type, id=call.id, if_match=if_match(call.request))
    row = await call.fhir.vread(call.type, written.id, str(written.vid))
    return _answer(document_of(row.answer())["meta"])


async def _given(call: Call) -> dict[str, Any]:
    for part in await parts_of(call):
        if part["name"] == "meta" and isinstance(part.get("valueMeta"), dict):
            return dict(part["valueMeta"])
    where = "Parameters.parameter.where(name = 'meta')"
    raise OutcomeError(
        Issue("required", "parameter-missing", where, "Send the labels as the parameter meta, a valueMeta.")
    )


def _added(there: list[Any], given: list[Any], name: str) -> list[Any]:
    known = {_identity(one, name) for one in there}
    made = list(there)
    for one in given:
        if _identity(one, name) not in known:
            known.add(_identity(one, name))
            made.append(one)
    return made


def _removed(there: list[Any], given: list[Any], name: str) -> list[Any]:
    gone = {_identity(one, name) for one in given}
    return [one for one in there if _identity(one, name) not in gone]


def _identity(one: Any, name: str) -> tuple[Any, ...]:
    """Tell labels apart as the standard does: a coding by system and code."""
    return (one.get("system"), one.get("code")) if name in _CODED else (one,)


def _answer(found: dict[str, Any]) -> Response:
    return of_document({"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": found}]})
