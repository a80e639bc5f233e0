"""What was refused, to whom and when, from the ledger."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from xinglin.capabilities.watching.pages import words
from xinglin.capabilities.watching.pages.shown import act_rows
from xinglin.capabilities.watching.queries import account_named
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import EPOCH
from xinglin.store.ledger import watching
from xinglin.web.format import ZONE, stamp
from xinglin.web.listing import Asked, Cell, Column, Empty, Filter, Found, Listing, Slice, show_list
from xinglin.web.names import type_name
from xinglin.web.view import Download, Form, View

LIST: Final = "/security/denials"
REFUSED: Final = "4"


async def _source(work: UnitOfWork, asked: Asked) -> Slice:
    """Find refusals of one user or of all, in some days; a page's token is the number of the entry before it."""
    given = asked.filters
    login = given.get("login", "")
    who = None
    if login:
        account = await account_named(work, login)
        who = account.id if account is not None else login
    since, until = _day(given.get("day.since", "")), _day(given.get("day.until", ""))
    oldest = asked.sort == "at"
    last = int(asked.token) if asked.token.isdecimal() and len(asked.token) < 19 else None
    found = await watching.acts(
        work.executor,
        below=None if oldest else last,
        above=last if oldest else None,
        oldest=oldest,
        since=_start(since) if since else EPOCH,
        until=_start(until + timedelta(days=1)) if until else None,
        who=who,
        outcome=REFUSED,
        count=asked.count + 1,
    )
    work.note("denials-shown", type="AuditEvent", detail="outcome" + (" agent" if who else ""))
    rows = await act_rows(work, found[: asked.count])
    return Slice(rows, next=str(found[asked.count - 1].id) if len(found) > asked.count else "")


def _did(found: Found) -> str:
    act = found.document
    what = words.known(f"what.{act['what']}", str(act["what"]), found.language)
    type = f" · {type_name(str(act['type']), found.language)}" if act["type"] else ""
    return what + type + (f" × {act['count']}" if act["count"] > 1 else "")


DENIALS: Final = Listing(
    name="denials",
    title=Text("被拒绝的访问", "Refusals"),
    type="AuditEvent",
    source=_source,
    columns=(
        Column(Text("时间", "Time"), lambda found: stamp(found.document["at"]), "at"),
        Column(Text("用户", "User"), words.who_of),
        Column(Text("操作", "What"), _did),
        Column(Text("原因", "Why"), lambda found: Cell(str(found.document["detail"] or ""))),
        Column(Text("规则", "Rule"), lambda found: " ".join(found.document["rule"])),
        Column(Text("来源地址", "From"), lambda found: str(found.document["address"] or "")),
    ),
    filters=(
        Filter("login", Text("登录名", "Login name")),
        Filter("day", Text("日期", "Date"), "days"),
    ),
    sort="-at",
    empty=Empty("circle-check", words.text("no-denials"), words.text("no-denials-what")),
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List refusals, newest first, of one user or of all, in some days."""
    return await show_list(work, form, DENIALS)


def _day(text: str) -> date | None:
    """Read a day of a filter; OutcomeError 400 says that it is none."""
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not 2000 <= found.year < 2100:
        raise OutcomeError(Issue("value", "date-format", text=f"{text[:20]!r} is no day."), status=400)
    return found


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)
