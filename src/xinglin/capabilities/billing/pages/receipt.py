"""The receipt of a paid bill, on the page and as PDF; its number is made up, and it says so."""

import asyncio
from typing import Final

from xinglin.capabilities.billing.operations.reading import document
from xinglin.capabilities.billing.pages import shown
from xinglin.fhir.declarations import Text
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.cells import named
from xinglin.web.format import money, said
from xinglin.web.pdf import pdf
from xinglin.web.sheet import Cell, Part, Sheet
from xinglin.web.view import Download, Form

WORDS: Final = {
    "title": Text("医疗收费票据（测试）", "Medical receipt (test)"),
    "number": Text("票据号码", "Number"),
    "payee": Text("收款单位", "Payee"),
    "payer": Text("交款人", "Payer"),
    "at": Text("交款时间", "Paid"),
    "item": Text("项目", "Item"),
    "amount": Text("金额", "Amount"),
    "total": Text("合计", "Total"),
    "funds": Text("医保统筹等基金支付", "Paid by insurance funds"),
    "account": Text("个人账户支付", "Paid from the personal account"),
    "cash": Text("个人现金支付", "Paid in cash"),
    "gone": Text("已退费（红冲）", "Refunded (reversed)"),
    "lines": Text("收费明细", "Lines"),
    "shares": Text("支付构成", "Who paid"),
    "test": Text("本票据号码为模拟号码，仅供测试，不作报销凭证。", "The number is made up, for tests; no voucher."),
}


@cites("R5-034")
async def show(work: UnitOfWork, form: Form) -> Download:
    """Give the receipt as PDF; 404 before anything was paid."""
    one = await shown.whole(work, form["id"], form)
    bill = one.bill
    if not bill.receipt or bill.share is None:
        raise OutcomeError(Issue("not-found", "no-receipt", "Invoice", "Nothing was paid yet."))

    def word(key: str) -> str:
        return said(WORDS[key], form.language)

    payer = named(await document(work, bill.patient))
    shares = {"funds": bill.share.funds, "account": bill.share.account, "cash": bill.share.cash, "gone": bill.gone}
    sheet = Sheet(
        word("title"),
        form.language,
        (
            (word("number"), bill.receipt),
            (word("payee"), one.payee),
            (word("payer"), payer),
            (word("at"), bill.paid_at[:16].replace("T", " ")),
        ),
        (
            Part(
                word("lines"),
                (word("item"), word("amount")),
                (
                    *((Cell(line.text), Cell(money(line.fen))) for line in bill.lines),
                    (Cell(word("total")), Cell(money(bill.total))),
                ),
                (4, 1),
            ),
            Part(
                word("shares"),
                (word("item"), word("amount")),
                tuple((Cell(word(name)), Cell(money(fen))) for name, fen in shares.items() if fen or name == "cash"),
                (4, 1),
            ),
        ),
        (word("test"),),
        f"{word('number')} {bill.receipt}",
    )
    body = await asyncio.to_thread(pdf, sheet)
    return Download(body, "application/pdf", f"{bill.receipt}.pdf", inline=True)
