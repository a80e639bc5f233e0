"""The price of the door: reading and creating with rights, ledger and encryption, beside the same without.

Both in one run on one machine, taken in turns: the plain server (no ledger, bodies in plain) and the whole one.
"""

import json
import re
from typing import Final

from bench.client import Plan, Result, request, run
from bench.measure import Measurement
from bench.place import fresh, serving
from bench.population import BLOCK, OBSERVATIONS, observation
from xinglin.store import embedded

CLIENTS: Final = 64
SECONDS: Final = 3.0
WARM: Final = 1.5
IDS: Final = 5_000
CREATES: Final = 4_000
FIRST: Final = 70_000_000  # numbers from here on are not among the loaded ones
PLAIN: Final = "bench.plain:make"
_ID = re.compile(rb'"id":"[^"]*",', re.ASCII)


def measure(server: embedded.Server, template: str, number: int, patients: int) -> list[Measurement]:
    """Measure over copies of the database *template*, which holds *number* resources of the population."""
    observations = number // BLOCK * OBSERVATIONS
    gets = [request("GET", f"/fhir/Observation/o{place * 7919 % observations}") for place in range(IDS)]
    raws = [_ID.sub(b"", observation(FIRST + n, patients=patients), count=1) for n in range(CREATES)]
    posts = [request("POST", "/fhir/Observation", raw, Prefer="return=minimal") for raw in raws]
    found: dict[str, tuple[Result, Result]] = {}
    for name, target in (("plain", PLAIN), ("whole", "")):
        with serving(fresh(server, "priced", template=template), target=target) as (port, _):
            read = run(Plan(port, gets, CLIENTS, SECONDS, WARM))
            run(Plan(port, posts[:400], CLIENTS))
            created = run(Plan(port, posts[400:], CLIENTS))
        if set(read.statuses) != {"200"} or set(created.statuses) != {"201"}:
            raise RuntimeError(f"{name}: {json.dumps([read.statuses, created.statuses])}")
        found[name] = read, created
    plain, whole = found["plain"], found["whole"]
    return [
        Measurement(f"price of the door: {work}", unit, before.rate, after.rate, wanted,
                    notes={"p50_ms": after.p50_ms, "p99_ms": after.p99_ms, "plain_p50_ms": before.p50_ms})
        for work, unit, before, after, wanted in (
            ("read by id, 64 clients", "answers/s", plain[0], whole[0], 0.5),
            ("create, 64 clients", "resources/s", plain[1], whole[1], 0.6),
        )
    ]  # fmt: skip
