"""Who looked at my record (谁看过我的档案): in plain words, newest first, with a way to object."""

from typing import Final

from xinglin.capabilities.audit.contract import OBJECT, OBJECTIONS, Objection
from xinglin.capabilities.audit.pages.shown import PAGE, both, named, seen, word
from xinglin.capabilities.audit.rules import Line, Seen, kinds, lines
from xinglin.fhir import codec
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.format import moment
from xinglin.web.listing import Asked, Cell, Column, Empty, Filter, Found, Listing, Slice, show_list
from xinglin.web.names import role_name, role_names, type_name
from xinglin.web.view import Download, Form, Redirect, Rejected, View

OWN: Final = "own"


async def _source(work: UnitOfWork, asked: Asked) -> Slice:
    """Find what was done with one's record, what stands side by side in one line; one's own acts when asked for.

    A page is one of the search, of which what is one's own falls away: it may be short.
    """
    pairs = [("patient", work.principal.patient or "Patient/none"), ("_count", str(asked.count))]
    pairs += [("_sort", asked.sort), *([(TOKEN, asked.token)] if asked.token else [])]
    pairs += [("date", sign + day) for sign, day in _days(asked)]
    page = await work.fhir.search(parse("AuditEvent", pairs, strict=True))
    events = [seen(row) for row in page.matches]
    others = [one for one in events if asked.filters.get(OWN) or one.who != work.principal.id]
    names = await named(work, others)
    rows = [{"id": line.first.id, "line": line, "names": names, "me": work.principal.id} for line in lines(others)]
    return Slice(rows, next=page.next_token or "")


def _days(asked: Asked) -> list[tuple[str, str]]:
    given = (("ge", asked.filters.get("date.since")), ("le", asked.filters.get("date.until")))
    return [(sign, day) for sign, day in given if day]


def _line(found: Found) -> Line:
    line: Line = found.document["line"]
    return line


def _who(found: Found) -> str:
    """Tell who it was: oneself, a person with role and institution, or the platform."""
    one: Seen = _line(found).first
    names = found.document["names"]
    if one.who == found.document["me"]:
        return word("me", "", found.language)
    if one.role == "system":
        return role_name("system", found.language)
    name = names.get(one.who) or word("somebody", "", found.language)
    beside = (role_names(one.role.split(), found.language), names.get(one.institution))
    return f"{name} ({' · '.join(part for part in beside if part)})"


def _what(found: Found) -> str:
    line = _line(found)
    types = ("、" if found.language == "zh" else ", ").join(type_name(one, found.language) for one in kinds(line.types))
    return f"{word(f'what.{line.first.what}', line.first.what, found.language)} {types}".strip()


def _purpose(found: Found) -> str:
    purpose = _line(found).first.purpose
    return word(f"purpose.{purpose}", purpose, found.language) if purpose else ""


def _outcome(found: Found) -> Cell:
    key, tone = {"4": ("refused", "warning"), "8": ("failed", "danger")}.get(_line(found).first.outcome, ("done", ""))
    return Cell(word(key, key, found.language), tone)


LOOKED: Final = Listing(
    name="who-looked",
    title=both("looked"),
    type="AuditEvent",
    source=_source,
    columns=(
        Column(both("time"), lambda found: moment(_line(found).first.at), "date"),
        Column(both("who"), _who),
        Column(both("act"), _what),
        Column(Text("次数", "Times"), lambda found: str(_line(found).count)),
        Column(both("purpose"), _purpose),
        Column(both("outcome"), _outcome),
    ),
    filters=(
        Filter("date", both("time"), "days"),
        Filter(OWN, Text("本人操作", "Own acts"), "choice", options=(("yes", both("with-own")),)),
    ),
    sort="-date",
    href=lambda found: f"/who-looked/{found.id}",
    count=PAGE,
    empty=Empty("history", both("nobody"), both("nobody-what")),
    template="audit/looked.html",
    headed=False,
)


@cites("R7-041")
async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List who did what with one's record; one's own acts only when asked for."""
    if work.principal.patient is None:
        return View("audit/nobody.html")
    return await show_list(work, form, LOOKED, {"kinds": kinds})


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one act, and the form to object to it."""
    return await _one(work, form, ())


async def send_objection(work: UnitOfWork, form: Form) -> Redirect:
    """Object to an act."""
    try:
        await work.fhir.operate(OBJECT, Objection(form["id"], form["text"]))
    except OutcomeError as refused:
        if refused.status >= 500 or refused.status in {401, 403, 404}:
            raise
        raise Rejected(await _one(work, form, refused.issues)) from refused
    return Redirect(f"/who-looked/{form['id']}?sent=yes")


async def _one(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    event = seen(await work.fhir.read("AuditEvent", form["id"]))
    objections = await work.platform.find(
        "Task",
        code=f"{OBJECTIONS.system}|access-objection",
        patient=work.principal.patient or "Patient/none",
        focus=f"AuditEvent/{event.id}",
        _count="10",
    )
    values = {
        "event": event,
        "kinds": kinds(event.types),
        "names": await named(work, (event,)),
        "me": work.principal.id,
        "objections": [codec.decode(row.body(), "Task") for row in objections.matches],
        "sent": form["sent"] == "yes",
        "text": form["text"],
        "issues": issues,
    }
    return View("audit/one.html", values, status=422 if issues else 200)
