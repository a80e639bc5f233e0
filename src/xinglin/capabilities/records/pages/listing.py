"""A type: search form, table, paging."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.records.contract import listing
from xinglin.capabilities.records.pages.shown import headings, table
from xinglin.capabilities.records.rules import criteria
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.store.door import UnitOfWork
from xinglin.web import names
from xinglin.web.export import FORMATS, table_of
from xinglin.web.format import said
from xinglin.web.listing import EXPORTED, FORMAT, LIMIT, SLICE
from xinglin.web.view import Download, Form, View

COUNT: Final = 20
COUNT_MAX: Final = 100
_SORTS: Final = ("-_lastUpdated", "_lastUpdated", "-date", "date", "name", "-birthdate", "birthdate")


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """Search a type; a fault in the form is told above it, and the form keeps what was typed."""
    on = form["type"]
    if on not in RESOURCES:
        raise OutcomeError(Issue("not-found", "unknown-type"), status=404)
    outside = {TOKEN, "_count", FORMAT}
    pairs = [(name, value) for name, value in criteria.search_of(form.pairs) if name not in outside]
    if form[FORMAT] in FORMATS:
        return await _export(work, form, on, pairs)
    asked = [*pairs, ("_count", str(_count(form)))] + ([(TOKEN, form[TOKEN])] if form[TOKEN] else [])
    issues: list[str] = []
    rows: list[Any] = []
    following = ""
    total: int | None = None
    try:
        query = parse(on, asked, base_url=work.door.base_url)
        issues = [issue.text for issue in query.issues]
        # Counting once is enough: the pages that follow belong to the same search.
        page = await work.fhir.search(replace(query, total="none" if form[TOKEN] else "accurate"))
        total = page.total
        rows = await table(work, on, page.matches, form.language)
        following = page.next_token or ""
        issues += [issue.text for issue in page.issues]
    except OutcomeError as refused:
        if refused.status != 400:
            raise
        issues = [issue.text for issue in refused.issues]
    here = listing(on)
    kept = [(name, value) for name, value in form.pairs if value and name not in {TOKEN, FORMAT}]
    usual, rest = criteria.fields(on)
    filled = criteria.filled(form.pairs)
    values = {
        "on": on,
        "usual": [_field(on, field, form) for field in usual],
        "rest": [_field(on, field, form) for field in rest],
        "more_open": any(key.partition(".")[0] in {field.code for field in rest} for key in filled if filled[key]),
        "filled": filled,
        "sorts": [code for code in _SORTS if code.lstrip("-") in PARAMETERS[on]],
        "rows": rows,
        "issues": issues,
        "total": total,
        "searched": bool(pairs),
        "first": f"{here}?{urlencode(kept)}" if form[TOKEN] else "",
        "next": f"{here}?{urlencode([*kept, (TOKEN, following)])}" if following else "",
        "query": f"{form.base}/{on}" + (f"?{urlencode(pairs)}" if pairs else ""),
        "columns": headings(on, form.language),
        "exports": [(kind, f"{here}?{urlencode([*kept, (FORMAT, kind)])}") for kind in FORMATS],
        "exported": EXPORTED,
    }
    return View("records/listing.html", values, block="results")


async def _export(work: UnitOfWork, form: Form, on: str, pairs: list[tuple[str, str]]) -> Download:
    """Write what the form finds into a file, a slice at a time; what lies beyond the limit is said in its last line."""
    kind = form[FORMAT]
    file = table_of(kind, names.type_name(on, form.language), headings(on, form.language))
    written, token = 0, ""
    while True:
        asked = [*pairs, ("_count", str(SLICE)), *([(TOKEN, token)] if token else [])]
        page = await work.fhir.search(parse(on, asked, base_url=work.door.base_url))
        for _, cells in await table(work, on, page.matches, form.language):
            file.add([cell.text for cell in cells])
        written += len(page.matches)
        token = page.next_token or ""
        if not token or written >= EXPORTED:
            break
    if token:
        file.add([said(LIMIT, form.language).format(n=f"{written:,}")])
    work.note("export", type=on, detail=f"records {kind} {written}")
    return Download(file.done(), FORMATS[kind], f"{on}-{work.now:%Y%m%d}.{kind}")


def _count(form: Form) -> int:
    asked = form["_count"]
    return min(max(int(asked), 1), COUNT_MAX) if asked.isdecimal() and len(asked) < 5 else COUNT


def _field(on: str, field: criteria.Field, form: Form) -> dict[str, object]:
    known = [(code, names.code_name(code, form.language)) for code in field.known]
    return {
        "code": field.code,
        "kind": field.kind,
        "label": names.parameter_name(on, field.code, form.language),
        "known": known,
    }
