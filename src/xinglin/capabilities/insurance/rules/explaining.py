"""Who pays what of a bill and why, in plain words (R4-001): for the patient and for the insurer's clerk."""

from decimal import Decimal
from typing import Final

from xinglin.capabilities.insurance.contract import Explanation, Step
from xinglin.capabilities.insurance.rules.results import Shown, agrees
from xinglin.care.insurer import codes
from xinglin.care.money import yuan
from xinglin.care.portions import own
from xinglin.care.settlement import ACCOUNT, Settlement
from xinglin.care.stages import Part, Stage
from xinglin.fhir.declarations import Text

_PORTIONS: Final = (
    ("full-self", Text("不在医保目录内，由个人支付", "Not insured, paid by the patient")),
    ("over-limit", Text("超出医保支付标准的部分，由个人支付", "Above the payment standard, paid by the patient")),
    ("pre-self", Text("乙类项目先由个人支付的部分", "What the patient pays first of items of class B")),
    ("in-scope", Text("纳入医保范围，按政策报销", "In scope: insurance pays by its rules")),
)


def explanation(state: str, found: Shown) -> Explanation:
    """Put together what is told of a settlement in *state*."""
    ours = agrees(found)
    return Explanation(
        state=state,
        total=found.total,
        funds=found.amounts["funds"],
        account=found.amounts["account"] + found.amounts["family"],
        cash=found.amounts["cash"],
        steps=explain(found, ours),
        own_lines=own(found.portions),
        agrees=ours is not None,
        policy=found.basis.policy if found.basis is not None else "",
    )


def explain(found: Shown, ours: Settlement | None) -> tuple[Step, ...]:
    """Explain an answer of the platform.

    ours: the same reckoned by us; without it, only what the platform says is told, and that we could not follow it.
    """
    steps = [_portion(code, text, found.amounts[code]) for code, text in _PORTIONS if found.amounts[code]]
    if ours is not None:
        steps += [_stage(stage) for stage in ours.stages if stage.base]
    else:
        steps += [_fund(fund, paid) for fund, paid in found.funds.items() if fund != ACCOUNT]
    if found.amounts["account"]:
        text = Text("余下部分从个人账户支付。", "Of what is left, the personal account pays this.")
        steps.append(Step(Text("个人账户", "Personal account"), text, found.amounts["account"], paid=True, own=True))
    if found.amounts["family"]:
        text = Text("余下部分从家庭共济账户支付。", "Of what is left, a relative's account pays this.")
        steps.append(Step(Text("家庭共济", "Family account"), text, found.amounts["family"], paid=True, own=True))
    text = Text("最后由您支付的金额。", "What is left to the patient.")
    steps.append(Step(Text("个人支付", "The patient pays"), text, found.amounts["cash"], paid=True, own=True))
    return tuple(steps)


def _portion(code: str, text: Text, amount: int) -> Step:
    titles = {
        "full-self": Text("目录外自费", "Not insured"),
        "over-limit": Text("超限价", "Above the standard"),
        "pre-self": Text("乙类先行自付", "Class B, paid first"),
        "in-scope": Text("医保范围内", "In scope"),
    }
    return Step(titles[code], text, amount)


def _fund(fund: str, paid: int) -> Step:
    named = codes("fund")[fund]
    text = Text(
        "医保平台给出的金额；本系统按政策复算的结果与之不同。",
        "As the insurer says; we come to another figure by the rules.",
    )
    return Step(Text(named.name, named.en), text, paid, paid=True)


def _stage(stage: Stage) -> Step:
    """Say in a sentence or two how a fund came to what it pays."""
    fund = codes("fund")[stage.fund]
    zh = [f"按“{stage.title}”计算，计入 {yuan(stage.base)} 元"]
    en = [f"Reckoned with {yuan(stage.base)} yuan"]
    if stage.year:
        zh.append(f"本年度此前已累计 {yuan(stage.year)} 元")
        en.append(f"{yuan(stage.year)} yuan counted before in this year")
    if stage.deductible:
        zh.append(f"其中 {yuan(stage.deductible)} 元属起付线以内，由个人承担")
        en.append(f"{yuan(stage.deductible)} yuan of it are the deductible, borne by the patient")
    zh += [
        f"{_between(part, zh=True)}{yuan(part.base)} 元按 {_percent(part.rate)} 支付 {yuan(part.paid)} 元"
        for part in stage.parts
    ]
    en += [
        f"{_between(part, zh=False)}{yuan(part.base)} yuan at {_percent(part.rate)} make {yuan(part.paid)}"
        for part in stage.parts
    ]
    if stage.cap_left is not None and stage.paid < sum(part.paid for part in stage.parts):
        zh.append(f"受年度限额所限，只支付剩余额度 {yuan(stage.cap_left)} 元")
        en.append(f"the cap of the year leaves only {yuan(stage.cap_left)}")
    if not stage.parts:
        zh.append("未超过起付线，本次不支付")
        en.append("it does not exceed the deductible, so nothing is paid")
    return Step(
        Text(fund.name, fund.en),
        Text("；".join(zh) + "。", "; ".join(en) + "."),
        stage.paid,
        paid=True,
        source=stage.source,
    )


def _between(part: Part, *, zh: bool) -> str:
    if part.high is None:
        return ""
    if zh:
        return f"{yuan(part.low)} 至 {yuan(part.high)} 元一段："
    return f"from {yuan(part.low)} to {yuan(part.high)}: "


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f} %"
