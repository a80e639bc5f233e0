"""How a result of a patient went, as a table and on top of it a chart; and as a file for a spreadsheet."""

from typing import Any, Final

from xinglin.capabilities.health_records.contract import trend as address
from xinglin.capabilities.health_records.operations.names import Names, look_up
from xinglin.capabilities.health_records.operations.reading import Found, Pairs, Record
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened, query_of
from xinglin.capabilities.health_records.pages.shown import Teller
from xinglin.capabilities.health_records.rules.documents import instant
from xinglin.capabilities.health_records.rules.results import person_of, series
from xinglin.capabilities.health_records.rules.trends import Point, Trend, changes, gist, trend
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.tables.analytes import codes_of
from xinglin.web.brief import name as name_of
from xinglin.web.catalogue import texts
from xinglin.web.export import FORMATS, table_of
from xinglin.web.format import moment
from xinglin.web.view import Download, Form, Language, View

COUNT: Final = 100
MEDICINES: Final = 60
_TEXTS: Final = texts("xinglin.capabilities.health_records")


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the trend of a code."""
    whose, found, names = await _read(work, form)
    record, made = whose.record, trend(series(found.documents, person_of(whose.patient)), form["code"])
    teller = Teller(whose, names, form)
    rows = [_row(one, made.unit, teller) for one in made.points]
    whole = gist(made)
    first = made.points[0].reading
    values = {
        "code": form["code"],
        "title": words.concept(first.concept, form.language),
        "unit": words.unit_of(first) or made.unit,
        "unit_said": words.unit(made.unit),
        "converted": any(one.brought for one in made.points),
        "lines": [
            {"name": words.concept(one.concept, form.language), "low": one.low, "high": one.high} for one in made.lines
        ],
        "range": words.range_of(first),
        "usual": any(one.usual for one in made.lines),
        "rows": rows,
        "gist": whole,
        "latest": rows[0],
        "change": "" if whole is None else f"{whole.change:+f}",
        "changes": [] if form[TOKEN] else await _changes(record, made, form.language),
        "mixed": len(made.compared) < len(made.points),
        "places": list(dict.fromkeys(one["where"] for one in rows if one["where"])),
        "csv": address(record.id, form["code"], whose.base) + "/csv" + query_of(form),
        "next": f"?{TOKEN}={found.token}" if found.token and not record.at else "",
    }
    return View("health_records/trend.html", head(whose, form, "results") | values)


async def show_csv(work: UnitOfWork, form: Form) -> Download:
    """Give the trend as CSV: one row a result, with unit, range, flag and institution."""
    whose, found, names = await _read(work, form)
    record, made = whose.record, trend(series(found.documents, person_of(whose.patient)), form["code"])
    teller = Teller(whose, names, form)
    heads = [_TEXTS[form.language](f"health_records.paper.{one}") for one in ("date", "test", "value")]
    more = ("unit", "range", "flag", "institution", "brought", "brought-unit")
    heads += [_TEXTS[form.language](f"health_records.csv.{one}") for one in more]
    sheet = table_of("csv", form["code"], heads)
    usual = f" ({_TEXTS[form.language]('health_records.result.usual')})"
    for one in made.points:
        reading = one.reading
        row = (
            moment(reading.at),
            words.concept(reading.concept, form.language),
            words.reading_of(reading, form.language),
            words.unit_of(reading),
            words.range_of(reading) + (usual if reading.usual else ""),
            one.flag,
            _row(one, made.unit, teller)["where"],
            "/".join(f"{number:f}" for number in one.numbers),
            words.unit(made.unit) if one.numbers else "",
        )
        sheet.add(row)
    names_of: list[dict[str, Any]] = whose.patient.get("name") or [{}]
    file = f"{name_of(names_of[0]) or record.id}-{form['code']}.csv"
    return Download(sheet.done(), FORMATS["csv"], file)


async def _read(work: UnitOfWork, form: Form) -> tuple[Whose, Found, Names]:
    whose = await opened(work, form)
    record = whose.record
    codes = (one.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$") for one in codes_of(form["code"]))
    wanted: Pairs = (("combo-code", ",".join(codes)),)
    found = await record.search({"Observation": wanted}, COUNT, form[TOKEN])
    if not any(one.get("status") not in {"cancelled", "entered-in-error"} for one in found.documents):
        raise OutcomeError(Issue("not-found", "no-results", text="There are no results of this code."), status=404)
    told = ({member: one[member] for member in ("performer", "encounter") if member in one} for one in found.documents)
    return whose, found, await look_up(record, told)


def _row(point: Point, unit: str, teller: Teller) -> dict[str, Any]:
    reading = point.reading
    brought = "/".join(f"{one:f}" for one in point.numbers) if point.brought else ""
    at = instant(reading.at)
    return {
        "at": "" if at is None else at.isoformat(),
        "date": moment(reading.at),
        "value": words.reading_of(reading, teller.language),
        "unit": words.unit_of(reading),
        "brought": f"{brought} {words.unit(unit)}" if brought else "",
        "range": words.range_of(reading),
        "usual": reading.usual,
        "flag": point.flag,
        "arrow": words.ARROWS[point.flag],
        "tone": words.TONES.get(point.flag, "neutral"),
        "numbers": ",".join(f"{one:f}" for one in point.numbers),
        "where": teller.where({"performer": reading.performer, "encounter": {"reference": reading.encounter}}),
        "href": teller.entry("Observation", reading.id),
    }


async def _changes(record: Record, made: Trend, language: Language) -> list[dict[str, Any]]:
    """Give the medicines that began within the time of the trend."""
    days = [one.reading.at[:10] for one in made.points if one.reading.at]
    if not days or record.work.fhir.reach("search", "MedicationRequest").nothing:
        return []
    within: Pairs = (("authoredon", f"ge{min(days)}"), ("authoredon", f"le{max(days)}"))
    found = await record.search({"MedicationRequest": within}, MEDICINES)
    names = await look_up(record, found.documents)
    called = [
        words.concept(one.get("medicationCodeableConcept") or one.get("medicationReference"), language, names)
        for one in found.documents
    ]
    return [{"day": day, "name": name, "stopped": stopped} for day, name, stopped in changes(found.documents, called)]
