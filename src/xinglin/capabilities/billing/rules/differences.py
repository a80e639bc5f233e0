"""A difference as a Task with owner, reason and closing entry; the close of a channel's day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from xinglin.capabilities.billing import contract
from xinglin.capabilities.billing.rules.documents import Document, fen_of, money, saying, value
from xinglin.capabilities.billing.rules.payments import number
from xinglin.capabilities.billing.rules.reconciling import Compared, Difference
from xinglin.fhir.declarations import canonical
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

KIND: Final = canonical("difference-kind")
CHANNEL: Final = canonical("difference-channel")
DAY: Final = canonical("difference-day")
NUMBER: Final = canonical("difference-number")
OURS: Final = canonical("difference-ours")
THEIRS: Final = canonical("difference-theirs")
ENTRY: Final = canonical("difference-entry")
STATE: Final = canonical("day-state")
MATCHED: Final = canonical("day-matched")
DIFFERENT: Final = canonical("day-different")
CARRIED: Final = canonical("day-carried")


@dataclass(frozen=True, slots=True)
class Open:
    """A difference on the desk. status: requested, in-progress (somebody has it), completed."""

    id: str
    kind: str
    channel: str
    day: str
    number: str
    ours: int
    theirs: int
    status: str = "requested"
    owner: str = ""
    reason: str = ""
    entry: str = ""
    payee: str = ""
    meta: dict[str, Any] = field(default_factory=dict)


def of(channel: str, day: str, one: Difference) -> Open:
    """Make the difference of a day; found again it is the same."""
    id = number("D", channel, day, one.kind, one.number)
    return Open(id, one.kind, channel, day, one.number, one.ours, one.theirs, payee=one.payee)


def write(one: Open, now: str) -> Document:
    """Write it as a Task."""
    made: Document = {
        "resourceType": "Task",
        "id": one.id,
        "meta": {"profile": [contract.DIFFERENCE.url]},
        "status": one.status,
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS.system, "code": "billing-difference"}]},
        "authoredOn": now,
        "extension": [
            {"url": KIND, "valueCode": one.kind},
            {"url": CHANNEL, "valueCode": one.channel},
            {"url": DAY, "valueDate": one.day},
            {"url": NUMBER, "valueString": one.number},
            {"url": OURS, "valueMoney": money(one.ours)},
            {"url": THEIRS, "valueMoney": money(one.theirs)},
            *saying(ENTRY, "valueCode", one.entry),
        ],
    }
    if one.payee:
        made["requester"] = {"reference": one.payee}
    if one.owner:
        made["owner"] = {"reference": one.owner}
    if one.reason:
        made["statusReason"] = {"text": one.reason}
    return made


def read(task: Mapping[str, Any]) -> Open:
    """Read it."""
    return Open(
        *(str(task["id"]), value(task, KIND), value(task, CHANNEL), value(task, DAY), value(task, NUMBER)),
        ours=fen_of(value(task, OURS)),
        theirs=fen_of(value(task, THEIRS)),
        status=str(task["status"]),
        owner=task.get("owner", {}).get("reference", ""),
        reason=task.get("statusReason", {}).get("text", ""),
        entry=str(value(task, ENTRY) or ""),
        payee=task.get("requester", {}).get("reference", ""),
    )


@cites("R5-032")
def closing_issues(one: Open, by: str, reason: str, entry: str) -> tuple[Issue, ...]:
    """Reasons why a difference cannot be closed: nobody owns it, nobody says why, or the entry does not fit."""
    found = []
    if one.status == "completed":
        found.append(Issue("business-rule", "difference-closed", "Task.status", "It is closed already."))
    if one.owner != by:
        found.append(Issue("business-rule", "difference-owner", "Task.owner", "Take it over first."))
    if not reason.strip():
        found.append(Issue("required", "difference-reason", "Task.statusReason", "Say why."))
    if entry not in contract.ENTRIES.codes:
        found.append(Issue("value", "difference-entry", "entry", "Choose a closing entry."))
    if entry == "give-back" and one.kind != "amount":
        found.append(Issue("business-rule", "difference-give-back", "entry", "Only another sum is given back."))
    return tuple(found)


def day_id(channel: str, day: str) -> str:
    """Give the id of the close of a day."""
    return f"{channel}-{day}"


@cites("R5-030", "R5-032")
def day(channel: str, on: str, compared: Compared, now: str) -> Document:
    """Write what a day of a channel came to, as a PaymentReconciliation."""
    return {
        "resourceType": "PaymentReconciliation",
        "id": day_id(channel, on),
        "meta": {"profile": [contract.DAY.url]},
        "status": "active",
        "created": now,
        "paymentDate": on,
        "paymentAmount": money(compared.total),
        "outcome": "partial" if compared.differences else "complete",
        "extension": [
            {"url": STATE, "valueCode": "open"},
            {"url": CHANNEL, "valueCode": channel},
            {"url": MATCHED, "valueInteger": compared.matched},
            {"url": DIFFERENT, "valueInteger": len(compared.differences)},
        ],
    }


@cites("R5-032")
def close_issues(open_items: int, carried: str, *, is_closed: bool) -> tuple[Issue, ...]:
    """Reasons why a day cannot be closed: something is open and nobody says why it is carried over."""
    if is_closed:
        return (Issue("business-rule", "day-closed", text="The day is closed."),)
    if open_items and not carried.strip():
        text = f"{open_items} differences are open: close them, or say why they are carried over."
        return (Issue("business-rule", "day-differences", text=text),)
    return ()


def closed(document: Document, carried: str) -> Document:
    """Close a day."""
    rest = [ext for ext in document["extension"] if ext["url"] not in {STATE, CARRIED}]
    state = [{"url": STATE, "valueCode": "closed"}, *saying(CARRIED, "valueString", carried)]
    return document | {"extension": [*rest, *state]}


def asked(channel: str, on: str, now: str) -> Document:
    """Write that a day is being reconciled."""
    made = day(channel, on, Compared(0, 0, ()), now)
    return made | {"extension": [{"url": STATE, "valueCode": "asked"}, *made["extension"][1:]]}


def is_asked(document: Mapping[str, Any]) -> bool:
    """Tell whether the other side has not answered yet."""
    return bool(value(document, STATE) == "asked")


def is_closed(document: Mapping[str, Any]) -> bool:
    """Tell whether a day is closed."""
    return bool(value(document, STATE) == "closed")
