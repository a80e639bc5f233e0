"""Incidents: recorded, moved on step by step, told to the persons concerned."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.privacy.contract import (
    INCIDENT,
    INCIDENT_CODE,
    LEAKED,
    LEVELS,
    STATES,
    TASKS,
    TELL,
    Incident,
    Step,
)
from xinglin.capabilities.privacy.rules import incidents as rules
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

AT_ONCE: Final = 50  # persons that one job tells
TEXTS: Final = ("kinds", "cause", "harm", "measures", "advice")


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator sets. critical: runs critical infrastructure. contact: whom the persons concerned may ask."""

    critical: bool
    contact: str


@cites("R7-019")
async def report(terms: Terms, work: UnitOfWork, given: Incident) -> str:
    """Task/$report-incident: record what was discovered; the terms count from then."""
    found = instant_of(given.found)
    refuse(rules.report_faults(given, found, work.now))
    people = tuple(dict.fromkeys(one.removeprefix("Patient/") for one in given.persons))
    await _must_be_there(work, people)
    if found is None:
        raise OutcomeError(Issue("value", "incident-found", "found"))
    personal = bool(people or given.kinds.strip())
    known = rules.Known(given.level, found, personal, {})
    texts = [(name, getattr(given, name).strip()) for name in TEXTS if getattr(given, name).strip()]
    task: dict[str, Any] = {
        "resourceType": "Task",
        "meta": {"profile": [INCIDENT.url]},
        "status": "in-progress",
        "intent": "order",
        "priority": "urgent" if given.level in rules.REPORTED else "routine",
        "code": {"coding": [{"system": TASKS.system, "code": "security-incident"}]},
        "reasonCode": {"coding": [{"system": LEVELS.system, "code": given.level}]},
        "businessStatus": {"coding": [{"system": STATES.system, "code": rules.state(known, critical=terms.critical)}]},
        "executionPeriod": {"start": found.isoformat()},
        "authoredOn": work.now.isoformat(),
        "description": given.what.strip(),
    }
    inputs = [{"type": {"text": name}, "valueString": value} for name, value in texts]
    inputs += [{"type": {"text": "person"}, "valueReference": {"reference": f"Patient/{id}"}} for id in people]
    made = await work.platform.create(msgspec.json.encode(task | ({"input": inputs} if inputs else {})), type="Task")
    work.note("incident", type="Task", refs=(f"Task/{made.id}",), detail=given.level)
    return made.id


@cites("R7-011", "R7-019")
async def advance(terms: Terms, work: UnitOfWork, given: Step) -> str:
    """Task/$advance-incident: write down a step that was taken; ``persons`` sends the notices."""
    row = await work.fhir.read("Task", given.id)
    task = document_of(row.body())
    if not is_incident(task):
        raise OutcomeError(not_found("Task", given.id))
    before, people = known_of(task), persons_of(task)
    refuse(rules.step_faults(before, given.step, given.note, persons=len(people)))
    known = rules.Known(before.level, before.found, before.personal, {**before.done, given.step: work.now})
    state = rules.state(known, critical=terms.critical)
    task["output"] = [
        *task.get("output", ()), {"type": {"text": given.step}, "valueDateTime": work.now.isoformat()}
    ]  # fmt: skip
    note = {
        "time": work.now.isoformat(),
        "authorString": work.principal.id,
        "text": f"{given.step}: {given.note.strip()}",
    }
    if given.note.strip():
        task["note"] = [*task.get("note", ()), note]
    task["businessStatus"] = {"coding": [{"system": STATES.system, "code": state}]}
    task["status"] = "completed" if state == "closed" else "in-progress"
    await work.platform.update(msgspec.json.encode(task), type="Task", id=given.id, if_match=row.vid)
    if given.step == "persons" and people:
        await work.defer(TELL, incident=given.id, start=0)
    work.note(f"incident-{given.step}", type="Task", refs=(f"Task/{given.id}",))
    return state


@cites("R7-011")
async def tell(terms: Terms, work: UnitOfWork, incident: str, start: int) -> None:
    """Tell the persons concerned, some at a time; a job, and who was told is not told twice."""
    task = document_of((await work.platform.read("Task", incident)).body())
    people = persons_of(task)
    texts = texts_of(task)
    parameters = (*(f"{name}={texts[name]}" for name in TEXTS), f"contact={terms.contact}")
    for person in people[start : start + AT_ONCE]:
        notice = Notice(LEAKED.code, person, parameters, f"Task/{incident}", f"incident {incident} {person}")
        await work.platform.operate(NOTIFY, notice)
    if start + AT_ONCE < len(people):
        await work.defer(TELL, incident=incident, start=start + AT_ONCE)


def instant_of(text: str) -> datetime | None:
    """Read an instant with its zone; None when it is none."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return read if read.tzinfo is not None else None


def is_incident(task: dict[str, Any]) -> bool:
    """Tell incidents from other tasks."""
    return any(
        f"{one.get('system')}|{one.get('code')}" == INCIDENT_CODE for one in task.get("code", {}).get("coding", ())
    )


def known_of(task: dict[str, Any]) -> rules.Known:
    """Read what the terms depend on."""
    done = {str(one["type"]["text"]): datetime.fromisoformat(one["valueDateTime"]) for one in task.get("output", ())}
    found = datetime.fromisoformat(task["executionPeriod"]["start"])
    personal = any(one["type"].get("text") in {"kinds", "person"} for one in task.get("input", ()))
    return rules.Known(str(task["reasonCode"]["coding"][0]["code"]), found, personal, done)


def persons_of(task: dict[str, Any]) -> tuple[str, ...]:
    """Read the persons concerned, as references."""
    return tuple(one["valueReference"]["reference"] for one in task.get("input", ()) if "valueReference" in one)


def texts_of(task: dict[str, Any]) -> dict[str, str]:
    """Read what the persons concerned are told; empty where nothing was said."""
    return dict.fromkeys(TEXTS, "") | dict(_texts(task))


def _texts(task: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for one in task.get("input", ()):
        if "valueString" in one:
            yield str(one["type"]["text"]), str(one["valueString"])


async def _must_be_there(work: UnitOfWork, people: tuple[str, ...]) -> None:
    """Refuse persons who are in no record; in groups, so that an address of the search stays short."""
    for start in range(0, len(people), AT_ONCE):
        part = people[start : start + AT_ONCE]
        page = await work.platform.find("Patient", _id=",".join(part), _count=str(AT_ONCE), _elements="id")
        lost = set(part) - {row.id for row in page.matches}
        if lost:
            text = f"There is no such person: {', '.join(sorted(lost)[:5])}."
            raise OutcomeError(Issue("not-found", "incident-unknown", "persons", text), status=422)
