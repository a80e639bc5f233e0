"""Scores of the day as MeasureReport: one an institution, counted and not read."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from xinglin.capabilities.quality.contract import (
    CODES,
    CORRECTING,
    DOMAIN_CODES,
    DOMAINS,
    MEASURE,
    OPEN,
    POPULATIONS,
    SCORE,
    SEVERITIES,
    SEVERITY_TAGS,
    STATE_CODES,
)
from xinglin.capabilities.quality.operations.look import BITS
from xinglin.capabilities.quality.rules.case import ZONE
from xinglin.capabilities.quality.rules.scores import FORMULA, score
from xinglin.fhir.document import bytes_of
from xinglin.fhir.search.grammar import parse
from xinglin.store import quality
from xinglin.store.door import UnitOfWork
from xinglin.store.orders import Order

_MANY: Final = 100


def id_of(owner: str, on: str) -> str:
    """Give the id of an institution's scores of a day: always the same."""
    return "qs-" + blake2b(f"{owner} {on}".encode(), digest_size=15).hexdigest()


async def write(work: UnitOfWork) -> int:
    """Write the scores of today, which replace those of earlier today; give how many institutions have some."""
    on = work.now.astimezone(ZONE).date().isoformat()
    records: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (owner, bits), n in (await quality.counts(work.executor)).items():
        for domain, bit in BITS.items():
            records[owner][domain] += n if bits & bit else 0
    orders = []
    for owner in sorted(records):
        open_ = {domain: await _open(work, owner, domain) for domain in DOMAINS if records[owner][domain]}
        report = _report(owner, on, work.now, records[owner], open_)
        orders.append(Order("update", "MeasureReport", bytes_of(report), report["id"]))
    for place in range(0, len(orders), _MANY):
        await work.platform.write_many(orders[place : place + _MANY])
    return len(orders)


async def _open(work: UnitOfWork, owner: str, domain: str) -> dict[str, int]:
    """Count the open findings of an institution in a domain, by severity."""
    found = {}
    for severity in SEVERITIES:
        asked = [("implicated", owner), ("code", f"{CODES.system}|"), ("_summary", "count")]
        # What is being corrected is not corrected yet.
        waiting = ",".join(f"{STATE_CODES.system}|{state}" for state in (OPEN, CORRECTING))
        asked += [
            ("_tag", waiting),
            ("_tag", f"{DOMAIN_CODES.system}|{domain}"),
            ("_tag", f"{SEVERITY_TAGS}|{severity}"),
        ]
        page = await work.platform.search(parse("DetectedIssue", asked, strict=True, base_url=work.door.base_url))
        found[severity] = page.total or 0
    return found


def _report(
    owner: str, on: str, now: datetime, records: Mapping[str, int], open_: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    groups = []
    for domain, found in open_.items():
        worth = score(records[domain], found)
        groups.append(
            {
                "code": {"coding": [{"system": DOMAIN_CODES.system, "code": domain, "display": DOMAINS[domain].zh}]},
                "population": [
                    {"code": {"coding": [{"system": POPULATIONS, "code": code}]}, "count": count}
                    for code, count in (("records", records[domain]), *found.items())
                ],
                "measureScore": {"value": Decimal(0) if worth is None else worth},
            }
        )
    return {
        "resourceType": "MeasureReport",
        "id": id_of(owner, on),
        "meta": {"profile": [SCORE.url]},
        "status": "complete",
        "type": "summary",
        "measure": f"{MEASURE}|{FORMULA.version}",
        "date": now.isoformat(timespec="milliseconds"),
        "reporter": {"reference": owner},
        "period": {"start": on, "end": on},
        "group": groups,
    }
