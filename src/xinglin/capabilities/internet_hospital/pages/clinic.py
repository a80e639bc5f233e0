"""The doctor's pages: what waits and what is one's own; one visit, the record beside the conversation."""

from typing import Final

from xinglin.capabilities.internet_hospital import contract
from xinglin.capabilities.internet_hospital.contract import Ending, Inviting, Judging, Noting, Saying, Visit
from xinglin.capabilities.internet_hospital.operations import lining, reading
from xinglin.capabilities.internet_hospital.pages import shown
from xinglin.capabilities.internet_hospital.rules import forms, states
from xinglin.capabilities.internet_hospital.rules.forms import Document
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.asking import ask
from xinglin.web.banner import banner_of
from xinglin.web.codes import picked
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View


def _state(found: Found) -> Cell:
    state = forms.state_of(found.document)
    return Cell(said(contract.STATES.codes[state], found.language), shown.TONES[state])


def _about(found: Found) -> Cell:
    text = str(found.document["reasonCode"][0].get("text") or "")
    return Cell(text[:40] + ("…" if len(text) > 40 else ""), href=f"{contract.DESK}/{found.id}")


def _until(found: Found) -> Cell:
    """Say until when the doctor has promised to begin; red when little time is left."""
    if forms.paid_of(found.document) == "due" and forms.state_of(found.document) == "requested":
        return Cell(said(Text("待缴费", "Not paid yet"), found.language), "neutral")
    until = forms.moment(forms.value(found.document, contract.PROMISED))
    if until is None or forms.state_of(found.document) not in {"requested", "accepted", "waiting"}:
        return Cell("")
    left = int((until - found.now).total_seconds() // 60)
    text = said(Text("还剩 {n} 分钟", "{n} minutes left"), found.language).format(n=max(left, 0))
    return Cell(text, "danger" if left < 15 else "info")


def _ask(value: str) -> tuple[tuple[str, str], ...]:
    status = {"waiting": "planned", "open": "arrived,in-progress,onleave", "over": "finished,cancelled"}
    return (("status", status[value]),) if value in status else ()


VISITS: Final = Listing(
    name="online-visits",
    title=Text("在线复诊", "Online visits"),
    type="Encounter",
    where=(("_profile", contract.VISIT.url), ("_include", "Encounter:patient")),
    columns=(
        Column(Text("病情", "About"), _about),
        Column(Text("科室", "Department"), cells.words("serviceType.text")),
        Column(Text("患者", "Patient"), cells.person("subject")),
        Column(Text("申请时间", "Asked"), cells.when("period.start"), sort="date"),
        Column(Text("承诺", "Promised"), _until),
        Column(Text("状态", "State"), _state),
    ),
    filters=(
        Filter(
            "show",
            Text("显示", "Show"),
            "choice",
            options=(
                ("waiting", Text("待接诊", "Waiting")),
                ("open", Text("进行中", "Under way")),
                ("over", Text("已结束", "Over")),
            ),
            ask=_ask,
            default="waiting",
            tabs=True,
        ),
        Filter("date", Text("申请日期", "Asked on"), "days"),
    ),
    sort="date",
    empty=Empty(
        "stethoscope",
        Text("没有这样的复诊", "No such visits"),
        Text("患者申请后会出现在这里，请在承诺时间内接诊。", "What patients ask for stands here; answer in time."),
    ),
)


async def show_list_(work: UnitOfWork, form: Form) -> View | Download:
    """List what waits at the own internet hospital, and one's own visits."""
    return await show_list(work, form, VISITS)


async def waiting(work: UnitOfWork) -> int:
    """Count what waits."""
    page = await ask(work, "Encounter", ("_profile", contract.VISIT.url), ("status", "planned"), ("_summary", "count"))
    return page.total or 0


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one visit to a doctor: before accepting only what it is about."""
    return await _one(work, form)


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...] = (), status: int = 200) -> View:
    encounter = await reading.visit(work, form["id"])
    base = f"{contract.DESK}/{form['id']}"
    values: dict[str, object] = {
        "visit": await shown.head(work, encounter, form.language),
        "base": base,
        "issues": issues,
        "given": form,
        "doctor": work.principal.display,
    }
    live = () if form["still"] else (contract.topic(form["id"]),)
    if forms.state_of(encounter) == "requested":
        return View("internet_hospital/offered.html", values, status=status, live=live)
    values |= await _inside(work, encounter, form, base)
    return View("internet_hospital/clinic.html", values, block="talk", status=status, live=live, devices=shown.VOICE)


async def _inside(work: UnitOfWork, encounter: Document, form: Form, base: str) -> dict[str, object]:
    patient = encounter["subject"]["reference"][8:]
    side = reading.side(work.principal, encounter)
    line = not states.line_faults(forms.state_of(encounter))
    papers = await shown.papers(work, encounter, base, form.language)
    reached = bool((await ask(work, "Patient", ("_id", patient), ("_summary", "count"))).total)
    return {
        "banner": await banner_of(work, patient, form.language) if reached else None,
        "patient": patient,
        "lines": await shown.conversation(work, encounter, base, form.language) if reached else (),
        "papers": papers,
        "choices": tuple(dict.fromkeys(each for one in papers if one.decision == "reviewed" for each in one.diagnoses)),
        "summary": await _summary(work, patient) if reached else (),
        "note": await shown.note(work, encounter),
        "reasons": tuple((code, said(text, form.language)) for code, text in contract.REASONS.codes.items()),
        "acts": frozenset(act for act in states.MOVES if not states.move_faults(act, forms.state_of(encounter), side)),
        "line": line,
        "colleagues": [await shown.named_of(work, one) for one in forms.colleagues_of(encounter)],
        "others": await _others(work, encounter) if line and side == "doctor" else (),
        "recordings": await _recorded(work, encounter),
        "child": forms.guardian_of(encounter),
        "icd10": (forms.ICD10,),
    }


async def _others(work: UnitOfWork, encounter: Document) -> tuple[tuple[str, str], ...]:
    """Give the doctors who may be asked to join: reference and name."""
    at = await reading.hospital(work, encounter["serviceProvider"]["reference"])
    there = {forms.doctor_of(encounter), *forms.colleagues_of(encounter)}
    found = await reading.doctors(work, at)
    return tuple((one.reference, f"{one.name} {one.title}".strip()) for one in found if one.reference not in there)


async def _recorded(work: UnitOfWork, encounter: Document) -> tuple[tuple[str, str, str], ...]:
    """Give the recordings: series, when it began, and whose side it is of."""
    found = await lining.recordings(work, encounter)
    return tuple(
        (series, str(one[0]["createdDateTime"]), str(one[0]["operator"]["reference"]).partition("/")[0])
        for series, one in found.items()
    )


async def _summary(work: UnitOfWork, patient: str) -> tuple[tuple[str, str], ...]:
    """Give the latest diagnoses and medicines of the record: day and text."""
    found = []
    for type, sort, day in (
        ("Condition", "-recorded-date", "recordedDate"),
        ("MedicationRequest", "-authoredon", "authoredOn"),
    ):
        page = await ask(work, type, ("patient", f"Patient/{patient}"), ("_sort", sort), ("_count", "5"))
        for row in page.matches:
            one = document_of(row.body())
            concept = one.get("code") or one.get("medicationCodeableConcept") or {}
            name = concept.get("text") or next((c.get("display", "") for c in concept.get("coding", ())), "")
            found.append((str(one.get(day, ""))[:10], str(name)))
    return tuple(sorted(dict.fromkeys(found), reverse=True))


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Do what the button says."""
    try:
        await _act(work, form)
    except OutcomeError as refused:
        if refused.status not in {400, 409, 422} and refused.issues[0].key != "step-up":
            raise
        if refused.issues[0].key in {"step-up", "presence-failed"}:
            return Redirect(f"/account/step-up?back={contract.DESK}/{form['id']}")
        raise Rejected(await _one(work, form, refused.issues, 422)) from refused
    return Redirect(f"{contract.DESK}/{form['id']}" + ("#end" if form["act"] == "say" else ""))


async def _act(work: UnitOfWork, form: Form) -> None:
    id = form["id"]
    match form["act"]:
        case "accept":
            await work.fhir.operate(contract.ACCEPT, Visit(id))
        case "start":
            await work.fhir.operate(contract.START, Visit(id))
        case "resume":
            await work.fhir.operate(contract.RESUME, Visit(id))
        case "invite":
            await work.fhir.operate(contract.INVITE, Inviting(id, form["doctor"]))
        case "refuse" | "terminate" as act:
            operation = contract.REFUSE if act == "refuse" else contract.TERMINATE
            await work.fhir.operate(operation, Ending(id, form["code"], form["advice"], form["referred"]))
        case "reviewed" | "refused" as decision:
            await _judge(work, form, decision)
        case "finish":
            await _finish(work, form)
        case _:
            file = next(iter(shown.binaries(form, "file")), None)
            await work.fhir.operate(contract.SAY, Saying(id, form["text"], file))


async def _judge(work: UnitOfWork, form: Form, decision: str) -> None:
    found = await picked(work, form, "diagnosis", systems=(forms.ICD10,))
    given = Judging(
        form["paper"],
        decision,
        reason=form["reason"].strip(),
        diagnoses=(found.code,) if found.code else (),
        dated=form["dated"],
        source=form["source"].strip(),
        physical=form["physical"] == "yes",
    )
    await work.fhir.operate(contract.JUDGE, given)


async def _finish(work: UnitOfWork, form: Form) -> None:
    found = await picked(work, form, "other", systems=(forms.ICD10,))
    more = (f"{found.system}|{found.code}|{found.display}",) if found.code else ()
    if found.fault:
        raise OutcomeError(Issue("value", "note-diagnosis-unclear", text="Which diagnosis is meant is not clear."))
    given = Noting(
        form["id"],
        form["complaint"],
        form["history"],
        (*form.all("diagnosis"), *more),
        form["advice"],
        guardian_present=form["guardian_present"] == "yes",
    )
    await work.fhir.operate(contract.FINISH, given)
