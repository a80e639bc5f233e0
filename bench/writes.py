"""Creates and transaction Bundles over HTTP, against the driver writing the same rows."""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Final

import asyncpg

from bench import rows
from bench.client import Plan, request, run
from bench.measure import Measurement, Watch
from bench.place import fresh, largest_of, serving
from bench.population import observation
from xinglin.store import embedded, statements
from xinglin.store.body import Bodies
from xinglin.store.steps import Insert

FIRST: Final = 50_000_000  # numbers from here on are not among the loaded ones
CREATES: Final = 6_000
CLIENTS: Final = 64
CONNECTIONS: Final = 8
BUNDLES: Final = 80
ENTRIES: Final = 100
BUNDLE_CLIENTS: Final = 8
_ID = re.compile(rb'"id":"[^"]*",', re.ASCII)


def measure(server: embedded.Server, template: str, patients: int) -> list[Measurement]:
    """Write into copies of the database *template*."""
    raws = [observation(FIRST + n, patients=patients) for n in range(max(CREATES, BUNDLES * ENTRIES))]
    made = rows.steps(raws)
    sealing = rows.bodies(made)
    singly = asyncio.run(_insert(fresh(server, "written", template=template), made[:CREATES], 1, CONNECTIONS, sealing))
    together = asyncio.run(
        _insert(
            fresh(server, "written", template=template), made[: BUNDLES * ENTRIES], ENTRIES, BUNDLE_CLIENTS, sealing
        )
    )
    bare = [_ID.sub(b"", raw, count=1) for raw in raws]
    posts = [request("POST", "/fhir/Observation", raw, Prefer="return=minimal") for raw in bare[:CREATES]]
    bundles = [
        request("POST", "/fhir", _bundle(bare[start : start + ENTRIES]), Prefer="return=minimal")
        for start in range(0, BUNDLES * ENTRIES, ENTRIES)
    ]
    warm = [_ID.sub(b"", observation(FIRST * 2 + n, patients=patients), count=1) for n in range(400)]
    with serving(fresh(server, "written", template=template)) as (port, process):
        run(Plan(port, [request("POST", "/fhir/Observation", raw) for raw in warm], CLIENTS))
        created = run(Plan(port, posts, CLIENTS))
        run(Plan(port, [request("POST", "/fhir", _bundle(warm[start : start + 20])) for start in range(0, 400, 20)], 4))
        bundled = run(Plan(port, bundles, BUNDLE_CLIENTS))
        largest = largest_of(process.pid)
    if set(created.statuses) != {"201"} or set(bundled.statuses) != {"200"}:
        raise RuntimeError(f"creating answered {created.statuses}, bundles {bundled.statuses}")
    latencies: dict[str, object] = {"p50_ms": created.p50_ms, "p99_ms": created.p99_ms}
    return [
        Measurement("create an Observation, 64 clients", "resources/s", singly, created.rate, 0.6, notes=latencies),
        Measurement("transaction of 100", "resources/s", together, bundled.rate * ENTRIES, 0.5, 4_000),
        Measurement("largest worker after writing", "MiB", 300, largest, 1.0, less=True),
    ]


async def _insert(dsn: str, made: Sequence[Insert], at_once: int, connections: int, sealing: Bodies) -> float:
    """Return rows of `res` a second, written *at_once* in a statement and commit of its own by each connection."""
    groups = [
        statements.insert_arguments(made[start : start + at_once], sealing) for start in range(0, len(made), at_once)
    ]
    links = [await asyncpg.connect(dsn) for _ in range(connections)]
    following = iter(groups)

    async def work(link: "asyncpg.Connection[asyncpg.Record]") -> None:
        insert = await link.prepare(statements.insert(0))
        for arguments in following:
            await insert.fetch(*arguments)

    with Watch() as watch:
        await asyncio.gather(*(work(link) for link in links))
    for link in links:
        await link.close()
    return len(made) / watch.seconds


def _bundle(entries: Sequence[bytes]) -> bytes:
    posts = [b'{"resource":' + raw + b',"request":{"method":"POST","url":"Observation"}}' for raw in entries]
    kind = json.dumps({"resourceType": "Bundle", "type": "transaction"}).encode()
    return kind[:-1] + b',"entry":[' + b",".join(posts) + b"]}"
