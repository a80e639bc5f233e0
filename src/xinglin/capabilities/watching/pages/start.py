"""The desk's first page: what needs doing, as figures that lead to the cases, and the most pressing of them."""

from datetime import timedelta
from typing import Final

from xinglin.capabilities.watching.pages import objections
from xinglin.capabilities.watching.pages.shown import alert_rows, alerts, review_row, reviews, task_of
from xinglin.capabilities.watching.queries import people_of
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import apps, attempts
from xinglin.store.ledger import watching
from xinglin.web.view import Form, View

FIRST: Final = 5
REFUSED_MOST: Final = 1_000


async def show(work: UnitOfWork, _form: Form) -> View:
    """Show figures and the first cases of each kind."""
    new = await alerts(work, "new", count=FIRST)
    waiting = await reviews(work, "awaiting", count=FIRST)
    objected = await objections.find_open(work)
    asked = await apps.listed(work, "asked")
    locked = await attempts.locked_accounts(work.executor, work.now)
    refused = await watching.acts(work.executor, since=work.now - timedelta(days=1), outcome="4", count=REFUSED_MOST)
    people = await people_of(work, (id for id, _ in locked))
    rows = [await review_row(work, task_of(row)) for row in waiting.matches]
    return View(
        "watching/start.html",
        {
            "figures": (
                ("alerts", "/security/alerts?state=new", new.total or 0, "danger"),
                ("reviews", "/security/reviews?state=awaiting", waiting.total or 0, "warning"),
                ("objections", objections.LIST, objected.total or 0, "warning"),
                ("apps", "/security/apps", len(asked), "warning"),
                ("locked", "#locked", len(locked), "warning"),
                ("denials", "/security/denials", len(refused), "neutral"),
            ),
            "most": REFUSED_MOST,
            "alerts": await alert_rows(work, map(task_of, new.matches)),
            "reviews": rows,
            "apps": asked[:FIRST],
            "locked": [(people[id], until) for id, until in locked],
        },
    )
