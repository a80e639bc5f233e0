"""How long a settlement takes: a bill of fifty lines, taken apart and paid by three funds.

The bound is the time the issue asks for; beside it stands what reading the lines from JSON alone costs.
"""

import time
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from bench.measure import Measurement
from xinglin.care import benefits
from xinglin.care.insurable import Item, lines
from xinglin.care.settlement import Bill, Group, Person, settle
from xinglin.care.used import Used
from xinglin.tables.catalogues import drugs

WANTED_MS: Final = 5.0
TIMES: Final = 300
LINES: Final = 50
_DAY: Final = date(2026, 11, 20)


def measure() -> list[Measurement]:
    """Measure the 95th of some hundred settlements, from the items of a bill to who pays what."""
    items = [
        Item(number, "drug", drug.code, drug.name, Decimal(2), 40_000 + number)
        for number, drug in enumerate(drugs()[:LINES], 1)
    ]
    person = Person("390", groups=(Group("allowance", date(2026, 1, 1)),))
    _once(items, person)
    took, worked = [], []
    for _ in range(TIMES):
        began, working = time.perf_counter(), time.thread_time()
        _once(items, person)
        took.append((time.perf_counter() - began) * 1e3)
        worked.append((time.thread_time() - working) * 1e3)
    raw = msgspec.json.encode(items)
    began = time.perf_counter()
    for _ in range(TIMES):
        msgspec.json.decode(raw)
    reading = (time.perf_counter() - began) / TIMES * 1e3
    p95, p95_worked = (sorted(one)[int(TIMES * 0.95)] for one in (took, worked))
    notes: dict[str, object] = {
        "median": round(sorted(took)[TIMES // 2], 3),
        "p95 of processor time": round(p95_worked, 3),
        "reading alone": round(reading, 4),
    }
    return [Measurement("settlement, 50 lines: p95", "ms", WANTED_MS, p95, 1.0, less=True, notes=notes)]


def _once(items: list[Item], person: Person) -> None:
    bill = Bill(lines(items, insurance="390", day=_DAY), "H1", "third", "city", "21", _DAY)
    settle(bill, person, Used(2026), benefits.on(_DAY))
