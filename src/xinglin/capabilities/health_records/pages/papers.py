"""Shared documents: what can be issued, issuing one, and taking one along as CDA, as PDF, or the summary as FHIR."""

import asyncio
from typing import Any, Final

from markupsafe import Markup

from xinglin.capabilities.health_records.contract import ISSUE, ISSUING, SUMMARY, Issuing, Summary, source
from xinglin.capabilities.health_records.contract import record as address
from xinglin.capabilities.health_records.operations import papers
from xinglin.capabilities.health_records.operations.names import look_up
from xinglin.capabilities.health_records.operations.reading import Pairs
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.cda.composing import fits
from xinglin.capabilities.health_records.rules.cda.sources import plain
from xinglin.capabilities.health_records.rules.cda.templates import (
    Template,
    template,
    template_of,
    templates,
)
from xinglin.capabilities.health_records.rules.documents import Document, when
from xinglin.fhir import codec, narrative
from xinglin.fhir.document import bytes_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.catalogue import texts
from xinglin.web.pdf import pdf
from xinglin.web.sheet import Cell, Part, Sheet
from xinglin.web.view import Download, Form, Redirect, Rejected, View

LATELY: Final = 20
DEEPEST: Final = 5
_WANTED: Final[dict[str, Pairs]] = {
    "Encounter": (("status", "finished,in-progress"),),
    "DiagnosticReport": (("category", "LAB"),),
}
_TEXTS: Final = texts("xinglin.capabilities.health_records")


def may_issue(work: UnitOfWork) -> bool:
    """Tell whether the reader issues documents."""
    return bool(ISSUING & work.principal.roles)


async def show(work: UnitOfWork, form: Form) -> View:
    """Show what documents can be issued, or, when one is chosen, what it is about and the texts to write."""
    whose = await opened(work, form)
    if form["template"]:
        return await _writing(whose, form, ())
    recent = (await whose.record.search(_WANTED, LATELY)).documents
    teller = Teller(whose, await look_up(whose.record, recent), form)
    rows = [{"line": teller.event(one), "papers": _papers(one, form)} for one in recent]
    person = {"line": None, "papers": _papers(whose.patient, form)}
    values = {"rows": [person, *(row for row in rows if row["papers"])]}
    return View("health_records/issue.html", head(whose, form, "documents") | values)


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Issue a document, and show it."""
    whose = await opened(work, form)
    given = tuple(f"{name.removeprefix('text-')}={value}" for name, value in form.pairs if name.startswith("text-"))
    try:
        asked = Issuing(whose.id, form["template"], form["about"], given)
        issued = await work.fhir.operate(ISSUE, asked)
    except OutcomeError as refused:
        if refused.status in {401, 403, 404} or refused.status >= 500:
            raise
        raise Rejected(await _writing(whose, form, refused.issues)) from refused
    return Redirect(source(whose.id, "Composition", str(issued.id), whose.base))


async def show_cda(work: UnitOfWork, form: Form) -> Download:
    """Give a shared document as CDA."""
    whose = await opened(work, form)
    document = await whose.record.one("Composition", form["rid"])
    found, body = await papers.cda(work, str(document["id"]))
    return Download(body, "application/xml", f"{found.title}-{document['id']}.xml")


async def show_pdf(work: UnitOfWork, form: Form) -> Download:
    """Give a Composition as PDF: its sections as they read."""
    whose = await opened(work, form)
    document = await whose.record.one("Composition", form["rid"])
    shown = head(whose, form, "")
    teller = Teller(whose, await look_up(whose.record, [document]), form)
    made = _sheet(document, teller, shown, form, show_as.stamp(work.now)[:16], work.principal.display or "—")
    # laying out takes half a second of the processor: not in the thread that answers others
    body = await asyncio.to_thread(pdf, made)
    return Download(body, "application/pdf", f"{made.title}.pdf", inline=True)


async def show_summary(work: UnitOfWork, form: Form) -> Download:
    """Give the International Patient Summary as FHIR."""
    whose = await opened(work, form)
    made = await work.fhir.operate(SUMMARY, Summary(whose.id))
    return Download(bytes_of(codec.to_dict(made)), "application/fhir+json", f"summary-{whose.id}.json")


async def show_ips(work: UnitOfWork, form: Form) -> View:
    """Show the International Patient Summary as people read it: its sections, in both languages."""
    whose = await opened(work, form)
    made = await work.fhir.operate(SUMMARY, Summary(whose.id))
    composition = codec.to_dict(made)["entry"][0]["resource"]
    values = {
        "title": str(composition.get("title", "")),
        "date": show_as.moment(str(composition.get("date", ""))),
        "sections": sections(composition),
    }
    return View("health_records/ips.html", head(whose, form, "documents") | values)


def sections(document: Document, depth: int = 0) -> list[dict[str, Any]]:
    """Give the sections of a Composition, with their narrative; deeper ones follow their parents."""
    found: list[dict[str, Any]] = []
    for one in document.get("section", ()) if depth < DEEPEST else ():
        found.append({"title": str(one.get("title", "")), "text": _markup(one.get("text", {})), "depth": depth})
        found += sections(one, depth + 1)
    return found


def _markup(text: Any) -> Markup | None:
    """Give a narrative's markup, which stands in the page as it is: so it is checked once more."""
    div = str(text.get("div", "")) if isinstance(text, dict) else ""
    return Markup(div) if div and narrative.fault(div) is None else None  # noqa: S704  checked on this line


def taken_along(document: Document, whose: Whose) -> list[tuple[str, str]]:
    """Give what a Composition can be taken along as: form (``cda``, ``pdf``) and address."""
    if document.get("resourceType") != "Composition":
        return []
    base = f"{address(whose.id, whose.base)}/papers/{document['id']}"
    shared = [("cda", f"{base}/cda")] if template_of(document.get("type", {})) is not None else []
    return [*shared, ("pdf", f"{base}/pdf")]


async def _writing(whose: Whose, form: Form, issues: tuple[Issue, ...]) -> View:
    chosen = template(form["template"])
    if chosen is None:
        raise OutcomeError(Issue("not-found", "not-found", text="There is no such template."), status=404)
    record = whose.record
    focus = await papers.focus_of(record, form["about"])
    former = await papers.written_before(record, chosen, focus)
    teller = Teller(whose, await look_up(record, [focus]), form)
    fields = [
        {
            "code": element.text_of,
            "name": element.name,
            "text": form[f"text-{element.text_of}"] or former.get(element.text_of, ""),
        }
        for _, element in chosen.texts
    ]
    values = {
        "chosen": _called(chosen, form),
        "standard": chosen.standard,
        "template": chosen.id,
        "about": form["about"],
        "about_said": "" if focus["resourceType"] == "Patient" else _about(focus, teller),
        "fields": fields,
        "issues": issues,
    }
    return View("health_records/issue_one.html", head(whose, form, "documents") | values, status=422 if issues else 200)


def _about(focus: Document, teller: Teller) -> str:
    parts = (show_as.moment(when(focus))[:10], teller.where(focus), teller.called(focus))
    return " · ".join(part for part in parts if part)


def _papers(focus: Document, form: Form) -> list[dict[str, str]]:
    about = f"{focus['resourceType']}/{focus['id']}"
    return [
        {"name": _called(one, form), "query": f"?template={one.id}&about={about}"}
        for one in templates()
        if one.focus == focus["resourceType"] and not fits(one, focus)
    ]


def _called(one: Template, form: Form) -> str:
    return one.title if form.language == "zh" else one.title_en


def _sheet(document: Document, teller: Teller, shown: dict[str, object], form: Form, printed: str, who: str) -> Sheet:
    t = _TEXTS[form.language]
    facts: Any = shown["facts"]
    return Sheet(
        title=str(document.get("title") or teller.called(document)),
        language=form.language,
        facts=(
            (t("health_records.person.name"), str(shown["name"])),
            (t("health_records.papers.person"), " · ".join(facts)),
            (t("health_records.papers.date"), show_as.moment(when(document))),
            (t("health_records.papers.place"), teller.where(document) or "—"),
        ),
        parts=tuple(_part(one, t("health_records.papers.empty")) for one in document.get("section", ())),
        foot=t("health_records.paper.foot", at=printed, who=who),
    )


def _part(section: Document, empty: str) -> Part:
    title = str(section.get("title", ""))
    lines = plain(str(section.get("text", {}).get("div", ""))).splitlines() if "emptyReason" not in section else []
    rows = tuple((Cell(one),) for one in lines)
    return Part(title=title, heads=(), rows=rows, empty=empty)
