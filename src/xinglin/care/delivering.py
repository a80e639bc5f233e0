"""Medicine on its way: the chain of custody, what is kept cold, who may receive it (3.8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from xinglin.care.prescribing import knowledge
from xinglin.care.prescribing.case import known_drug
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

# What follows a step of the chain; nothing follows its ends.
CUSTODY: Final[Mapping[str, frozenset[str]]] = cites("R3-088")(
    {
        "packed": frozenset({"handed-over", "lost"}),
        "handed-over": frozenset({"in-transit", "arrived", "refused", "returned", "lost"}),
        "in-transit": frozenset({"arrived", "refused", "returned", "lost"}),
        "arrived": frozenset({"delivered", "refused", "in-transit", "lost"}),
        "refused": frozenset({"returned", "lost"}),
        "delivered": frozenset(),
        "returned": frozenset(),
        "lost": frozenset(),
    }
)
ENDS: Final = frozenset(state for state, following in CUSTODY.items() if not following)


@dataclass(frozen=True, slots=True)
class Cold:
    """Between which temperatures (°C) medicine is kept that is stored cold ([CFG], 2 to 8 as labels say)."""

    least: Decimal = Decimal(2)
    most: Decimal = Decimal(8)


COLD: Final = Cold()


def kept_cold(codes: Iterable[str], day: date) -> bool:
    """Tell whether any drug of a prescription is kept cold."""
    drugs = (known_drug(code) for code in codes)
    return any(one and knowledge.rows_for("stored_cold", knowledge.tokens_of_drug(one.code), day) for one in drugs)


@cites("R3-088")
def step_faults(
    before: str, after: str, *, cold: bool, celsius: Decimal | None, sealed: bool = True
) -> tuple[Issue, ...]:
    """Say why a step cannot be recorded: out of order, packed unsealed, or without the temperature of a cold chain."""
    issues = []
    if after not in CUSTODY.get(before, frozenset()) and (before or after != "packed"):
        issues.append(Issue("conflict", "custody-order", "state", "This does not follow what was recorded."))
    if after == "packed" and not sealed:
        issues.append(Issue("business-rule", "package-open", "sealed", "Medicine is sent in a sealed package."))
    if cold and celsius is None and after in {"packed", "handed-over", "delivered"}:
        issues.append(Issue("required", "temperature-missing", "celsius", "Write the temperature of the cold box."))
    return tuple(issues)


@cites("R3-088")
def spoiled(temperatures: Iterable[Decimal], *, cold: bool, limits: Cold = COLD) -> bool:
    """Tell whether a cold chain was broken: then it is not handed over, but returned."""
    return cold and any(not limits.least <= one <= limits.most for one in temperatures)
