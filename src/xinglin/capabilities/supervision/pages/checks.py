"""Spot checks on pages: draw a sample by a public seed, fill in sheets, see the grades."""

from typing import Any, Final

from xinglin.capabilities.supervision import contract
from xinglin.capabilities.supervision.contract import Checking, Drawing
from xinglin.capabilities.supervision.operations import checking, counting
from xinglin.capabilities.supervision.operations.checking import Drawn
from xinglin.capabilities.supervision.rules import sheets
from xinglin.capabilities.supervision.rules.documents import name_of, reference, value
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.format import said, today
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, view_list
from xinglin.web.view import Form, Language, Redirect, Rejected, View

TITLE: Final = Text("抽检", "Spot checks")
STRATA: Final = {
    "child": Text("六岁以下儿童", "Child"),
    "complaint": Text("有投诉", "Complaint"),
    "rule-hit": Text("合理性线索", "Lead"),
    "new-doctor": Text("新上线医师", "New doctor"),
    "long-prescription": Text("长期处方", "Long prescription"),
    "ratio": Text("按比例", "By ratio"),
}
TONES: Final = {"A": "success", "B": "info", "C": "warning", "D": "danger"}
REDRAWN: Final = {
    "same": (Text("按公布的种子重新抽取，结果一致", "Drawn again by the seed: the same"), "success"),
    "differs": (Text("重新抽取的结果不一致", "Drawn again by the seed: not the same"), "danger"),
    "changed": (Text("抽取后就诊记录有变化，名册与当时不同", "The visits to draw from are others now"), "warning"),
}


def _title(found: Found) -> Cell:
    return Cell(str(value(found.document, contract.PERIOD)), href=f"{contract.CHECKS}/{found.id}")


def _place(found: Found) -> str:
    return str(found.more.get(reference({"of": value(found.document, contract.INSTITUTION_OF)}, "of"), ""))


async def _names(work: UnitOfWork, documents: Any) -> dict[str, str]:
    wanted = {reference({"of": value(one, contract.INSTITUTION_OF)}, "of") for one in documents}
    found = {}
    for one in sorted(wanted):
        found[one] = name_of(document_of((await work.fhir.read("Organization", one.partition("/")[2])).body()))
    return found


SAMPLES: Final = Listing(
    name="spot-checks",
    title=TITLE,
    type="List",
    where=(("code", f"{contract.SAMPLES.system}|sample"),),
    columns=(
        Column(Text("月份", "Month"), _title),
        Column(Text("机构", "Institution"), _place),
        Column(Text("抽取时间", "Drawn"), cells.when("date"), sort="date"),
        Column(Text("就诊总数", "Visits"), lambda found: str(value(found.document, contract.COUNTED))),
        Column(Text("抽中", "Drawn"), lambda found: str(len(found.document.get("entry", ())))),
        Column(Text("公布的种子", "Seed"), lambda found: str(value(found.document, contract.SEED))),
    ),
    filters=(Filter("date", Text("抽取日期", "Drawn on"), "days"),),
    sort="-date",
    href=lambda found: f"{contract.CHECKS}/{found.id}",
    more=_names,
    template="supervision/checks.html",
    empty=Empty(
        "clipboard-list", Text("还没有抽检", "No spot check yet"), Text("在上方抽取一份样本。", "Draw a sample above.")
    ),
)


async def show(work: UnitOfWork, form: Form) -> View:
    """List the samples, and offer to draw one."""
    return await _listed(work, form)


async def _listed(work: UnitOfWork, form: Form, refused: OutcomeError | None = None) -> View:
    places = [(f"Organization/{one['id']}", name_of(one)) for one in await counting.institutions(work)]
    values = {
        "places": places,
        "drawing": {
            "institution": form["institution"],
            "month": form["month"] or f"{today(work.now):%Y-%m}",
            "seed": form["seed"],
        },
        "refused": [{"key": one.key, "text": one.text} for one in refused.issues] if refused else [],
    }
    bare = Form(form.without("institution", "month", "seed", "csrf"), form.path, form.language, form.base)
    return await view_list(work, bare, SAMPLES, values, status=422 if refused else 200)


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Draw a sample."""
    try:
        given = Drawing(form["institution"], form["month"].strip(), form["seed"].strip())
        id = await work.fhir.operate(contract.DRAW, given)
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
        raise Rejected(await _listed(work, form, refused)) from refused
    return Redirect(f"{contract.CHECKS}/{id}")


async def show_sample(work: UnitOfWork, form: Form) -> View:
    """Show a sample: the minutes of its draw, checked anew, and the grade of each visit."""
    sample = await checking.read_sample(work, form["id"])
    drawn = await checking.drawn(work, sample)
    words, tone = REDRAWN[await checking.drawn_again(work, sample)]
    names = await _names(work, [sample])
    grades = [one.grade for one in drawn]
    values = {
        "id": form["id"],
        "place": next(iter(names.values())),
        "month": value(sample, contract.PERIOD),
        "seed": value(sample, contract.SEED),
        "population": value(sample, contract.POPULATION),
        "counted": value(sample, contract.COUNTED),
        "redrawn": said(words, form.language),
        "redrawn_tone": tone,
        "rows": [_row(one, form.language, work.principal.practitioner or "") for one in drawn],
        "summary": [(said(text, form.language), grades.count(code)) for code, text in contract.GRADES.codes.items()],
        "done": sum(map(bool, grades)),
    }
    return View("supervision/sample.html", values)


def _row(one: Drawn, language: Language, me: str) -> dict[str, Any]:
    waiting = Text("待第二名检查人", "Waits for a second reviewer") if one.grades else Text("待检查", "To be checked")
    return {
        "visit": one.visit,
        "why": said(STRATA[one.why], language),
        "grade": said(contract.GRADES.codes[one.grade], language) if one.grade else said(waiting, language),
        "tone": TONES.get(one.grade, "neutral"),
        "open": not one.grade and me not in one.reviewers,
    }


async def show_sheet(work: UnitOfWork, form: Form) -> View:
    """Ask the items of a visit; the trace beside shows where each stands."""
    return await _sheet(work, form)


async def _sheet(work: UnitOfWork, form: Form, refused: OutcomeError | None = None) -> View:
    await checking.read_sample(work, form["id"])
    items = [
        {
            "code": one.code,
            "text": said(one.text, form.language),
            "rule": one.rule,
            "answer": form[f"item-{one.code}"],
        }
        for one in sheets.ITEMS
    ]
    values = {
        "id": form["id"],
        "visit": form["visit"],
        "items_": items,
        "note": form["note"],
        "trace": f"{contract.TRACED}/Encounter/{form['visit']}",
        "issues": [{"key": one.key, "text": one.text} for one in refused.issues] if refused else [],
    }
    return View("supervision/sheet.html", values, status=422 if refused else 200)


async def send_sheet(work: UnitOfWork, form: Form) -> Redirect:
    """Take a sheet."""
    answers = tuple(f"{one.code}={form[f'item-{one.code}']}" for one in sheets.ITEMS if form[f"item-{one.code}"])
    try:
        await work.fhir.operate(contract.CHECK, Checking(form["id"], form["visit"], answers, form["note"]))
    except OutcomeError as refused:
        if refused.status >= 500 or refused.status == 404:
            raise
        raise Rejected(await _sheet(work, form, refused)) from refused
    return Redirect(f"{contract.CHECKS}/{form['id']}")
