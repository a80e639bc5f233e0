"""Drafts of a practitioner whose credential ended: frozen, while signed acts stay as they are (R6-036)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from xinglin.capabilities.practitioners.contract import FROZEN, TAGS
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# type → (search parameter that names the author, statuses of a draft, statuses that end one)
DRAFTS: Final[Mapping[str, tuple[str, str, frozenset[str]]]] = {
    "MedicationRequest": ("requester", "draft", frozenset({"cancelled", "entered-in-error"})),
    "ServiceRequest": ("requester", "draft", frozenset({"revoked", "entered-in-error"})),
    "CarePlan": ("performer", "draft", frozenset({"revoked", "entered-in-error"})),
    "Composition": ("author", "preliminary", frozenset({"entered-in-error"})),
    "DiagnosticReport": ("performer", "registered,partial,preliminary", frozenset({"cancelled", "entered-in-error"})),
    "QuestionnaireResponse": ("author", "in-progress", frozenset({"stopped", "entered-in-error"})),
}


@cites("R6-036")
def frozen_drafts_stay(before: Struct | None, after: Struct | None) -> tuple[Issue, ...]:
    """A frozen draft may be ended as it is; any other change, and its deletion, is refused."""
    if before is None or not is_frozen(before):
        return ()
    type_name = type(before).__name__
    text = (
        "This draft is frozen: its author's credential is not in force. It can be cancelled; write a new one instead."
    )
    refused = (Issue("business-rule", "draft-frozen", type_name, text),)
    if after is None or not is_frozen(after):
        return refused
    ends = DRAFTS[type_name][2]
    status = _status(after)
    if status not in ends and status != _status(before):
        return refused
    return () if _content(before) == _content(after) else refused


def is_frozen(resource: Any) -> bool:
    """Tell whether a draft carries the mark."""
    tags = (resource.meta.tag if resource.meta is not None else None) or ()
    return any(tag.system == TAGS and tag.code == FROZEN for tag in tags)


def frozen(document: dict[str, Any]) -> dict[str, Any]:
    """Give the JSON form of a draft with the mark; once is enough."""
    meta = document.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if (tag.get("system"), tag.get("code")) != (TAGS, FROZEN)]
    return document | {"meta": meta | {"tag": [*tags, {"system": TAGS, "code": FROZEN}]}}


def _status(resource: Any) -> str:
    return str(resource.status)


def _content(resource: Struct) -> dict[str, object]:
    """Give everything but what the server or the ending changes."""
    made = dict(msgspec.structs.asdict(resource))
    for name in ("meta", "status", "statusReason", "text"):
        made.pop(name, None)
    return made
