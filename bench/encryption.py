"""What sealing costs: reading and creating with bodies sealed, beside the same with bodies in plain.

Once with the settings as they come, where rows read lately are kept in memory, and once so that each read opens a body.
Identifiers are found by keyed digests in both. Sealing is work of our processes alone, so what counts is their
processor time, which a busy machine changes least.
"""

import json
import os
import re
import resource
from pathlib import Path
from statistics import median
from typing import Final

from bench.client import Plan, request, run
from bench.loads import command
from bench.measure import Measurement
from bench.place import fresh, serving
from bench.population import BLOCK, OBSERVATIONS, observation
from xinglin.store import embedded

CLIENTS: Final = 64
SECONDS: Final = 3.0
WARM: Final = 1.5
IDS: Final = 1_000  # few enough that each process has read them all when it is measured
WARM_UP: Final = 4.0
CREATES: Final = 4_000
FIRST: Final = 80_000_000  # numbers from here on are not among the loaded ones
TURNS: Final = 5
COLD: Final = "read by id, nothing kept in memory"
CIPHERS: Final = ("off", "sm4", "aes")
_ID = re.compile(rb'"id":"[^"]*",', re.ASCII)


def measure(server: embedded.Server, file: Path, number: int, patients: int) -> list[Measurement]:
    """Load *file* once for each cipher, then read and create in turns; the middle rate of each counts."""
    observations = number // BLOCK * OBSERVATIONS
    gets = [request("GET", f"/fhir/Observation/o{place * 7919 % observations}") for place in range(IDS)]
    raws = [_ID.sub(b"", observation(FIRST + n, patients=patients), count=1) for n in range(CREATES)]
    posts = [request("POST", "/fhir/Observation", raw, Prefer="return=minimal") for raw in raws]
    loaded: dict[str, float] = {}
    rates: dict[str, dict[str, list[float]]] = {cipher: {} for cipher in CIPHERS}
    for cipher in CIPHERS:
        dsn = fresh(server, f"sealed_{cipher}")
        refused = str(file.with_suffix(".refused"))
        before = _children()
        command(dsn, "load", str(file), "--refused", refused, CIPHER=cipher)
        loaded[cipher] = number / (_children() - before)
    for _ in range(TURNS):
        for cipher in CIPHERS:
            dsn = server.address(f"sealed_{cipher}")
            with serving(dsn, CIPHER=cipher) as (port, process):
                for work, plan, status in (
                    ("", Plan(port, gets, CLIENTS, WARM_UP), "200"),
                    ("", Plan(port, posts[:400], CLIENTS), "201"),
                    ("read by id, 64 clients", Plan(port, gets, CLIENTS, SECONDS), "200"),
                    ("create, 64 clients", Plan(port, posts[400:], CLIENTS), "201"),
                ):
                    rates[cipher].setdefault(work, []).append(_rate(process.pid, cipher, plan, status))
            with serving(dsn, CIPHER=cipher, ROW_CACHE_MIB="0") as (port, process):
                run(Plan(port, gets, CLIENTS, WARM))
                rate = _rate(process.pid, cipher, Plan(port, gets, CLIENTS, SECONDS), "200")
                rates[cipher].setdefault(COLD, []).append(rate)
    middle = {cipher: {work: median(of) for work, of in works.items()} for cipher, works in rates.items()}
    return [
        Measurement(f"sealed by {cipher}: {work}", "a processor second", floor, ours, 0.8)
        for cipher in CIPHERS[1:]
        for work, floor, ours in (
            *((work, middle["off"][work], middle[cipher][work]) for work in middle["off"] if work),
            (f"load of {number:,}", loaded["off"], loaded[cipher]),
        )
    ]


def _rate(pid: int, cipher: str, plan: Plan, status: str) -> float:
    """Carry out *plan*, and give the answers for each processor second of the server."""
    spent = _seconds(pid)
    result = run(plan)
    if set(result.statuses) != {status}:
        raise RuntimeError(f"{cipher}: {json.dumps(result.statuses)}")
    return sum(result.statuses.values()) / (_seconds(pid) - spent)


def _children() -> float:
    """Give the processor seconds of all that this process started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _seconds(pid: int) -> float:
    """Give the processor seconds of a running process and of what it started."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_seconds(int(child)) for child in children)
