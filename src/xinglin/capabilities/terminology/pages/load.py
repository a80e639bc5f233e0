"""Loading an edition of a code system from a file: examined first, its remarks to keep, then taken."""

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, Final

from xinglin.capabilities.terminology import contract
from xinglin.capabilities.terminology.operations.given import day
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.terminology.editions import Edition
from xinglin.store.terminology.loading import Wanted, examined, report, take
from xinglin.store.terminology.sheets import pairs
from xinglin.store.terminology.systems import newest, systems
from xinglin.web.view import Download, File, Form, Rejected, View

SHOWN: Final = 100
ENDINGS: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx"})
# In the order in which they are told.
KINDS: Final = (
    *("code-missing", "name-missing", "twice", "shape", "parent-missing", "date"),
    *("added", "renamed", "retired"),
)


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the empty form."""
    return await _view(work, form)


async def send(work: UnitOfWork, form: Form) -> View | Download:
    """Examine the file that was sent, and do what the button says: show remarks, give them as a file, take it."""
    file = form.file("file")
    try:
        with tempfile.TemporaryDirectory(prefix="xinglin-edition-") as folder:
            wanted = _wanted(work, form, _kept(file, Path(folder)))
            edition = await examined(work.executor, wanted, _nobody)
            if form["do"] == "report":
                return Download(report(edition), "text/csv; charset=utf-8", "terminology-report.csv")
            taken = await take(work, wanted, edition, _nobody) if form["do"] == "take" else None
    except OutcomeError as refused:
        raise Rejected(await _view(work, form, issues=refused.issues, status=422)) from refused
    return await _view(work, form, edition=edition, taken=taken)


def _wanted(work: UnitOfWork, form: Form, path: Path) -> Wanted:
    try:
        since = date.fromisoformat(form["since"]) if form["since"] else day(work, "")
    except ValueError:
        raise OutcomeError(Issue("value", "edition-day", "since", "The day is written 2026-01-01.")) from None
    system = form["system"] or form["other"].strip()
    return Wanted(path, system, since, form["version"].strip()[:40], columns=pairs([form["columns"]]))


def _kept(file: File | None, folder: Path) -> Path:
    """Put the file where the readers of files find it."""
    if file is None:
        raise OutcomeError(Issue("required", "edition-file-missing", "file", "Choose a file."))
    ending = Path(file.name).suffix.lower()
    if ending not in ENDINGS:
        raise OutcomeError(Issue("invalid", "edition-file-kind", "file", "The file is CSV or XLSX."))
    path = folder / f"edition{ending}"
    path.write_bytes(file.content)
    return path


def _nobody(_doing: str, _rows: int) -> None:
    """Tell nobody how far it is: the page answers when it is done."""


async def _view(
    work: UnitOfWork,
    form: Form,
    *,
    edition: Edition | None = None,
    taken: Any = None,
    issues: tuple[Issue, ...] = (),
    status: int = 200,
) -> View:
    every = newest(await systems(work.executor))
    counts = Counter(one.what for one in edition.remarks) if edition is not None else Counter()
    remarks = sorted(edition.remarks, key=lambda one: KINDS.index(one.what))[:SHOWN] if edition is not None else []
    return View(
        "terminology/load.html",
        {
            "filled": {name: form[name] for name in ("system", "other", "version", "since", "columns")},
            "systems": sorted((one.named(form.language), one.url) for one in every),
            "edition": edition,
            "counts": [(kind, counts[kind]) for kind in KINDS if counts[kind]],
            "remarks": remarks,
            "shown": SHOWN,
            "taken": taken,
            "issues": issues,
            "more": f"{contract.DICTIONARY}?system={taken.url}" if taken is not None else "",
        },
        status=status,
    )
