"""The cashier's desk: the bills of the institution, cash and codes to scan, refunds."""

from collections.abc import Mapping
from typing import Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.pages import own, shown
from xinglin.capabilities.billing.rules import bills
from xinglin.capabilities.billing.rules.documents import TAGS
from xinglin.care import refunds
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.format import money, said
from xinglin.web.format import today as day_of
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Redirect, Rejected, View

TITLE: Final = Text("收费", "Bills")
BY: Final = ("wechat-pay", "alipay", "cash")


def _what(found: Found) -> Cell:
    one = shown.brief(bills.read(dict(found.document)), "", found.language)
    return Cell(one.title, href=f"{contract.DESK}/{found.id}")


def _total(found: Found) -> str:
    return money(bills.read(dict(found.document)).total)


def _state(found: Found) -> Cell:
    state = bills.read(dict(found.document)).state
    return Cell(said(contract.STATES.codes[state], found.language), shown.TONES.get(state, "neutral"))


BILLS: Final = Listing(
    name="bills",
    title=TITLE,
    type="Invoice",
    where=(("_profile", contract.BILL.url), ("_include", "Invoice:patient")),
    columns=(
        Column(Text("项目", "What"), _what),
        Column(Text("患者", "Patient"), cells.person("subject")),
        Column(Text("金额", "Amount"), _total),
        Column(Text("开单时间", "Made"), cells.when("date"), sort="date"),
        Column(Text("状态", "State"), _state),
    ),
    filters=(
        Filter("date", Text("日期", "Day"), "days"),
        Filter(
            "_tag",
            Text("状态", "State"),
            "choice",
            options=tuple((f"{TAGS}|{code}", text) for code, text in contract.STATES.codes.items()),
        ),
    ),
    sort="-date",
    empty=Empty(
        "currency-yuan",
        Text("还没有账单", "No bills yet"),
        Text("挂号、处方、检查等计费后会出现在这里。", "What is charged here appears in this list."),
    ),
)


async def show_all(work: UnitOfWork, form: Form) -> View | Download:
    """List the bills of the institution."""
    return await show_list(work, form, BILLS)


async def show(work: UnitOfWork, form: Form) -> View:
    """Show one bill at the desk."""
    return await _page(work, form, ())


async def send(work: UnitOfWork, form: Form) -> Redirect:
    """Take money, or give it back."""
    id = form["id"]
    try:
        match form["act"]:
            case "refund":
                by = work.principal.practitioner or work.principal.id
                percent = int(form["percent"]) if form["percent"].isdigit() else None
                given = contract.Refunding(id, form["about"], form["reason"], percent, by)
                await work.fhir.operate(contract.REFUND, given)
            case "hand-back":
                await work.fhir.operate(contract.HAND_BACK, contract.Handing(id, form["number"]))
            case "approve":
                await work.fhir.operate(contract.APPROVE, contract.Handing(id, form["number"]))
            case _:
                await own.act(work, form, id)
    except OutcomeError as refused:
        if refused.status == 404:
            raise
        raise Rejected(await _page(work, form, refused.issues)) from refused
    return Redirect(f"{contract.DESK}/{id}")


async def _page(work: UnitOfWork, form: Form, issues: tuple[Issue, ...]) -> View:
    one = await shown.whole(work, form["id"], form)
    day = day_of(work.now)
    return View(
        "billing/bill.html",
        {
            "one": one,
            "issues": issues,
            "path": f"{contract.DESK}/{form['id']}",
            "back": contract.DESK,
            "channels": BY,
            "chosen": form["channel"] or "cash",
            "desk": True,
            "abouts": _abouts(one.bill),
            "reasons": [
                (code, said(text, form.language))
                for code, text in contract.REASONS.codes.items()
                if code != "surplus" and (rule := refunds.rule_on(code, day)) and rule.most
            ],
        },
        block=None if issues else "bill",
        status=422 if issues else 200,
        live=(f"bill/{form['id']}",),
    )


def _abouts(bill: bills.Bill) -> Mapping[str, str]:
    """Give what can be refunded: what was charged for, with its first line as words."""
    found: dict[str, str] = {}
    for line in bill.lines:
        found.setdefault(line.about, line.text)
    return found
