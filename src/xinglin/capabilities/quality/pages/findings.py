"""Findings as a list with export, and one finding with its record as far as the reader may see it."""

from typing import Any, Final

from xinglin.capabilities.health_records.contract import RECORDS, record, source
from xinglin.capabilities.quality.contract import (
    CODES,
    CORRECT,
    CORRECTING,
    DOMAIN_CODES,
    DOMAINS,
    EXPLAIN,
    EXPLAINED,
    FINDINGS,
    LIST,
    OPEN,
    RESOLVED,
    RULES,
    SEVERITIES,
    SEVERITY_TAGS,
    STATE_CODES,
    STATES,
    WRITERS,
    Correcting,
    Explaining,
)
from xinglin.capabilities.quality.operations.findings import rule_of, state_of
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.reading import not_found
from xinglin.web import brief, cells
from xinglin.web.format import said
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.names import element_name, type_name
from xinglin.web.view import Download, Form, Language, Redirect, Rejected, View

_MARKERS: Final = WRITERS | {"system-admin"}
_TONES: Final = {OPEN: "danger", CORRECTING: "warning", EXPLAINED: "info", RESOLVED: "success"}
_WEIGHTS: Final = {"high": "danger", "moderate": "warning", "low": "neutral"}
# Values may hold a person's data; these are shown of a record that the reader sees.
_TOLD: Final = ("period", "recordedDate", "effectiveDateTime", "performedDateTime", "code", "class", "serviceType")


def _rule(found: Found) -> Cell:
    rule = rule_of(found.document)
    title = said(RULES[rule].title, found.language) if rule in RULES else rule
    return Cell(title, note=" · ".join(one for one in (rule, str(found.document.get("detail", ""))) if one))


def _record(found: Found) -> Cell:
    type, _, id = _record_of(found.document).partition("/")
    return Cell(type_name(type, found.language), note=id)


def _record_of(document: Any) -> str:
    return str(document["implicated"][0]["reference"])


def _owner_of(document: Any) -> str:
    return str(document["implicated"][1]["reference"]) if len(document["implicated"]) > 1 else ""


async def _names(work: UnitOfWork, documents: Any) -> dict[str, str]:
    """Name the institutions of a page of findings."""
    ids = sorted({_owner_of(one).removeprefix("Organization/") for one in documents if _owner_of(one)})
    if not ids:
        return {}
    page = await work.fhir.find("Organization", _id=",".join(ids), _count="100")
    return {f"Organization/{row.id}": cells.named(document_of(row.body())) for row in page.matches}


def _owner(found: Found) -> str:
    return str(found.more.get(_owner_of(found.document)) or _owner_of(found.document))


LISTING: Final = Listing(
    name="quality-findings",
    title=Text("质量问题", "Findings"),
    type="DetectedIssue",
    where=(("code", f"{CODES.system}|"),),
    columns=(
        Column(Text("问题", "Finding"), _rule),
        Column(
            Text("程度", "Severity"),
            cells.state("severity", {one: (SEVERITIES[one], _WEIGHTS[one]) for one in SEVERITIES}),
        ),
        Column(Text("记录", "Record"), _record),
        Column(Text("责任机构", "Institution"), _owner),
        Column(Text("发现时间", "Found"), cells.when("identifiedDateTime"), "identified"),
        Column(
            Text("状态", "State"),
            lambda found: Cell(
                said(STATES[state_of(found.document)], found.language), _TONES[state_of(found.document)]
            ),
        ),
    ),
    filters=(
        Filter(
            "state",
            Text("状态", "State"),
            "choice",
            options=tuple(STATES.items()),
            ask=lambda value: (("_tag", f"{STATE_CODES.system}|{value}"),),
            default=OPEN,
        ),
        Filter(
            "domain",
            Text("方面", "Domain"),
            "choice",
            options=tuple(DOMAINS.items()),
            ask=lambda value: (("_tag", f"{DOMAIN_CODES.system}|{value}"),),
        ),
        Filter(
            "severity",
            Text("程度", "Severity"),
            "choice",
            options=tuple(SEVERITIES.items()),
            ask=lambda value: (("_tag", f"{SEVERITY_TAGS}|{value}"),),
        ),
        Filter(
            "rule",
            Text("规则", "Rule"),
            "choice",
            options=tuple((id, rule.title) for id, rule in RULES.items()),
            ask=lambda value: (("code", f"{CODES.system}|{value}"),),
        ),
        Filter(
            "institution",
            Text("责任机构编号", "Institution (id)"),
            ask=lambda value: (("implicated", f"Organization/{value}"),),
        ),
        Filter("identified", Text("发现时间", "Found"), "days"),
    ),
    sort="-identified",
    href=lambda found: f"{FINDINGS}/{found.id}",
    more=_names,
    empty=Empty(
        "circle-check",
        Text("没有质量问题", "No findings"),
        Text("系统每晚检查新增和变更的记录，发现的问题会列在这里。", "What the nightly look finds is listed here."),
    ),
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List findings; open ones unless others are asked for."""
    return await show_list(work, form, LISTING)


async def show_card(work: UnitOfWork, _form: Form) -> View | None:
    """Say how many findings are open; nothing when none is."""
    waiting = await work.fhir.count("DetectedIssue", code=f"{CODES.system}|", _tag=f"{STATE_CODES.system}|{OPEN}")
    return View("quality/card.html", {"waiting": waiting, "path": LIST}) if waiting else None


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show a finding."""
    return await _one(work, form, ())


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Mark a finding as explained, or as being corrected."""
    try:
        if form["do"] == CORRECTING:
            await work.fhir.operate(CORRECT, Correcting(form["id"], form["note"]))
        else:
            await work.fhir.operate(EXPLAIN, Explaining(form["id"], form["reason"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"{FINDINGS}/{form['id']}?done={CORRECTING if form['do'] == CORRECTING else EXPLAINED}")


async def open_record(work: UnitOfWork, form: Form) -> View | Redirect:
    """Lead to the record of a finding, if the reader may see it now; else say who may."""
    document = document_of((await work.fhir.read("DetectedIssue", form["id"])).body())
    type, _, id = _record_of(document).partition("/")
    row = await _seen(work, type, id)
    patient = "" if row is None else (id if type == "Patient" else _patient_of(document_of(row.body())))
    if not patient:
        return await _one(work, form, (Issue("forbidden", "quality-hidden"),))
    return Redirect(record(patient) if type == "Patient" else source(patient, type, id))


def _patient_of(document: Any) -> str:
    """Give the id of the patient of a record; empty when it is of none."""
    whose = document.get("subject") or document.get("patient") or {}
    type, _, id = str(whose.get("reference", "")).partition("/")
    return id if type == "Patient" else ""


async def _seen(work: UnitOfWork, type: str, id: str) -> Row | None:
    """Give the record of a finding when it is within the reader's reach."""
    if work.fhir.reach("search", type).nothing:
        return None
    page = await work.fhir.find(type, _id=id, _count="1")
    return page.matches[0] if page.matches else None


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    document = document_of((await work.fhir.read("DetectedIssue", form["id"])).body())
    rule = rule_of(document)
    if rule not in RULES:
        raise OutcomeError(not_found("DetectedIssue", form["id"]))
    names, state, named = await _names(work, [document]), state_of(document), _record_of(document)
    return View(
        "quality/finding.html",
        {
            "id": form["id"],
            "rule": rule,
            "title": said(RULES[rule].title, form.language),
            "domain": said(DOMAINS[RULES[rule].domain], form.language),
            "severity": (said(SEVERITIES[RULES[rule].severity], form.language), _WEIGHTS[RULES[rule].severity]),
            "standing": (said(STATES[state], form.language), _TONES[state]),
            "detail": document.get("detail", ""),
            "found": document["identifiedDateTime"],
            "owner": names.get(_owner_of(document), _owner_of(document)),
            "record": named,
            "type": type_name(named.partition("/")[0], form.language),
            "told": await _told(work, named, form.language),
            "explained": document.get("mitigation") or (),
            "may_open": bool(RECORDS.roles & work.principal.roles),
            "may_explain": state in (OPEN, CORRECTING) and bool(_MARKERS & work.principal.roles),
            "may_correct": state == OPEN and bool(_MARKERS & work.principal.roles),
            "note": form["note"],
            "list": f"{FINDINGS}?rule={rule}",
            "reason": form["reason"],
            "done": form["done"],
            "issues": issues,
        },
        status=422 if issues else 200,
    )


async def _told(work: UnitOfWork, named: str, language: Language) -> list[tuple[str, str]] | None:
    """Tell of the record what its reader may see; None when it is not within reach."""
    type, _, id = named.partition("/")
    row = await _seen(work, type, id)
    if row is None:
        return None
    document = document_of(row.body())
    return [
        (element_name(f"{type}.{name}", language), brief.brief(document[name], language))
        for name in _TOLD
        if document.get(name)
    ]
