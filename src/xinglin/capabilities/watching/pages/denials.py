"""What was refused, to whom and when, from the ledger."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from xinglin.capabilities.watching.pages.shown import act_rows
from xinglin.capabilities.watching.queries import account_named
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import EPOCH
from xinglin.store.ledger import watching
from xinglin.web.format import ZONE
from xinglin.web.view import Form, View

COUNT: Final = 30
LIST: Final = "/security/denials"


async def show(work: UnitOfWork, form: Form) -> View:
    """List refusals, newest first, of one user or of all, in some days."""
    login, since, until = form["login"].strip(), _day(form["day.since"]), _day(form["day.until"])
    below = int(form["below"]) if form["below"].isdecimal() and len(form["below"]) < 19 else None
    who = None
    if login:
        account = await account_named(work, login)
        who = account.id if account is not None else login
    found = await watching.acts(
        work.executor,
        below=below,
        since=_start(since) if since else EPOCH,
        until=_start(until + timedelta(days=1)) if until else None,
        who=who,
        outcome="4",
        count=COUNT + 1,
    )
    work.note("denials-shown", type="AuditEvent", detail="outcome" + (" agent" if who else ""))
    asked = {"login": login, "day.since": since, "day.until": until}
    kept = {name: str(value) for name, value in asked.items() if value}
    following = urlencode(kept | {"below": str(found[COUNT - 1].id)}) if len(found) > COUNT else ""
    return View(
        "watching/denials.html",
        {
            "rows": await act_rows(work, found[:COUNT]),
            "login": login,
            "since": since or "",
            "until": until or "",
            "first": f"{LIST}?{urlencode(kept)}" if below is not None else "",
            "next": f"{LIST}?{following}" if following else "",
            "searched": bool(kept),
        },
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)
