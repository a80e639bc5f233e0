"""Setting up an internet hospital: evidence, the checklist, activation, and what follows from a lost item."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import structlog

from xinglin.capabilities.directory import contract
from xinglin.capabilities.directory.contract import Evidence, Hospital, SettingUp
from xinglin.capabilities.directory.operations.reading import document, facts, found, hospital_of, today
from xinglin.capabilities.directory.rules import checklist, forms
from xinglin.capabilities.directory.rules.checklist import Item, Judged, Shown
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import DETAILS_SYSTEM, Issue, OutcomeError, refuse
from xinglin.fhir.r4.datatypes import CodeableConcept, Coding
from xinglin.fhir.r4.resources import OperationOutcome, OperationOutcomeIssue, Organization, Task
from xinglin.fhir.sources import cites
from xinglin.security.institution_forms import (
    SUSPENDED,
    Json,
    department_codes,
    institution_of,
    is_internet_hospital,
    with_extension,
)
from xinglin.security.institutions import naming_faults
from xinglin.store.door import Fhir, UnitOfWork
from xinglin.store.reading import not_found

Document = dict[str, Any]
STATUS: Final = {"passed": "completed", "failed": "rejected"}


@cites("R1-010")
async def set_up(work: UnitOfWork, given: SettingUp) -> Organization:
    """Organization/$set-up-internet-hospital: make it, not active yet, under the institution that applies."""
    host = await _own(work, given.id)
    if is_internet_hospital(host) or department_codes(host):
        raise OutcomeError(not_found("Organization", given.id))
    await work.lock(f"Organization/{given.id}")
    if await hospital_of(work.platform, f"Organization/{given.id}") is not None:
        raise OutcomeError(Issue("conflict", "hospital-exists", text="This institution has an internet hospital."))
    name, partner = given.name.strip(), given.partner.strip()
    refuse(naming_faults(name, naming=given.naming, host=str(host.get("name") or ""), partner=partner))
    made = forms.internet_hospital(host, name, given.naming, partner if given.naming != "alone" else "")
    written = await work.platform.create(bytes_of(made), type="Organization")
    return await _organization(work, written.id)


async def record_evidence(work: UnitOfWork, given: Evidence) -> Task:
    """Organization/$record-readiness: keep what shows that one item is met, with who answers for it and the date."""
    hospital = await _own_hospital(work, given.id)
    day = today(work.now)
    item = next((one for one in checklist.items(institution_of(hospital), day) if one.code == given.item), None)
    shown = Shown(_result(given.result), _date(given.on, "on"), _until(item, given), _details(given.details))
    issues = [*checklist.evidence_faults(item, shown, day)]
    issues += [
        Issue("required", "field-needed", name, f"{name} is missing.")
        for name in ("responsible", "document")
        if not getattr(given, name).strip()
    ]
    refuse(issues)
    await work.lock(f"Organization/{given.id}")
    before = (await _tasks(work.platform, given.id)).get(given.item)
    made = _task(hospital, given, shown, before)
    if before is None:
        written = await work.platform.create(bytes_of(made), type="Task")
    else:
        written = await work.platform.update(bytes_of(made), type="Task", id=str(before["id"]))
    read = codec.decode((await work.platform.read("Task", written.id)).body(), "Task")
    if not isinstance(read, Task):
        raise TypeError("a Task is a Task")
    return read


async def check(work: UnitOfWork, given: Hospital) -> OperationOutcome:
    """Organization/$readiness: what keeps an internet hospital from being active; one line says when nothing does."""
    await _reached(work, given.id)
    issues = checklist.gate(await judged(work.platform, given.id, today(work.now)))
    if not issues:
        issues = (
            Issue("informational", "readiness-complete", text="Every mandatory item is met.", severity="information"),
        )
    return OperationOutcome(issue=[_told(one) for one in issues])


@cites("R1-020")
async def activate(work: UnitOfWork, given: Hospital) -> Organization:
    """Organization/$activate: make an internet hospital active; refused with every mandatory item that is not met."""
    hospital = await _own_hospital(work, given.id)
    await work.lock(f"Organization/{given.id}")
    found = await judged(work.platform, given.id, today(work.now))
    refuse(checklist.gate(found))
    if hospital.get("active") is not True:
        await _keep_results(work, hospital, found)
        await work.platform.patch(
            lambda one: with_extension(one | {"active": True}, SUSPENDED, None), type="Organization", id=given.id
        )
    return await _organization(work, given.id)


@cites("R1-020", "R2-003")
async def recheck(work: UnitOfWork, hospital: Document, *, suspends: bool) -> bool:
    """Judge an active internet hospital anew; True when it lost a mandatory item and was suspended.

    suspends: whether a lost item stops it [CFG]; else it only shows.
    """
    id = str(hospital["id"])
    lost = checklist.gate(await judged(work.platform, id, today(work.now)))
    if not lost or not suspends or hospital.get("active") is not True:
        return False
    reason = "；".join(one.where for one in lost)
    since = work.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    inner = [{"url": "since", "valueInstant": since}, {"url": "reason", "valueString": reason}]
    await work.platform.patch(
        lambda one: with_extension(one | {"active": False}, SUSPENDED, {"extension": inner}),
        type="Organization",
        id=id,
    )
    structlog.get_logger().warning("directory.suspended", organization=id, items=[one.where for one in lost])
    return True


async def judged(fhir: Fhir, id: str, day: date) -> tuple[Judged, ...]:
    """Judge the checklist of an internet hospital today."""
    return checklist.judge(await facts(fhir, id), shown_of(await _tasks(fhir, id)), day)


async def evidence(fhir: Fhir, id: str) -> Mapping[str, Document]:
    """Give the Tasks of the evidence by item, as far as the reader sees them."""
    return await _tasks(fhir, id)


def shown_of(tasks: Mapping[str, Json]) -> dict[str, Shown]:
    """Read evidence from its Tasks."""
    return {code: _shown(one) for code, one in tasks.items() if _input(one, "document")}


def details_of(task: Json) -> dict[str, str]:
    """Read what an item asked for besides."""
    found = [str(one.get("valueString", "")) for one in task.get("input") or () if _word(one.get("type")) == "detail"]
    return dict(one.partition("=")[::2] for one in found)


def _input(task: Json, name: str) -> str:
    return next(
        (str(one.get("valueString", "")) for one in task.get("input") or () if _word(one.get("type")) == name), ""
    )


def told_of(task: Json) -> dict[str, str]:
    """Read evidence as texts for a page."""
    period = task.get("executionPeriod") or {}
    return {
        "result": _word(task.get("businessStatus")),
        "on": str(period.get("start", ""))[:10],
        "until": str(period.get("end", ""))[:10],
        "responsible": str((task.get("owner") or {}).get("display") or ""),
        "document": _input(task, "document"),
        "note": _input(task, "note"),
    }


# -- whose it is ------------------------------------------------------------------------------------------------------


async def _own(work: UnitOfWork, id: str) -> Document:
    """Read one's own institution; another's is as if it were not there."""
    principal = work.principal
    own = principal.organization == f"Organization/{id}"
    if not own and not principal.roles & {"system", "developer"}:
        raise OutcomeError(not_found("Organization", id))
    return await document(work.fhir, "Organization", id)


async def _own_hospital(work: UnitOfWork, id: str) -> Document:
    """Read the internet hospital of one's own institution."""
    hospital = await _reached(work, id)
    mine = {f"Organization/{id}", str((hospital.get("partOf") or {}).get("reference") or "")}
    if work.principal.organization not in mine and not work.principal.roles & {"system", "developer"}:
        raise OutcomeError(not_found("Organization", id))
    return hospital


async def _reached(work: UnitOfWork, id: str) -> Document:
    hospital = await document(work.fhir, "Organization", id)
    if not is_internet_hospital(hospital):
        raise OutcomeError(not_found("Organization", id))
    return hospital


async def _organization(work: UnitOfWork, id: str) -> Organization:
    read = codec.decode((await work.platform.read("Organization", id)).body(), "Organization")
    if not isinstance(read, Organization):
        raise TypeError("an Organization is an Organization")
    return read


# -- evidence as Tasks ------------------------------------------------------------------------------------------------


async def _tasks(fhir: Fhir, id: str) -> dict[str, Document]:
    # Whoever treats a patient may write Tasks about that one: they are no evidence.
    asked = {"code": f"{contract.TASKS}|{contract.READINESS}", "focus": f"Organization/{id}"}
    rows = await found(fhir, "Task", **asked, **{"patient:missing": "true"})
    return {_word(one.get("reasonCode")): one for one in rows}


async def _keep_results(work: UnitOfWork, hospital: Document, judged: Sequence[Judged]) -> None:
    """Keep what the directory itself showed when the hospital became active, beside the evidence."""
    tasks = await _tasks(work.platform, str(hospital["id"]))
    day = today(work.now).isoformat()
    for one in judged:
        if not one.item.by_machine:
            continue
        given = Evidence(str(hospital["id"]), one.item.code, one.result, day, "", "")
        made = _task(hospital, given, Shown(one.result, today(work.now)), tasks.get(one.item.code))
        await (
            work.platform.update(bytes_of(made), type="Task", id=str(made["id"]))
            if "id" in made
            else work.platform.create(bytes_of(made), type="Task")
        )


def _task(hospital: Json, given: Evidence, shown: Shown, before: Json | None) -> Document:
    period = {"start": shown.on.isoformat()} | ({"end": shown.until.isoformat()} if shown.until else {})
    inputs = [("document", given.document.strip()), ("note", given.note.strip())]
    inputs += [("detail", f"{name}={text}") for name, text in shown.details.items() if text]
    made: Document = {
        "resourceType": "Task",
        "meta": {"profile": [contract.READINESS_ITEM.url]},
        "identifier": [{"system": contract.ITEM_KEYS, "value": f"{hospital['id']}/{given.item}"}],
        "status": STATUS.get(shown.result, "in-progress"),
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS, "code": contract.READINESS}]},
        "reasonCode": {"coding": [{"system": contract.ITEMS, "code": given.item}]},
        "businessStatus": {"coding": [{"system": contract.RESULTS.system, "code": shown.result}]},
        "focus": forms.reference("Organization", hospital),
        "executionPeriod": period,
    }
    if given.responsible.strip():
        made["owner"] = {"display": given.responsible.strip()}
    kept = [
        {"type": {"coding": [{"system": contract.ITEMS, "code": name}]}, "valueString": text}
        for name, text in inputs
        if text
    ]
    if kept:
        made["input"] = kept
    return made | ({"id": before["id"]} if before is not None else {})


def _shown(task: Json) -> Shown:
    told = told_of(task)
    return Shown(
        _result(told["result"]),
        date.fromisoformat(told["on"]),
        date.fromisoformat(told["until"]) if told["until"] else None,
        details_of(task),
    )


def _word(concept: Any) -> str:
    codings: Sequence[Json] = (concept or {}).get("coding") or ({},)
    return str(codings[0].get("code") or "")


def _result(text: str) -> checklist.Result:
    if text == "passed":
        return "passed"
    if text == "failed":
        return "failed"
    raise OutcomeError(Issue("value", "readiness-result", "result", "The result is passed or failed."))


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise OutcomeError(Issue("value", "field-date", where, "Write the date as 2026-11-22.")) from None


def _until(item: Item | None, given: Evidence) -> date | None:
    """Give the last day evidence holds: as said, else by the months that the item gives it."""
    if given.until.strip():
        return _date(given.until, "until")
    if item is None or not item.months:
        return None
    day = _date(given.on, "on")
    months = day.month - 1 + item.months
    return date(day.year + months // 12, months % 12 + 1, min(day.day, 28))


def _details(given: Sequence[str]) -> dict[str, str]:
    return {name: text.strip() for name, _, text in (one.partition("=") for one in given) if text.strip()}


def _told(issue: Issue) -> OperationOutcomeIssue:
    return OperationOutcomeIssue(
        severity=issue.severity,
        code=issue.code,  # type: ignore[arg-type]  # of the same code system
        details=CodeableConcept(coding=[Coding(system=DETAILS_SYSTEM, code=issue.key)], text=issue.text),
        expression=[issue.where] if issue.where else None,
    )
