"""The resident's pages: the list, asking for a visit, and one visit."""

from collections.abc import Mapping
from typing import Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Request, Saying, Visit
from xinglin.capabilities.internet_hospital.operations import admitting, asking, reading
from xinglin.capabilities.internet_hospital.operations.reading import Hospital
from xinglin.capabilities.internet_hospital.pages import shown
from xinglin.capabilities.internet_hospital.rules import asking as rules
from xinglin.capabilities.internet_hospital.rules import forms, states, wording
from xinglin.care.money import yuan
from xinglin.care.revisit import CHILD_YEARS
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.cells import named
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View


def _state(found: Found) -> Cell:
    state = forms.state_of(found.document)
    return Cell(said(contract.STATES.codes[state], found.language), shown.TONES[state])


def _title(found: Found) -> Cell:
    document = found.document
    return Cell(str(document["serviceType"].get("text") or ""), href=f"{contract.MINE}/{found.id}")


OFFERED: Final = ("video", "audio", "text")
VISITS: Final = Listing(
    name="visits",
    title=Text("在线复诊", "Online visits"),
    type="Encounter",
    where=(("_profile", contract.VISIT.url),),
    columns=(
        Column(Text("科室", "Department"), _title),
        Column(Text("病情", "About"), lambda one: str(one.document["reasonCode"][0].get("text") or "")[:40]),
        Column(Text("申请时间", "Asked"), cells.when("period.start"), sort="date"),
        Column(Text("状态", "State"), _state),
    ),
    filters=(Filter("date", Text("申请日期", "Asked on"), "days"),),
    sort="-date",
    empty=Empty(
        "stethoscope",
        Text("还没有在线复诊", "No online visits yet"),
        Text("在实体医院确诊过的常见病、慢性病，可以在线复诊。", "For common and chronic diseases diagnosed before."),
        (Text("申请复诊", "Ask for a visit"), contract.NEW),
    ),
    template="internet_hospital/mine.html",
)


async def show_mine(work: UnitOfWork, form: Form) -> View | Download:
    """List one's own visits."""
    return await show_list(work, form, VISITS)


# -- asking -----------------------------------------------------------------------------------------------------------


async def show_new(work: UnitOfWork, form: Form) -> View:
    """First where, then what about."""
    if not form["hospital"]:
        found = await reading.hospitals(work)
        wanted = {one.reference: rules.departments_for(form["department"], one.departments) for one in found}
        there = [one for one in found if wanted[one.reference]] or found
        values = {"hospitals": there, "fee": _fee, "wanted": wanted if there is not found else {}}
        return View("internet_hospital/where.html", values)
    return View("internet_hospital/new.html", await _values(work, form))


def _fee(at: Hospital) -> str:
    return yuan(asking.fee(at))


async def _values(work: UnitOfWork, form: Form, issues: tuple[Issue, ...] = ()) -> dict[str, object]:
    at = await reading.hospital(work, f"Organization/{form['hospital']}")
    department = form["department"]
    if department not in at.departments:
        raise OutcomeError(Issue("not-found", "no-department", text="This department is not open online."), status=404)
    people = await _people(work)
    patient = form["patient"] if form["patient"] in people else next(iter(people), "")
    held = await admitting.held_consents(work, f"Patient/{patient}", at) if patient else {}
    age = await admitting.age_of(work, f"Patient/{patient}") if patient else None
    gate = [one for one in issues if one.key.startswith("gate-")]
    return {
        "at": at,
        "department": department,
        "people": people,
        "patient": patient,
        "doctors": await reading.doctors(work, at, department),
        "shown": await _shown(work, patient) if patient else (),
        "kinds": tuple((code, said(text, form.language)) for code, text in contract.KINDS.codes.items()),
        "media": tuple((code, said(contract.MEDIA.codes[code], form.language)) for code in OFFERED),
        "wording": wording.current(),
        "agreements": tuple(one for one in contract.AGREEMENTS if one not in held),
        "needed": contract.NEEDED,
        "child": age is not None and age <= CHILD_YEARS,
        "fee": _fee(at),
        "given": form,
        "issues": [one for one in issues if one not in gate],
        "refused": gate,
    }


async def _shown(work: UnitOfWork, patient: str) -> tuple[forms.Shown, ...]:
    """Give the visits that count as evidence today, the newest first."""
    insured = await admitting.insured(work, f"Patient/{patient}")
    return rules.fresh(await asking.shown(work, patient), reading.today(work.now), insured=insured)


async def _people(work: UnitOfWork) -> Mapping[str, str]:
    """Give whom one may act for: name by id, oneself first."""
    who = work.principal
    references = dict.fromkeys(filter(None, (who.patient, *who.patients)))
    return {one[8:]: named(document_of((await work.fhir.read("Patient", one[8:])).body())) for one in references}


async def send_new(work: UnitOfWork, form: Form) -> Redirect:
    """Ask for the visit; what stands against it is told on the same page, with what was typed."""
    given = Request(
        form["patient"],
        f"Organization/{form['hospital']}",
        form["department"],
        form["complaint"],
        medium=form.get("medium", "text"),
        doctor=f"Practitioner/{form['doctor']}" if form["doctor"] else "",
        encounters=tuple(form.all("encounter")),
        files=shown.binaries(form, "files"),
        kind=form.get("kind", "diagnosis-certificate"),
        agreed=tuple(form.all("agree")),
        version=form["version"],
        language=form.language,
        guardian_name=form["guardian_name"],
        guardian_number=form["guardian_number"],
        guardian_relation=form["guardian_relation"],
    )
    try:
        made = await work.fhir.operate(contract.REQUEST, given)
    except OutcomeError as refused:
        if refused.status not in {400, 409, 422}:
            raise
        values = await _values(work, form, refused.issues)
        raise Rejected(View("internet_hospital/new.html", values, status=422)) from refused
    # A visit that waits has no doctor yet; that is nothing for the patient to mend.
    work.warned.clear()
    return Redirect(f"{contract.MINE}/{made.id}")


# -- one visit --------------------------------------------------------------------------------------------------------


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show a visit to the patient."""
    return await _one(work, form)


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...] = (), status: int = 200) -> View:
    encounter = await reading.visit(work, form["id"])
    if reading.side(work.principal, encounter) != "patient":
        raise OutcomeError(Issue("not-found", "not-found", text="There is no such visit."), status=404)
    base = f"{contract.MINE}/{form['id']}"
    at = await reading.hospital(work, encounter["serviceProvider"]["reference"])
    values = {
        "visit": await shown.head(work, encounter, form.language),
        "lines": await shown.conversation(work, encounter, base, form.language),
        "papers": await shown.papers(work, encounter, base, form.language),
        "note": await shown.note(work, encounter),
        "at": at,
        "base": base,
        "issues": issues,
        "given": form,
        "line": not states.line_faults(forms.state_of(encounter)),
    }
    live = () if form["still"] else (contract.topic(form["id"]),)
    return View("internet_hospital/one.html", values, block="visit", status=status, live=live, devices=shown.VOICE)


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Say something, enter the waiting room, or cancel."""
    id = form["id"]
    try:
        match form["act"]:
            case "enter":
                await work.fhir.operate(contract.ENTER, Visit(id))
            case "cancel":
                await work.fhir.operate(contract.CANCEL, Visit(id))
            case _:
                file = next(iter(shown.binaries(form, "file")), None)
                await work.fhir.operate(contract.SAY, Saying(id, form["text"], file))
    except OutcomeError as refused:
        if refused.status not in {400, 409, 422}:
            raise
        raise Rejected(await _one(work, form, refused.issues, 422)) from refused
    return Redirect(f"{contract.MINE}/{id}#end" if form["act"] == "say" else f"{contract.MINE}/{id}")
