"""Money in fen (分): whole numbers only, so that sums are exact (R4-012, R4-021)."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from xinglin.fhir.sources import cites

FEN_A_YUAN: Final = 100


@cites("R4-021")
def half_up(fen: Decimal) -> int:
    """Round to whole fen, halves up (away from zero), as insurance does."""
    return int(fen.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def fen(yuan: Decimal | str) -> int:
    """Give yuan as fen; what is less than a fen is refused (ValueError)."""
    exact = Decimal(yuan) * FEN_A_YUAN
    if exact != exact.to_integral_value():
        raise ValueError(f"{yuan} yuan is no whole number of fen")
    return int(exact)


def yuan(fen: int) -> str:
    """Spell fen as yuan with two decimals, e.g. ``-0.05``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // FEN_A_YUAN}.{abs(fen) % FEN_A_YUAN:02d}"


@cites("R4-021", "R5-021")
def share(total: int, parts: Sequence[Decimal]) -> list[int]:
    """Divide *total* fen in proportion to *parts*, each rounded half up; the last takes the residue, so sums match.

    A part that rounding would carry beyond what is left takes what is left. parts: not negative, not all zero.
    """
    whole = sum(parts, Decimal(0))
    if whole <= 0 or min(parts) < 0:
        raise ValueError("parts to share by must not be negative, nor all zero")
    given: list[int] = []
    for part in parts[:-1]:
        left = total - sum(given)
        wanted = half_up(total * part / whole)
        given.append(min(wanted, left) if total >= 0 else max(wanted, left))
    return [*given, total - sum(given)]
