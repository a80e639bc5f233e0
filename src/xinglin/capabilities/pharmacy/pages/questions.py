"""What pharmacies ask a prescriber: yes or no, signed."""

from typing import Any

from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Answering
from xinglin.capabilities.pharmacy.operations import asking, reading
from xinglin.capabilities.pharmacy.rules import questions
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.tables import catalogues
from xinglin.web.asking import ask, count
from xinglin.web.view import Form, Redirect, Rejected, View


async def show(work: UnitOfWork, form: Form) -> View:
    """List what waits for an answer."""
    return await _list(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Answer one."""
    try:
        await work.fhir.operate(contract.ANSWER, Answering(form["question"], form["answer"], form["note"]))
    except OutcomeError as refused:
        raise Rejected(await _list(work, form, refused.issues)) from refused
    return Redirect(contract.QUESTIONS)


def _mine(work: UnitOfWork) -> tuple[tuple[str, str], ...]:
    owner = work.principal.practitioner or "Practitioner/none"
    return (("owner", owner), ("code", asking.KIND), ("status", "requested"))


async def _list(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    page = await ask(work, "Task", *_mine(work), ("_sort", "authored-on"), ("_count", "50"))
    return View(
        "pharmacy/questions.html",
        {
            "questions": [await _one(work, document_of(row.body())) for row in page.matches],
            "issues": issues,
            "path": contract.QUESTIONS,
            "step_up": any(one.key == "step-up" for one in issues),
        },
        status=422 if issues else 200,
    )


async def _one(work: UnitOfWork, question: dict[str, Any]) -> dict[str, Any]:
    supply = document_of((await work.platform.read("Task", question["focus"]["reference"][5:])).body())
    header = document_of((await work.platform.read("RequestGroup", supply["focus"]["reference"][13:])).body())
    lines = await reading.lines(work, header)
    number, what, note = questions.read(question)
    ordered = lines[number - 1]
    return {
        "id": question["id"],
        "number": question["groupIdentifier"].get("value", ""),
        "href": f"/clinic/prescriptions/{header['id']}",
        "pharmacy": question["requester"].get("display", ""),
        "line": ordered.get("medicationCodeableConcept", {}).get("text", ""),
        "instead": _name(what.drug),
        "packs": what.packs,
        "note": note,
    }


def _name(code: str) -> str:
    if not code:
        return ""
    drug = catalogues.drug(code)
    return f"{drug.name} {drug.strength}"


async def badge(work: UnitOfWork) -> int:
    """Count what waits."""
    return await count(work, "Task", *_mine(work))
