"""Profiles, states and operations of a settlement: what billing and others rely on.

How a bill is settled: ``$presettle`` of an Invoice makes a Claim and answers its id at once; the insurer is asked by
jobs. Whatever came of it is told to the job that the asker names (`Presettling.told`), called as
``told(claim=ID, state=STATE)``; the same may be told twice. The figures stand in the
ClaimResponse that has the same id as the Claim.
"""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset

STATES: Final = CodeSet(
    url=valueset("settlement-state"),
    system=canonical("settlement-state", "CodeSystem"),
    codes={
        "asked": Text("待预结算", "Asked"),
        "presettled": Text("已预结算，待确认", "Reckoned, to be confirmed"),
        "settling": Text("结算中", "Settling"),
        "settled": Text("已结算", "Settled"),
        "reversing": Text("撤销中", "Being reversed"),
        "reversed": Text("已撤销", "Reversed"),
        "refused": Text("医保未受理", "Refused"),
        "stopped": Text("已停止，需人工处理", "Stopped, a person must look"),
    },
)
# Categories of ClaimResponse.total and of the adjudications of its items.
AMOUNTS: Final = CodeSet(
    url=valueset("settlement-amount"),
    system=canonical("settlement-amount", "CodeSystem"),
    codes={
        "full-self": Text("目录外自费", "Not insured"),
        "over-limit": Text("超限价自费", "Above the payment standard"),
        "pre-self": Text("乙类先行自付", "Paid first of class B"),
        "in-scope": Text("纳入医保范围", "In scope"),
        "funds": Text("基金支付", "Paid by funds"),
        "account": Text("个人账户支付", "Paid from the personal account"),
        "family": Text("家庭共济账户支付", "Paid from a relative's account"),
        "cash": Text("个人现金支付", "Paid in cash"),
        "deductible": Text("起付线", "Deductible"),
    },
)
# States that are told to the asker.
TOLD: Final = frozenset({"presettled", "settled", "reversed", "refused", "stopped"})

COVERAGE: Final = Profile(url=canonical("coverage"), on="Coverage", required=("type", "beneficiary", "payor"))
SETTLEMENT: Final = Profile(
    url=canonical("settlement"), on="Claim", required=("patient", "provider", "insurance", "item", "total")
)
RESULT: Final = Profile(
    url=canonical("settlement-result"), on="ClaimResponse", required=("patient", "request", "payment")
)

# Extensions of Claim[settlement].
STATE: Final = canonical("settlement-state")  # valueCode of STATES
REASON: Final = canonical("settlement-reason")  # valueString: why it was refused or stopped
BILL: Final = canonical("settlement-bill")  # valueReference Invoice
ASKER: Final = canonical("settlement-asker")  # valueString: the job that is told
INTERNET: Final = canonical("internet")  # valueBoolean: the mark of R4-045
AGREED: Final = canonical("self-pay-agreement")  # of an item: who agreed to pay it himself, and when (R4-047)
# Extensions of ClaimResponse[settlement-result] and of its items.
FUNDS: Final = canonical("settlement-fund")  # fund (valueCode, fund_pay_type) and amount (valueMoney)
FUND_TYPES: Final = canonical("fund-pay-type", "CodeSystem")
CASH: Final = canonical("settlement-cash")  # valueMoney: what the patient pays


@dataclass(frozen=True, slots=True)
class Presettling:
    """A bill to reckon. invoice: logical id; told: name of the job that is told.

    The Invoice has ``subject`` (Patient), ``issuer`` (Organization) and ``lineItem`` with ``chargeItemReference`` and
    one ``priceComponent`` of type base with the amount of the line; its ChargeItems have ``code`` (service-item, drug,
    tcm-slice, or `CodeSystem/fee`: ``delivery``, ``decoction``), ``quantity`` and ``context`` (the visit).
    """

    invoice: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Settling:
    """Settle what was reckoned.

    claim: logical id. agreed: numbers of the lines (from 1) that insurance does not pay,
    or not wholly, and that the patient has agreed to pay (R4-047).
    """

    claim: str
    agreed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reversing:
    """Undo a settlement, whole. claim: logical id. reason: for the record."""

    claim: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explaining:
    """A settlement to explain. claim: logical id."""

    claim: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of who pays what. fen: what it comes to. paid: somebody pays this; else it only counts.

    own: it is the patient who pays it. source: the document that says so.
    """

    title: Text
    text: Text
    fen: int
    paid: bool = False
    own: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who pays what of a bill, and why (fen). own_lines: numbers that need the patient's consent (R4-047).

    agrees: we come to the same figures by the rules called ``policy``. The template ``insurance/explanation.html``
    shows it: ``{% from 'insurance/explanation.html' import explanation %}{{ explanation(explained, page.language) }}``.
    """

    state: str
    total: int
    funds: int
    account: int
    cash: int
    steps: tuple[Step, ...]
    own_lines: tuple[int, ...]
    agrees: bool
    policy: str


# Answers the logical id of the Claim; 422 `insurance-none` when the patient has no cover: then all is self-paid.
PRESETTLE: Final = Operation(
    "presettle", "Invoice", Presettling, str, title=Text("医保预结算", "Reckon with insurance")
)
# Both answer the state that the Claim is in now.
SETTLE: Final = Operation("settle", "Claim", Settling, str, title=Text("医保结算", "Settle with insurance"))
REVERSE: Final = Operation("reverse", "Claim", Reversing, str, title=Text("撤销医保结算", "Reverse a settlement"))
EXPLAIN: Final = Operation(
    "explain-settlement",
    "Claim",
    Explaining,
    Explanation,
    affects_state=False,
    title=Text("解释医保结算", "Explain a settlement"),
)

CLAIMS: Final = "/insurer/claims"

# Jobs: they ask the insurer. claim: logical id.
ASK: Final = "insurance.presettle"
SEND: Final = "insurance.settle"
UNDO: Final = "insurance.reverse"
SWEEP: Final = "insurance.sweep"
# Compares the settlements of a day with the platform (3201, 3202); day: ISO, told: job that is told, called as
# ``told(day=DAY, settled=COUNT, funds=FEN, differences=[[KIND, NUMBER, OURS_FEN, PROVIDER], …])``; KIND is
# institution-only, insurer-only or amount.
RECONCILE: Final = "insurance.reconcile"
