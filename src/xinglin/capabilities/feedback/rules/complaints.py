"""A complaint: what it says, by when it is answered, how it moves."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.contract import Answering, Complaining, Taking
from xinglin.care.calendar import after, is_working
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

Document = dict[str, Any]
CHINA: Final = ZoneInfo("Asia/Shanghai")
# Working days until the answer: where it must be looked into, and where several departments must.
TERM: Final = cites("R8-002")(5)
TERM_OF_SEVERAL: Final = cites("R8-002")(10)
TEXT_LEAST: Final = 5
TEXT_MOST: Final = 4000
ABOUT: Final = frozenset({"Encounter", "RequestGroup", "Invoice", "Organization"})
_STATUS: Final = {
    "received": "requested",
    "investigating": "in-progress",
    "answered": "ready",
    "closed": "completed",
    "declined": "rejected",
}
MOVES: Final = {
    "received": frozenset({"investigating", "answered", "declined"}),
    "investigating": frozenset({"answered", "declined"}),
    "answered": frozenset({"closed", "investigating"}),
    "closed": frozenset[str](),
    "declined": frozenset[str](),
}


@cites("R8-002", "R8-006")
def deadline(received: date, *, several: bool) -> datetime:
    """Give the end of the last day for the answer, in working days of China from the day after."""
    return datetime.combine(after(received, TERM_OF_SEVERAL if several else TERM), time(23, 59, 59), CHINA)


def is_due(task: Mapping[str, Any], today: date) -> bool:
    """Tell whether the term of an open complaint ends today or with the next working day, or is over."""
    if state_of(task) not in contract.OPEN:
        return False
    end = last_day(task)
    return end <= after(today, 1) and (is_working(today) or end <= today)


@cites("R8-005")
def faults(given: Complaining) -> tuple[Issue, ...]:
    """Say what a complaint lacks."""
    issues = []
    if given.category not in contract.CATEGORIES.codes:
        issues.append(Issue("code-invalid", "complaint-category", "category", "Choose what it is about."))
    if not TEXT_LEAST <= len(given.text.strip()) <= TEXT_MOST:
        issues.append(
            Issue("value", "complaint-text", "text", f"Say what happened, {TEXT_LEAST} to {TEXT_MOST} signs.")
        )
    if given.about.partition("/")[0] not in ABOUT:
        issues.append(Issue("value", "complaint-about", "about", "Name a visit, a prescription, a bill or a place."))
    if given.category == "refund" and not given.about.startswith(("Invoice/", "Encounter/")):
        issues.append(Issue("business-rule", "complaint-bill", "about", "A dispute about money names the bill."))
    return tuple(issues)


@cites("R8-005", "R8-001")
def made(given: Complaining, *, owner: str, requester: str, now: datetime) -> Document:
    """Write a complaint as it was received; the term runs from today."""
    texts = {
        contract.RELATION: given.relation,
        contract.CONTACT: given.contact,
        contract.DEMANDS: given.demands,
    }
    return {
        "resourceType": "Task",
        "meta": {"profile": [contract.COMPLAINT.url]},
        "extension": [
            {"url": contract.CATEGORY, "valueCode": given.category},
            *({"url": url, "valueString": text.strip()} for url, text in texts.items() if text.strip()),
        ],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS.system, "code": "complaint"}]},
        "businessStatus": _state("received"),
        "description": given.text.strip(),
        "focus": {"reference": given.about},
        "for": {"reference": f"Patient/{given.id}"},
        "requester": {"reference": requester},
        "owner": {"reference": owner},
        "authoredOn": now.isoformat(),
        "lastModified": now.isoformat(),
        "restriction": {"period": {"end": deadline(now.astimezone(CHINA).date(), several=False).isoformat()}},
    }


@cites("R8-001", "R8-002", "R8-007")
def taken(task: Document, given: Taking, *, by: str, now: datetime) -> Document:
    """Give a complaint as its first receiver takes it up, or declines it with the reason."""
    first = [] if value(task, contract.FIRST) else [{"url": contract.FIRST, "valueReference": {"reference": by}}]
    made_ = _moved(task, "declined" if given.declined else "investigating", now)
    made_["extension"] = [*made_["extension"], *first]
    if given.several:
        received = datetime.fromisoformat(task["authoredOn"]).astimezone(CHINA).date()
        made_["restriction"] = {"period": {"end": deadline(received, several=True).isoformat()}}
        made_["extension"].append({"url": contract.SEVERAL, "valueBoolean": True})
    if given.declined:
        reason = contract.DECLINED.codes[given.declined].zh
        made_["statusReason"] = {
            "coding": [{"system": contract.DECLINED.system, "code": given.declined}],
            "text": reason,
        }
        made_["extension"].append(_answer(given.note.strip() or reason, by, now))
    return made_


@cites("R8-002", "R8-005")
def answered(task: Document, given: Answering, *, by: str, now: datetime) -> Document:
    """Give a complaint with its answer; the first receiver may answer on the spot."""
    made_ = _moved(task, "answered", now)
    made_["extension"] = [*made_["extension"], _answer(given.text.strip(), by, now)]
    if not value(task, contract.FIRST):
        made_["extension"].append({"url": contract.FIRST, "valueReference": {"reference": by}})
    if given.mended.strip():
        made_["extension"].append({"url": contract.MENDED, "valueString": given.mended.strip()})
    if given.percent:
        made_["extension"].append({"url": contract.REFUNDED, "valueInteger": given.percent})
    return made_


def confirmed(task: Document, *, satisfied: bool, now: datetime) -> Document:
    """Give a complaint that the complainant is satisfied with, or that is looked into once more."""
    made_ = _moved(task, "closed" if satisfied else "investigating", now)
    others = [one for one in made_["extension"] if one["url"] != contract.SATISFIED]
    made_["extension"] = [*others, {"url": contract.SATISFIED, "valueBoolean": satisfied}]
    if not satisfied:
        end = deadline(now.astimezone(CHINA).date(), several=bool(value(task, contract.SEVERAL)))
        made_["restriction"] = {"period": {"end": end.isoformat()}}
    return made_


def warned(task: Document, day: date) -> Document:
    """Give a complaint of which it was told that its term ends."""
    others = [one for one in task.get("extension", ()) if one["url"] != contract.WARNED]
    return task | {"extension": [*others, {"url": contract.WARNED, "valueDate": day.isoformat()}]}


def move_faults(task: Mapping[str, Any], state: str) -> tuple[Issue, ...]:
    """Say why a complaint cannot go on to a state."""
    if state in MOVES.get(state_of(task), frozenset()):
        return ()
    return (Issue("conflict", "complaint-state", text="This is not possible any more, or not yet."),)


def answer_faults(given: Answering, task: Mapping[str, Any]) -> tuple[Issue, ...]:
    """Say what an answer lacks."""
    issues = list(move_faults(task, "answered"))
    if len(given.text.strip()) < TEXT_LEAST:
        issues.append(Issue("required", "complaint-answer", "text", "Say what was found and what is done."))
    if not 0 <= given.percent <= 100:
        issues.append(Issue("value", "complaint-percent", "percent", "A share is 0 to 100 percent."))
    if given.percent and value(task, contract.CATEGORY) != "refund":
        issues.append(Issue("business-rule", "complaint-no-dispute", "percent", "This is no dispute about money."))
    return tuple(issues)


def take_faults(given: Taking, task: Mapping[str, Any]) -> tuple[Issue, ...]:
    """Say why a complaint cannot be taken up, or declined, so."""
    if given.declined and given.declined not in contract.DECLINED.codes:
        return (Issue("code-invalid", "complaint-declined", "declined", "There is no such reason."),)
    return move_faults(task, "declined" if given.declined else "investigating")


def kept(before: Any | None, after: Any | None) -> tuple[Issue, ...]:
    """Guard every write: a complaint stays, with what was said, and moves along the table."""
    if before is None:
        return ()
    if after is None or (before.description, before.for_, before.owner) != (after.description, after.for_, after.owner):
        return (Issue("business-rule", "complaint-kept", "Task", "A complaint is kept as it was made."),)
    old, new = _code(before), _code(after)
    return () if old == new or new in MOVES[old] else move_faults({}, new)


def _code(task: Any) -> str:
    return next((one.code or "" for one in task.businessStatus.coding or ()), "")


def state_of(task: Mapping[str, Any]) -> str:
    """Read the state."""
    return str(next((one["code"] for one in task.get("businessStatus", {}).get("coding", ())), ""))


def value(task: Mapping[str, Any], url: str) -> Any:
    """Read the first value of an extension; None when there is none."""
    one: Mapping[str, Any] = next((one for one in task.get("extension", ()) if one["url"] == url), {})
    return next((one[name] for name in one if name.startswith("value")), None)


def answers(task: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """Read every answer: text, by, at."""
    found = (one["extension"] for one in task.get("extension", ()) if one["url"] == contract.ANSWER)
    return tuple({part["url"]: next(part[n] for n in part if n.startswith("value")) for part in one} for one in found)


def _answer(text: str, by: str, now: datetime) -> Document:
    parts: list[Document] = [
        {"url": "text", "valueString": text},
        {"url": "by", "valueReference": {"reference": by}},
        {"url": "at", "valueInstant": now.isoformat()},
    ]
    return {"url": contract.ANSWER, "extension": parts}


def _moved(task: Document, state: str, now: datetime) -> Document:
    moved = {"status": _STATUS[state], "businessStatus": _state(state), "lastModified": now.isoformat()}
    return task | moved | {"extension": list(task.get("extension", ()))}


def _state(code: str) -> Document:
    return {"coding": [{"system": contract.STATES.system, "code": code}]}


def last_day(task: Mapping[str, Any]) -> date:
    """Give the last day for the answer."""
    return datetime.fromisoformat(task["restriction"]["period"]["end"]).astimezone(CHINA).date()
