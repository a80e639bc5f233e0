"""The payer's bills: what is to be paid, one bill with its payment, the card of the start page."""

from typing import Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.operations.reading import document
from xinglin.capabilities.billing.pages import shown
from xinglin.capabilities.billing.rules import bills
from xinglin.capabilities.billing.rules.documents import TAGS
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cards
from xinglin.web.asking import ask, count
from xinglin.web.cells import named
from xinglin.web.format import money
from xinglin.web.view import Form, Redirect, Rejected, View

MOST: Final = 30
WAITING: Final = frozenset({"open", "settling", "to-pay", "paying"})
BY: Final = ("wechat-pay", "alipay")  # what a payer chooses from


async def show_all(work: UnitOfWork, form: Form) -> View:
    """Show the bills of whom one acts for: first those to pay, the newest first."""
    page = await ask(
        *(work, "Invoice", ("patient", _whose(work)), ("_profile", contract.BILL.url)),
        *(("_sort", "-date"), ("_count", str(MOST))),
    )
    names: dict[str, str] = {}
    found = []
    for row in page.matches:
        bill = bills.read(document_of(row.body()))
        if bill.payee not in names:
            names[bill.payee] = named(await document(work, bill.payee))
        found.append(shown.brief(bill, names[bill.payee], form.language))
    found.sort(key=lambda one: one.bill.state not in WAITING)
    return View(
        "billing/mine.html",
        {"bills": found, "waiting": WAITING},
        block="list",
        live=tuple(f"bill/{one.bill.id}" for one in found[:8] if one.bill.state in WAITING),
    )


async def show(work: UnitOfWork, form: Form) -> View:
    """Show one bill: what, who pays what and why, how to pay."""
    return await _page(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Begin, pay, or give a payment up."""
    id = form["id"]
    try:
        await act(work, form, id)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _page(work, form, refused.issues)) from refused
    return Redirect(f"{contract.OWN}/{id}")


async def act(work: UnitOfWork, form: Form, id: str) -> None:
    """Do what a button of the page of a bill says."""
    match form["act"]:
        case "begin":
            await work.fhir.operate(contract.BEGIN, contract.Begin(id))
        case "pay":
            agreed = tuple(int(number) for number in form.all("agreed") if number.isdigit())
            await work.fhir.operate(contract.PAY, contract.Pay(id, form["channel"], agreed))
        case "stop":
            await work.fhir.operate(contract.STOP, contract.Stop(id))
        case _:
            raise OutcomeError(Issue("value", "bill-act", "act", "There is no such act."))


async def card(work: UnitOfWork, form: Form) -> View | None:
    """Say what is to be paid; no card when nothing is."""
    page = await ask(
        *(work, "Invoice", ("patient", _whose(work)), ("_tag", f"{TAGS}|open,{TAGS}|to-pay,{TAGS}|paying")),
        ("_count", "3"),
    )
    found = [shown.brief(bills.read(document_of(row.body())), "", form.language) for row in page.matches]
    lines = [
        cards.Line(
            f"{contract.OWN}/{one.bill.id}", one.title, end=money(one.bill.total), state=one.state, tone=one.tone,
            icon="currency-yuan",
        )
        for one in found
    ]  # fmt: skip
    return cards.lines(tuple(lines)) if lines else None


async def waiting(work: UnitOfWork) -> int:
    """Count the bills that wait to be paid."""
    tags = f"{TAGS}|open,{TAGS}|to-pay,{TAGS}|paying"
    return await count(work, "Invoice", ("patient", _whose(work)), ("_tag", tags))


def _whose(work: UnitOfWork) -> str:
    return ",".join(work.principal.patients or filter(None, (work.principal.patient,))) or "Patient/none"


async def _page(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    one = await shown.whole(work, form["id"], form)
    path = f"{contract.OWN}/{form['id']}"
    return View(
        "billing/bill.html",
        {
            "one": one,
            "issues": issues,
            "path": path,
            "back": contract.OWN,
            "channels": BY,
            "chosen": form["channel"] or BY[0],
            "desk": False,
        },
        block=None if issues else "bill",
        status=422 if issues else 200,
        live=(f"bill/{form['id']}",),
    )
