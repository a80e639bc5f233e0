"""A prescription after its review: states and moves, what is used up, terms, and the order of pharmacies (3.7, 3.8)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal

from xinglin.care.prescribing.supply import Way
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# What follows a state from its release on. Money that goes back before dispensing frees the prescription again.
MOVES: Final[Mapping[str, frozenset[str]]] = cites("R3-080")(
    {
        "released": frozenset({"claimed", "cancelled", "expired"}),
        "claimed": frozenset({"pharmacy-reviewed", "rejected", "released", "expired"}),
        "pharmacy-reviewed": frozenset({"paid", "released", "expired"}),
        "paid": frozenset({"dispensed", "refunded"}),
        "refunded": frozenset({"released", "expired"}),
        "dispensed": frozenset({"delivering", "closed"}),
        "delivering": frozenset({"delivered", "closed"}),
        "delivered": frozenset({"closed"}),
        "closed": frozenset(),
        "rejected": frozenset(),
    }
)
# The medicine has left the shelf: nobody withdraws, releases or claims any more (R3-081).
USED: Final = cites("R3-081")(frozenset({"dispensed", "delivering", "delivered", "closed"}))
# A pharmacy has it, and can still give it back.
LOCKED: Final = frozenset({"claimed", "pharmacy-reviewed"})

# What brings a prescription to which state. What ends a supply before the medicine is used (`free`) frees it.
Act = Literal["claim", "pass", "reject", "pay", "dispense", "send", "deliver", "close"]
ACTS: Final[Mapping[Act, str]] = {
    "claim": "claimed",
    "pass": "pharmacy-reviewed",
    "reject": "rejected",
    "pay": "paid",
    "dispense": "dispensed",
    "send": "delivering",
    "deliver": "delivered",
    "close": "closed",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """Terms ([CFG]). lock: from the claim to the payment (R3-082). answer: from the choice of a pharmacy to its claim.

    code: of the code that a patient shows. pay: at least, from the pharmacy's review to the end of the lock.
    """

    lock: timedelta = timedelta(minutes=30)
    answer: timedelta = timedelta(hours=2)
    code: timedelta = timedelta(minutes=10)
    pay: timedelta = timedelta(minutes=10)


POLICY: Final = Policy()


@cites("R3-080", "R3-081")
def refusals(state: str, to: str) -> tuple[Issue, ...]:
    """Say why a prescription in *state* cannot become *to*; what is used says so."""
    if to in MOVES.get(state, frozenset()):
        return ()
    if state in USED and to not in MOVES.keys() & USED:
        return (Issue("conflict", "prescription-used", text="The prescription has been used."),)
    return (Issue("conflict", "supply-state", text=f"This cannot be done now: the prescription is {state}."),)


@cites("R3-081")
def claimable(state: str, until: datetime | None, now: datetime) -> tuple[Issue, ...]:
    """Say why nobody may claim a prescription: it is not released, or its days are over. Who holds it is not said."""
    if state != "released":
        known = refusals(state, "claimed")
        return known if state in USED else (_taken(),) if state in {*LOCKED, "paid"} else known
    if until is not None and until < now:
        return (Issue("conflict", "prescription-over", text="The prescription is no longer valid."),)
    return ()


def _taken() -> Issue:
    return Issue("conflict", "prescription-taken", text="The prescription is being filled.")


@cites("R3-082", "R3-020")
def freed(until: datetime | None, now: datetime) -> str:
    """Say what becomes of a prescription that a pharmacy lets go: free for another, or over with its days."""
    return "expired" if until is not None and until < now else "released"


@cites("R3-083")
def void(ordered: Sequence[int], given: Sequence[int]) -> tuple[int, ...]:
    """Give, for each line, the packages that were not given and are void: a prescription serves once.

    ValueError when more is given than was ordered, or less than nothing.
    """
    if len(ordered) != len(given) or any(not 0 <= some <= most for most, some in zip(ordered, given, strict=False)):
        raise ValueError("each line gives from nothing to what was ordered")
    return tuple(most - some for most, some in zip(ordered, given, strict=True))


# -- pharmacies -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pharmacy can do for a prescription. id: of the Organization.

    km: from the patient; None: not known. missing: lines (from 1) it has not enough of; None: it does not say.
    fen: what all lines cost there; None where something has no price. ways: open to this prescription there.
    """

    id: str
    name: str
    km: float | None
    missing: tuple[int, ...] | None
    fen: int | None
    ways: tuple[Way, ...]


Order = Literal["distance", "price"]
ORDERS: Final[tuple[Order, ...]] = ("distance", "price")


@cites("R3-085", "R2-013")
def ordered(offers: Iterable[Offer], by: Order = "distance") -> tuple[Offer, ...]:
    """Put pharmacies in the public order: who has everything first, then the nearest (or the cheapest), then by name.

    Nothing else is known here: what anybody earns by a choice cannot move a pharmacy.
    """

    def place(one: Offer) -> tuple[int, float, float, str, str]:
        stock = 1 if one.missing is None else 2 if one.missing else 0
        far = one.km if one.km is not None else float("inf")
        dear = float(one.fen) if one.fen is not None else float("inf")
        first, second = (far, dear) if by == "distance" else (dear, far)
        return stock, first, second, one.name, one.id

    return tuple(sorted(offers, key=place))


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Give the way of a bird between two points (latitude, longitude in degrees), to a tenth of a kilometre."""
    (a, b), (c, d) = (tuple(map(radians, point)) for point in (one, other))
    half = sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2
    return round(2 * 6371.0 * asin(sqrt(half)), 1)
