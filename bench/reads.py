"""Reading by id over HTTP, against the same server program answering constant bytes."""

from bench.client import Plan, request, run
from bench.measure import Measurement
from bench.place import largest_of, serving
from bench.population import BLOCK, OBSERVATIONS

CLIENTS = 64
SECONDS = 4.0
WARM = 2.0
IDS = 5_000


def measure(dsn: str, number: int) -> list[Measurement]:
    """Read observations of the database *dsn*, which holds *number* resources of the population."""
    observations = number // BLOCK * OBSERVATIONS
    gets = [request("GET", f"/fhir/Observation/o{place * 7919 % observations}") for place in range(IDS)]
    with serving(dsn, target="bench.constant:make") as (port, _):
        floor = run(Plan(port, gets[:1], CLIENTS, SECONDS, WARM))
    with serving(dsn) as (port, process):
        ours = run(Plan(port, gets, CLIENTS, SECONDS, WARM))
        largest = largest_of(process.pid)
    if set(ours.statuses) != {"200"}:
        raise RuntimeError(f"reading answered {ours.statuses}")
    notes: dict[str, object] = {"p50_ms": ours.p50_ms, "p99_ms": ours.p99_ms, "floor_p50_ms": floor.p50_ms}
    return [
        Measurement("read by id, 64 clients", "answers/s", floor.rate, ours.rate, 0.5, notes=notes),
        Measurement("largest worker after reading", "MiB", 300, largest, 1.0, less=True),
    ]
