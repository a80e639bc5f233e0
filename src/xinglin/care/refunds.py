"""How much goes back, by reason and day (5.4 of the book; data/refunds.csv). Fen, pure."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from xinglin.care.money import half_up
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

DATA: Final = Path(__file__).parent / "data/refunds.csv"
WHOLE: Final = 100
# From this amount on a person's refund needs a second person (R5-015).
APPROVED_FROM_FEN: Final = 50_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What a reason gives back: percent, unless who decides says another between least and most.

    automatic: may be decided by the platform; the others by a person.
    """

    reason: str
    percent: int
    least: int
    most: int
    since: date
    until: date
    automatic: bool
    source: str


@cites("R5-015")
def rule_on(reason: str, day: date) -> Rule | None:
    """Give the rule of a reason on *day*; None for a reason that is none."""
    holding = [one for one in _rules() if one.reason == reason and one.since <= day <= one.until]
    return max(holding, key=lambda one: one.since, default=None)


@cites("R5-015")
def issues(reason: str, percent: int | None, day: date, *, by_person: bool) -> Iterator[Issue]:
    """Yield why a refund for *reason* is not given."""
    rule = rule_on(reason, day)
    if rule is None:
        yield Issue("value", "refund-reason", text=f"{reason} is no reason for a refund.")
        return
    if rule.most == 0:
        yield Issue("business-rule", f"refund-{reason}", text=f"No refund: {rule.source}.")
    elif percent is not None and not rule.least <= percent <= rule.most:
        text = f"This reason gives back {rule.least} to {rule.most} percent."
        yield Issue("value", "refund-percent", text=text)
    if not rule.automatic and not by_person:
        yield Issue("business-rule", "refund-person", text="A person decides on this refund.")


@cites("R5-015")
def amount(fen: int, reason: str, percent: int | None, day: date) -> int:
    """Give what goes back of *fen*; never more than it."""
    rule = rule_on(reason, day)
    share = 0 if rule is None else rule.percent if percent is None else percent
    return min(fen, half_up(Decimal(fen * share) / WHOLE))


@cites("R5-015")
def needs_second(fen: int, *, by_person: bool) -> bool:
    """Tell whether somebody else has to approve."""
    return by_person and fen >= APPROVED_FROM_FEN


@cache
def _rules() -> tuple[Rule, ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(
            Rule(
                row["reason"],
                int(row["percent"]),
                int(row["least"]),
                int(row["most"]),
                date.fromisoformat(row["since"]),
                date.fromisoformat(row["until"] or "9999-12-31"),
                row["automatic"] == "1",
                row["source"],
            )
            for row in csv.DictReader(file)
        )
