"""How many people of which age: the pyramid that the city is fitted to (PG-03, `population_generator` of the books).

Shares per cent of five-year ages and men per 100 women. Births of the last years are as few as published (PG-04), so
that within the youngest group the small ones are rarer.
"""

from typing import Final

from xinglin.fhir.sources import cites

# first age, share of residents in per cent, men per 100 women
GROUPS: Final = (
    (0, 7.12, 111),
    (5, 8.24, 114),
    (10, 7.79, 116),
    (15, 4.79, 116),
    (20, 4.92, 111),
    (25, 6.05, 106),
    (30, 8.17, 104),
    (35, 6.53, 104),
    (40, 6.14, 103),
    (45, 7.53, 103),
    (50, 7.97, 101),
    (55, 6.67, 101),
    (60, 4.59, 99),
    (65, 5.23, 96),
    (70, 3.51, 95),
    (75, 2.20, 88),
    (80, 1.44, 78),
    (85, 1.11, 63),
)
OLDEST: Final = len(GROUPS) - 1
HOUSEHOLD: Final = 2.9  # persons; Henan, census of 2020, about
BIRTHS: Final = cites("PG-04")(0.0074)  # a year and resident (Henan 2022)
DEATHS: Final = cites("PG-04")(0.0076)
# Of the children under five, the share of each year of age: three thin years, and two of before.
UNDER_FIVE: Final = (BIRTHS / 0.0712, BIRTHS / 0.0712, BIRTHS / 0.0712, 0.344, 0.344)


def group_of(age: int) -> int:
    """Give the number of the five-year group of an age."""
    return min(age // 5, OLDEST)


@cites("PG-03")
def targets() -> tuple[float, ...]:
    """Give the share of residents in each cell: the men of all groups, then the women; they add up to 1."""
    total = sum(share for _, share, _ in GROUPS)
    men = [share / total * ratio / (100 + ratio) for _, share, ratio in GROUPS]
    women = [share / total * 100 / (100 + ratio) for _, share, ratio in GROUPS]
    return (*men, *women)
