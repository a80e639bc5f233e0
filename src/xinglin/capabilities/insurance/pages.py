"""What the insurer's clerk sees: all settlements, and one with every stage explained."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.capabilities.insurance import contract
from xinglin.capabilities.insurance.rules import claims, results
from xinglin.care.insurer import codes
from xinglin.care.portions import Portions
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.web import cards, cells
from xinglin.web.asking import ask, count
from xinglin.web.cards import Figure, Line, Link
from xinglin.web.format import money, said, today
from xinglin.web.listing import Cell, Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, View

TITLE: Final = Text("医保结算", "Insurance settlements")
LATEST: Final = 5
TONES: Final[Mapping[str, str]] = {
    "settled": "success",
    "presettled": "info",
    "refused": "danger",
    "stopped": "danger",
    "reversed": "neutral",
}


def _day(found: Found) -> Cell:
    at = cells.when("billablePeriod.start")(found)
    return Cell(at if isinstance(at, str) else at.text, href=f"{contract.CLAIMS}/{found.id}")


def _total(found: Found) -> str:
    return money(round(found.document["total"]["value"] * 100))


def _state(found: Found) -> Cell:
    code = claims.state_of(found.document)
    return Cell(said(contract.STATES.codes[code], found.language), TONES.get(code, "warning"))


SETTLEMENTS: Final = Listing(
    name="settlements",
    title=TITLE,
    type="Claim",
    where=(
        ("_profile", contract.SETTLEMENT.url),
        ("_include", "Claim:patient"),
        ("_include", "Claim:provider"),
    ),
    columns=(
        Column(Text("就诊时间", "Visit"), _day, sort="created"),
        Column(Text("参保人", "Insured person"), cells.person("patient")),
        Column(Text("定点机构", "Institution"), cells.person("provider")),
        Column(Text("费用总额", "Whole bill"), _total),
        Column(Text("状态", "State"), _state),
    ),
    filters=(
        Filter("created", Text("日期", "Day"), "days"),
        Filter(
            "status",
            Text("是否有效", "In force"),
            "choice",
            options=(
                ("active", Text("有效", "In force")),
                ("cancelled", Text("已撤销或未受理", "Reversed or refused")),
            ),
        ),
    ),
    sort="-created",
    empty=Empty(
        "report-medical",
        Text("还没有医保结算", "No settlements yet"),
        Text("机构提交的结算会出现在这里。", "What institutions submit appears here."),
    ),
)


async def show_all(work: UnitOfWork, form: Form) -> View | Download:
    """List the settlements of the insurer."""
    return await show_list(work, form, SETTLEMENTS)


async def figures(work: UnitOfWork, _form: Form) -> View:
    """Count the settlements of this month by what became of them, and the insured."""
    first = today(work.now).replace(day=1).isoformat()
    month = (("_profile", contract.SETTLEMENT.url), ("created", f"ge{first}"))
    active = await count(work, "Claim", *month, ("status", "active"))
    at = f"{contract.CLAIMS}?created.since={first}"
    return cards.figures(
        (
            Figure(Text("提交的结算", "Submitted"), await count(work, "Claim", *month), at),
            Figure(Text("有效", "In force"), active, f"{at}&status=active"),
            Figure(
                Text("已撤销或未受理", "Reversed or refused"),
                await count(work, "Claim", *month, ("status", "cancelled")),
                f"{at}&status=cancelled",
                "warning",
            ),
            Figure(Text("参保人员", "Insured people"), await count(work, "Coverage", ("status", "active")), ""),
        )
    )


async def latest(work: UnitOfWork, form: Form) -> View | None:
    """Show the last settlements."""
    found = await ask(work, "Claim", *SETTLEMENTS.where, ("_sort", "-created"), ("_count", str(LATEST)))
    names = {f"{row.rt}/{row.id}": cells.named(document_of(row.body())) for row in found.included}
    lines = []
    for row in found.matches:
        claim = document_of(row.body())
        state = claims.state_of(claim)
        lines.append(
            Line(
                f"{contract.CLAIMS}/{row.id}",
                names.get(claim["patient"]["reference"], ""),
                note=names.get(claim["provider"]["reference"], ""),
                state=said(contract.STATES.codes[state], form.language),
                tone=TONES.get(state, "warning"),
                icon="report-medical",
            )
        )
    return cards.lines(
        lines, more=Link(Text("全部结算", "All settlements"), contract.CLAIMS), empty=SETTLEMENTS.empty.what
    )


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show one settlement, every stage explained."""
    id = form["id"]
    claim: dict[str, Any] = document_of((await work.fhir.read("Claim", id)).body())
    state = claims.state_of(claim)
    if not state:
        raise OutcomeError(Issue("not-found", "no-settlement", "Claim", "There is no such settlement."))
    explained = None
    portions: dict[int, Portions] = {}
    if state not in {"asked", "refused"}:
        explained = await work.fhir.operate(contract.EXPLAIN, contract.Explaining(id))
        answer = document_of((await work.fhir.read("ClaimResponse", id)).body())
        portions = {one.number: one for one in results.shown(answer).portions}
    category = codes("category")[results.category_of(claim)]
    return View(
        "insurance/claim.html",
        {
            "id": id,
            "number": claims.number_of(claim, claims.SETTLED),
            "said_state": said(contract.STATES.codes[state], form.language),
            "tone": TONES.get(state, "warning"),
            "reason": claims.one(claim, contract.REASON, "valueString") or "",
            "internet": claims.one(claim, contract.INTERNET, "valueBoolean"),
            "patient": await _name(work, claim["patient"]["reference"]),
            "provider": await _name(work, claim["provider"]["reference"]),
            "at": claim["billablePeriod"]["start"],
            "category": said(Text(category.name, category.en), form.language),
            "policy": explained.policy if explained is not None else "",
            "explained": explained,
            "lines": [_line(item, portions) for item in claim["item"]],
        },
        live=(f"bill/{_bill(claim)}",) if state in claims.WAITING else (),
    )


async def _name(work: UnitOfWork, reference: str) -> str:
    """Name whom a reference points to; empty when the reader may not see them."""
    type, _, id = reference.partition("/")
    try:
        return cells.named(document_of((await work.fhir.read(type, id)).body()))
    except OutcomeError as refused:
        if refused.status not in {403, 404}:
            raise
        return ""


def _line(item: Mapping[str, Any], portions: Mapping[int, Portions]) -> dict[str, Any]:
    coding = item["productOrService"].get("coding", [{}])[0]
    return {
        "name": coding.get("display") or item["productOrService"].get("text") or coding.get("code", ""),
        "fen": round(item["net"]["value"] * 100),
        "portions": portions.get(item["sequence"]),
        "agreed": any(ext["url"] == contract.AGREED for ext in item.get("extension", ())),
    }


def _bill(claim: Mapping[str, Any]) -> str:
    return str(claims.one(claim, contract.BILL, "valueReference")["reference"].partition("/")[2])
