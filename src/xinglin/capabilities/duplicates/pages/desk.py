"""The duplicates desk: pairs to decide over, two records side by side, merging, and undoing it at any time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xinglin.capabilities.duplicates import rules
from xinglin.capabilities.duplicates.contract import (
    DECIDE,
    DUPLICATE,
    FIELDS,
    LIST,
    MERGE,
    OVERRIDING,
    PARTING,
    STATES,
    TASK_CODES,
    UNMERGE,
    Deciding,
    Merging,
    Unmerging,
)
from xinglin.capabilities.duplicates.operations import merge
from xinglin.capabilities.duplicates.pages import shown
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.datatypes import Reference
from xinglin.store import moving
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing
from xinglin.web.listing import show_list as show_listing
from xinglin.web.view import Download, Form, Redirect, Rejected, View

# Of whom records are counted: what tells how much hangs on a record.
COUNTED: Final = (
    *("Encounter", "Condition", "Observation", "DiagnosticReport", "MedicationRequest", "Procedure"),
    *("Immunization", "AllergyIntolerance", "CareTeam", "Coverage", "Consent"),
)
TONES: Final[Mapping[str, tuple[Text, str]]] = {
    "requested": (Text("待判定", "To be decided"), "warning"),
    "in-progress": (Text("处理中", "In progress"), "info"),
    "completed": (Text("已合并", "Merged"), "success"),
    "rejected": (Text("不是同一人", "Different persons"), "neutral"),
}
GRADES: Final[Mapping[str, tuple[Text, str]]] = {
    "certain": (Text("确定", "Certain"), "danger"),
    "probable": (Text("很可能", "Probable"), "warning"),
    "possible": (Text("可能", "Possible"), "neutral"),
    "manual": (Text("人工提出", "By hand"), "neutral"),
}


@dataclass(frozen=True, slots=True)
class Steps:
    """How far the work on a large record is; total 0: it waits for its turn."""

    parting: bool
    done: int
    total: int


def _told(found: Found, words: Mapping[str, tuple[Text, str]], code: str) -> Cell:
    text, tone = words.get(code, (Text(code, code), "neutral"))
    return Cell(text.zh if found.language == "zh" else text.en, tone)


def _pair(found: Found) -> Cell:
    one, other = (found.more.get(id) or id for id in merge.pair_of(dict(found.document)))
    return Cell(f"{one} / {other}")


LISTING: Final = Listing(
    name="duplicates",
    title=Text("查重合并", "Duplicates"),
    type="Task",
    columns=(
        Column(Text("两份档案", "Two records"), _pair),
        Column(Text("匹配程度", "Match"), lambda one: _told(one, GRADES, shown.told(one.document, "grade"))),
        Column(Text("概率", "Score"), lambda one: Cell(shown.percent(one.document))),
        Column(
            Text("提出时间", "Raised"),
            lambda one: Cell(shown.when(str(one.document.get("authoredOn") or ""))),
            "authored-on",
        ),
        Column(Text("状态", "State"), lambda one: _told(one, TONES, str(one.document.get("status")))),
    ),
    empty=Empty(
        "users",
        Text("没有待判定的重复档案", "No duplicates to decide over"),
        Text(
            "系统每晚比对新建和变更的档案，可能是同一人的会列在这里。",
            "Every night new and changed records are compared; those that may be one person are listed here.",
        ),
    ),
    where=(("code", f"{TASK_CODES}|{DUPLICATE}"),),
    filters=(
        Filter("status", Text("状态", "State"), "choice", options=tuple((state, TONES[state][0]) for state in STATES)),
        Filter("authored-on", Text("提出时间", "Raised"), "days"),
    ),
    sort="-authored-on",
    href=lambda one: f"{LIST}/{one.id}",
    more=shown.names,
)


async def show_list(work: UnitOfWork, form: Form) -> View | Download:
    """List pairs; those that wait unless another state is asked for."""
    if not form.pairs:
        form = Form((("status", "requested"),), form.path, form.language, form.base)
    return await show_listing(work, form, LISTING)


async def show_card(work: UnitOfWork, _form: Form) -> View | None:
    """Say how many pairs wait; nothing when none does."""
    waiting = await work.fhir.count("Task", code=f"{TASK_CODES}|{DUPLICATE}", status="requested")
    return View("duplicates/card.html", {"waiting": waiting, "path": LIST}) if waiting else None


async def show_one(work: UnitOfWork, form: Form, *, zone: str) -> View:
    """Show two records side by side."""
    return await _one(work, form, (), zone)


async def send_one(work: UnitOfWork, form: Form, *, zone: str) -> Redirect:
    """Merge, undo, or decide that they are different persons."""
    task = await _task(work, form["id"])
    try:
        await _do(work, form, task)
    except OutcomeError as refused:
        if refused.status == 404 or (refused.status == 403 and refused.issues[0].key == "forbidden"):
            raise
        raise Rejected(await _one(work, form, refused.issues, zone)) from refused
    # The record may be kept elsewhere from now on.
    near = (await work.fhir.find("Task", _id=form["id"], _count="1")).matches
    return Redirect(f"{LIST}/{form['id']}?done={form['do']}" if near else LIST)


async def _do(work: UnitOfWork, form: Form, task: dict[str, Any]) -> None:
    pair = merge.pair_of(task)
    reason = form["reason"].strip()
    match form["do"]:
        case "merge":
            if form["survivor"] not in pair:
                text = "Choose which of the two records goes on."
                raise OutcomeError(Issue("required", "merge-survivor", "target-patient", text))
            target = form["survivor"]
            source = pair[1] if target == pair[0] else pair[0]
            keep = tuple(field for field in FIELDS.codes if form[f"keep.{field}"] == source)
            override = form["override"] == "yes"
            await work.fhir.operate(MERGE, Merging(_reference(source), _reference(target), reason, keep, override))
        case "unmerge":
            source, _ = merge.merged_of(task)
            if source:
                await work.fhir.operate(UNMERGE, Unmerging(_reference(source), reason))
        case "different" | "open" as decision:
            await work.fhir.operate(DECIDE, Deciding(form["id"], decision, reason))
        case _:
            raise OutcomeError(Issue("value", "duplicate-decision", text="Merge them, or say that they are different."))


def _reference(id: str) -> Reference:
    return Reference(reference=f"Patient/{id}")


async def _task(work: UnitOfWork, id: str) -> dict[str, Any]:
    task: dict[str, Any] = document_of((await work.fhir.read("Task", id)).body())
    if not merge.is_candidate(task):
        raise OutcomeError(not_found("Task", id))
    return task


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...], zone: str) -> View:
    task = await _task(work, form["id"])
    ids = merge.pair_of(task)
    documents = await merge.both(work, *ids)
    work.note("duplicates-shown", type="Patient", refs=tuple(f"Patient/{id}" for id in ids))
    stand = rules.differing(*documents)
    source, survivor = merge.merged_of(task)
    sides = [shown.side(one) for one in documents]
    if task["status"] == "in-progress":
        survivor = ""  # until it is done each record holds its own
    counts = await _counts(work, survivor or "", ids)
    held = [sum(one["each"][place % len(one["each"])] for one in counts) for place in range(len(ids))]
    return View(
        "duplicates/one.html",
        {
            "task": task,
            "status": task["status"],
            "grade": shown.told(task, "grade"),
            "percent": shown.percent(task),
            "sides": sides,
            "rows": shown.rows(documents, stand, form.language),
            "counts": counts,
            "merged": bool(source) and task["status"] == "completed",
            "steps": await _steps(work, task),
            "survivor": survivor or form["survivor"] or shown.likelier(documents, held),
            "taken": {field: form[f"keep.{field}"] for field in FIELDS.codes},
            "two": merge.differ(work, *documents, zone=zone),
            "may_override": bool(work.principal.roles & OVERRIDING),
            "notes": list(reversed(task.get("note") or ())),
            "reason": form["reason"],
            "override": form["override"],
            "done": form["done"],
            "issues": issues,
        },
        status=422 if issues else 200,
    )


async def _steps(work: UnitOfWork, task: Mapping[str, Any]) -> Steps | None:
    """Tell how far a job is; None when none is at it."""
    if task["status"] != "in-progress":
        return None
    now = await moving.progress(work.executor)
    begun = now if now is not None and now.task == task["id"] else None
    parting = task["businessStatus"]["text"] == PARTING
    return Steps(parting, begun.done if begun else 0, begun.total if begun else 0)


async def _counts(work: UnitOfWork, survivor: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Count what each record holds; once merged, what the person holds."""
    found = []
    for type in COUNTED:
        each = [await work.platform.count(type, patient=f"Patient/{id}") for id in ([survivor] if survivor else ids)]
        if any(each):
            found.append({"type": type, "each": each})
    return found
