"""The difference desk: days of channels, what does not agree, who has it, how it was closed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.rules import differences
from xinglin.capabilities.billing.rules.differences import Open
from xinglin.capabilities.billing.rules.documents import fen_of, value
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web.asking import ask, count
from xinglin.web.format import said
from xinglin.web.format import today as day_of
from xinglin.web.view import Form, Redirect, Rejected, View

TITLE: Final = Text("对账与差异", "Reconciliation")
NAMES: Final = {**contract.CHANNELS.codes, contract.INSURANCE: Text("医保", "Insurance")}
DAYS: Final = 20
MOST: Final = 100
_CODE: Final = f"{contract.TASKS.system}|billing-difference"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a channel as it was reconciled."""

    channel: str
    name: str
    on: str
    total: int
    matched: int
    different: int
    state: str
    carried: str


async def show(work: UnitOfWork, form: Form) -> View:
    """Show days and differences."""
    return await _page(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Reconcile or close a day; take or close a difference."""
    try:
        await _act(work, form)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _page(work, form, refused.issues)) from refused
    return Redirect(contract.DIFFERENCES)


async def _act(work: UnitOfWork, form: Form) -> None:
    match form["act"]:
        case "reconcile":
            await work.fhir.operate(contract.RECONCILE_DAY, contract.Reconciling(form["channel"], _day(form)))
        case "close-day":
            given = contract.Reconciling(form["channel"], _day(form), form["carried"])
            await work.fhir.operate(contract.CLOSE_DAY, given)
        case "take":
            await work.fhir.operate(contract.TAKE, contract.Closing(form["task"]))
        case "close":
            await work.fhir.operate(contract.CLOSE, contract.Closing(form["task"], form["reason"], form["entry"]))
        case _:
            raise OutcomeError(Issue("value", "bill-act", "act", "There is no such act."))


async def waiting(work: UnitOfWork) -> int:
    """Count what is open."""
    return await count(work, "Task", ("code", _CODE), ("status", "requested,in-progress"))


def _day(form: Form) -> date:
    try:
        return date.fromisoformat(form["day"])
    except ValueError:
        raise OutcomeError(Issue("value", "day-channel", "day", "Choose a channel and a day.")) from None


async def _page(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    days = await ask(
        *(work, "PaymentReconciliation", ("_profile", contract.DAY.url), ("_sort", "-created"), ("_count", str(DAYS)))
    )
    tasks = await ask(work, "Task", ("code", _CODE), ("_sort", "-authored-on"), ("_count", str(MOST)))
    found: list[Open] = [differences.read(document_of(row.body())) for row in tasks.matches]
    found.sort(key=lambda one: (one.status == "completed", one.day))
    return View(
        "billing/differences.html",
        {
            "issues": issues,
            "days": [_shown(document_of(row.body()), form) for row in days.matches],
            "found": found,
            "me": work.principal.practitioner or f"Practitioner/{work.principal.id}",
            "yesterday": (day_of(work.now) - timedelta(days=1)).isoformat(),
            "today": day_of(work.now).isoformat(),
            "channels": [(one, said(NAMES[one], form.language)) for one in ("wechat-pay", "alipay", "insurance")],
            "names": {one: said(text, form.language) for one, text in NAMES.items()},
            "entries": [(code, said(text, form.language)) for code, text in contract.ENTRIES.codes.items()],
        },
        status=422 if issues else 200,
    )


def _shown(document: dict[str, Any], form: Form) -> Day:
    channel = str(value(document, differences.CHANNEL))
    return Day(
        channel,
        said(NAMES[channel], form.language),
        str(document["paymentDate"]),
        fen_of(document["paymentAmount"]),
        int(value(document, differences.MATCHED) or 0),
        int(value(document, differences.DIFFERENT) or 0),
        str(value(document, differences.STATE)),
        str(value(document, differences.CARRIED) or ""),
    )
