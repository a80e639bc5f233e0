"""The record of a patient as a timeline: everything of the compartment, newest first, by day."""

from dataclasses import replace
from itertools import groupby
from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.records.pages.record import about
from xinglin.capabilities.records.pages.shown import Row, banner, row_of
from xinglin.fhir.document import document_of
from xinglin.fhir.r4.compartments import COMPARTMENTS
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web import names
from xinglin.web.view import Form, Language, View

COUNT: Final = 50
ICONS: Final = {
    "Encounter": "stethoscope",
    "Condition": "heartbeat",
    "Observation": "test-pipe",
    "DiagnosticReport": "report-medical",
    "MedicationRequest": "pill",
    "MedicationDispense": "pill",
    "Immunization": "vaccine",
    "Procedure": "clipboard-list",
    "DocumentReference": "file-text",
    "AllergyIntolerance": "alert-triangle",
    "Appointment": "calendar",
    "Patient": "user",
}


async def show(work: UnitOfWork, form: Form) -> View:
    """Show one page of the patient's record, of one type when the reader chose one."""
    id = form["id"]
    patient = await work.fhir.read("Patient", id)
    only = form["_type"] if form["_type"] in COMPARTMENTS["Patient"] else ""
    asked = [("_type", only)] if only else []
    asked += [(TOKEN, form[TOKEN])] if form[TOKEN] else []
    query = parse(None, asked, strict=True, base_url=work.door.base_url, compartment=("Patient", id))
    page = await work.fhir.search(replace(query, count=COUNT))
    # The patient is whom the record is about, not an event of it; the banner shows the person.
    rows = [row_of(row, form.language) for row in page.matches if row.rt != "Patient"]
    here = f"/records/Patient/{id}/timeline"
    kept = [("_type", only)] if only else []
    values = {
        "days": _days(rows, form.language),
        "count": len(rows),
        "only": only,
        "types": [(on, names.type_name(on, form.language)) for on in ICONS if on in COMPARTMENTS["Patient"]],
        "first": f"{here}?{urlencode(kept)}" if form[TOKEN] else "",
        "next": f"{here}?{urlencode([*kept, (TOKEN, page.next_token)])}" if page.next_token else "",
    }
    described = about(replace(form, path={"type": "Patient", "id": id}), patient, "timeline")
    shown = {"patient": await banner(work, document_of(patient.body()), form.language)}
    return View("records/timeline.html", described | values | shown)


def _days(rows: list[Row], language: Language) -> list[dict[str, object]]:
    """Group rows that follow one another by their day; undated ones come under an empty title."""
    return [
        {
            "title": day,
            "weekday": show_as.weekday(day, language),
            "entries": [
                {
                    "icon": ICONS.get(row.type, "notes"),
                    "kind": names.type_name(row.type, language),
                    "time": row.date[11:16],
                    "text": row.title,
                    "href": row.href,
                    "state": row.state,
                }
                for row in group
            ],
        }
        for day, group in groupby(rows, key=lambda row: row.date[:10])
    ]
