"""The trace: one query, the visits it finds, the whole chain of one; on a page, printed, and as PDF for a court."""

import asyncio
from typing import Any, Final

from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.contract import Proof, Step, Trace, Tracing
from xinglin.capabilities.supervision.rules.documents import reference, words_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.catalogue import texts
from xinglin.web.format import moment, said, stamp
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.pdf import pdf
from xinglin.web.sheet import Cell as Square
from xinglin.web.sheet import Part, Sheet
from xinglin.web.view import Download, Form, Language, Redirect, View

TITLE: Final = Text("全程追溯", "Trace")
TEXTS: Final = texts("xinglin.capabilities.supervision")
CLASSES: Final = (
    ("VR", Text("互联网诊疗", "Online")),
    ("AMB", Text("门诊", "Outpatient")),
    ("EMER", Text("急诊", "Emergency")),
    ("IMP", Text("住院", "Inpatient")),
)


def _when(found: Found) -> Cell:
    at = str(found.document.get("period", {}).get("start", ""))
    return Cell(moment(at) or found.id, href=f"{contract.TRACED}/Encounter/{found.id}")


def _doctor(found: Found) -> str:
    people = (one.get("individual", {}) for one in found.document.get("participant", ()))
    return "、".join(str(one.get("display") or one.get("reference", "")) for one in people)


def _kind(found: Found) -> str:
    code = str(found.document.get("class", {}).get("code", ""))
    return next((said(text, found.language) for known, text in CLASSES if known == code), code)


VISITS: Final = Listing(
    name="trace",
    title=TITLE,
    type="Encounter",
    where=(("_include", "Encounter:patient"), ("_include", "Encounter:service-provider")),
    columns=(
        Column(Text("就诊时间", "Visit"), _when, sort="date"),
        Column(Text("患者", "Patient"), cells.person("subject")),
        Column(Text("方式", "Kind"), _kind),
        Column(Text("科室", "Department"), lambda found: words_of(found.document.get("serviceType"))),
        Column(Text("医生", "Doctor"), _doctor),
        Column(Text("机构", "Institution"), cells.person("serviceProvider")),
    ),
    filters=(
        Filter("class", Text("方式", "Kind"), "choice", options=CLASSES),
        Filter("date", Text("日期", "Day"), "days"),
        Filter("patient", Text("患者编号", "Id of the patient")),
        Filter("practitioner", Text("医生编号", "Id of the doctor")),
    ),
    sort="-date",
    href=lambda found: f"{contract.TRACED}/Encounter/{found.id}",
    template="supervision/traces.html",
    counted=False,
    empty=Empty(
        "search",
        Text("没有符合条件的就诊", "No visit of that kind"),
        Text("请换一个编号，或放宽筛选条件。", "Try another number, or fewer filters."),
    ),
)


async def show(work: UnitOfWork, form: Form) -> View | Download | Redirect:
    """Take a query: one chain is shown at once, several are listed."""
    query = form["about"].strip()[:200]
    found: tuple[str, ...] = ()
    if query:
        found = (await work.fhir.operate(contract.SEEK, Tracing(query))).found
        if len(found) == 1:
            return Redirect(f"{contract.TRACED}/{found[0]}")
    rows = [await _told(work, one) for one in found]
    listed = Form(form.without("about"), form.path, form.language, form.base)
    return await show_list(work, listed, VISITS, {"query": query, "found": rows})


async def _told(work: UnitOfWork, named: str) -> dict[str, str]:
    """Say in a line what was found."""
    type, _, id = named.partition("/")
    document: dict[str, Any] = document_of((await work.fhir.read(type, id)).body())
    at = document.get("period", {}).get("start") or document.get("start") or ""
    service = document.get("serviceType")
    words = words_of(
        service[0] if isinstance(service, list) and service else service if isinstance(service, dict) else {}
    )
    place = document.get("serviceProvider", {}).get("display") or reference(document, "serviceProvider")
    return {
        "href": f"{contract.TRACED}/{named}",
        "at": moment(str(at)),
        "text": " · ".join(filter(None, (words, place))),
    }


async def show_one(work: UnitOfWork, form: Form) -> View | Download:
    """Show a chain, or give it as PDF."""
    about = f"{form['type']}/{form['id']}"
    whole = await work.fhir.operate(contract.TRACE, Tracing(about))
    person = await _person(work, whole.patient)
    if form["form"] == "pdf":
        paper = sheet(whole, person, form.language, f"{stamp(work.now)} {work.principal.display}")
        body = await asyncio.to_thread(pdf, paper)
        return Download(body, "application/pdf", f"trace-{form['id']}.pdf", inline=True)
    values = {
        "trace": whole,
        "person": person,
        "steps": [_shown(one, form.language) for one in whole.steps],
        "lacking": [said(contract.STEPS.codes[one], form.language) for one in whole.lacking],
        "pdf": f"{contract.TRACED}/{about}?form=pdf",
        "at": stamp(work.now),
    }
    return View("supervision/trace.html", values)


async def _person(work: UnitOfWork, patient: str) -> str:
    """Name the patient as the reader may: covered, for the commission."""
    try:
        document = document_of((await work.fhir.read("Patient", patient.partition("/")[2])).body())
    except OutcomeError as refused:
        if refused.status not in {403, 404, 410}:
            raise
        return patient
    return cells.named(document) or patient


def _shown(one: Step, language: Language) -> dict[str, Any]:
    return {
        "kind": said(contract.STEPS.codes[one.kind], language),
        "at": moment(one.at),
        "state": one.state,
        "text": one.text,
        "reference": one.reference,
        "facts": one.facts,
        "decisions": [(each, said(each.text, language)) for each in one.decisions],
        "signatures": [(line, " valid " in line) for line in one.signatures],
        "proofs": one.proofs,
        "proved": sum(each.holds for each in one.proofs),
    }


def sheet(whole: Trace, person: str, language: Language, drawn_up: str) -> Sheet:
    """Make the paper for a file: every link with its decisions, signatures and proofs. drawn_up: when and by whom."""
    say = TEXTS[language]
    missing = "、".join(said(contract.STEPS.codes[one], language) for one in whole.lacking)
    facts = (
        (say("supervision.root"), whole.about),
        (say("supervision.patient"), person),
        (say("supervision.drawn-up"), drawn_up),
        (say("supervision.lacking"), missing or "—"),
    )
    parts = tuple(_part(one, language) for one in whole.steps)
    return Sheet(said(TITLE, language), language, facts, parts, (say("supervision.paper-note"),), foot=whole.about)


def _part(one: Step, language: Language) -> Part:
    say = TEXTS[language]
    title = f"{moment(one.at)} {said(contract.STEPS.codes[one.kind], language)} {one.state}"
    rows = [(say("supervision.record"), one.reference), *((("", one.text),) if one.text else ())]
    rows += [("", each) for each in one.facts]
    for decided in one.decisions:
        told = filter(None, (said(decided.text, language), decided.values, decided.source))
        rows.append((f"{decided.rule} → {decided.result}", " · ".join(told)))
    rows += [(say("supervision.signature"), line) for line in one.signatures]
    rows += [(say("supervision.proof"), _proved(each, language)) for each in one.proofs]
    heads = (say("supervision.rule"), say("supervision.what"))
    return Part(title, heads, tuple((Square(left, strong=bool(left)), Square(right)) for left, right in rows), (1, 4))


def _proved(one: Proof, language: Language) -> str:
    holds = TEXTS[language]("supervision.holds" if one.holds else "supervision.not-yet")
    return f"{one.entry} {moment(one.at)} {one.what} {one.who} {one.index}/{one.size} {one.root[:16]} {holds}"
