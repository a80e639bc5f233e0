"""Writing a prescription: the form, what is found while typing, and signing in one act."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.prescriptions import contract
from xinglin.capabilities.prescriptions.contract import Checked, Draft, Revising
from xinglin.capabilities.prescriptions.operations.gathering import lines_of
from xinglin.capabilities.prescriptions.pages import typed as typing
from xinglin.capabilities.prescriptions.pages.typed import Typed
from xinglin.capabilities.prescriptions.rules import reading, writing
from xinglin.capabilities.prescriptions.rules.visits import OPEN, visit_faults
from xinglin.capabilities.prescriptions.rules.writing import About
from xinglin.care.prescribing import forms
from xinglin.fhir import codec
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import MedicationRequest, RequestGroup
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.tables import catalogues
from xinglin.tables.codes import rows as table
from xinglin.web import format as show_as
from xinglin.web.asking import ask
from xinglin.web.banner import banner_of
from xinglin.web.cells import named
from xinglin.web.view import Form, Redirect, Rejected, View

VISITS: Final = 30
REASONS: Final = 50
FOOTNOTES: Final = ("先煎", "后下", "包煎", "另煎", "烊化", "冲服", "打碎")
COPIED: Final = "copied-from-own-previous"


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the form for a visit; without one, the visits to choose from."""
    if not form["encounter"]:
        return View("prescriptions/visits.html", {"visits": await _visits(work, form)})
    typed = Typed(tcm=form["kind"] == "tcm", rows=())
    least = typing.HERBS if typed.tcm else typing.WESTERN
    rows: tuple[typing.Row, ...] = typing.rows_of((), least, "")
    before = form["revise"] or form["copy"]
    if before:
        typed, rows = await _taken_over(work, before, copied=not form["revise"])
    return await _view(work, form, replace(typed, rows=rows), checked=None, issues=())


async def send_check(work: UnitOfWork, form: Form) -> View:
    """Say what is found in what was typed; nothing is written. HTMX takes only that part of the page."""
    return await _checked(work, form, await typing.read(work, form), ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Sign, in one act; or say what stands against it."""
    typed = await typing.read(work, form)
    if typed.issues or not typed.lines or form["act"] != "sign":
        raise Rejected(await _checked(work, form, typed, ()))
    draft = _draft(work, form, typed)
    try:
        if form["revise"]:
            given = Revising(form["revise"], draft.prescription, draft.line, form["insisted"].strip()[:500])
            id = await work.fhir.operate(contract.REVISE, given)
        else:
            id = await work.fhir.operate(contract.SIGN, draft)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _checked(work, form, typed, refused.issues)) from refused
    return Redirect(f"{contract.ONE}/{id}")


async def _checked(work: UnitOfWork, form: Form, typed: Typed, issues: tuple[Issue, ...]) -> View:
    """Show the form again with what was found."""
    checked = None
    told = [*typed.issues]
    # What a check found is shown with its reason and source; the refusal by it says nothing more.
    told += [one for one in issues if one.key not in {"prescription-blocked", "prescription-second-signature"}]
    if typed.lines and not typed.issues:
        try:
            checked = await work.fhir.operate(contract.CHECK, _draft(work, form, typed))
        except OutcomeError as refused:
            if refused.status == 404:
                raise
            told += [one for one in refused.issues if one.key not in {each.key for each in told}]
    return await _view(work, form, typed, checked=checked, issues=tuple(told))


def _draft(work: UnitOfWork, form: Form, typed: Typed) -> Draft:
    """Write what was typed as the interface takes it."""
    today = show_as.today(work.now)
    one = typing.prescription(typed, today)
    about = About(
        patient=f"Patient/{form['patient']}",
        encounter=f"Encounter/{form['encounter']}",
        reasons=tuple(f"Condition/{id}" for id in typed.reasons),
        key=form["key"][:64],
    )
    header = codec.decode(bytes_of(writing.header(one, about, "draft")), "RequestGroup")
    lines = [codec.decode(bytes_of(line), "MedicationRequest") for line in writing.lines(one, about, "draft")]
    if not isinstance(header, RequestGroup):
        raise TypeError("a RequestGroup is a RequestGroup")
    return Draft(header, tuple(line for line in lines if isinstance(line, MedicationRequest)))


async def _view(
    work: UnitOfWork, form: Form, typed: Typed, *, checked: Checked | None, issues: tuple[Issue, ...]
) -> View:
    encounter: Any = codec.decode((await work.fhir.read("Encounter", form["encounter"])).body(), "Encounter")
    patient = (encounter.subject.reference or "").removeprefix("Patient/") if encounter.subject else ""
    banner = await banner_of(work, patient, form.language)
    if not issues:
        issues = visit_faults(encounter, work.principal.practitioner or "", work.now)
    reasons = await _reasons(work, patient, form["encounter"])
    chosen = typed.reasons or tuple(id for id, _, here in reasons if here)
    return View(
        "prescriptions/order.html",
        {
            "path": contract.NEW,
            "patient": patient,
            "encounter": form["encounter"],
            "banner": banner,
            "typed": typed,
            "rows": typed.rows,
            "places": [_place(row, line) for row, line in zip(typed.places, typed.lines, strict=True)],
            "checked": checked,
            "findings": _findings(checked, form),
            "waiting": _second(checked, form),
            "second": typed.second,
            "issues": issues,
            "reasons": reasons,
            "chosen": chosen,
            "systems": (contract.SLICES,) if typed.tcm else (contract.DRUGS,),
            "frequencies": [(code, f"{code} {words}") for code, words in writing.FREQUENCIES.items()],
            "routes": [one["code"] for one in table("route.csv")],
            "footnotes": FOOTNOTES,
            "why_long": forms.REASONS,
            "long_parts": typing.LONG,
            "extra": str(typed.extra_days),
            "key": form["key"] or work.new_id(),
            "revise": form["revise"],
            "insisted": form["insisted"],
            "last": await _last(work, patient, typed) if not form["revise"] else "",
            "other_kind": _address(form, patient, "" if typed.tcm else "tcm"),
            "who": work.principal.display,
            "step_up": any(one.key == "step-up" for one in issues),
        },
        block="findings",
    )


def _address(form: Form, patient: str, kind: str) -> str:
    pairs = {"patient": patient, "encounter": form["encounter"]} | ({"kind": kind} if kind else {})
    return f"{contract.NEW}?{urlencode(pairs)}"


def _place(row: typing.Row, line: forms.Line) -> dict[str, object]:
    """Give what is written of a line, as it will stand on the paper."""
    if isinstance(line, forms.SliceLine):
        herb = catalogues.tcm_slice(line.slice)
        note = f"（{line.footnote}）" if line.footnote else ""
        low, high = herb.dose_low_g, herb.dose_high_g
        usual = f"{low.normalize():f}–{high.normalize():f} g" if low is not None and high is not None else ""
        return {"row": row, "name": f"{herb.name}{note}", "usage": f"{line.grams.normalize():f} g", "usual": usual,
                "amount": "", "unit": "g"}  # fmt: skip
    drug = catalogues.drug(line.drug)
    usual = ""
    if drug.adult_dose is not None:
        usual = f"{drug.adult_dose.normalize():f}{drug.dose_unit} {writing.FREQUENCIES[drug.frequency]}"
    return {
        "row": row,
        "name": f"{drug.name} {drug.strength}×{drug.pack}{drug.unit}",
        "usage": writing.usage_of(line),
        "usual": usual,
        "amount": f"{line.quantity} × {drug.pack}{drug.unit}" if line.quantity else "",
        "unit": drug.dose_unit,
    }


def _findings(checked: Checked | None, form: Form) -> list[dict[str, object]]:
    """Give what was found in the reader's language."""
    return [
        {
            "code": one.code,
            "weight": one.weight,
            "text": one.zh if form.language == "zh" else one.en,
            "rule": one.rule,
            "source": one.source,
            "lines": [f"{number}" for number in one.lines],
        }
        for one in (checked.finding if checked is not None else ())
    ]


@cites("R3-006")
def _second(checked: Checked | None, form: Form) -> list[dict[str, str]]:
    """Give what waits for a second signature, once a code."""
    found = {one.code: one for one in (checked.finding if checked is not None else ()) if one.weight == "sign"}
    return [{"code": code, "text": one.zh if form.language == "zh" else one.en} for code, one in found.items()]


async def _reasons(work: UnitOfWork, patient: str, encounter: str) -> list[tuple[str, str, bool]]:
    """Give the diagnoses to choose from: (id, text, made in this visit), those of the visit first."""
    page = await ask(
        work, "Condition", ("patient", f"Patient/{patient}"), ("_sort", "-recorded-date"), ("_count", str(REASONS))
    )
    found = []
    for row in page.matches:
        one = document_of(row.body())
        here = one.get("encounter", {}).get("reference") == f"Encounter/{encounter}"
        listed = any(
            coding.get("code") == "problem-list-item" for each in one.get("category", ()) for coding in each["coding"]
        )
        codings = one.get("code", {}).get("coding", ())
        code = next((each["code"] for each in codings if each.get("system") == contract.ICD and "code" in each), "")
        text = one.get("code", {}).get("text") or next((each.get("display", "") for each in codings), "")
        if (here or listed) and (code or text):
            found.append((str(one["id"]), f"{text} {code}".strip(), here))
    return sorted(found, key=lambda each: not each[2])


async def _visits(work: UnitOfWork, form: Form) -> list[dict[str, str]]:
    """Give the visits that the reader may write for now."""
    since = (work.now - timedelta(days=2)).isoformat()
    page = await ask(
        work,
        "Encounter",
        ("participant", work.principal.practitioner or "Practitioner/none"),
        ("status", ",".join(sorted({*OPEN, "finished"}))),
        ("date", f"ge{since}"),
        ("_include", "Encounter:patient"),
        ("_sort", "-date"),
        ("_count", str(VISITS)),
    )
    people = {f"Patient/{row.id}": named(document_of(row.body())) for row in page.included}
    found = []
    for row in page.matches:
        one: Any = codec.decode(row.body(), "Encounter")
        if visit_faults(one, work.principal.practitioner or "", work.now):
            continue
        of = one.subject.reference if one.subject else ""
        start = show_as.moment(one.period.start) if one.period and one.period.start else ""
        service = one.serviceType.text if one.serviceType is not None else ""
        found.append(
            {
                "href": f"{contract.NEW}?{urlencode({'patient': of.removeprefix('Patient/'), 'encounter': row.id})}",
                "name": people.get(of, of),
                "when": start,
                "what": service or "",
            }
        )
    return found


async def _last(work: UnitOfWork, patient: str, typed: Typed) -> str:
    """Give the id of the reader's last prescription of this kind for the patient; empty when there is none."""
    page = await ask(
        work,
        "RequestGroup",
        ("patient", f"Patient/{patient}"),
        ("author", work.principal.practitioner or "Practitioner/none"),
        ("_sort", "-authored"),
        ("_count", "10"),
    )
    for row in page.matches:
        header: Any = codec.decode(row.body(), "RequestGroup")
        if reading.value(header, contract.TYPE) == ("tcm" if typed.tcm else "western"):
            return row.id
    return ""


@cites("R2-025")
async def _taken_over(work: UnitOfWork, id: str, *, copied: bool) -> tuple[Typed, tuple[typing.Row, ...]]:
    """Take over what the reader wrote before: copied, each line is confirmed on its own; returned, it is corrected."""
    header: Any = codec.decode((await work.fhir.read("RequestGroup", id)).body(), "RequestGroup")
    if header.author is None or header.author.reference != work.principal.practitioner:
        raise OutcomeError(Issue("forbidden", "not-the-prescriber", text="Only what you wrote yourself is copied."))
    found = []
    for reference in lines_of(header):
        row = await work.fhir.read("MedicationRequest", reference.removeprefix("MedicationRequest/"))
        found.append(codec.decode(row.body(), "MedicationRequest"))
    one, _ = reading.prescription_of(
        header, found, (), issued=show_as.today(work.now), born=show_as.today(work.now), place="outpatient"
    )
    tcm = reading.value(header, contract.TYPE) == "tcm"
    least = typing.HERBS if tcm else typing.WESTERN
    rows = typing.rows_of(one.lines, least, COPIED) if copied else _own(one.lines, least)
    reasons = (
        ()
        if copied
        else tuple((each.reference or "").removeprefix("Condition/") for each in header.reasonReference or ())
    )
    typed = Typed(
        tcm=tcm,
        rows=(),
        reasons=reasons,
        extension_reason=one.extension_reason,
        extra_days=one.extra_days,
        doses=str(one.doses or ""),
        usage=one.usage,
        long=None if one.long is None else frozenset(name for name in typing.LONG if getattr(one.long, name)),
    )
    return typed, rows


def _own(lines: tuple[forms.Line, ...], least: int) -> tuple[typing.Row, ...]:
    return tuple(
        replace(row, source=lines[place].source if place < len(lines) else "", confirmed=True)
        for place, row in enumerate(typing.rows_of(lines, least, ""))
    )
