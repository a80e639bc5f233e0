"""Profiles, states and operations of bills: what whoever wants to be paid relies on.

``$charge`` puts lines on a bill: on the open one of the same visit and payee, else on a new one. Nothing is dispensed,
opened or sent before the job that the asker names (`Charge.told`) is told ``state="paid"``. It is called as
``told(bill=ID, about=REFERENCE, state=STATE)``, STATE one of `PAID`, `REFUNDED`, `VOID`; the same may be told twice.
``$refund`` gives back what was charged about something, by a reason of the table of 5.4; as long as nothing was
paid it only takes the lines off, and tells `VOID`. Both are called as the platform:
``await work.platform.operate(CHARGE, Charge(…))``.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text, canonical, valueset
from xinglin.fhir.outcome import Issue
from xinglin.registry import INSTITUTION, Portal
from xinglin.security.accounts import EVERYBODY

STATES: Final = CodeSet(
    url=valueset("bill-state"),
    system=canonical("bill-state", "CodeSystem"),
    codes={
        "open": Text("待缴费", "Open"),
        "settling": Text("医保预结算中", "Being reckoned"),
        "to-pay": Text("待支付", "To pay"),
        "paying": Text("支付中", "Being paid"),
        "paid": Text("已支付", "Paid"),
        "refunding": Text("退费中", "Being refunded"),
        "refunded": Text("已退费", "Refunded"),
        "void": Text("已作废", "Void"),
    },
)
INSURANCE: Final = "insurance"  # whose days are reconciled as those of a channel are
# What an asker is told.
PAID: Final = "paid"
REFUNDED: Final = "refunded"
VOID: Final = "void"

CHANNELS: Final = CodeSet(
    url=valueset("payment-channel"),
    system=canonical("payment-channel", "CodeSystem"),
    codes={
        "wechat-pay": Text("微信支付", "WeChat Pay"),
        "alipay": Text("支付宝", "Alipay"),
        "cash": Text("现金", "Cash"),
    },
)
PAYMENT_STATES: Final = CodeSet(
    url=valueset("payment-state"),
    system=canonical("payment-state", "CodeSystem"),
    codes={
        "created": Text("待发起", "To be asked for"),
        "asked": Text("等待支付", "Waiting"),
        "closing": Text("关闭中", "Being closed"),
        "done": Text("成功", "Done"),
        "closed": Text("已关闭", "Closed"),
        "differs": Text("金额不符", "Another amount"),
        "stopped": Text("需人工处理", "A person must look"),
    },
)
# Why money is given back (5.4 of the book).
REASONS: Final = CodeSet(
    url=valueset("refund-reason"),
    system=canonical("refund-reason", "CodeSystem"),
    codes={
        "cancelled-before-acceptance": Text("接诊前取消", "Cancelled before acceptance"),
        "not-accepted": Text("未按时接诊或医生拒诊", "Not accepted in time, or refused"),
        "not-suitable": Text("首诊或不宜在线诊疗", "First visit, or not suitable online"),
        "condition-changed": Text("评估后终止", "Terminated after assessment"),
        "system-failure": Text("系统故障", "System failure"),
        "session-stopped": Text("停诊", "Session stopped"),
        "not-dispensed": Text("未发药退费", "Paid, not dispensed"),
        "quality": Text("药品质量问题", "Quality of the medicine"),
        "dispensed": Text("已发药", "Dispensed"),
        "decoction-started": Text("已开始煎药", "Decoction started"),
        "completed": Text("诊疗已完成", "Completed"),
        "complaint": Text("投诉处理", "Decided on a complaint"),
        "surplus": Text("重复或多付", "Paid twice or too much"),
    },
)

CHARGE_ITEM: Final = Profile(url=canonical("charge"), on="ChargeItem", required=("code", "subject", "quantity"))
BILL: Final = Profile(url=canonical("bill"), on="Invoice", required=("subject", "issuer", "totalNet", "totalGross"))
PAYMENT: Final = Profile(url=canonical("payment"), on="PaymentNotice", required=("request", "amount", "provider"))

TASKS: Final = CodeSet(
    url=valueset("billing-task"),
    system=canonical("billing-task", "CodeSystem"),
    codes={"billing-difference": Text("对账差异", "Difference")},
)
# How a difference is closed.
ENTRIES: Final = CodeSet(
    url=valueset("difference-entry"),
    system=canonical("difference-entry", "CodeSystem"),
    codes={
        "explained": Text("说明原因，无须记账", "Explained, nothing to book"),
        "booked": Text("记入差异科目", "Booked to differences"),
        "give-back": Text("原路退回，重新支付", "Given back, to be paid anew"),
    },
)
DIFFERENCE: Final = Profile(url=canonical("difference"), on="Task", required=("code", "authoredOn"))
DAY: Final = Profile(url=canonical("day-close"), on="PaymentReconciliation", required=("paymentDate", "paymentAmount"))

# Extensions of Invoice[bill].
STATE: Final = canonical("bill-state")  # valueCode of STATES
VISIT: Final = canonical("bill-visit")  # valueReference Encounter or Appointment that the bill is of
ASKER: Final = canonical("bill-asker")  # about (valueReference), told (valueString): who is told
CLAIM: Final = canonical("bill-claim")  # valueReference Claim
SHARE: Final = canonical("bill-share")  # funds, account, cash (valueMoney): who pays what
CHANNEL: Final = canonical("bill-channel")  # valueCode of CHANNELS: how it is being paid
NOTE: Final = canonical("bill-note")  # valueString: what the payer should know
RECEIPT: Final = "https://xinglin.health/id/receipt"  # identifier of a paid bill: its (simulated) invoice number
# Extensions of ChargeItem[charge].
ABOUT: Final = canonical("charge-about")  # valueReference: what is paid for
CLASS: Final = canonical("insurance-class")  # valueCode 甲 乙 丙


@dataclass(frozen=True, slots=True)
class Line:
    """What is charged. system: last part of the code system: service-item, drug, tcm-slice, fee (delivery, decoction).

    unit_fen: price of one where the payee sets it (drugs of a pharmacy, fees); None: of the price list on the day. A
    price above the government's is refused. quantity: in the unit of the price (packages, grams).
    """

    code: str
    system: str = "service-item"
    quantity: Decimal = Decimal(1)
    unit_fen: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """Lines to be paid. patient: logical id. about: ``Type/id`` of what is paid for, charged once: again is the same.

    payee: ``Organization/id`` that is paid (its level decides prices). visit: ``Encounter/id`` where there is one.
    told: name of the job that is told. until: when unpaid lines lapse (told VOID); None: they do not.
    internet: given over the network; then only items that may be are taken (R5-001).
    """

    patient: str
    about: str
    lines: tuple[Line, ...]
    payee: str
    visit: str = ""
    told: str = ""
    until: datetime | None = None
    internet: bool = False


@dataclass(frozen=True, slots=True)
class Refunding:
    """What to give back. bill: logical id. about: as charged. reason: of REASONS. percent: where the reason leaves it.

    by: who decides, when a person does (``Practitioner/id``).
    """

    bill: str
    about: str
    reason: str
    percent: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Begin:
    """A bill to reckon: who pays what. invoice: logical id."""

    invoice: str


@dataclass(frozen=True, slots=True)
class Pay:
    """How a bill is paid. channel: of CHANNELS. agreed: numbers of the lines that insurance does not pay (R4-047)."""

    invoice: str
    channel: str
    agreed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A payment under way to give up, to pay in another way. invoice: logical id."""

    invoice: str


@dataclass(frozen=True, slots=True)
class Handing:
    """A refund of a bill that waits for somebody at the desk. number: of the refund."""

    invoice: str
    number: str


# Answers the logical id of the Invoice.
CHARGE: Final = Operation("charge", "Invoice", Charge, str, title=Text("计费", "Charge"))
# Answers the state that the bill is in now.
REFUND: Final = Operation("refund", "Invoice", Refunding, str, title=Text("退费", "Refund"))
BEGIN: Final = Operation("begin-paying", "Invoice", Begin, str, title=Text("开始缴费", "Begin paying"))
PAY: Final = Operation("pay", "Invoice", Pay, str, title=Text("支付", "Pay"))
STOP: Final = Operation("stop-paying", "Invoice", Stop, str, title=Text("放弃本次支付", "Give up a payment"))
HAND_BACK: Final = Operation("hand-back", "Invoice", Handing, str, title=Text("退还现金", "Hand cash back"))
APPROVE: Final = Operation("approve-refund", "Invoice", Handing, str, title=Text("复核退费", "Approve a refund"))


@dataclass(frozen=True, slots=True)
class Reconciling:
    """A day (UTC+8) of a channel to reconcile, or to close. carried: why what is open is carried over."""

    channel: str
    day: date
    carried: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """A difference to take over (no entry) or to close. task: logical id. entry: of ENTRIES."""

    task: str
    reason: str = ""
    entry: str = ""


RECONCILE_DAY: Final = Operation(
    "reconcile-day", "PaymentReconciliation", Reconciling, str, title=Text("对账", "Reconcile a day")
)
CLOSE_DAY: Final = Operation("close-day", "PaymentReconciliation", Reconciling, str, title=Text("日结", "Close a day"))
TAKE: Final = Operation("take-difference", "Task", Closing, str, title=Text("认领差异", "Take a difference"))
CLOSE: Final = Operation("close-difference", "Task", Closing, str, title=Text("处理差异", "Close a difference"))
NO_BILL: Final = Issue("not-found", "no-bill", "Invoice", "There is no such bill.")

CASHIER: Final = Portal("cashier", "/desk", frozenset({"receptionist"}), Text("收费", "Cashier"), part_of=INSTITUTION)
PUBLIC: Final = Portal("prices", "/prices", EVERYBODY, Text("价格公示", "Prices"))
PRICES: Final = "/prices"
OWN: Final = "/my/bills"
DESK: Final = "/desk/bills"
DIFFERENCES: Final = "/desk/differences"

# Jobs. payment: number of a PaymentNotice; bill: logical id.
ASK: Final = "billing.ask"  # ask a channel for a payment
LOOK: Final = "billing.look"  # ask what became of it; give it up when its time is over
GIVE_BACK: Final = "billing.give-back"
TOLD: Final = "billing.told"  # by insurance: what became of a settlement
LAPSE: Final = "billing.lapse"
SWEEP: Final = "billing.sweep"
RECONCILE: Final = "billing.reconcile"  # channel, day
INSURED: Final = "billing.insured"  # by insurance: what a day of settlements came to
EVERY_DAY: Final = "billing.every-day"
AGAIN: Final = timedelta(minutes=1)
CALLBACKS: Final = "/callbacks"
