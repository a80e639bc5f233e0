"""Who and where: institutions, staff and medicines that a page refers to, looked up once for all of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.health_records.operations.reading import Record
from xinglin.capabilities.health_records.rules.documents import Document, reference

LOCAL: Final = re.compile(r"^(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})$")
MOST: Final = 100
_NAMED: Final = ("Organization", "Practitioner", "PractitionerRole", "Medication", "Location", "Condition")


@dataclass(frozen=True, slots=True)
class Names:
    """What is known of what is referred to: ``Type/id`` → resource; visits → who provided them."""

    known: Mapping[str, Document]
    providers: Mapping[str, Any]

    def of(self, value: Any) -> Document | None:
        """Give the resource that a Reference names; None when it is not known."""
        return self.known.get(reference(value))

    def place(self, document: Document) -> Any:
        """Give the Reference of the institution where a resource comes from: its own, else its visit's."""
        for member in ("serviceProvider", "custodian", "managingOrganization"):
            if document.get(member):
                return document[member]
        for one in _organizations(document):
            return one
        visit = reference(document.get("encounter") or document.get("context"))
        place = document.get("location")
        return self.providers.get(visit) or (place if isinstance(place, dict) else None)


def _organizations(document: Document) -> Iterable[Any]:
    for member in ("performer", "author", "requester"):
        value = document.get(member)
        for one in value if isinstance(value, list) else [value]:
            inner = one.get("actor", one) if isinstance(one, dict) else {}
            if reference(inner).startswith("Organization") or inner.get("type") == "Organization":
                yield inner


async def look_up(record: Record, documents: Iterable[Document]) -> Names:
    """Look up the visits of *documents*, then whatever they and their visits refer to without saying its name."""
    given = list(documents)
    visits = {reference(one.get("encounter") or one.get("context")) for one in given}
    visits.discard("")
    ids = [found["id"] for one in sorted(visits)[:MOST] if (found := LOCAL.match(one)) and found["type"] == "Encounter"]
    encounters = await record.several("Encounter", ids)
    providers = {f"Encounter/{one['id']}": one.get("serviceProvider") for one in encounters}
    wanted: dict[str, set[str]] = {}
    for unnamed in dict.fromkeys(_unnamed([*given, *encounters])):
        found = LOCAL.match(unnamed)
        if found and found["type"] in _NAMED and sum(map(len, wanted.values())) < MOST:
            wanted.setdefault(found["type"], set()).add(found["id"])
    known: dict[str, Document] = {}
    for type, these in wanted.items():
        known |= {f"{type}/{one['id']}": one for one in await record.several(type, sorted(these))}
    return Names(known, providers)


def _unnamed(value: Any) -> Iterable[str]:
    """Give every literal reference that says no display."""
    if isinstance(value, dict):
        given = value.get("reference")
        if isinstance(given, str) and not value.get("display"):
            yield given
        for member, inner in value.items():
            if member not in {"subject", "patient", "encounter", "context"}:
                yield from _unnamed(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _unnamed(inner)
