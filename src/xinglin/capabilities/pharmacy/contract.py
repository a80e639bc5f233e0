"""Profiles, codes, operations, jobs and addresses of the supply of prescriptions. docs/care.md."""

from dataclasses import dataclass
from typing import Final

from xinglin.capabilities.prescriptions.contract import Told
from xinglin.fhir.declarations import CodeSet, NoticeKind, Operation, Profile, Text, canonical, valueset

# Task.identifier: the key under which a supply was begun; keys of later calls stand in its acts.
KEYS: Final = canonical("supply-key", "NamingSystem")
# Extensions of Task[dispense].
WAY: Final = canonical("supply-way")  # valueCode of WAYS
ACT: Final = canonical("supply-act")  # nested: code, key, at (instant), by (reference), detail
DECOCTED: Final = canonical("supply-decocted")  # valueBoolean: slices are decocted there
COST: Final = canonical("supply-cost")  # valueMoney: what it costs at this pharmacy
# Of SupplyDelivery[medicine]: whom it is sent to, nested name, phone, address; pharmacies see it covered.
RECIPIENT: Final = canonical("supply-recipient")
CUSTODY: Final = canonical("custody")  # each step in order, nested: state, at, by, celsius
WAYBILL: Final = "https://xinglin.health/id/waybill"  # identifier: number of the courier
DELIVERIES: Final = canonical("delivery-of", "NamingSystem")  # its identifier: logical id of the Task[dispense]
BILL: Final = canonical("supply-bill")  # valueReference Invoice
PREPARER: Final = canonical("supply-preparer")  # valueReference Practitioner
# Extensions of MedicationDispense: trace codes (药品追溯码), packages that were ordered and not given.
TRACE: Final = canonical("trace-code")  # valueString, repeats
VOID: Final = canonical("void-quantity")  # valueQuantity
# Extensions of Basic[stock]: what is there, and the price of some amount of it.
ON_HAND: Final = canonical("on-hand")  # valueQuantity in the unit of the catalogue
PRICE: Final = canonical("price")  # nested: amount (valueMoney), per (valueQuantity)

TASKS: Final = CodeSet(
    url=valueset("supply-task"),
    system=canonical("supply-task", "CodeSystem"),
    codes={
        "dispense": Text("调配处方", "Fill a prescription"),
        "supply-question": Text("药店询问医生", "Question of a pharmacy"),
    },
)
DISPENSE_CODE: Final = "dispense"
QUESTION_CODE: Final = "supply-question"
# Of Task[supply-question]: what is asked, nested: line (integer), drug (code), packs (integer), note.
ASKED: Final = canonical("supply-asked")
WAYS: Final = CodeSet(
    url=valueset("supply-way"),
    system=canonical("supply-way", "CodeSystem"),
    codes={
        "hospital-window": Text("医院窗口取药", "At the hospital's window"),
        "hospital-delivery": Text("医院配送到家", "Sent by the hospital"),
        "pharmacy-pickup": Text("到药店自取", "Picked up at the pharmacy"),
        "online-retail": Text("药店配送到家", "Sent by the pharmacy"),
    },
)
SENT: Final = frozenset({"hospital-delivery", "online-retail"})
# Why a pharmacy gives a prescription back, to be filled elsewhere.
RELEASES: Final = CodeSet(
    url=valueset("supply-release"),
    system=canonical("supply-release", "CodeSystem"),
    codes={
        "no-stock": Text("缺货", "Not in stock"),
        "closed": Text("暂停营业", "Closed"),
        "unreachable": Text("无法联系患者", "The patient cannot be reached"),
        "other": Text("其他", "Other"),
        "withdrawn": Text("患者撤回", "Taken back by the patient"),
        "no-answer": Text("药店未按时接单", "Not taken up in time"),
        "not-paid": Text("未按时付款", "Not paid in time"),
        "cancelled": Text("处方已作废", "The prescription was taken back"),
    },
)
WORK_ORDERS: Final = CodeSet(
    url=valueset("decoction-task"),
    system=canonical("decoction-task", "CodeSystem"),
    codes={"decoction": Text("代煎", "Decoction")},
)
CATEGORIES: Final = CodeSet(
    url=valueset("decoction-category"),
    system=canonical("decoction-category", "CodeSystem"),
    codes={
        "general": Text("一般药", "General"),
        "exterior": Text("解表、清热、芳香类", "Exterior-releasing, heat-clearing, aromatic"),
        "tonic": Text("滋补类", "Tonic"),
    },
)
STEPS: Final = CodeSet(
    url=valueset("decoction-step"),
    system=canonical("decoction-step", "CodeSystem"),
    codes={
        "prepared": Text("调配称量", "Weighed"),
        "checked": Text("复核", "Checked"),
        "soaking": Text("浸泡", "Soaking"),
        "first-herbs": Text("先煎", "Herbs decocted first"),
        "decocting-1": Text("一煎", "First decoction"),
        "late-herbs": Text("后下", "Herbs added late"),
        "decocting-2": Text("二煎", "Second decoction"),
        "merged": Text("合并药液", "Merged"),
        "packed": Text("分装", "Packed"),
        "labelled": Text("贴标", "Labelled"),
        "quality-checked": Text("质检", "Quality checked"),
        "stored": Text("入库冷藏", "Stored cold"),
    },
)
# Of Task[decoction]: each step, nested: code, key, start, end, by, device, celsius, weights, lots, packs, ml, note.
STEP: Final = canonical("decoction-step")
CATEGORY: Final = canonical("decoction-category")  # valueCode
ORDER_NUMBERS: Final = canonical(
    "decoction-order", "NamingSystem"
)  # its identifier: what is scanned, JY and ten digits
STOCK_CODES: Final = CodeSet(
    url=valueset("stock"), system=canonical("stock", "CodeSystem"), codes={"stock": Text("药店库存", "Stock")}
)
DISPENSE: Final = Profile(
    url=canonical("dispense"),
    on="Task",
    required=("identifier", "code", "focus", "for", "owner", "groupIdentifier"),
    bindings={"code": TASKS.url},
)
QUESTION: Final = Profile(
    url=canonical("supply-question"),
    on="Task",
    required=("identifier", "code", "focus", "for", "owner", "requester"),
    bindings={"code": TASKS.url},
)
WORK_ORDER: Final = Profile(
    url=canonical("decoction-order"),
    on="Task",
    required=("identifier", "code", "focus", "for", "owner"),
    bindings={"code": WORK_ORDERS.url},
)
DELIVERY: Final = Profile(
    url=canonical("medicine"), on="SupplyDelivery", required=("identifier", "patient", "supplier")
)
STOCK: Final = Profile(url=canonical("stock"), on="Basic", required=("code", "subject"))
DISPENSED: Final = Profile(
    url=canonical("dispensed"), on="MedicationDispense", required=("authorizingPrescription", "subject", "quantity")
)


@dataclass(frozen=True, slots=True)
class Choosing:
    """A pharmacy for the prescription *id*. way: of `WAYS`. name, phone, address: of whom it is sent to.

    decocted: slices shall be decocted there (代煎).
    """

    id: str
    pharmacy: str
    way: str
    key: str
    name: str = ""
    phone: str = ""
    address: str = ""
    decocted: bool = False


@dataclass(frozen=True, slots=True)
class Keyed:
    """A prescription or a supply, and the key of the call: the same call again has the same answer."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class One:
    """A prescription or a supply by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code that serves once. text: of the QR. digits: for who types them. until: when it is over."""

    text: str
    digits: str
    until: str


@dataclass(frozen=True, slots=True)
class Claiming:
    """What is claimed: the supply *id* that a patient chose here, else the code that the patient shows (QR or digits).

    Or, of a patient without telephone, the number of the prescription with the last four characters of the identity
    number.
    """

    key: str
    id: str = ""
    code: str = ""
    number: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Reviewing:
    """The pharmacy's own review. outcome: ``pass`` or ``reject``. reason, checked: codes as in the first review."""

    id: str
    key: str
    outcome: str
    reason: tuple[str, ...] = ()
    checked: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Dispensing:
    """Medicine put together by *preparer* (``Practitioner/ID``) and checked by the caller.

    checked: all four. trace: trace codes, each ``LINE=CODE``. given: packages (doses of slices) of each line; empty:
    all that was ordered.
    """

    id: str
    key: str
    preparer: str
    checked: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    given: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Handing:
    """Who takes it: the patient's code, else the last four characters of the identity number."""

    id: str
    key: str
    code: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """A package for the courier. sealed: it is. celsius: of the cold box, where anything is kept cold."""

    id: str
    key: str
    sealed: bool = False
    celsius: str = ""


@dataclass(frozen=True, slots=True)
class Tracking:
    """A step of the way: of `care.delivering.CUSTODY`. code, identity: of whoever receives it."""

    id: str
    key: str
    state: str
    celsius: str = ""
    code: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Stepping:
    """A step of a work order, scanned. step: of `STEPS`, or of a timed one its end. weights, lots: a dose's, by line.

    category: of `CATEGORIES`, with the first step.
    """

    id: str
    key: str
    step: str
    device: str = ""
    celsius: str = ""
    weights: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    packs: int = 0
    ml: int = 0
    note: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a pharmacy asks the prescriber of the supply *id*, before its review.

    line: from 1. drug: a medicine of the same substance, amount and route instead. packs: fewer than ordered; -1: all.
    """

    id: str
    key: str
    line: int
    drug: str = ""
    packs: int = -1
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """The prescriber's answer to the question *id*: ``yes`` or ``no``."""

    id: str
    answer: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Returning:
    """Medicine that a patient brings back. reason: ``quality``. note: what is wrong with it."""

    id: str
    key: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Releasing:
    """Why a pharmacy gives it back: a code of `RELEASES`, and words."""

    id: str
    key: str
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A line as a pharmacy sees it. packs: packages, of slices doses. on_hand: in stock there, in units."""

    code: str
    name: str
    amount: str
    usage: str
    packs: int
    on_hand: int
    drug: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a pharmacy needs of a prescription that it holds, and nothing else of the record (R3-087)."""

    number: str
    state: str
    way: str
    name: str
    gender: str
    age: str
    prescriber: str
    institution: str
    until: str
    phone: str
    fen: int
    diagnosis: tuple[str, ...] = ()
    line: tuple[SheetLine, ...] = ()
    finding: tuple[Told, ...] = ()
    doses: int = 0
    usage: str = ""
    term: str = ""


CHOOSE: Final = Operation(
    "choose-pharmacy", "RequestGroup", Choosing, str, level="instance", title=Text("选择药店", "Choose a pharmacy")
)
WITHDRAW: Final = Operation(
    "withdraw", "RequestGroup", Keyed, str, level="instance", title=Text("撤回选择", "Take a choice back")
)
SHOW_CODE: Final = Operation(
    "show-code", "RequestGroup", One, Code, level="instance", title=Text("出示取药码", "Show a code")
)
# The answers are the ids of the Task.
CLAIM: Final = Operation("claim", "Task", Claiming, str, title=Text("接单", "Claim a prescription"), of_one=True)
PHARMACY_REVIEW: Final = Operation(
    "pharmacy-review", "Task", Reviewing, str, level="instance", title=Text("药店审方", "Review at the pharmacy")
)
TAKE_PAYMENT: Final = Operation(
    "take-payment", "Task", Keyed, str, level="instance", title=Text("到店收款", "Take payment at the counter")
)
GIVE_OUT: Final = Operation("dispense", "Task", Dispensing, str, level="instance", title=Text("调配发药", "Dispense"))
HAND_OVER: Final = Operation("hand-over", "Task", Handing, str, level="instance", title=Text("交付药品", "Hand over"))
RELEASE: Final = Operation(
    "release", "Task", Releasing, str, level="instance", title=Text("退回处方", "Give a prescription back")
)
SEND: Final = Operation("send", "Task", Sending, str, level="instance", title=Text("交付配送", "Send"))
TRACK: Final = Operation("track", "Task", Tracking, str, level="instance", title=Text("配送进度", "Track a delivery"))
RECEIVE: Final = Operation(
    "receive", "RequestGroup", Keyed, str, level="instance", title=Text("确认收货", "Confirm receipt")
)
DECOCT: Final = Operation(
    "decoction-step",
    "Task",
    Stepping,
    str,
    level="instance",
    title=Text("登记煎药工序", "Record a step of a decoction"),
)
TAKE_BACK: Final = Operation("take-back", "Task", Returning, str, level="instance", title=Text("退药", "Take back"))
ASK: Final = Operation(
    "ask-prescriber", "Task", Asking, str, level="instance", title=Text("询问开方医生", "Ask the prescriber")
)
ANSWER: Final = Operation(
    "answer-pharmacy", "Task", Answering, str, level="instance", title=Text("答复药店", "Answer a pharmacy")
)
SHEET: Final = Operation(
    "sheet", "Task", One, Sheet, level="instance", affects_state=False, title=Text("处方内容", "What is prescribed")
)

READY: Final = NoticeKind(
    code="supply-ready",
    title=Text("药品已备好", "Your medicine is ready"),
    text=Text(
        "您的处方 {number} 在{pharmacy}已调配完成，{next}。", "Prescription {number} is ready at {pharmacy}: {next}."
    ),
    sms=Text("【杏林】您有一个订单有新进展，请登录查看。", "[Xinglin] There is news on an order. Please log in."),
    parameters=frozenset({"number", "pharmacy", "next"}),
)
FREED: Final = NoticeKind(
    code="supply-freed",
    title=Text("请重新选择药店", "Please choose another pharmacy"),
    text=Text(
        "处方 {number} 在{pharmacy}未能完成（{reason}）。{next}。",
        "Prescription {number} was not filled at {pharmacy} ({reason}). {next}.",
    ),
    sms=Text("【杏林】您有一个订单需要处理，请登录查看。", "[Xinglin] An order needs your attention. Please log in."),
    parameters=frozenset({"number", "pharmacy", "reason", "next"}),
    urgent=True,
)
QUESTIONED: Final = NoticeKind(
    code="supply-question",
    title=Text("药店询问", "A pharmacy asks"),
    text=Text(
        "{pharmacy}就处方 {number} 询问您：缺药或换药须您同意。",
        "{pharmacy} asks you about prescription {number}: a shortage or a substitute needs your word.",
    ),
    sms=Text(
        "【杏林】您有一张处方需要处理，请登录工作站查看。",
        "[Xinglin] A prescription needs your attention. Please log in.",
    ),
    parameters=frozenset({"number", "pharmacy"}),
    urgent=True,
    to="staff",
)
REJECTED: Final = NoticeKind(
    code="supply-rejected",
    title=Text("药店拒绝调配处方", "A pharmacy refused a prescription"),
    text=Text(
        "处方 {number} 被{pharmacy}的药师拒绝调配：{reason}。该处方已失效。",
        "Prescription {number} was refused by the pharmacist of {pharmacy}: {reason}. It is void.",
    ),
    sms=Text(
        "【杏林】您有一张处方需要处理，请登录工作站查看。",
        "[Xinglin] A prescription needs your attention. Please log in.",
    ),
    parameters=frozenset({"number", "pharmacy", "reason"}),
    urgent=True,
    to="staff",
)

SUPPLY: Final = "/my/prescriptions"  # /ID/supply
DESK: Final = "/clinic/dispensing"
QUESTIONS: Final = "/clinic/supply-questions"
FLOOR: Final = "/clinic/decoction"
LAPSE: Final = "pharmacy.lapse"  # task: logical id; stage: requested or claimed
SETTLED: Final = "pharmacy.settled"  # what billing tells: bill, about, state
ORDER_COURIER: Final = "pharmacy.order-courier"  # task: logical id
FOLLOW_COURIER: Final = "pharmacy.follow-courier"  # task: logical id
FORGET: Final = "pharmacy.forget-codes"


def desk_topic(organization: str) -> str:
    """Name the topic of a pharmacy's desk, by its reference."""
    return f"dispense/{organization.removeprefix('Organization/')}"
