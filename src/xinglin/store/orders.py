"""What a caller wishes of the door: one write, and what the door looks at before it judges it."""

from dataclasses import replace
from typing import Final, Literal

from msgspec import Struct

from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store import rights
from xinglin.store.executor import Must

Wish = Literal["create", "update", "patch", "delete"]
SUBSETTED: Final = "SUBSETTED"


class Order(Struct, frozen=True):
    """One write that a caller wishes.

    resource: the client's bytes, or a struct; None for a delete. id: None lets the server choose one (create).
    if_match: the version the caller knows. must: what has to be there before. free: the id in the resource does not
    count (conditional update, entry of a Bundle). where: FHIRPath put before the place of each fault.
    """

    wish: Wish
    type: str
    resource: bytes | Struct | None = None
    id: str | None = None
    if_match: int | None = None
    must: Must = "any"
    free: bool = False
    where: str = ""


def below(order: Order, issue: Issue) -> Issue:
    """Put the place of the order before that of the fault: ``Bundle.entry[3].resource.name``."""
    return replace(issue, where=order.where + issue.where.removeprefix(order.type))


def struct_of(order: Order) -> Struct:
    """Give the resource of a write that is no delete, decoded."""
    resource = order.resource
    return codec.decode(resource, order.type) if isinstance(resource, bytes) else resource  # type: ignore[return-value]


def id_of(resource: bytes | Struct) -> str | None:
    """Give the id that stands in a resource."""
    if isinstance(resource, bytes):
        return codec.decode(resource).id
    return getattr(resource, "id", None)


def claimed_by(resource: Struct | None) -> frozenset[str]:
    """Give the profiles that a resource claims, without their versions."""
    meta = getattr(resource, "meta", None)
    return frozenset(url.partition("|")[0] for url in getattr(meta, "profile", None) or ())


def refuse_subset(resource: Struct, type: str) -> None:
    """A resource that was read in part (_summary, _elements) may not replace the whole one."""
    meta = getattr(resource, "meta", None)
    if meta is None or not (meta.tag or meta.security):
        return
    if any(tag.code == SUBSETTED for tag in meta.tag or ()):
        text = "This resource is marked SUBSETTED: it was read in part. Read it whole before you write it."
        raise OutcomeError(Issue("invalid", "subsetted", f"{type}.meta.tag", text))
    if rights.is_masked(resource):
        text = "This resource is marked MASKED: parts of it were covered. Only who reads it whole can write it."
        raise OutcomeError(Issue("invalid", "masked", f"{type}.meta.security", text))
