"""A list as data: columns, filters, order, page, export and empty state over one FHIR search, or another source.

A capability declares a `Listing` and its page calls `show_list`. Rights are the search's own: what the reader may not
see is not counted, shown or exported. What is no resource (accounts, sessions, the ledger) comes from a `Source`, which
answers for the rights itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlencode

from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.fhir.search.query import Query
from xinglin.security.masks import MASKED
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.web.export import FORMATS, table_of
from xinglin.web.format import said
from xinglin.web.view import Download, Form, Language, View

COUNT: Final = 20
EXPORTED: Final = 5_000
SLICE: Final = 500
BACK: Final = "_back"
BACK_MOST: Final = 20
SORT: Final = "_sort"
FORMAT: Final = "_format"
MASKED_PARAMETER: Final = "masked-parameter"
EVERY: Final = Text("全部", "All")
LIMIT: Final = Text(
    "只导出前 {n} 行，请缩小筛选范围后分次导出。",
    "Only the first {n} rows are exported; narrow the filters for the rest.",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: a text; as a state in a tone (neutral success info warning danger), or as a link."""

    text: str
    tone: str = ""
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One resource of a page, with what was brought along.

    document: the resource as JSON. brought: by reference (``Patient/1``), what includes brought for the whole page.
    more: what the listing's ``more`` gave for the whole page.
    """

    document: Mapping[str, Any]
    brought: Mapping[str, Mapping[str, Any]]
    language: Language
    now: datetime
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The logical id."""
        return str(self.document.get("id", ""))

    @property
    def masked(self) -> bool:
        """Whether the reader sees it masked."""
        labels = self.document.get("meta", {}).get("security", ())
        return any(one.get("code") == MASKED for one in labels)

    def follow(self, member: str) -> Mapping[str, Any]:
        """Give what the reference in *member* points to, when it was brought; else an empty mapping."""
        value = self.document.get(member)
        value = value[0] if isinstance(value, list) and value else value
        reference = value.get("reference", "") if isinstance(value, Mapping) else ""
        return self.brought.get(str(reference), {})


@dataclass(frozen=True, slots=True)
class Column:
    """One column. cell: what stands in it. sort: the search parameter that orders by it; empty: none does."""

    title: Text
    cell: Callable[[Found], Cell | str]
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """One field above the list.

    code: its name in the address. kind: ``text``, ``choice`` of options (value, text), ``days`` (from, to).
    parameter: of the search; the same as the code when empty. ask: what it asks of the search instead, by the value.
    default: the value as long as the reader chose none; choosing none by hand is a choice too. tabs: a choice stands
    as tabs above the list, with 全部 as the last.
    """

    code: str
    title: Text
    kind: Literal["text", "choice", "days"] = "text"
    parameter: str = ""
    options: tuple[tuple[str, Text], ...] = ()
    ask: Callable[[str], tuple[tuple[str, str], ...]] | None = None
    hint: Text | None = None
    default: str = ""
    tabs: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list without anything says: what this place is, and the first step (text, address)."""

    icon: str
    title: Text
    what: Text
    step: tuple[Text, str] | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of a list.

    documents: as JSON. total: of all; None: not counted. next: token of the next page, or empty. brought: what came
    along, by reference.
    """

    documents: Sequence[Mapping[str, Any]]
    total: int | None = None
    next: str = ""
    brought: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a source.

    filters: value by field, those that are filled in; of days ``code.since`` and ``code.until``. sort: member, with
    ``-`` from the last. token: of the page, empty for the first. count: rows wanted.
    """

    listing: "Listing"
    filters: Mapping[str, str]
    sort: str
    token: str
    count: int


# Gives rows that are no resources; an OutcomeError of status 400 tells what cannot be asked.
Source = Callable[[UnitOfWork, Asked], Awaitable[Slice]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list.

    name: of the file of an export. type: what is searched. where: what is always asked. sort: order at first, such as
    ``-date``. href: where a row leads. more: what the cells need besides, asked once for a page.
    export: rows in a file at most; 0: no export. template: one that extends ``listing.html``.
    source: where rows come from that no FHIR search finds; ``type`` is then what the ledger calls them.
    counted: whether all rows are counted; False where that would read a whole ledger. headed: whether rows stand under
    headings that sort; False where a template shows them otherwise, so that the form offers the order.
    """

    name: str
    title: Text
    type: str
    columns: tuple[Column, ...]
    empty: Empty
    where: tuple[tuple[str, str], ...] = ()
    filters: tuple[Filter, ...] = ()
    sort: str = ""
    href: Callable[[Found], str] | None = None
    more: Callable[[UnitOfWork, Sequence[Mapping[str, Any]]], Awaitable[Mapping[str, Any]]] | None = None
    count: int = COUNT
    export: int = EXPORTED
    template: str = "listing.html"
    source: Source | None = None
    counted: bool = True
    headed: bool = True


async def show_list(
    work: UnitOfWork, form: Form, listing: Listing, values: Mapping[str, object] | None = None
) -> View | Download:
    """Answer for a list: one page of it, or the file that was asked for. values: what its own template needs."""
    if form[FORMAT] in FORMATS and listing.export:
        return await _export(work, form, listing)
    return await view_list(work, form, listing, values)


async def view_list(
    work: UnitOfWork, form: Form, listing: Listing, values: Mapping[str, object] | None = None, *, status: int = 200
) -> View:
    """Show one page of a list. status: 422 when it is shown with what was wrong in a form of its own."""
    issues: list[dict[str, str]] = []
    page: Slice | None = None
    nothing = listing.source is None and work.fhir.reach("search", listing.type).nothing
    if not nothing:
        try:
            page = await _page(
                work, form, listing, form[TOKEN], listing.count, counted=listing.counted and not form[TOKEN]
            )
        except OutcomeError as refused:
            # What cannot be asked is told above the list; what the reader may not have at all is the page's answer.
            if refused.status != 400 and refused.issues[0].key != MASKED_PARAMETER:
                raise
            issues = [{"key": one.key, "text": one.text} for one in refused.issues]
    rows = [] if page is None else await _rows(work, form, listing, page)
    return View(
        listing.template,
        {"listing": listing, "list": _shown(form, listing, page, rows), "issues": issues, "nothing": nothing}
        | dict(values or {}),
        block="results",
        status=status,
    )


def _shown(form: Form, listing: Listing, page: Slice | None, rows: list[dict[str, object]]) -> dict[str, object]:
    """Give what the template shows of a page; addresses are queries, relative to the page."""
    kept = _kept(form, listing)
    order = form[SORT] or listing.sort
    before = list(form.all(BACK))
    # A tab is a place, not a search: an empty one says what the place is for.
    quiet = {SORT, *(one.code for one in listing.filters if one.tabs)}
    return {
        "rows": rows,
        "total": None if page is None else page.total,
        "columns": [
            {
                "title": said(one.title, form.language),
                "order": {one.sort: "ascending", f"-{one.sort}": "descending"}.get(order, "") if one.sort else "",
                "sort": _query(kept, (SORT, f"-{one.sort}" if order == one.sort else one.sort)) if one.sort else "",
            }
            for one in listing.columns
        ],
        "sorts": [(sign + one.sort, one.title) for one in listing.columns if one.sort for sign in ("", "-")],
        "order": order,
        "headed": listing.headed,
        "filters": [_field(one, form) for one in listing.filters],
        "tabs": [_tabs(one, form, kept) for one in listing.filters if one.tabs],
        "searched": any(value for name, value in kept if name not in quiet),
        "previous": _query(kept, *_place(before)) if form[TOKEN] else "",
        "first": _query(kept) if form[TOKEN] else "",
        "next": _query(kept, *_place([*before, form[TOKEN]], page.next)) if page is not None and page.next else "",
        "exports": [(kind, _query(kept, (FORMAT, kind))) for kind in FORMATS] if listing.export else [],
    }


def _place(before: Sequence[str], token: str | None = None) -> tuple[tuple[str, str], ...]:
    """Give the pairs that say where a page is: its token, and those of the pages before, the last of them last."""
    if token is None:
        *before, token = before or [""]
    return (*((BACK, one) for one in before[-BACK_MOST:]), *(((TOKEN, token),) if token else ()))


def _kept(form: Form, listing: Listing) -> list[tuple[str, str]]:
    """Give the pairs of the address that say what is asked, without page and format."""
    known = {name for one in listing.filters for name in _names(one)} | {SORT}
    chosen = {one.code for one in listing.filters if one.default}
    return [(name, value) for name, value in form.pairs if name in known and (value.strip() or name in chosen)]


def _query(kept: Sequence[tuple[str, str]], *more: tuple[str, str]) -> str:
    names = {name for name, _ in more}
    return "?" + urlencode([*((name, value) for name, value in kept if name not in names), *more])


def _names(one: Filter) -> tuple[str, ...]:
    return (f"{one.code}.since", f"{one.code}.until") if one.kind == "days" else (one.code,)


def _tabs(one: Filter, form: Form, kept: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Give a choice as tabs: text, address, whether it is the present one; the last lifts the choice."""
    value = _value(form, one.code, one.default)
    every = (*one.options, ("", EVERY))
    tabs = [(said(text, form.language), _query(kept, (one.code, code)), code == value) for code, text in every]
    return {"title": said(one.title, form.language), "tabs": tabs}


def _field(one: Filter, form: Form) -> dict[str, object]:
    return {
        "tabs": one.tabs,
        "code": one.code,
        "kind": one.kind,
        "title": said(one.title, form.language),
        "hint": said(one.hint, form.language) if one.hint else "",
        "options": [(value, said(text, form.language)) for value, text in one.options],
        "values": [_value(form, name, one.default) for name in _names(one)],
    }


async def _page(
    work: UnitOfWork, form: Form, listing: Listing, token: str, count: int, *, counted: bool = False
) -> Slice:
    """Ask the source or the search for a page."""
    if listing.source is not None:
        filters = {
            name: value
            for one in listing.filters
            for name in _names(one)
            if (value := _value(form, name, one.default)) and _offered(one, value)
        }
        return await listing.source(work, Asked(listing, filters, _order(form, listing), token, count))
    query = _query_of(work, form, listing, token, count)
    page = await work.fhir.search(replace(query, total="accurate" if counted else "none"))
    brought = {_name(row): document_of(row.body()) for row in page.included}
    return Slice([document_of(row.body()) for row in page.matches], page.total, page.next_token or "", brought)


def _query_of(work: UnitOfWork, form: Form, listing: Listing, token: str, count: int) -> Query:
    pairs = [*listing.where, *(pair for one in listing.filters for pair in _asked_by(one, form))]
    order = _order(form, listing)
    pairs += [(SORT, order)] if order else []
    pairs += [("_count", str(count)), *([(TOKEN, token)] if token else [])]
    return parse(listing.type, pairs, strict=True, base_url=work.door.base_url)


def _order(form: Form, listing: Listing) -> str:
    """Give the order that was chosen; one that no column offers is the usual one."""
    sorts = {sign + one.sort for one in listing.columns if one.sort for sign in ("", "-")}
    return form[SORT] if form[SORT] in sorts else listing.sort


def _offered(one: Filter, value: str) -> bool:
    return one.kind != "choice" or value in {code for code, _ in one.options}


def _asked_by(one: Filter, form: Form) -> tuple[tuple[str, str], ...]:
    """Give what a filter asks of the search; a choice that is none of its options asks nothing."""
    parameter = one.parameter or one.code
    if one.kind == "days":
        since, until = (form[name].strip() for name in _names(one))
        return tuple((parameter, sign + day) for sign, day in (("ge", since), ("le", until)) if day)
    value = _value(form, one.code, one.default)
    if not value or not _offered(one, value):
        return ()
    if one.ask is not None:
        return one.ask(value)
    return ((parameter, value if one.kind == "choice" else escaped(value)),)


def _value(form: Form, name: str, default: str) -> str:
    """Give what was typed or chosen; the default only when the field was not sent at all."""
    return form[name].strip() if name in form else default


def escaped(text: str) -> str:
    """Write a typed text so that the search takes each character for itself."""
    return text.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$").replace("|", "\\|")


async def _rows(work: UnitOfWork, form: Form, listing: Listing, page: Slice) -> list[dict[str, object]]:
    """Give the lines of the table; ``one`` is what a template of one's own shows of a row."""
    found = await _found(work, form.language, listing, page)
    return [
        {
            "href": listing.href(one) if listing.href else "",
            "cells": [_cell(column.cell(one)) for column in listing.columns],
            "masked": one.masked,
            "one": one,
        }
        for one in found
    ]


async def _found(work: UnitOfWork, language: Language, listing: Listing, page: Slice) -> list[Found]:
    more = await listing.more(work, page.documents) if listing.more is not None and page.documents else {}
    return [Found(document, page.brought, language, work.now, more) for document in page.documents]


def _name(row: Row) -> str:
    return f"{row.rt}/{row.id}"


def _cell(given: Cell | str) -> Cell:
    return given if isinstance(given, Cell) else Cell(given)


async def _export(work: UnitOfWork, form: Form, listing: Listing) -> Download:
    """Write what the filters find into a file, row by row; what lies beyond the limit is said in its last line."""
    heads = [said(column.title, form.language) for column in listing.columns]
    table = table_of(form[FORMAT], said(listing.title, form.language), heads)
    written, token = 0, ""
    while written < listing.export:
        page = await _page(work, form, listing, token, min(SLICE, listing.export - written))
        for one in await _found(work, form.language, listing, page):
            table.add([_cell(column.cell(one)).text for column in listing.columns])
        written += len(page.documents)
        token = page.next
        if not token:
            break
    if token:
        table.add([said(LIMIT, form.language).format(n=f"{written:,}")])
    work.note("export", type=listing.type, detail=f"{listing.name} {form[FORMAT]} {written}")
    name = f"{listing.name}-{work.now:%Y%m%d}.{form[FORMAT]}"
    return Download(table.done(), FORMATS[form[FORMAT]], name)
