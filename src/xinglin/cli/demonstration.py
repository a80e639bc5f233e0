"""The city of the demonstration: its specification, and how it is loaded once, as of the day of the first start."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xinglin.city.spec import CitySpec

if TYPE_CHECKING:
    from xinglin.settings import Settings

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

    from xinglin.cli import load as loading
    from xinglin.cli.city import load_city

    refused = settings.data_dir / "demonstration-refused.ndjson"
    load_city(settings, specification(until, settings.demo_residents), refused, processes=os.cpu_count() or 1)
    if foreign := list(_foreign()):
        loading.run(settings, foreign, refused)


def _foreign() -> Iterator[Path]:
    if FOREIGN.is_dir():
        yield FOREIGN
