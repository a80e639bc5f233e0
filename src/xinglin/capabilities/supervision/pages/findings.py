"""Findings on pages: the commission opens and judges them, the institution answers."""

from typing import Any, Final

from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.contract import Answering, Judging, Opening
from xinglin.capabilities.supervision.rules import findings
from xinglin.capabilities.supervision.rules.documents import claims, value
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web import cells
from xinglin.web.asking import count
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

TITLE: Final = Text("线索与整改", "Leads and findings")
TONES: Final = {
    "lead": "info",
    "open": "warning",
    "answered": "info",
    "returned": "danger",
    "accepted": "success",
    "dismissed": "neutral",
}
STATES: Final = tuple(
    (f"{contract.FINDING_STATES.system}|{code}", text) for code, text in contract.FINDING_STATES.codes.items()
)
WHERE: Final = (("code", f"{contract.TASKS.system}|finding"), ("_include", "Task:owner"))


def _state(found: Found) -> Cell:
    code = findings.state_of(found.document)
    return Cell(said(contract.FINDING_STATES.codes[code], found.language), TONES[code])


def _until(found: Found) -> Cell | str:
    end = str(found.document.get("restriction", {}).get("period", {}).get("end", ""))[:10]
    return Cell(end, "danger") if value(found.document, contract.ESCALATED) else end


COLUMNS: Final = (
    Column(Text("发现时间", "Found"), cells.when("authoredOn"), sort="authored-on"),
    Column(Text("机构", "Institution"), cells.person("owner")),
    Column(Text("规则", "Rule"), lambda found: str(value(found.document, contract.RULE) or "")),
    Column(Text("内容", "What"), lambda found: str(found.document["description"])[:80]),
    Column(Text("状态", "State"), _state),
    Column(Text("期限", "Answer by"), _until),
)
FILTERS: Final = (
    Filter("business-status", Text("状态", "State"), "choice", options=STATES),
    Filter("authored-on", Text("日期", "Day"), "days"),
)
EMPTY: Final = Empty(
    "circle-check",
    Text("没有问题", "Nothing found"),
    Text("抽检和合理性判定发现的问题会出现在这里。", "What checks find appears here."),
)
ALL: Final = Listing(
    name="findings",
    title=TITLE,
    type="Task",
    where=WHERE,
    columns=COLUMNS,
    filters=FILTERS,
    sort="-authored-on",
    href=lambda found: f"{contract.FINDINGS}/{found.id}",
    empty=EMPTY,
)
OWN: Final = Listing(
    name="own-findings",
    title=Text("整改要求", "Findings of the commission"),
    type="Task",
    where=(*WHERE, ("business-status:not", f"{contract.FINDING_STATES.system}|lead")),
    columns=COLUMNS,
    filters=FILTERS,
    sort="-authored-on",
    href=lambda found: f"{contract.OWN_FINDINGS}/{found.id}",
    empty=EMPTY,
)


async def show_all(work: UnitOfWork, form: Form) -> View | Download:
    """List every lead and finding, for the commission."""
    return await show_list(work, form, ALL)


async def show_own(work: UnitOfWork, form: Form) -> View | Download:
    """List what one's institution has to answer."""
    return await show_list(work, form, OWN)


async def waiting(work: UnitOfWork) -> int:
    """Count what one's institution has not answered."""
    system = contract.FINDING_STATES.system
    return await count(work, "Task", WHERE[0], ("business-status", f"{system}|open,{system}|returned"))


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show a finding to the commission."""
    return await _one(work, form, commission=True)


async def show_own_one(work: UnitOfWork, form: Form) -> View:
    """Show a finding to the institution."""
    return await _one(work, form, commission=False)


async def _one(work: UnitOfWork, form: Form, *, commission: bool, refused: OutcomeError | None = None) -> View:
    task: dict[str, Any] = document_of((await work.fhir.read("Task", form["id"])).body())
    state = findings.state_of(task)
    if not claims(task, contract.FINDING.url) or (state == "lead" and not commission):
        raise OutcomeError(not_found("Task", form["id"]))
    owner = await work.fhir.read("Organization", task["owner"]["reference"].partition("/")[2])
    evidence = [one["valueReference"]["reference"] for one in task["extension"] if one["url"] == contract.EVIDENCE]
    values = {
        "id": form["id"],
        "base": contract.FINDINGS if commission else contract.OWN_FINDINGS,
        "commission": commission,
        "state": state,
        "said_state": said(contract.FINDING_STATES.codes[state], form.language),
        "tone": TONES[state],
        "text": task["description"],
        "rule": value(task, contract.RULE),
        "place": cells.named(document_of(owner.body())),
        "until": str(task.get("restriction", {}).get("period", {}).get("end", ""))[:10],
        "escalated": value(task, contract.ESCALATED) or "",
        "evidence": [(one, f"{contract.TRACED}?about={one}" if commission else "") for one in evidence],
        "notes": [(one.get("time", ""), one["text"]) for one in task.get("note", ())],
        "typed": {name: form[name] for name in ("text", "deadline", "measures", "done", "note")},
        "issues": [{"key": one.key, "text": one.text} for one in refused.issues] if refused else [],
    }
    return View("supervision/finding.html", values, status=422 if refused else 200)


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Open a lead, dismiss it, accept an answer or return it."""
    id = form["id"]
    try:
        if form["do"] == "open":
            await work.fhir.operate(contract.OPEN, Opening(id, form["text"], form["deadline"]))
        else:
            await work.fhir.operate(contract.JUDGE, Judging(id, form["do"] == "accept", form["note"]))
    except OutcomeError as refused:
        if refused.status >= 500 or refused.status == 404:
            raise
        raise Rejected(await _one(work, form, commission=True, refused=refused)) from refused
    return Redirect(f"{contract.FINDINGS}/{id}")


async def send_own_one(work: UnitOfWork, form: Form) -> Redirect:
    """Answer a finding."""
    try:
        await work.fhir.operate(contract.ANSWER, Answering(form["id"], form["measures"], form["done"]))
    except OutcomeError as refused:
        if refused.status >= 500 or refused.status == 404:
            raise
        raise Rejected(await _one(work, form, commission=False, refused=refused)) from refused
    return Redirect(f"{contract.OWN_FINDINGS}/{form['id']}")
