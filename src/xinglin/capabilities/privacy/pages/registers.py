"""The registers of processing: one list a kind, the form of an entry, and the end of an entrusted processing."""

from dataclasses import replace
from typing import Final

from xinglin.capabilities.privacy.contract import END, ENDED, ENTER, REGISTER, Ending, Entry
from xinglin.capabilities.privacy.pages import words
from xinglin.capabilities.privacy.rules import registers as rules
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.format import said, today
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list, view_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

LIST: Final = "/security/register"
NEW: Final = "/security/register/new"
LONG: Final = frozenset({"purpose", "measures", "duties", "risks", "result", "kinds"})


def _field(name: str) -> Column:
    return Column(words.text(f"field.{name}"), lambda found: rules.fields_of(found.document).get(name, ""))


def _kind(found: Found) -> str:
    return said(REGISTER.codes[rules.kind_of(found.document)], found.language)


def _state(found: Found) -> Cell:
    kind = rules.kind_of(found.document)
    if kind != "entrusted-processor":
        return Cell("")
    if rules.is_ended(found.document):
        return Cell(words.said("register.ended", found.language), "neutral")
    last = rules.day_of(rules.fields_of(found.document).get("until", ""))
    late = last is not None and last < today(found.now)
    return Cell(
        words.said("register.late" if late else "register.running", found.language), "danger" if late else "info"
    )


def _kept(found: Found) -> str:
    kind = rules.kind_of(found.document)
    ended = rules.fields_of(found.document, ENDED).get("day", "")
    running = rules.running(kind, ended=bool(ended))
    last = rules.day_of(ended or str(found.document["created"])) or today(found.now)
    until = rules.least_kept(kind, today(found.now) if running else last)
    return words.said("register.kept", found.language, day=until.isoformat(), law=rules.law(kind))


REGISTERS: Final = Listing(
    name="processing-register",
    title=words.text("register"),
    type="Basic",
    where=(("code", f"{REGISTER.system}|"),),
    columns=(
        Column(words.text("field.kind"), _kind),
        *(_field(name) for name in rules.FIELDS),
        Column(words.text("register.state"), _state),
        Column(words.text("register.created"), lambda found: str(found.document["created"]), "created"),
        Column(words.text("register.until"), _kept),
        Column(words.text("register.how"), lambda found: rules.fields_of(found.document, ENDED).get("note", "")),
    ),
    filters=(
        Filter(
            "kind",
            words.text("field.kind"),
            "choice",
            options=tuple(REGISTER.codes.items()),
            ask=lambda code: (("code", f"{REGISTER.system}|{code}"),),
            tabs=True,
        ),
        Filter("day", words.text("register.created"), "days", "created"),
    ),
    sort="-created",
    empty=Empty("clipboard-list", words.text("register.none"), words.text("register.none-what")),
    template="privacy/register.html",
    headed=False,
)
TITLE: Final = Text("处理活动登记", "Processing register")


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List entries, newest first."""
    return await show_list(work, form, REGISTERS, {"filled": form, "faulty": (), "fields": rules.FIELDS})


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """End an entrusted processing."""
    try:
        await work.fhir.operate(END, Ending(form["entry"], form["note"]))
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        values = {"filled": form, "faulty": refused.issues, "fields": rules.FIELDS}
        asked = replace(form, pairs=form.without("kind"))
        raise Rejected(await view_list(work, asked, REGISTERS, values, status=422)) from refused
    return Redirect(f"{LIST}?kind=entrusted-processor")


async def show_new(_work: UnitOfWork, form: Form) -> View:
    """Ask what an entry says; which fields, depends on its kind."""
    return _asking(form, ())


async def send_new(work: UnitOfWork, form: Form) -> Redirect:
    """Make an entry."""
    given = Entry(form["kind"], **{name: form[name] for name in rules.FIELDS})
    try:
        await work.fhir.operate(ENTER, given)
    except OutcomeError as refused:
        if refused.status in {403, 404}:
            raise
        raise Rejected(_asking(form, refused.issues)) from refused
    return Redirect(f"{LIST}?kind={given.kind}")


def _asking(form: Form, issues: tuple[Issue, ...]) -> View:
    kind = form["kind"] if form["kind"] in rules.NEEDED else next(iter(rules.NEEDED))
    values = {
        "kind": kind,
        "kinds": [(code, said(text, form.language)) for code, text in REGISTER.codes.items()],
        "fields": rules.NEEDED[kind],
        "long": LONG,
        "filled": form,
        "issues": issues,
    }
    return View("privacy/register-new.html", values, status=422 if issues else 200)
