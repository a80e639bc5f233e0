"""What was kept of a triage, as the person and the doctor see it."""

from typing import Any

from xinglin.capabilities.triage.contract import KEPT
from xinglin.capabilities.triage.pages.shown import title
from xinglin.care.triage import knowledge
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import moment, said
from xinglin.web.view import Form, Language, View


async def show(work: UnitOfWork, form: Form) -> View:
    """Show one triage that was kept."""
    one: dict[str, Any] = document_of((await work.fhir.read("QuestionnaireResponse", form["id"])).body())
    if KEPT.url not in (one.get("meta") or {}).get("profile", ()):
        raise OutcomeError(not_found("QuestionnaireResponse", form["id"]))
    found = {item["linkId"]: [_value(each) for each in item.get("answer") or ()] for item in one.get("item") or ()}
    texts = {rule.code: rule.text for rule in (*knowledge.flags(), *knowledge.urgencies(), *knowledge.rules())}
    return View(
        "triage/kept.html",
        {
            "id": form["id"],
            "when": moment(str(one.get("authored") or "")),
            "complaint": "".join(found.get("complaint", ())),
            "yes": _names(found.get("yes", []), form.language),
            "no": _names(found.get("no", []), form.language),
            "urgency": next(iter(found.get("urgency", ())), "unknown"),
            "flags": [said(texts[code], form.language) for code in found.get("flag", ()) if code in texts],
            "departments": [
                {"code": code, "name": title(code, form.language)}
                for code in found.get("department", ())
                if code in knowledge.subjects()
            ],
            "continued": "continued" in found,
        },
    )


def _value(answer: dict[str, Any]) -> str:
    return str(answer.get("valueString", ""))


def _names(facts: list[str], language: Language) -> list[str]:
    return [said(knowledge.name_of(fact), language) for fact in facts if knowledge.known(fact)]
