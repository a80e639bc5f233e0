"""A pharmacy asks the prescriber: something is missing; the answer is signed, and changes what is filled."""

from typing import Any, Final

from xinglin.capabilities.notifications.contract import NOTIFY, Notice
from xinglin.capabilities.pharmacy import contract
from xinglin.capabilities.pharmacy.contract import Answering, Asking
from xinglin.capabilities.pharmacy.operations import reading
from xinglin.capabilities.pharmacy.rules import questions, sheets, supplies
from xinglin.capabilities.pharmacy.rules.questions import Agreed
from xinglin.capabilities.signatures.contract import SIGN, Sign
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found

Json = dict[str, Any]
KIND: Final = f"{contract.TASKS.system}|{contract.QUESTION_CODE}"
MOST: Final = 100


@cites("R3-083")
async def ask(work: UnitOfWork, given: Asking) -> str:
    """Task/$ask-prescriber: a line that cannot be filled as ordered; before the pharmacy's review."""
    supply = await reading.own(work, given.id)
    refuse(supplies.misused(supply.task, given.key, "ask"))
    known = await work.platform.find("Task", identifier=f"{contract.KEYS}|{given.key}", code=KIND, _count="1")
    for row in known.matches:
        return row.id
    if supply.state != "claimed":
        text = "The prescriber is asked before the review."
        raise OutcomeError(Issue("conflict", "supply-state", text=text), status=409)
    ordered = [sheets.ordered(one) for one in await reading.lines(work, supply.prescription)]
    refuse(questions.question_faults(given, ordered))
    prescriber = supply.prescription["author"]
    asker = work.principal.practitioner or ""
    made = questions.asked(given, supply.task, prescriber, asker, at=work.now.isoformat())
    written = await work.platform.create(bytes_of(made), type="Task")
    notice = Notice(
        contract.QUESTIONED.code,
        prescriber["reference"],
        parameters=(f"number={supply.number}", f"pharmacy={supply.task['owner'].get('display', '')}"),
        about=f"Task/{written.id}",
        key=f"question {written.id}",
    )
    await work.platform.operate(NOTIFY, notice)
    return written.id


@cites("R3-083")
async def answer(work: UnitOfWork, given: Answering) -> str:
    """Task/$answer-pharmacy: the prescriber says yes or no, and signs."""
    row = await work.platform.read("Task", given.id, lock=True)
    question = document_of(row.body())
    mine = question.get("owner", {}).get("reference") == (work.principal.practitioner or "none")
    if contract.QUESTION.url not in question["meta"].get("profile", ()) or not mine:
        raise OutcomeError(not_found("Task", given.id))
    if given.answer not in {"yes", "no"}:
        raise OutcomeError(Issue("code-invalid", "question-answer", "answer", "Say yes or no."))
    status = "completed" if given.answer == "yes" else "rejected"
    if question["status"] == status:
        return given.id
    made = question | {"status": status, "lastModified": work.now.isoformat()}
    if given.note.strip():
        made["note"] = [{"text": given.note.strip()[:500]}]
    await work.platform.update(bytes_of(made), type="Task", id=given.id, if_match=row.vid)
    await work.fhir.operate(SIGN["Task"], Sign(given.id))
    supply = document_of((await work.platform.read("Task", question["focus"]["reference"][5:])).body())
    await work.announce(contract.desk_topic(supply["owner"]["reference"]))
    return given.id


async def asked(work: UnitOfWork, supply: str) -> list[Json]:
    """Give what was asked about a supply (logical id), the oldest first."""
    page = await work.platform.find("Task", focus=f"Task/{supply}", code=KIND, _sort="authored-on", _count=str(MOST))
    return [document_of(row.body()) for row in page.matches]


async def agreed(work: UnitOfWork, supply: str) -> dict[int, Agreed]:
    """Give what the prescriber agreed to, by line; the last yes counts."""
    return {
        line: what
        for one in await asked(work, supply)
        if one["status"] == "completed"
        for line, what, _ in [questions.read(one)]
    }


async def refuse_open(work: UnitOfWork, supply: str) -> None:
    """Refuse while the prescriber has not answered."""
    if any(one["status"] == "requested" for one in await asked(work, supply)):
        raise OutcomeError(Issue("business-rule", "question-open", text="The prescriber has not answered yet."))
