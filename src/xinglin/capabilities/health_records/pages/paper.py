"""The record on paper: a summary as a page to print, and the same as PDF."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from xinglin.capabilities.health_records.operations import summary
from xinglin.capabilities.health_records.pages import words
from xinglin.capabilities.health_records.pages.about import numbers, person
from xinglin.capabilities.health_records.pages.opening import Whose, head, opened
from xinglin.capabilities.health_records.pages.record import values
from xinglin.capabilities.health_records.pages.shown import Line, Result
from xinglin.capabilities.health_records.rules.documents import ZONE
from xinglin.capabilities.health_records.rules.state import state
from xinglin.store.door import UnitOfWork
from xinglin.web import format as show_as
from xinglin.web.catalogue import Catalogue, texts
from xinglin.web.pdf import pdf
from xinglin.web.sheet import Cell, Part, Sheet
from xinglin.web.view import Download, Form, View

_TEXTS: Final = texts("xinglin.capabilities.health_records")


async def show(work: UnitOfWork, form: Form) -> View:
    """Show the summary as it is printed."""
    whose = await opened(work, form)
    made = await sheet(whose, form)
    return View("health_records/paper.html", head(whose, form, "") | {"sheet": made})


async def show_pdf(work: UnitOfWork, form: Form) -> Download:
    """Give the summary as PDF."""
    whose = await opened(work, form)
    made = await sheet(whose, form)
    # laying out takes half a second of the processor: not in the thread that answers others
    body = await asyncio.to_thread(pdf, made)
    return Download(body, "application/pdf", f"{made.title}.pdf", inline=True)


async def sheet(whose: Whose, form: Form) -> Sheet:
    """Make the sheet of a record's summary: what its first page says, in the same order."""
    record, t = whose.record, _TEXTS[form.language]
    parts = await summary.read(record, whose.patient)
    shown: dict[str, Any] = await values(whose, parts, form)
    names = shown["names"]
    whole = whose.whole
    today = (record.at or record.work.now).astimezone(ZONE).date()
    stands = state(whose.patient, "", parts.conditions.documents, parts.of("EpisodeOfCare"), today)
    facts = [(t("health_records.person.name"), str(head(whose, form, "")["name"]))]
    facts += [
        (t(f"health_records.person.{key}"), value)
        for key, value in (
            *person(whose.patient, names, form.language, whole=whole),
            *numbers(stands, whole=whole),
            ("keeper", words.person(stands.keeper, names, form.language)),
        )
        if value
    ]
    at = None if record.at is None else show_as.stamp(record.at)[:16]
    printed = show_as.stamp(record.work.now)[:16]
    return Sheet(
        title=t("health_records.paper.title", name=facts[0][1]),
        language=form.language,
        facts=tuple(facts),
        parts=tuple(_parts(shown, t)),
        notes=() if at is None else (f"{t('health_records.at.ribbon', at=at)} {t('health_records.at.what')}",),
        foot=t("health_records.paper.foot", at=printed, who=record.work.principal.display or "—"),
    )


def _parts(shown: dict[str, Any], t: Catalogue) -> Iterable[Part]:
    yield _part(t, "dangers", shown["dangers"], lambda one: _danger(one, t), (1, 2, 4), ("kind", "what", "detail"))
    yield _part(t, "problems", shown["problems"], _problem, (4, 2, 4), ("what", "since", "place"))
    yield _part(t, "medicines", shown["medicines"], _medicine, (4, 4, 2, 3), ("what", "dose", "until", "place"))
    for key in ("results", "vitals"):
        heads = ("test", "value", "range", "date", "place")
        yield _part(t, key, shown[key], lambda one: _result(one, t), (4, 3, 2, 2, 4), heads)
    events = [entry | {"date": day["title"]} for day in shown["days"] for entry in day["entries"]]
    yield _part(t, "timeline", events, _event, (2, 3, 4, 4), ("date", "place", "what", "detail"))
    yield _part(t, "vaccinations", shown["vaccinations"], _line, (4, 2, 4), ("what", "date", "place"))
    yield _part(t, "contracts", shown["contracts"], _line, (4, 3, 4), ("what", "date", "place"))
    yield _part(t, "family", shown["family"], _relative, (3, 3, 4), ("name", "relation", "phone"))


def _part(
    t: Catalogue,
    key: str,
    items: Sequence[Any],
    cells: Callable[[Any], tuple[Cell, ...]],
    widths: tuple[int, ...],
    heads: tuple[str, ...],
) -> Part:
    return Part(
        title=t(f"health_records.part.{key}"),
        heads=tuple(t(f"health_records.paper.{one}") for one in heads),
        rows=tuple(cells(one) for one in items),
        widths=widths,
        empty=t(f"health_records.none.{key}"),
    )


def _danger(one: Line, t: Catalogue) -> tuple[Cell, ...]:
    kind = t(f"health_records.danger.{one.state}")
    high = f"（{t('health_records.danger.high')}）" if one.tone == "danger" else ""
    guessed = t("health_records.danger.guessed") if one.guessed else ""
    return Cell(kind), Cell(one.text + high, strong=True), Cell(one.detail + guessed)


def _problem(one: Line) -> tuple[Cell, ...]:
    return Cell(one.text), Cell(one.date), Cell(_joined(one.where, one.who))


def _medicine(one: Line) -> tuple[Cell, ...]:
    return Cell(one.text), Cell(one.detail), Cell(one.date), Cell(_joined(one.where, one.who))


def _result(one: Result, t: Catalogue) -> tuple[Cell, ...]:
    off = one.tone != "neutral"
    flag = f" {one.arrow} {t(f'health_records.flag.{one.flag}')}" if off else ""
    value = Cell(f"{one.value} {one.unit}{flag}".strip(), strong=off)
    limits = f"{one.range} ({t('health_records.result.usual')})" if one.usual else one.range
    return Cell(one.name), value, Cell(limits), Cell(one.date), Cell(one.where)


def _event(one: dict[str, Any]) -> tuple[Cell, ...]:
    return Cell(one["date"]), Cell(one["where"]), Cell(one["text"]), Cell(one["detail"])


def _line(one: Line) -> tuple[Cell, ...]:
    return Cell(one.text), Cell(one.date), Cell(_joined(one.where, one.who))


def _relative(one: Line) -> tuple[Cell, ...]:
    return Cell(one.text), Cell(one.detail), Cell(one.who)


def _joined(*texts: str) -> str:
    return " · ".join(text for text in texts if text)
