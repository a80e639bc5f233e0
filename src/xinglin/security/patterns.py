"""Patterns of masks: how much of a name, a number, a telephone number and an address is shown at most (R7-034).

Apart from the masks themselves, for the settings read them and a help page must not wait for FHIR.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from xinglin.fhir.sources import cites

# What the book shows at most (R7-034): a configured pattern may show less, never more.
MOST_NAME: Final = (1, 1)
MOST_NUMBER: Final = (6, 4)
MOST_PHONE: Final = (3, 4)
Address = Literal["district", "city", "none"]
ADDRESSES: Final[tuple[Address, ...]] = get_args(Address)


@cites("R7-034", "A11-17")
@dataclass(frozen=True, slots=True)
class Patterns:
    """How much a mask leaves: characters at the beginning and at the end; of an address down to which part.

    Raises ValueError for a pattern that shows more than the book does.
    """

    name: tuple[int, int] = MOST_NAME
    number: tuple[int, int] = MOST_NUMBER
    phone: tuple[int, int] = MOST_PHONE
    address: Address = "district"

    def __post_init__(self) -> None:
        for given, most in ((self.name, MOST_NAME), (self.number, MOST_NUMBER), (self.phone, MOST_PHONE)):
            within(given, most)
        if self.address not in ADDRESSES:
            raise ValueError(f"must be one of {', '.join(ADDRESSES)}")


def within(given: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """Give a pattern back; ValueError when it shows more than *most* at either end."""
    if not (0 <= given[0] <= most[0] and 0 <= given[1] <= most[1]):
        raise ValueError(f"must show at most {most[0]} characters at the beginning and {most[1]} at the end")
    return given
