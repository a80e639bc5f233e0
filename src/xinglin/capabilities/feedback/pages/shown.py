"""A complaint as a page shows it."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.rules import complaints
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.format import days_until, said, today
from xinglin.web.listing import Cell, Column, Empty, Filter, Found
from xinglin.web.view import Language

TITLE: Final = Text("投诉", "Complaints")
TONES: Final = {
    "received": "warning",
    "investigating": "info",
    "answered": "success",
    "closed": "neutral",
    "declined": "neutral",
}
STATES: Final = tuple((f"{contract.STATES.system}|{code}", text) for code, text in contract.STATES.codes.items())
STATE_FILTER: Final = Filter("business-status", Text("状态", "State"), "choice", options=STATES)
WHERE: Final = (("code", f"{contract.TASKS.system}|complaint"), ("_include", "Task:owner"))
EMPTY: Final = Empty(
    "mail", Text("没有投诉", "No complaints"), Text("居民提交的投诉会出现在这里。", "What residents say appears here.")
)


def category(found: Found) -> str:
    """Say what a complaint is about."""
    return said(contract.CATEGORIES.codes[str(complaints.value(found.document, contract.CATEGORY))], found.language)


def state(found: Found) -> Cell:
    """Say how it stands."""
    code = complaints.state_of(found.document)
    return Cell(said(contract.STATES.codes[code], found.language), TONES[code])


def due(found: Found) -> Cell | str:
    """Say by when it is answered; in red when that is over."""
    end = str(found.document["restriction"]["period"]["end"])[:10]
    if complaints.state_of(found.document) not in contract.OPEN:
        return end
    left = days_until(complaints.last_day(found.document), today(found.now))
    return Cell(end, "danger" if left < 0 else "warning" if left <= 1 else "")


COLUMNS: Final = (
    Column(Text("收到时间", "Received"), cells.when("authoredOn"), sort="authored-on"),
    Column(Text("类别", "About"), category),
    Column(Text("机构", "Institution"), cells.person("owner")),
    Column(Text("状态", "State"), state),
    Column(Text("答复期限", "Answer by"), due),
)


async def values(work: UnitOfWork, task: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Give what the page of a complaint shows."""
    code = complaints.state_of(task)
    owner = task["owner"]["reference"]
    return {
        "id": task["id"],
        "category": said(contract.CATEGORIES.codes[str(complaints.value(task, contract.CATEGORY))], language),
        "said_state": said(contract.STATES.codes[code], language),
        "tone": TONES[code],
        "text": task["description"],
        "about": task["focus"]["reference"],
        "place": await name(work, owner),
        "received": task["authoredOn"],
        "due": str(task["restriction"]["period"]["end"]),
        "several": bool(complaints.value(task, contract.SEVERAL)),
        "demands": complaints.value(task, contract.DEMANDS) or "",
        "contact": complaints.value(task, contract.CONTACT) or "",
        "relation": complaints.value(task, contract.RELATION) or "",
        "mended": complaints.value(task, contract.MENDED) or "",
        "percent": complaints.value(task, contract.REFUNDED) or 0,
        "dispute": complaints.value(task, contract.CATEGORY) == "refund",
        "answers": [
            {"text": one["text"], "at": one["at"], "by": await name(work, one["by"]["reference"])}
            for one in complaints.answers(task)
        ],
        "state": code,
        "satisfied": complaints.value(task, contract.SATISFIED),
    }


async def name(work: UnitOfWork, reference: str) -> str:
    """Name a person or place; its reference when the reader may not see it."""
    type, _, id = reference.partition("/")
    if not id:
        return reference
    try:
        return cells.named(document_of((await work.fhir.read(type, id)).body())) or reference
    except OutcomeError as refused:
        if refused.status not in {403, 404, 410}:
            raise
        return reference
