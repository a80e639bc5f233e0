"""A schematic map of the city: one tile for each district and county, about where it lies. No borders, no distances."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Column and row of each tile, from the north-west. Drawn for this page alone.
PLACES: Final = {
    "410803": (1, 0),
    "410802": (2, 0),
    "410821": (3, 0),
    "410822": (0, 1),
    "410871": (1, 1),
    "410811": (2, 1),
    "410804": (3, 1),
    "410882": (0, 2),
    "410823": (2, 2),
    "410883": (0, 3),
    "410825": (1, 3),
}
COLUMNS: Final = 4
ROWS: Final = 4
STEPS: Final = 4
WIDTH: Final = 100
HEIGHT: Final = 70
# A tile holds so many characters of a name.
LETTERS: Final = 5


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: where it stands (of `WIDTH` by `HEIGHT` each), what is written, where it leads.

    step: 0 to `STEPS`, how dark it is. said: name and figure in words, for who does not see it.
    """

    x: int
    y: int
    name: str
    figure: str
    href: str
    step: int
    said: str


def tiles(rows: Iterable[tuple[str, str, str, str, float, str]]) -> tuple[Tile, ...]:
    """Make the tiles of rows: code of the division, name, short name, figure, its share of the most (0–1), address.

    A division that the map does not know is left out: the table beside the map holds it.
    """
    return tuple(
        Tile(
            PLACES[code][0] * WIDTH,
            PLACES[code][1] * HEIGHT,
            short,
            figure,
            href,
            0 if share <= 0 else min(STEPS, 1 + int(share * STEPS)),
            f"{name} {figure}",
        )
        for code, name, short, figure, share, href in rows
        if code in PLACES
    )
