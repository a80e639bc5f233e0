"""What sealing costs: reading and creating with bodies sealed, beside the same with bodies in plain.

No rows are kept in memory, so that each read opens a body; identifiers are found by keyed digests in both.
"""

import json
import re
from pathlib import Path
from typing import Final

from bench.client import Plan, Result, request, run
from bench.loads import command
from bench.measure import Measurement
from bench.place import fresh, serving
from bench.population import BLOCK, OBSERVATIONS, observation
from xinglin.store import embedded

CLIENTS: Final = 64
SECONDS: Final = 3.0
WARM: Final = 1.5
IDS: Final = 5_000
CREATES: Final = 4_000
FIRST: Final = 80_000_000  # numbers from here on are not among the loaded ones
TURNS: Final = 2
CIPHERS: Final = ("off", "sm4", "aes")
_ID = re.compile(rb'"id":"[^"]*",', re.ASCII)


def measure(server: embedded.Server, file: Path, number: int, patients: int) -> list[Measurement]:
    """Load *file* once for each cipher, then read and create in turns; the best of each counts."""
    observations = number // BLOCK * OBSERVATIONS
    gets = [request("GET", f"/fhir/Observation/o{place * 7919 % observations}") for place in range(IDS)]
    raws = [_ID.sub(b"", observation(FIRST + n, patients=patients), count=1) for n in range(CREATES)]
    posts = [request("POST", "/fhir/Observation", raw, Prefer="return=minimal") for raw in raws]
    loaded: dict[str, float] = {}
    best: dict[str, tuple[float, float]] = {}
    for cipher in CIPHERS:
        dsn = fresh(server, f"sealed_{cipher}")
        refused = str(file.with_suffix(".refused"))
        loaded[cipher] = command(dsn, "load", str(file), "--refused", refused, CIPHER=cipher)[0]
    for _ in range(TURNS):
        for cipher in CIPHERS:
            with serving(server.address(f"sealed_{cipher}"), CIPHER=cipher, ROW_CACHE_MIB="0") as (port, _process):
                read = run(Plan(port, gets, CLIENTS, SECONDS, WARM))
                run(Plan(port, posts[:400], CLIENTS))
                created = run(Plan(port, posts[400:], CLIENTS))
            _must(cipher, read, "200")
            _must(cipher, created, "201")
            before = best.get(cipher, (0.0, 0.0))
            best[cipher] = max(before[0], read.rate), max(before[1], created.rate)
    return [
        Measurement(f"sealed by {cipher}: {work}", unit, floor, ours, 0.8)
        for cipher in CIPHERS[1:]
        for work, unit, floor, ours in (
            ("read by id, 64 clients", "answers/s", best["off"][0], best[cipher][0]),
            ("create, 64 clients", "resources/s", best["off"][1], best[cipher][1]),
            (f"load of {number:,}", "resources/s", number / loaded["off"], number / loaded[cipher]),
        )
    ]


def _must(cipher: str, result: Result, status: str) -> None:
    if set(result.statuses) != {status}:
        raise RuntimeError(f"{cipher}: {json.dumps(result.statuses)}")
