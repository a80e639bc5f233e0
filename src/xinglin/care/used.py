"""What an insured person has used of the year: the accumulators (累计), in fen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from xinglin.fhir.sources import cites


@dataclass(frozen=True, slots=True)
class Used:
    """Accumulators of a calendar year.

    outpatient, two_diseases, inpatient, large, serious, assistance: what was paid. stays: how many there were.
    serious_burden: what is in scope and was left to the person; assistance_burden: what serious illness left of it.
    special: what was paid, by disease and period.
    """

    year: int
    outpatient: int = 0
    two_diseases: int = 0
    inpatient: int = 0
    stays: int = 0
    large: int = 0
    serious_burden: int = 0
    serious: int = 0
    assistance_burden: int = 0
    assistance: int = 0
    special: Mapping[str, int] = field(default_factory=dict)

    def more(self, **added: int) -> "Used":
        """Add to some of the accumulators."""
        given: dict[str, Any] = {name: getattr(self, name) + fen for name, fen in added.items()}
        return self._with(given)

    def more_special(self, key: str, fen: int) -> "Used":
        """Add to what was paid for a special disease in a period."""
        return self._with({"special": _sum(self.special, {key: fen}, 1)})

    def beyond(self, before: "Used") -> "Used":
        """Give what was added since *before*, of the same year."""
        return self._merged(before, -1)

    @cites("R4-026")
    def without(self, added: "Used") -> "Used":
        """Take out again what was added, exactly."""
        return self._merged(added, -1)

    def _merged(self, other: "Used", sign: int) -> "Used":
        if self.year != other.year:
            raise ValueError("accumulators of two years do not mix")
        given: dict[str, Any] = {
            one.name: getattr(self, one.name) + sign * getattr(other, one.name)
            for one in fields(self)
            if one.name not in {"year", "special"}
        }
        return self._with(given | {"special": _sum(self.special, other.special, sign)})

    def _with(self, given: Mapping[str, Any]) -> "Used":
        return Used(**{one.name: given.get(one.name, getattr(self, one.name)) for one in fields(self)})


def _sum(one: Mapping[str, int], other: Mapping[str, int], sign: int) -> dict[str, int]:
    keys = sorted(one.keys() | other.keys())
    summed = {key: one.get(key, 0) + sign * other.get(key, 0) for key in keys}
    return {key: fen for key, fen in summed.items() if fen}
