"""What comes next for a bill: one step at a time, decided from what stands, so that a kill between steps loses nothing.

``step`` is asked again after each step until it says ``wait``: then somebody else has the word (the payer, the channel,
the insurer). ADR 0100.
"""

from dataclasses import dataclass
from typing import Final, Literal

from xinglin.capabilities.billing.rules.bills import Bill
from xinglin.fhir.sources import cites

Step = Literal[
    "wait",
    "take-off",  # lines that were not paid go; the bill is open again, or void
    "reverse",  # have the settlement undone
    "reckoned",  # the shares are known: to pay
    "self-pay",  # insurance does not take part: to pay, all by the patient
    "reopen",  # the settlement is undone: as at the beginning
    "ask",  # begin a payment
    "close",  # give the payment up
    "unpaid",  # nothing was paid: to pay again
    "paid",
    "refund",  # begin to take back from a paid bill
    "reckon-rest",  # what is left is settled anew
    "settle-rest",
    "count",  # the cash that goes back is known
    "give-back",  # by the channel it came from
    "refunded",
]
WAIT: Final = "wait"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides. claim: state of the settlement, empty without one. payment, refund: states, empty: none yet."""

    bill: Bill
    claim: str = ""
    payment: str = ""
    refund: str = ""


def step(facts: Facts) -> Step:
    """Say what comes next."""
    match facts.bill.state:
        case "open":
            return "take-off" if facts.bill.waiting else "wait"
        case "settling":
            return _settling(facts)
        case "to-pay":
            if not facts.bill.waiting:
                return "wait"
            return "reverse" if facts.claim == "presettled" else "take-off"
        case "paying":
            return _paying(facts)
        case "paid":
            return "refund" if facts.bill.waiting else "wait"
        case "refunding":
            return _refunding(facts)
        case _:
            return "wait"


def _settling(facts: Facts) -> Step:
    match facts.claim:
        case "presettled":
            return "reverse" if facts.bill.waiting else "reckoned"
        case "refused":
            return "self-pay"
        case "reversed":
            return "reopen"
        case _:
            return "wait"


@cites("R4-050", "R5-016")
def _paying(facts: Facts) -> Step:
    """Settle first, then take the cash; what is settled and not paid in time is reversed."""
    match facts.claim:
        case "refused":
            return "self-pay"
        case "reversed":
            return "reopen"
        case "" | "settled":
            pass
        case _:
            return "wait"
    cash = facts.bill.share.cash if facts.bill.share else 0
    match facts.payment:
        case "":
            return "paid" if cash == 0 else "ask"
        case "done":
            return "paid"
        case "closed":
            return "reverse" if facts.claim else "unpaid"
        case "created" | "asked" if facts.bill.waiting:
            return "close"
        case _:
            return "wait"


@cites("R5-016")
def _refunding(facts: Facts) -> Step:
    """Reverse the insurance first, settle what is left anew, and give cash back last; what fails is tried again."""
    present = facts.bill.under_way
    match present.phase if present else "":
        case "reversing":
            if facts.claim not in {"", "reversed"}:
                return "wait"
            return "reckon-rest" if facts.bill.lines else "count"
        case "again":
            match facts.claim:
                case "presettled":
                    return "settle-rest"
                case "settled" | "refused" | "":
                    return "count"
                case _:
                    return "wait"
        case "cash":
            if present is not None and present.fen == 0:
                return "refunded"
            return "give-back" if facts.refund == "" else "refunded" if facts.refund == "done" else "wait"
        case _:
            return "wait"
