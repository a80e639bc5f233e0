"""The city of the demonstration: its specification, and how it is loaded once, as of the day of the first start."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xinglin.city.spec import CitySpec

if TYPE_CHECKING:
    from xinglin.settings import Settings
    from xinglin.store.sources import Found

RESIDENTS: Final = 2000
SEED: Final = 410800
YEARS: Final = 3
DUPLICATES: Final = 0.006  # about ten second records for the duplicates desk
UNTIL: Final = date(2026, 11, 22)  # where no day is said, as in tests; who a person is does not depend on it
# Beside the project's root, in a checkout: foreign records that shall read well beside our own.
FOREIGN: Final = Path(__file__).resolve().parents[4] / "shared" / "data" / "synthea-10"


def specification(until: date, residents: int = RESIDENTS) -> CitySpec:
    """Give the specification of the city that is shown."""
    return CitySpec(residents, SEED, YEARS, until, duplicates=DUPLICATES)


def load(settings: "Settings", until: date) -> None:
    """Load the city, and foreign records where there are any. Raises LoadFailure."""
    import os

    from xinglin.cli.load import feed

    sources = Records(specification(until, settings.demo_residents), [FOREIGN] if FOREIGN.is_dir() else [])
    refused = settings.data_dir / "demonstration-refused.ndjson"
    feed(settings, sources, refused, processes=os.cpu_count() or 1)


class Records:
    """The city and what lies in files, to be loaded in one go: starting the processes that load takes seconds."""

    def __init__(self, spec: CitySpec, files: list[Path]) -> None:
        from xinglin.cli.city import Making
        from xinglin.store.sources import Sources

        self._parts = (Making(spec), Sources(files))

    @property
    def total_bytes(self) -> int:
        """How much there is."""
        return sum(one.total_bytes for one in self._parts)

    @property
    def read_bytes(self) -> int:
        """How much of it has been read."""
        return sum(one.read_bytes for one in self._parts)

    def __iter__(self) -> "Iterator[Found]":
        for one in self._parts:
            yield from one
