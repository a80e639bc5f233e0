"""What a city shall be like."""

from dataclasses import dataclass
from datetime import date
from typing import Final

RESIDENTS_MAX: Final = 5_000_000
YEARS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class CitySpec:
    """residents: who live there on the day *until*; years: of visits before that day, the population is as of *until*.

    duplicates: share of residents who have a second, faulty record (`errors`). Raises ValueError.
    """

    residents: int
    seed: int
    years: int
    until: date
    duplicates: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.residents <= RESIDENTS_MAX:
            raise ValueError(f"A city has from 1 to {RESIDENTS_MAX:,} residents, not {self.residents:,}.")
        if not 1 <= self.years <= YEARS_MAX:
            raise ValueError(f"A city has from 1 to {YEARS_MAX} years of visits, not {self.years}.")
        if not 0.0 <= self.duplicates <= 0.5:
            raise ValueError("The share of duplicates lies between 0 and 0.5.")

    @property
    def since(self) -> date:
        """The first day of visits."""
        return years_before(self.until, self.years)


def years_before(day: date, years: int) -> date:
    """Give the day so many years earlier; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def months_after(day: date, months: int) -> date:
    """Give the first day on which so many months are complete; the first of the next month where there is none."""
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        years, month = divmod(day.month + months, 12)
        return date(day.year + years, month + 1, 1)


def age_on(born: date, day: date) -> int:
    """Give the completed years of age."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
