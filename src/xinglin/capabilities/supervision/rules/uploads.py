"""An upload as a Task: made, sent, held, refused, taken; and when it is due."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.rules.documents import CHINA, Document, coded, instant, value
from xinglin.care.findings import Finding
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# Told as they happen; the others as whole records, the day after.
AT_ONCE: Final = frozenset({"registration", "cancellation", "prescription"})
MINUTES: Final = 5
_STATUS: Final = {"waiting": "requested", "held": "on-hold", "taken": "completed", "refused": "failed"}


@cites("R2-042")
def due(act: str, at: datetime, minutes: int = MINUTES) -> datetime:
    """Say by when an act must be told: at once, or by the end of the next day in Beijing."""
    if act in AT_ONCE:
        return at + timedelta(minutes=minutes)
    return datetime.combine(at.astimezone(CHINA).date() + timedelta(days=1), time(23, 59, 59), CHINA)


def key_of(act: str, focus: str) -> str:
    """Name an upload: there is one for each act and what it is about."""
    return f"{act} {focus}"


def made(act: str, focus: str, *, patient: str, owner: str, until: datetime, now: datetime) -> Document:
    """Write an upload that waits. owner: the institution that reports."""
    return {
        "resourceType": "Task",
        "meta": {"profile": [contract.UPLOAD.url]},
        "identifier": [{"system": contract.KEYS, "value": key_of(act, focus)}],
        "extension": [coded(contract.ACT, act)],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS.system, "code": "upload"}]},
        "businessStatus": _state("waiting"),
        "focus": {"reference": focus},
        "for": {"reference": patient},
        "owner": {"reference": owner},
        "authoredOn": now.isoformat(),
        "lastModified": now.isoformat(),
        "restriction": {"period": {"end": until.isoformat()}},
    }


@cites("R2-042")
def moved(
    task: Document,
    state: str,
    now: datetime,
    *,
    faults: Iterable[Text] = (),
    digest: str = "",
    receipt: str = "",
    sent: bool = False,
) -> Document:
    """Give an upload in another state. sent: the province was asked. digest, receipt: of what it has taken."""
    gone = {contract.FAULT} | ({contract.DIGEST, contract.RECEIPT, contract.TIMELY} if receipt else set())
    gone |= {contract.ATTEMPT} if sent else set()
    kept = [one for one in task.get("extension", ()) if one["url"] not in gone]
    if receipt:
        first = value(task, contract.TIMELY)
        timely = now <= _due(task) if first is None else bool(first)  # a correction is not late
        kept += [
            {"url": contract.DIGEST, "valueString": digest},
            {"url": contract.RECEIPT, "valueString": receipt},
            {"url": contract.TIMELY, "valueBoolean": timely},
        ]
    if sent:
        kept.append({"url": contract.ATTEMPT, "valueInteger": attempts(task) + 1})
    kept += [_fault(one) for one in faults]
    made = task | {"status": _STATUS[state], "businessStatus": _state(state), "extension": kept}
    made["lastModified"] = now.isoformat()
    if state == "taken":
        made["executionPeriod"] = {"end": now.isoformat()}
    return made


def _fault(text: Text) -> Document:
    parts = [{"url": "zh", "valueString": text.zh}, {"url": "en", "valueString": text.en}]
    return {"url": contract.FAULT, "extension": parts}


def words(findings: Iterable[Finding]) -> tuple[Text, ...]:
    """Say findings as what keeps an upload back."""
    return tuple(dict.fromkeys(one.text for one in findings))


def state_of(task: Mapping[str, Any]) -> str:
    """Read the state of an upload."""
    return str(next((one["code"] for one in task.get("businessStatus", {}).get("coding", ())), ""))


def attempts(task: Mapping[str, Any]) -> int:
    """Count how often it was sent."""
    return int(value(task, contract.ATTEMPT) or 0)


def again_after(attempt: int) -> timedelta:
    """Say after how long to send again: each time later, an hour at most."""
    return timedelta(seconds=min(5 * 2**attempt, 3600))


def stays(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every write: an upload is never deleted, and names the same act for ever."""
    if before is None:
        return ()
    if after is None or _named(before) != _named(after):
        return (Issue("business-rule", "upload-kept", "Task", "An upload is kept as the act that it tells."),)
    return ()


def _named(task: Any) -> tuple[str | None, str | None]:
    first = next(iter(task.identifier or ()), None)
    return (first.value if first else None, task.focus.reference if task.focus else None)


def _due(task: Mapping[str, Any]) -> datetime:
    at = instant(task["restriction"]["period"]["end"])
    if at is None:
        raise ValueError("an upload has its time")
    return at


def _state(code: str) -> Document:
    return {"coding": [{"system": contract.UPLOAD_STATES.system, "code": code}]}
