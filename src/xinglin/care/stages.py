"""The stages of a settlement: what each fund pays of what the one before left (4.3 of the book). Fen throughout.

What goes by the burden of the year pays f(year so far and this) - f(year so far), so that many small settlements pay
what one large one would (R4-023).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from xinglin.care.benefits import (
    Assistance,
    Band,
    Inpatient,
    LargeAmount,
    Level,
    Outpatient,
    Serious,
    Special,
    TwoDiseases,
)
from xinglin.care.money import half_up
from xinglin.care.used import Used
from xinglin.fhir.sources import cites

_LARGE: Final = "330100"
_SERIOUS: Final = "390200"
_ASSISTANCE: Final = "610100"


@dataclass(frozen=True, slots=True)
class Part:
    """What was paid of one band. low, high: its bounds (high None: no bound). base: what fell into it."""

    low: int
    high: int | None
    base: int
    rate: Decimal
    paid: int


@dataclass(frozen=True, slots=True)
class Stage:
    """What one fund pays, and why. rule_id, title, source: of the entry that says so. base: what it reckons with.

    deductible: borne now. year: what of the year counted before. cap_left: what the fund still had; None: no cap.
    above_cap: what of the base the cap kept it from paying for.
    """

    fund: str
    rule_id: str
    title: str
    source: str
    base: int
    deductible: int
    parts: tuple[Part, ...]
    paid: int
    cap_left: int | None = None
    above_cap: int = 0
    year: int = 0


@cites("R4-020", "R4-021")
def outpatient(
    rule: Outpatient, level: Level, base: int, used: Used, fund: str, *, retired: bool, contracted: bool
) -> tuple[Stage, Used]:
    """Ordinary outpatient care: a deductible for each visit, a rate, a cap of the year."""
    deductible = min(base, rule.deductible[level])
    rate = rule.rate[level] + (rule.retired if retired else 0) + (rule.contract if contracted else 0)
    cap = rule.cap_retired if retired and rule.cap_retired is not None else rule.cap
    stage = _one(rule, fund, base, deductible, rate, cap_left=max(0, cap - used.outpatient))
    return stage, used.more(outpatient=stage.paid)


@cites("R4-020", "R4-021")
def two_diseases(rule: TwoDiseases, base: int, used: Used, fund: str) -> tuple[Stage, Used]:
    """Drugs of the two diseases: no deductible; what is above its cap goes to ordinary outpatient care."""
    stage = _one(rule, fund, base, 0, rule.rate, cap_left=max(0, rule.cap - used.two_diseases))
    return stage, used.more(two_diseases=stage.paid)


@cites("R4-020", "R4-021")
def special(
    rule: Special, rate: Decimal, base: int, used: Used, fund: str, *, key: str, limit: int
) -> tuple[Stage, Used]:
    """Chronic and special diseases: a rate, a limit of the disease and period."""
    stage = _one(rule, fund, base, 0, rate, cap_left=max(0, limit - used.special.get(key, 0)))
    return stage, used.more_special(key, stage.paid)


@cites("R4-020", "R4-021")
def inpatient(
    rule: Inpatient, place: str, base: int, used: Used, fund: str, *, age: int, retired: bool
) -> tuple[Stage, Used]:
    """A stay: a deductible (halved once for a child or a later stay), bands of what is in scope, a cap of the year."""
    row = rule.places[place]
    child = rule.child_until_age is not None and age <= rule.child_until_age
    later = used.stays > 0 and place in rule.later_from
    wanted = row.deductible // 2 if child or later else row.deductible
    deductible = min(base, wanted)
    parts = _parts(row.bands, wanted, base, retired=retired)
    stage = _capped(rule, fund, base, deductible, parts, max(0, rule.cap - used.inpatient))
    return stage, used.more(inpatient=stage.paid, stays=1)


@cites("R4-001")
def large_amount(rule: LargeAmount, above: int, used: Used) -> tuple[Stage, Used]:
    """Large amounts of employees: what is in scope above the cap of the pooled fund."""
    stage = _one(rule, _LARGE, above, 0, rule.rate, cap_left=max(0, rule.cap - used.large))
    return stage, used.more(large=stage.paid)


@cites("R4-023")
def serious(rule: Serious, burden: int, used: Used, *, years: int) -> tuple[Stage, Used]:
    """Serious illness insurance: f(year and this) - f(year)."""
    before, after = used.serious_burden, used.serious_burden + burden
    cap = rule.cap_after(years)
    parts = _marginal(rule.bands, rule.deductible, before, after)
    deductible = min(after, rule.deductible) - min(before, rule.deductible)
    left = None if cap is None else max(0, cap - used.serious)
    stage = _capped(rule, _SERIOUS, burden, deductible, parts, left, year=before)
    return stage, used.more(serious_burden=burden, serious=stage.paid)


@cites("R4-024")
def assistance(rule: Assistance, burden: int, used: Used, *, stay: bool) -> tuple[Stage, Used]:
    """Medical assistance: of stays above the deductible of the year, of visits from the first fen; one cap for both."""
    left = max(0, rule.cap - used.assistance)
    if not stay:
        stage = _one(rule, _ASSISTANCE, burden, 0, rule.outpatient_rate, cap_left=left)
        return stage, used.more(assistance=stage.paid)
    before, after = used.assistance_burden, used.assistance_burden + burden
    parts = _marginal((Band(rule.rate),), rule.deductible, before, after)
    deductible = min(after, rule.deductible) - min(before, rule.deductible)
    stage = _capped(rule, _ASSISTANCE, burden, deductible, parts, left, year=before)
    return stage, used.more(assistance_burden=burden, assistance=stage.paid)


Rule = Outpatient | TwoDiseases | Special | Inpatient | LargeAmount | Serious | Assistance


def _one(rule: Rule, fund: str, base: int, deductible: int, rate: Decimal, *, cap_left: int) -> Stage:
    """Pay one rate of what the deductible leaves."""
    above = base - deductible
    parts = (Part(deductible, None, above, rate, half_up(above * rate)),) if above else ()
    return _capped(rule, fund, base, deductible, parts, cap_left)


def _parts(bands: tuple[Band, ...], deductible: int, base: int, *, retired: bool) -> tuple[Part, ...]:
    """Divide what lies above the deductible into bands, each rounded by itself."""
    found = []
    low = deductible
    for band in bands:
        high = base if band.to is None else min(base, band.to)
        rate = band.retired if retired and band.retired is not None else band.rate
        if high > low:
            found.append(Part(low, band.to, high - low, rate, half_up((high - low) * rate)))
            low = high
    return tuple(found)


@cites("R4-023")
def _marginal(bands: tuple[Band, ...], deductible: int, before: int, after: int) -> tuple[Part, ...]:
    """Give f(after) - f(before) by bands: each rounded on the sum of the year, so that the parts of a year add up."""
    found = []
    low = deductible
    for band in bands:
        top = after if band.to is None else min(after, band.to)
        done = min(max(before, low), top) - low if top > low else 0
        base = top - low - done if top > low else 0
        if base > 0:
            paid = half_up((done + base) * band.rate) - half_up(done * band.rate)
            found.append(Part(low, band.to, base, band.rate, paid))
        if band.to is None or after <= band.to:
            break
        low = band.to
    return tuple(found)


def _capped(
    rule: Rule,
    fund: str,
    base: int,
    deductible: int,
    parts: tuple[Part, ...],
    cap_left: int | None,
    *,
    year: int = 0,
) -> Stage:
    wanted = sum(part.paid for part in parts)
    paid = wanted if cap_left is None else min(wanted, cap_left)
    return Stage(
        fund=fund,
        rule_id=rule.id,
        title=rule.title,
        source=rule.source,
        base=base,
        deductible=deductible,
        parts=parts,
        paid=paid,
        cap_left=cap_left,
        above_cap=_above(parts, paid) if paid < wanted else 0,
        year=year,
    )


def _above(parts: tuple[Part, ...], paid: int) -> int:
    """Give what of the base a cap kept from being paid for: all after the point where *paid* was reached."""
    left, above = paid, 0
    for part in parts:
        if left >= part.paid:
            left -= part.paid
            continue
        above += part.base - min(part.base, half_up(left / part.rate))
        left = 0
    return above
