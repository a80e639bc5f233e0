"""`make bench`: every measurement beside its floor, as a table and in bench/results/latest.json."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    booking,
    books,
    codes,
    encryption,
    loads,
    matching,
    measure,
    prescribing,
    reads,
    record,
    searches,
    settlement,
    trust,
    writes,
)
from bench.measure import Measurement
from bench.place import fresh, postgresql
from bench.population import BLOCK, PATIENTS

GROWN = 1_000_000
LOADED = {"load", "read", "write", "search", "trust", "encryption"}  # parts that stand on the loaded store


def main() -> int:
    """Measure what the arguments ask for; 1 when a ratio is not reached."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument("--number", type=int, default=100_000, help="resources in the store (%(default)s)")
    asked.add_argument("--growth", action="store_true", help=f"also compare searches at {GROWN:,} resources (minutes)")
    asked.add_argument("--residents", type=int, default=1_000_000, help="for one lookup (%(default)s)")
    parts_of = (
        "load",
        "read",
        "write",
        "search",
        "trust",
        "encryption",
        "codes",
        "matching",
        "record",
        "prescribing",
        "settlement",
        "booking",
        "books",
    )
    asked.add_argument("--only", nargs="*", choices=parts_of, help="measure only these")
    given = asked.parse_args()
    measured: list[Measurement] = []

    def note(found: list[Measurement]) -> None:
        measured.extend(found)
        print(measure.table(found).split("\n", 1)[1], flush=True)

    print(measure.table([]), flush=True)
    with postgresql() as server, tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        file = Path(folder) / "population.ndjson"
        if given.only is None or LOADED & {*given.only} or given.growth:
            loads.write(file, given.number)
            note(loads.measure(server, file, given.number))
        patients = given.number // BLOCK * PATIENTS
        dsn = server.address("loaded")
        parts: dict[str, Callable[[], list[Measurement]]] = {
            "read": lambda: reads.measure(dsn, given.number),
            "search": lambda: searches.measure(dsn, patients),
            "trust": lambda: trust.measure(server, "loaded", given.number, patients),
            "encryption": lambda: encryption.measure(server, file, given.number, patients),
            "codes": lambda: codes.measure(server),
            "matching": lambda: matching.measure(server, given.residents),
            "record": lambda: record.measure(server),
            "settlement": settlement.measure,
            "prescribing": prescribing.measure,
            "booking": lambda: booking.measure(server),
            "books": lambda: books.measure(server),
            "write": lambda: writes.measure(server, "loaded", patients),
        }
        for name, part in parts.items():
            if given.only is None or name in given.only:
                note(part())
        if given.growth:
            small = searches_of(measured) or searches.measure(dsn, patients)
            loads.write(file, GROWN)
            grown = fresh(server, "grown")
            loads.command(grown, "load", str(file), "--refused", str(file.with_suffix(".refused")))
            large = searches.measure(grown, GROWN // BLOCK * PATIENTS)
            note(
                [
                    Measurement(f"growth to {GROWN:,}: {a.work}", "ms", 1e3 / a.ours, 1e3 / b.ours, 1.5, less=True)
                    for a, b in zip(small, large, strict=True)
                ]
            )
    measure.save(measured)
    return 0 if all(one.good for one in measured) else 1


def searches_of(measured: list[Measurement]) -> list[Measurement]:
    """Pick the searches among what was measured."""
    names = {question.name for question in searches.questions(PATIENTS)}
    return [one for one in measured if one.work in names]


if __name__ == "__main__":
    sys.exit(main())
