"""Cards of the audit administrator's start page: what was refused today, and whether the ledger holds."""

from typing import Final

from xinglin.capabilities.audit.pages.shown import named, seen, word
from xinglin.fhir.declarations import Text
from xinglin.store.door import UnitOfWork
from xinglin.web import cards
from xinglin.web.asking import ask, count
from xinglin.web.cards import Figure, Line, Link
from xinglin.web.format import bounds, moment, said, today
from xinglin.web.view import Form, View

LATEST: Final = 5
REFUSED: Final = ("outcome", "4")
FAILED: Final = ("outcome", "8")


async def figures(work: UnitOfWork, _form: Form) -> View:
    """Count what stands out among the acts of today."""
    day = today(work.now)
    start, end = bounds(day)
    at = f"/audit?date.since={day}&date.until={day}"
    asked = (
        (Text("被拒绝的访问", "Refused"), REFUSED, "&outcome=4", "warning"),
        (Text("出错的访问", "Failed"), FAILED, "&outcome=8", "danger"),
        (Text("紧急访问", "Emergency access"), ("subtype", "break-glass"), "&what=break-glass", "warning"),
        (Text("导出", "Exports"), ("subtype", "export"), "&what=export", "neutral"),
    )
    return cards.figures(
        [
            Figure(text, await count(work, "AuditEvent", ("date", start), ("date", end), pair), at + query, tone)
            for text, pair, query, tone in asked
        ]
    )


async def verified(work: UnitOfWork, form: Form) -> View | None:
    """Say when the ledger was verified last, and what was found."""
    found = await ask(work, "AuditEvent", ("subtype", "verify"), ("_sort", "-date"), ("_count", "1"))
    lines = []
    for one in map(seen, found.matches):
        sound = one.outcome == "0"
        state = Text("没有发现改动", "Nothing was changed") if sound else Text("有问题", "Faults were found")
        lines.append(
            Line(
                f"/audit/entries/{one.id}",
                moment(one.at),
                state=said(state, form.language),
                tone="success" if sound else "danger",
                icon="list-tree",
            )
        )
    none = Text("账本每晚核对一次，还没有核对过。", "The ledger is verified every night; it has not been yet.")
    return cards.lines(lines, more=Link(Text("账本", "The ledger"), "/audit/tree"), empty=none)


async def refused(work: UnitOfWork, form: Form) -> View | None:
    """Show who was refused lately."""
    found = await ask(work, "AuditEvent", REFUSED, ("_sort", "-date"), ("_count", str(LATEST)))
    events = [seen(row) for row in found.matches]
    names = await named(work, events)
    lines = [
        Line(
            f"/audit/entries/{one.id}",
            names.get(one.who) or one.who,
            note=word(f"what.{one.what}", one.what, form.language),
            end=moment(one.at),
            icon="lock",
        )
        for one in events
    ]
    none = Text("没有被拒绝的访问。", "Nobody was refused.")
    return cards.lines(lines, more=Link(Text("审计台", "The audit desk"), "/audit?outcome=4"), empty=none)
