"""The public log of numbers given back as a List[give-back], and its lines as values."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from xinglin.capabilities.appointments.contract import GIVEN_BACK, LISTS, LOG_OF, extension
from xinglin.capabilities.appointments.rules.shapes import Session, coded, found, instant
from xinglin.care.giving_back import Outcome, Returned

_PARTS: Final = extension("given-back")


def id_of(session: str) -> str:
    """Give the id of the log of a session."""
    return f"{session}-log"[-64:]


def empty(session: Session, commitment: str, now: datetime) -> dict[str, Any]:
    """Write a log without lines. commitment: digest of the seed, public from now on."""
    return {
        "resourceType": "List",
        "id": id_of(session.id),
        "meta": {"profile": [GIVEN_BACK.url]},
        "identifier": [{"system": LOG_OF, "value": session.id}],
        "status": "current",
        "mode": "working",
        "code": coded(LISTS.system, "give-back", LISTS.codes["give-back"].zh),
        "date": now.isoformat(),
        "extension": [{"url": extension("seed-digest"), "valueString": commitment}],
    }


def commitment(log: dict[str, Any]) -> str:
    """Give the digest of the seed."""
    return str(found(log, "seed-digest")["valueString"])


def lines(log: dict[str, Any]) -> tuple[Returned, ...]:
    """Read the lines, in their order."""
    return tuple(_line(one) for one in log.get("extension") or () if one["url"] == _PARTS)


def added(log: dict[str, Any], line: Returned) -> dict[str, Any]:
    """Add a line; none is ever changed."""
    parts: list[dict[str, Any]] = [
        {"url": "number", "valuePositiveInt": line.number},
        {"url": "seat", "valuePositiveInt": line.seat},
        {"url": "count", "valueUnsignedInt": line.count},
        {"url": "at", "valueInstant": line.at.isoformat()},
        {"url": "starts", "valueInstant": line.starts.isoformat()},
        {"url": "outcome", "valueCode": line.outcome},
    ]
    parts += [{"url": "until", "valueInstant": line.until.isoformat()}] if line.until is not None else []
    parts += [{"url": "to", "valueString": line.to}] if line.to else []
    parts += [{"url": "waiting", "valueString": one} for one in line.waiting]
    return log | {"extension": [*log["extension"], {"url": _PARTS, "extension": parts}]}


def with_outcome(line: Returned, outcome: Outcome, *, until: datetime | None = None, to: str = "") -> Returned:
    """Say what became of the number."""
    return replace(line, outcome=outcome, until=until, to=to)


def _line(one: dict[str, Any]) -> Returned:
    parts = {part["url"]: next(value for key, value in part.items() if key != "url") for part in one["extension"]}
    return Returned(
        number=parts["number"],
        seat=parts["seat"],
        count=parts["count"],
        at=instant(parts["at"]),
        starts=instant(parts["starts"]),
        outcome=parts["outcome"],
        until=instant(parts["until"]) if "until" in parts else None,
        to=parts.get("to", ""),
        waiting=tuple(part["valueString"] for part in one["extension"] if part["url"] == "waiting"),
    )
