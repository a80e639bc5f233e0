"""The resident's pages: one's complaints, a new one, an answer, and the rating of a visit."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.feedback import contract
from xinglin.capabilities.feedback.contract import Complaining, Confirming, Rating
from xinglin.capabilities.feedback.pages import shown
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.store.reading import not_found
from xinglin.web.format import moment, said
from xinglin.web.listing import Empty, Listing, show_list
from xinglin.web.view import Download, Form, Language, Redirect, Rejected, View

TITLE: Final = Text("评价与投诉", "Ratings and complaints")
OWN: Final = Listing(
    name="my-complaints",
    title=TITLE,
    type="Task",
    where=shown.WHERE,
    columns=shown.COLUMNS,
    filters=(shown.STATE_FILTER,),
    sort="-authored-on",
    href=lambda found: f"{contract.OWN}/{found.id}",
    template="feedback/mine.html",
    empty=Empty(
        "mail",
        Text("您没有提交过投诉", "You have not complained"),
        Text("对就诊、药品、收费有意见，可以在这里提出。", "Say here what was not right."),
        (Text("我要投诉", "Complain"), f"{contract.OWN}/new"),
    ),
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List one's complaints, visits that may be rated, and the ways to settle a dispute."""
    return await show_list(work, form, OWN, {"visits": await _lately(work), "ways": ways()})


@cites("R8-004", "R8-010", "R8-011")
def ways() -> tuple[str, ...]:
    """Name the ways to settle a dispute, the milder first; they are shown where one complains."""
    return ("negotiate", "mediate", "authority", "court")


async def _lately(work: UnitOfWork) -> list[tuple[str, str]]:
    """Give one's latest visits that are over: id and words."""
    patient = work.principal.patient or ""
    page = await work.fhir.find("Encounter", patient=patient, status="finished", _sort="-date", _count="5")
    found = [document_of(row.body()) for row in page.matches]
    return [(one["id"], await _words_of(work, one)) for one in found]


async def _words_of(work: UnitOfWork, visit: Mapping[str, Any]) -> str:
    provider = visit.get("serviceProvider", {})
    place = provider.get("display") or await shown.name(work, provider.get("reference", ""))
    return f"{moment(str(visit.get('period', {}).get('start', '')))} {place}".strip()


async def show_new(work: UnitOfWork, form: Form) -> View:
    """Show the form of a complaint, with one's latest visits and bills to choose from."""
    return await _asked(work, form)


async def _asked(work: UnitOfWork, form: Form, refused: OutcomeError | None = None) -> View:
    patient = work.principal.patient or ""
    visits = await work.fhir.find("Encounter", patient=patient, _sort="-date", _count="10")
    bills = await work.fhir.find("Invoice", patient=patient, _sort="-date", _count="5")
    chosen = []
    for row in (*visits.matches, *bills.matches):
        document = document_of(row.body())
        at = document.get("period", {}).get("start") or document.get("date") or ""
        provider = document.get("serviceProvider") or document.get("issuer") or {}
        place = provider.get("display") or await shown.name(work, provider.get("reference", ""))
        kind = said(Text("就诊", "Visit") if row.rt == "Encounter" else Text("账单", "Bill"), form.language)
        chosen.append((f"{row.rt}/{row.id}", " ".join(filter(None, (moment(str(at)), kind, place)))))
    issues = [{"key": one.key, "text": one.text} for one in refused.issues] if refused else []
    values = {
        "chosen": chosen,
        "categories": [(code, said(text, form.language)) for code, text in contract.CATEGORIES.codes.items()],
        "form": {name: form[name] for name in ("about", "category", "text", "demands", "contact", "relation")},
        "issues": issues,
    }
    return View("feedback/new.html", values, status=422 if refused else 200)


async def send_new(work: UnitOfWork, form: Form) -> Redirect:
    """Take a complaint."""
    given = Complaining(
        (work.principal.patient or "").partition("/")[2],
        form["about"],
        form["category"],
        form["text"],
        form["demands"],
        form["contact"],
        form["relation"],
    )
    try:
        id = await work.fhir.operate(contract.COMPLAIN, given)
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
        raise Rejected(await _asked(work, form, refused)) from refused
    return Redirect(f"{contract.OWN}/{id}")


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one's complaint and what was answered."""
    task = document_of((await work.fhir.read("Task", form["id"])).body())
    if contract.COMPLAINT.url not in task.get("meta", {}).get("profile", ()):
        raise OutcomeError(not_found("Task", form["id"]))
    return View("feedback/complaint.html", await shown.values(work, task, form.language) | {"mine": True})


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Say what one makes of the answer."""
    await work.fhir.operate(contract.CONFIRM, Confirming(form["id"], form["satisfied"] == "yes"))
    return Redirect(f"{contract.OWN}/{form['id']}")


async def show_rating(work: UnitOfWork, form: Form) -> View:
    """Ask how a visit was, or show what was said."""
    return await _rated(work, form)


async def _rated(work: UnitOfWork, form: Form, refused: OutcomeError | None = None) -> View:
    visit = document_of((await work.fhir.read("Encounter", form["visit"])).body())
    page = await work.fhir.find(
        "QuestionnaireResponse", encounter=f"Encounter/{form['visit']}", questionnaire=contract.QUESTIONNAIRE
    )
    given = {}
    for row in page.matches:
        for item in document_of(row.body())["item"]:
            given[item["linkId"]] = next(iter(item["answer"][0].values()))
    values = {
        "visit": form["visit"],
        "at": visit.get("period", {}).get("start", ""),
        "place": visit.get("serviceProvider", {}).get("display", ""),
        "over": visit.get("status") == "finished",
        "given": given,
        "stars": [(str(one), _words(one, form.language)) for one in contract.STARS],
        "issues": [{"key": one.key, "text": one.text} for one in refused.issues] if refused else [],
    }
    return View("feedback/rate.html", values, status=422 if refused else 200)


_STARS: Final = {
    5: Text("很满意", "Very good"),
    4: Text("满意", "Good"),
    3: Text("一般", "Average"),
    2: Text("不满意", "Poor"),
    1: Text("很不满意", "Very poor"),
}


def _words(stars: int, language: Language) -> str:
    return f"{'★' * stars} {said(_STARS[stars], language)}"


async def send_rating(work: UnitOfWork, form: Form) -> Redirect:
    """Take a rating."""
    stars = int(form["stars"]) if form["stars"].isdecimal() else 0
    given = Rating(form["visit"], stars, form["solved"] == "yes", form["text"])
    try:
        await work.fhir.operate(contract.RATE, given)
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
        raise Rejected(await _rated(work, form, refused)) from refused
    return Redirect(f"{contract.OWN}/rate/{form['visit']}")
