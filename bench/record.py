"""The page of one long record: opening it, beside raw SQL that fetches as many rows of the same kinds."""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg

from bench.client import Plan, request, run
from bench.loads import command
from bench.measure import Measurement
from bench.place import fresh, serving
from xinglin.capabilities.health_records.operations import summary
from xinglin.fhir.search.keys import TYPE_CODES, rid_of
from xinglin.store import embedded

LIMIT_MS: Final = 1000.0  # asked of the page of a patient with 2,000 entries
NUMBER: Final = 2000
OTHERS: Final = 20  # records beside it, as long
SECONDS: Final = 4.0
TURNS: Final = 15
WARM: Final = 3
FIRST: Final = date(2016, 1, 1)
LOINC: Final = "http://loinc.org"
ICD: Final = "http://hl7.org/fhir/sid/icd-10-cn"
TESTS: Final = ("1558-6", "2160-0", "2823-3", "2089-1", "2571-8", "4548-4", "718-7", "6690-2", "1742-6")
# What the page reads: types, and how many rows.
READ: Final = (
    (tuple(summary.STANDING_TYPES), summary.STANDING),
    (tuple(summary.ACTIVE), summary.CONDITIONS),
    (tuple(summary.TAKEN), summary.MEDICINES),
    (tuple(summary.LABORATORY), summary.RESULTS),
    (tuple(summary.VITAL_SIGNS), summary.SIGNS),
    (tuple(summary.EVENT_TYPES), summary.EVENTS),
    (tuple(summary.DOCUMENTS), summary.PAPERS),
    (tuple(summary.VACCINATIONS), summary.DOSES),
)


def measure(server: embedded.Server, number: int = NUMBER) -> list[Measurement]:
    """Load records of *number* entries, and open one of them, with one reader and with eight."""
    dsn = fresh(server, "record")
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        file = Path(folder) / "records.ndjson"
        with file.open("w", encoding="utf-8") as out:
            for at in range(OTHERS):
                out.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries(f"p{at}", number))
        command(dsn, "load", str(file), "--refused", str(file.with_suffix(".refused")))
    floor = asyncio.run(_by_hand(dsn, "p7"))
    with serving(dsn) as (port, _):
        one = run(Plan(port, [request("GET", "/patients/p7")], 1, SECONDS, 1.0))
        eight = run(Plan(port, [request("GET", f"/patients/p{n}") for n in range(OTHERS)], 8, SECONDS, 1.0))
    if set(one.statuses) != {"200"}:
        raise RuntimeError(f"the page answered {one.statuses}")
    notes: dict[str, object] = {"p99_ms": one.p99_ms, "p99_ms_of_eight": eight.p99_ms, "pages_s": eight.rate}
    work = f"open a record of {number:,} entries"
    return [
        Measurement(f"{work}, against its rows", "ms", floor, one.p50_ms, 30.0, less=True, notes=notes),
        Measurement(f"{work}, 99 of 100, of the limit", "ms", LIMIT_MS, one.p99_ms, 1.0, less=True),
    ]


def entries(id: str, number: int) -> Iterator[dict[str, Any]]:
    """Make up a record: visits over ten years, each with vital signs and results, diagnoses and prescriptions."""
    subject = {"reference": f"Patient/{id}"}
    yield {
        "resourceType": "Patient",
        "id": id,
        "name": [{"text": "张桂兰"}],
        "gender": "female",
        "birthDate": "1958-03-08",
    }
    made, visit = 1, 0
    while made < number:
        for one in _visit(id, subject, visit):
            if made < number:
                made += 1
                yield one
        visit += 1


def _visit(id: str, subject: dict[str, str], visit: int) -> Iterator[dict[str, Any]]:
    day = (FIRST + timedelta(days=29 * visit)).isoformat()
    at, number = {"reference": f"Encounter/{id}-v{visit}"}, f"{id}-{visit}"
    about = {"subject": subject, "encounter": at}
    period = {"start": f"{day}T08:30:00+08:00", "end": f"{day}T09:00:00+08:00"}
    kind = {"code": "AMB"}
    yield {"resourceType": "Encounter", "id": f"{id}-v{visit}", "status": "finished", "class": kind, "subject": subject,
           "period": period}  # fmt: skip
    for test in TESTS:
        yield _observation(f"{number}-{test}", test, day, 4 + visit % 9 / 2, about)
    for sign, value in (("8867-4", 70), ("8310-5", 36.6), ("29463-7", 62)):
        yield _observation(f"{number}-{sign}", sign, day, value, about)
    code = f"{'ABCDEJKMN'[visit % 9]}{10 + visit % 40}"
    active = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                          "code": "active" if visit % 20 == 0 else "resolved"}]}  # fmt: skip
    diagnosis = {"coding": [{"system": ICD, "code": code, "display": "诊断"}]}
    yield {"resourceType": "Condition", "id": f"{number}-c", "clinicalStatus": active, "code": diagnosis,
           "onsetDateTime": day, **about}  # fmt: skip
    yield {"resourceType": "MedicationRequest", "id": f"{number}-m", "intent": "order", "authoredOn": day,
           "status": "active" if visit % 15 == 0 else "completed",
           "medicationCodeableConcept": {"text": f"药品 {visit % 12}"},
           "dosageInstruction": [{"text": "每次 1 片，每日 1 次"}], **about}  # fmt: skip


def _observation(id: str, code: str, day: str, value: float, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "effectiveDateTime": f"{day}T08:40:00+08:00",
        "valueQuantity": {"value": value, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
        "referenceRange": [{"low": {"value": 3.9}, "high": {"value": 6.1}}],
        **about,
    }


async def _by_hand(dsn: str, id: str) -> float:
    """Give the median time of fetching as many of the patient's newest rows of each kind, in milliseconds."""
    connection = await asyncpg.connect(dsn)
    try:
        statement = await connection.prepare(
            "SELECT r.id, r.enc, r.body FROM res r WHERE r.rt = ANY($1::int2[]) AND r.pat = $2 AND NOT r.deleted"
            " ORDER BY r.ord DESC, r.rid DESC LIMIT $3"
        )
        times = []
        for turn in range(TURNS + WARM):
            begun = time.perf_counter()
            for types, count in READ:
                await statement.fetch([TYPE_CODES[one] for one in types], rid_of("Patient", id), count)
            if turn >= WARM:
                times.append((time.perf_counter() - begun) * 1e3)
        return median(times)
    finally:
        await connection.close()
