"""The score of an institution in a domain: a formula as versioned data."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from xinglin.fhir.sources import cites


@dataclass(frozen=True, slots=True)
class Formula:
    """score = 100 x max(0, 1 - sum(weight x open findings) / records looked at). weights: by severity."""

    version: str
    weights: Mapping[str, Decimal]


# Design: what makes a record useless counts as one record, what hinders half of it, what is untidy a fifth.
FORMULA: Final = cites("ST-39")(
    Formula("2026-11", {"high": Decimal(1), "moderate": Decimal("0.5"), "low": Decimal("0.2")})
)
_TENTH: Final = Decimal("0.1")


@cites("ST-39")
def score(records: int, findings: Mapping[str, int], formula: Formula = FORMULA) -> Decimal | None:
    """Give a score of 0 to 100 in tenths; None when nothing was looked at. findings: open ones by severity.

    Every finding less keeps the score or raises it.
    """
    if records <= 0:
        return None
    weighed = sum((formula.weights[one] * count for one, count in findings.items()), Decimal(0))
    return (100 * max(Decimal(0), 1 - weighed / records)).quantize(_TENTH, ROUND_HALF_UP)


def mean(scores: Mapping[str, Decimal | None]) -> Decimal | None:
    """Give the mean of the domains that have a score; None without any."""
    given = [one for one in scores.values() if one is not None]
    return (sum(given, Decimal(0)) / len(given)).quantize(_TENTH, ROUND_HALF_UP) if given else None
