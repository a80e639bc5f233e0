"""Loading an edition of a code system from a file: examined first, its report kept, then taken."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from xinglin.capabilities.terminology import contract
from xinglin.capabilities.terminology.operations import load as loading
from xinglin.capabilities.terminology.operations.given import day
from xinglin.fhir.outcome import Issue, OutcomeError, refuse
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology import loads
from xinglin.store.terminology.loading import Wanted, version_of
from xinglin.store.terminology.sheets import pairs
from xinglin.store.terminology.systems import newest, systems
from xinglin.web.view import Download, File, Form, Redirect, Rejected, View

LATEST: Final = 20
ENDINGS: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx"})


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the empty form, and what was sent last."""
    return await _view(work, form)


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Keep the file and have it examined; the page of the file says what was found."""
    try:
        file, ending = _sent(form.file("file"))
        wanted = _wanted(work, form)
        id = work.new_id()
        who = work.principal.id
        size = await loads.keep(
            work.executor, id, by=who, name=file.name, wanted=wanted, parts=_parts(file), ending=ending
        )
        await loading.begin(work, id, loading.EXAMINE, size=size)
    except OutcomeError as refused:
        raise Rejected(await _view(work, form, issues=refused.issues, status=422)) from refused
    return Redirect(f"{contract.LOAD}/{id}")


async def show_one(work: UnitOfWork, form: Form) -> View | Download:
    """Show what was found in a file, or how far it is; its whole report as a file."""
    one = await loads.load(work.executor, form["id"])
    if form["report"]:
        report = await loads.remarks(work.executor, one.id)
        return Download(report, "text/csv; charset=utf-8", f"terminology-report-{one.id}.csv")
    return await _one(work, form, one)


async def send_one(work: UnitOfWork, form: Form) -> Redirect:
    """Take an edition that was examined."""
    one = await loads.load(work.executor, form["id"])
    try:
        refuse(_untakable(one))
        work.note("edition-asked", type="CodeSystem", detail=f"{one.wanted['system']} {one.name}"[:200])
        await loading.begin(work, one.id, loading.TAKE, size=one.bytes)
    except OutcomeError as refused:
        raise Rejected(await _one(work, form, one, issues=refused.issues, status=422)) from refused
    return Redirect(f"{contract.LOAD}/{one.id}")


def _untakable(one: loads.Load) -> tuple[Issue, ...]:
    if one.state == loads.EXAMINED:
        return ()
    text = "Only a file that was examined can be taken, and once."
    return (Issue("conflict", "edition-not-examined", text=text),)


def _wanted(work: UnitOfWork, form: Form) -> Wanted:
    try:
        since = date.fromisoformat(form["since"]) if form["since"] else day(work, "")
    except ValueError:
        raise OutcomeError(Issue("value", "edition-day", "since", "The day is written 2026-01-01.")) from None
    system = form["system"] or form["other"].strip()
    return Wanted(Path(), system, since, form["version"].strip()[:40], columns=pairs([form["columns"]]))


def _sent(file: File | None) -> tuple[File, str]:
    if file is None:
        raise OutcomeError(Issue("required", "edition-file-missing", "file", "Choose a file."))
    ending = Path(file.name).suffix.lower()
    if ending not in ENDINGS:
        raise OutcomeError(Issue("invalid", "edition-file-kind", "file", "The file is CSV or XLSX."))
    return file, ending


def _parts(file: File) -> Iterator[bytes]:
    if file.stream is not None:
        yield from loads.chunks(file.stream.read)
    elif file.content:
        yield file.content


async def _one(
    work: UnitOfWork, form: Form, one: loads.Load, *, issues: tuple[Issue, ...] = (), status: int = 200
) -> View:
    url = str(one.wanted["system"])
    versions = await systems(work.executor, url)
    version = version_of(Wanted(Path(), url, date.fromisoformat(one.wanted["since"]), one.wanted["version"]))
    found: dict[str, Any] = dict(one.found)
    return View(
        "terminology/loaded.html",
        {
            "one": one,
            "found": found,
            "counts": [(kind, found["counts"][kind]) for kind in loads.KINDS if found and found["counts"].get(kind)],
            "remarked": sum(found["counts"].values()) if found else 0,
            "shown": loads.SHOWN,
            "title": versions[-1].named(form.language) if versions else url,
            "version": version,
            "issues": issues or one.issues,
            "more": f"{contract.DICTIONARY}?system={url}",
        },
        status=status,
    )


async def _view(work: UnitOfWork, form: Form, *, issues: tuple[Issue, ...] = (), status: int = 200) -> View:
    every = newest(await systems(work.executor))
    return View(
        "terminology/load.html",
        {
            "filled": {name: form[name] for name in ("system", "other", "version", "since", "columns")},
            "systems": sorted((one.named(form.language), one.url) for one in every),
            "titles": {one.url: one.named(form.language) for one in every},
            "latest": await loads.latest(work.executor, count=LATEST),
            "issues": issues,
        },
        status=status,
    )
