"""Hand-overs of health records: those that others ask of us and those we ask for, one of them, and asking."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from xinglin.capabilities.residents.contract import (
    ASKING_ROLES,
    DECIDE_HANDOVER,
    HANDOVER,
    HANDOVERS,
    NEW_HANDOVER,
    REQUEST_HANDOVER,
    TASK_CODES,
    Handover,
    HandoverDecision,
)
from xinglin.capabilities.residents.operations.handovers import asked, patient_of
from xinglin.capabilities.residents.pages import shown
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.security import masks
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing
from xinglin.web.listing import show_list as show_listing
from xinglin.web.view import Download, Form, Redirect, Rejected, View

STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "requested": (Text("待答复", "Waits for an answer"), "warning"),
    "accepted": (Text("已移交", "Handed over"), "success"),
    "rejected": (Text("未同意", "Refused"), "danger"),
    "cancelled": (Text("已撤回", "Withdrawn"), "neutral"),
}


def _named(member: str) -> Any:
    return lambda one: Cell(str(one.more.get(one.document.get(member, {}).get("reference", ""), "")))


def _state(found: Found) -> Cell:
    text, tone = STATES.get(str(found.document.get("status")), (Text("", ""), "neutral"))
    return Cell(text.zh if found.language == "zh" else text.en, tone)


async def names(work: UnitOfWork, tasks: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """Give names by reference: of institutions; of residents covered unless the reader reaches them."""
    wanted = {one[member]["reference"] for one in tasks for member in ("for", "requester", "owner")}
    found: dict[str, str] = {}
    for type in ("Organization", "Patient"):
        ids = sorted(one.partition("/")[2] for one in wanted if one.startswith(f"{type}/"))
        if not ids:
            continue
        search = {"_id": ",".join(ids), "_count": str(len(ids))}
        page = await work.platform.find(type, **search)
        documents = {f"{type}/{row.id}": document_of(row.body()) for row in page.matches}
        if type == "Organization":
            found |= {reference: str(one.get("name") or "") for reference, one in documents.items()}
            continue
        nothing = work.fhir.reach("search", type).nothing
        near = set() if nothing else {f"Patient/{row.id}" for row in (await work.fhir.find(type, **search)).matches}
        for reference, one in documents.items():
            name = shown.name(one)
            found[reference] = name if reference in near else masks.name(name)
    return found


LISTING: Final = Listing(
    name="handovers",
    title=Text("档案移交", "Hand-overs of records"),
    type="Task",
    columns=(
        Column(Text("居民", "Resident"), _named("for")),
        Column(Text("申请机构", "Asked for by"), _named("requester")),
        Column(Text("原建档机构", "Kept by"), _named("owner")),
        Column(
            Text("申请时间", "Asked"),
            lambda one: Cell(moment(str(one.document.get("authoredOn") or ""))),
            "authored-on",
        ),
        Column(Text("状态", "State"), _state),
    ),
    empty=Empty(
        "file-text",
        Text("没有档案移交", "No hand-overs"),
        Text(
            "居民迁居后，由现居住地的家庭医生或村医申请移交档案，原建档机构在这里答复。",
            "When a resident has moved, the doctor there asks for the record, and who kept it answers here.",
        ),
    ),
    where=(("code", f"{TASK_CODES}|{HANDOVER}"),),
    filters=(
        Filter("status", Text("状态", "State"), "choice", options=tuple((code, STATES[code][0]) for code in STATES)),
        Filter("authored-on", Text("申请时间", "Asked"), "days"),
    ),
    sort="-authored-on",
    href=lambda one: f"{HANDOVERS}/{one.id}",
    more=names,
    template="residents/handovers.html",
)


async def show_list(work: UnitOfWork, form: Form) -> View | Download:
    """List what is asked of the reader's institution, and what it asks for."""
    return await show_listing(work, form, LISTING, {"may_ask": _may_ask(work), "new": NEW_HANDOVER})


def _may_ask(work: UnitOfWork) -> bool:
    return bool(work.principal.roles & (ASKING_ROLES | {"developer"}))


async def show_new(_work: UnitOfWork, form: Form) -> View:
    """Show the form by which a record is asked for."""
    return _new(form, ())


async def send_new(work: UnitOfWork, form: Form) -> Redirect:
    """Ask for a record."""
    given = Handover(form["number"].strip(), form["agreed"] == "yes", form["note"])
    try:
        made = await work.fhir.operate(REQUEST_HANDOVER, given)
    except OutcomeError as refused:
        raise Rejected(_new(form, refused.issues)) from refused
    return Redirect(f"{HANDOVERS}/{made.id}?done=asked")


def _new(form: Form, issues: Sequence[Any]) -> View:
    filled = {name: form[name] for name in ("number", "note", "agreed")}
    values = {"filled": filled, "issues": issues, "path": NEW_HANDOVER, "list_path": HANDOVERS}
    return View("residents/handover_new.html", values, status=422 if issues else 200)


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one request, and what the reader may do about it."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Hand over, refuse or withdraw."""
    try:
        given = HandoverDecision(form["id"], form["do"], form["reason"])
        await work.fhir.operate(DECIDE_HANDOVER, given)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"{HANDOVERS}/{form['id']}?done={form['do']}")


async def _one(work: UnitOfWork, form: Form, issues: Sequence[Any]) -> View:
    task = await asked(work, form["id"])
    found = await names(work, [task])
    here, waits = work.principal.organization, task["status"] == "requested"
    patient = patient_of(task)
    return View(
        "residents/handover.html",
        {
            "task": task,
            "list_path": HANDOVERS,
            "state": STATES.get(str(task["status"]), (Text("", ""), "neutral")),
            "resident": found.get(task["for"]["reference"], ""),
            "requester": found.get(task["requester"]["reference"], ""),
            "keeper": found.get(task["owner"]["reference"], ""),
            "told": {one["type"]["text"]: one["valueString"] for one in task.get("output") or ()},
            "answers": waits and task["owner"]["reference"] == here,
            "withdraws": waits and task["requester"]["reference"] == here,
            "record": f"/patients/{patient}" if task["status"] == "accepted" and _ours(task, here) else "",
            "reason": form["reason"],
            "done": form["done"] if form["done"] in {"asked", "hand-over", "refuse", "withdraw"} else "",
            "issues": issues,
        },
        status=422 if issues else 200,
    )


def _ours(task: Mapping[str, Any], here: str | None) -> bool:
    return bool(task["requester"]["reference"] == here)
