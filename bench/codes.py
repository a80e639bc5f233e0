"""Codes: loading a national edition, and completing what is typed, beside the best statement by hand.

The edition is made up, of as many codes as asked for and of names of ICD-10, so that sizes are real and nobody's.
"""

import asyncio
import csv
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import quote

import asyncpg

from bench.client import Plan, request, run
from bench.loads import command
from bench.measure import Measurement
from bench.place import fresh, serving
from xinglin.store import embedded
from xinglin.store.terminology.words import question
from xinglin.tables.codes import concepts

SYSTEM: Final = "http://hl7.org/fhir/sid/icd-10-cn"
CODES: Final = 100_000
TYPED: Final = (
    *("高血压", "gxy", "tnb", "feiyan", "i10", "急性 感染", "gaoxueya", "xinji"),
    *("血", "性", "伴", "x", "g", "xj", "jx", "xin"),  # what a large part of all codes has
)
LIMIT_MS: Final = 50.0  # asked of a picker
SECONDS: Final = 4.0
TURNS: Final = 9


def measure(server: embedded.Server, number: int = CODES) -> list[Measurement]:
    """Load an edition of *number* codes, then complete what is typed with one visitor and with eight."""
    dsn = fresh(server, "codes")
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        file = edition(Path(folder) / "edition.csv", number)
        remarks = str(Path(folder) / "remarks.csv")
        command(dsn, "migrate")
        seconds, mebibytes = command(
            dsn, "terminology", "load", str(file), "--system", SYSTEM, "--version", "bench", "--report", remarks
        )
    floor = asyncio.run(_by_hand(dsn))
    paths = [f"/terminology/pick?system={quote(SYSTEM)}&q={quote(typed)}" for typed in TYPED]
    with serving(dsn) as (port, _):
        # As the combo box asks while somebody types.
        asked = [request("GET", path, HX_Request="true") for path in paths]
        one = run(Plan(port, asked, 1, SECONDS, 1.0))
        eight = run(Plan(port, asked, 8, SECONDS, 1.0))
    if set(one.statuses) != {"200"}:
        raise RuntimeError(f"the picker answered {one.statuses}")
    notes: dict[str, object] = {"p50_ms": one.p50_ms, "p99_ms_of_eight": eight.p99_ms, "by_hand_ms": floor}
    return [
        Measurement(
            f"load an edition of {number:,} codes", "s", 120.0, seconds, 1.0, less=True, notes={"MiB": mebibytes}
        ),
        Measurement("complete a code, median", "ms", floor, one.p50_ms, 4.0, less=True, notes=notes),
        Measurement("complete a code, 99 of 100, of the limit", "ms", LIMIT_MS, one.p99_ms, 1.0, less=True),
    ]


def edition(file: Path, number: int) -> Path:
    """Write an edition of *number* codes below the categories of ICD-10."""
    known = concepts(SYSTEM)
    categories = [one.code for one in known if len(one.code) == 3]
    names = [one.name for one in known if "." in one.code]
    endings = ("", "伴感染", "不伴并发症", "急性期", "慢性期", "术后", "待查")
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("主要编码", "诊断名称"))
        for n in range(number):
            category, serial = categories[n % len(categories)], n // len(categories)
            name = names[n * 7919 % len(names)] + endings[n % len(endings)]
            writer.writerow((f"{category}.{serial % 10}{serial // 10:02d}", name))
    return file


async def _by_hand(dsn: str) -> float:
    """Give the median over what is typed of the quickest statement that finds as much, in milliseconds."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("ANALYZE concept")
        sid = await connection.fetchval("SELECT sid FROM code_system WHERE url = $1 AND version = 'bench'", SYSTEM)
        taken = []
        for typed in TYPED:
            parts = question(typed)
            sets = [grams for _, each in parts for grams in each]
            where, place = [], 2
            for _, each in parts:
                where.append("(" + " OR ".join(f"c.grams @> ${place + n}::int4[]" for n in range(len(each))) + ")")
                place += len(each)
            where += [f"strpos(c.words, ${place + n}) > 0" for n in range(len(parts))]
            statement = await connection.prepare(
                f"SELECT c.code, c.display FROM concept c WHERE c.sid = $1 AND {' AND '.join(where)}"
                " ORDER BY length(c.display), c.place LIMIT 20"
            )
            times = []
            for _ in range(TURNS):
                begun = time.perf_counter()
                await statement.fetch(sid, *sets, *(part for part, _ in parts))
                times.append((time.perf_counter() - begun) * 1e3)
            taken.append(median(times))
        return median(taken)
    finally:
        await connection.close()
