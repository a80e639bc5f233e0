"""Asking for advice, and keeping it for the doctor."""

from collections.abc import Iterator
from typing import Any

import msgspec

from xinglin.capabilities.triage.contract import KEPT, QUESTIONNAIRE, Advised, Asked, Keeping
from xinglin.capabilities.triage.rules import advise, fired, refusals
from xinglin.care.triage import Advice
from xinglin.care.triage.asking import questions
from xinglin.fhir.outcome import OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found


async def triage(_work: UnitOfWork, given: Asked) -> Advised:
    """$triage: say where to go; nothing is stored."""
    refuse(refusals(given))
    advice = advise(given)
    return Advised(
        advice.urgency,
        tuple(one.code for one in advice.flags),
        tuple(one.code for one in advice.departments),
        advice.bring,
        tuple(fired(advice)),
        tuple(sorted(advice.facts.present)),
        tuple(sorted(advice.facts.denied)),
        questions(advice.facts),
    )


async def keep(work: UnitOfWork, given: Keeping) -> str:
    """Patient/$keep-triage: keep a complaint with the advice given; gives the id of the QuestionnaireResponse."""
    who = work.principal
    patient = f"Patient/{given.id}"
    if patient not in {who.patient, *who.patients}:
        raise OutcomeError(not_found("Patient", given.id))
    asked = Asked(given.text, given.yes, given.no, given.age_days, given.sex)
    refuse(refusals(asked))
    kept = {
        "resourceType": "QuestionnaireResponse",
        "meta": {"profile": [KEPT.url]},
        "questionnaire": QUESTIONNAIRE,
        "status": "completed",
        "subject": {"reference": patient},
        "authored": work.now.isoformat(),
        "source": {"reference": who.patient or patient},
        "item": list(_items(asked, advise(asked), continued=given.continued)),
    }
    # A warning that was passed by is written down whatever the level of the account.
    made = await work.platform.create(msgspec.json.encode(kept), type="QuestionnaireResponse")
    return made.id


def _items(asked: Asked, advice: Advice, *, continued: bool) -> Iterator[dict[str, Any]]:
    if asked.text.strip():
        yield _item("complaint", (asked.text.strip(),))
    for link, values in (
        ("yes", asked.yes),
        ("no", asked.no),
        ("urgency", (advice.urgency,)),
        ("flag", tuple(one.code for one in advice.flags)),
        ("department", tuple(one.code for one in advice.departments)),
        ("rule", tuple(fired(advice))),
    ):
        if values:
            yield _item(link, values)
    if continued:
        yield {"linkId": "continued", "answer": [{"valueBoolean": True}]}


def _item(link: str, values: tuple[str, ...]) -> dict[str, Any]:
    return {"linkId": link, "answer": [{"valueString": value} for value in values]}
