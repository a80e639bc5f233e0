"""What an institution decides about its numbers itself, as a Library[booking-policy]; the rest is the platform's."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from xinglin.capabilities.appointments.contract import POLICIES, POLICY, POLICY_OF, extension
from xinglin.care.booking import Policy
from xinglin.fhir.outcome import Issue

_PARTS: Final = extension("booking-policy")
# Least and greatest of each; a quota is the share in percent kept for a channel.
BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "minutes_each": (3, 60),
    "days_ahead": (1, 13),
    "hold_minutes": (3, 30),
    "offer_minutes": (10, 240),
    "per_day": (1, 10),
    "per_department": (1, 5),
    "no_shows": (1, 10),
    "barred_days": (0, 180),
    "overbook": (0, 20),
    "early_minutes": (15, 240),
    "late_minutes": (0, 120),
    "quota-desk": (0, 50),
    "quota-operator": (0, 50),
    "quota-partner": (0, 50),
}
_QUOTA: Final = "quota-"


def id_of(organization: str) -> str:
    """Give the id of the Library of an institution (reference)."""
    return f"{organization.rpartition('/')[2][:48]}-booking-policy"


def values(policy: Policy) -> dict[str, int]:
    """Give what a policy says of what an institution decides."""
    quotas = dict(policy.quotas)
    return {
        name: quotas.get(name.removeprefix(_QUOTA), 0) if name.startswith(_QUOTA) else int(getattr(policy, name))
        for name in BOUNDS
    }


def read(document: Mapping[str, Any], default: Policy) -> Policy:
    """Read the decisions of an institution over the platform's."""
    parts = next((one["extension"] for one in document.get("extension") or () if one["url"] == _PARTS), ())
    found = {part["url"]: int(part["valueInteger"]) for part in parts if part["url"] in BOUNDS}
    quotas = tuple((channel, found.get(f"{_QUOTA}{channel}", percent)) for channel, percent in default.quotas)
    numbers: dict[str, Any] = {name: n for name, n in found.items() if not name.startswith(_QUOTA)}
    return replace(default, quotas=quotas, **numbers)


def write(organization: str, decided: Mapping[str, int]) -> dict[str, Any]:
    """Write the decisions of an institution (reference)."""
    return {
        "resourceType": "Library",
        "id": id_of(organization),
        "meta": {"profile": [POLICY.url]},
        "status": "active",
        "type": {"coding": [{"system": POLICIES.system, "code": "booking-policy"}]},
        "identifier": [{"system": POLICY_OF, "value": organization.rpartition("/")[2]}],
        "extension": [
            {"url": _PARTS, "extension": [{"url": name, "valueInteger": decided[name]} for name in sorted(decided)]}
        ],
    }


def refusals(said: Mapping[str, str]) -> Iterator[Issue]:
    """Reasons why what somebody wrote cannot be a policy."""
    for name, text in said.items():
        if name not in BOUNDS:
            yield Issue("value", "policy-name", name, f"Nobody decides {name}.")
            continue
        least, most = BOUNDS[name]
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            yield Issue("value", "policy-bounds", name, f"{name} is a whole number from {least} to {most}.")
    kept = [text for name, text in said.items() if name.startswith(_QUOTA)]
    if all(text.isdecimal() for text in kept) and sum(map(int, kept)) > 100:
        yield Issue("value", "policy-quotas", text="More than all numbers would be kept.")
