"""The search box: a reference, a name, pinyin initials, a number."""

from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.records.contract import address, listing
from xinglin.capabilities.records.pages.shown import headings, table
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.r4 import RESOURCES
from xinglin.security.identifiers import searched
from xinglin.store.door import UnitOfWork
from xinglin.web.view import Form, Redirect, View

COUNT: Final = 8
# where a text may stand: (type, parameter); the first parameter of a type that finds something is shown
_PLACES: Final = (
    ("Patient", "name"),
    ("Patient", "identifier"),
    ("Patient", "phone"),
    ("Practitioner", "name"),
    ("Practitioner", "identifier"),
    ("Organization", "name"),
    ("Location", "name"),
)


async def show(work: UnitOfWork, form: Form) -> View | Redirect:
    """Go to a record named outright, else list what the text finds, by type."""
    text = form["q"].strip()
    if text in RESOURCES:
        return Redirect(listing(text))
    if text.partition("/")[0] in RESOURCES and (found := address(text)) is not None:
        return Redirect(found)
    groups = []
    done: set[str] = set()
    for on, parameter in _PLACES if text else ():
        if on in done:
            continue
        escaped = text.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$").replace("|", "\\|")
        try:
            sought = searched(escaped) if parameter == "identifier" else escaped
            page = await work.fhir.find(on, **{parameter: sought, "_count": str(COUNT)})
        except OutcomeError as refused:
            # A role that may not see a type finds nothing of it; a text that no parameter takes finds nothing either.
            if refused.status not in {400, 403}:
                raise
            continue
        if page.matches:
            done.add(on)
            rows = await table(work, on, page.matches, form.language)
            more = f"{listing(on)}?{urlencode({parameter: escaped})}" if page.next_token else ""
            groups.append({"on": on, "rows": rows, "more": more, "columns": headings(on, form.language)})
    return View("records/find.html", {"q": text, "groups": groups})


async def patients(_work: UnitOfWork, _form: Form) -> Redirect:
    """Lead to the list of patients, where most work begins."""
    return Redirect(listing("Patient"))
