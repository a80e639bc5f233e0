"""Every night: what was not plausible yesterday at an institution becomes a lead for the commission (R2-045)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from xinglin.capabilities.internet_hospital import contract as visits
from xinglin.capabilities.pharmacy import contract as supplies
from xinglin.capabilities.prescriptions import contract as prescriptions
from xinglin.capabilities.supervision.operations import finding, gathering
from xinglin.capabilities.supervision.operations.counting import institutions
from xinglin.capabilities.supervision.rules import findings
from xinglin.capabilities.supervision.rules.documents import claims, code_of, instant, nested, reference
from xinglin.care.upload.reasonable import Day, Prescribed, Reception, hits, limits
from xinglin.fhir.document import document_of
from xinglin.fhir.search.grammar import parse
from xinglin.fhir.sources import cites
from xinglin.store.door import UnitOfWork
from xinglin.web.format import bounds

MOST = 2000  # visits of an institution and day that are judged


@cites("R2-045")
async def judge(work: UnitOfWork, day: date) -> int:
    """Judge a day of every institution that gives care online; gives how many leads are new."""
    rules, count = limits(day), 0
    for one in await institutions(work):
        here = f"Organization/{one['id']}"
        for hit in hits(await day_of(work, here, day), rules):
            key = f"{hit.code} {one['id']} {day} {hit.about[0]}"
            text = f"{hit.text.zh}（{hit.value}）"
            made = findings.lead(key, f"R2-045 {hit.code}", text, owner=here, about=hit.about[:50], now=work.now)
            count += await finding.raise_(work, made)
    return count


async def day_of(work: UnitOfWork, institution: str, day: date) -> Day:
    """Read what an institution did online on a day; devices, and when a review was opened, are not kept."""
    start, end = bounds(day)
    pairs = [("service-provider", institution), ("class", "VR"), ("date", start), ("date", end), ("_count", str(MOST))]
    page = await work.platform.search(parse("Encounter", pairs, strict=True, base_url=work.door.base_url))
    seen = [document_of(row.body()) for row in page.matches]
    orders = []
    for one in seen:
        for group in await gathering.find(work, "RequestGroup", encounter=f"Encounter/{one['id']}"):
            orders += [await _prescribed(work, group)]
    return Day(tuple(_reception(one) for one in seen), tuple(orders))


def _reception(visit: Mapping[str, Any]) -> Reception:
    moves = {one.get("state"): instant(one.get("at")) for one in reversed(nested(visit, visits.MOVE))}
    return Reception(
        f"Encounter/{visit['id']}",
        gathering.doctor_of(dict(visit)),
        accepted=moves.get("accepted"),
        started=moves.get("in-progress"),
        ended=instant(visit.get("period", {}).get("end")),
    )


async def _prescribed(work: UnitOfWork, group: Mapping[str, Any]) -> Prescribed:
    named = f"RequestGroup/{group['id']}"
    tasks = await gathering.find(work, "Task", focus=named)
    review = next((one for one in tasks if code_of(one.get("code")) == prescriptions.REVIEW), {})
    supply = next((one for one in tasks if claims(one, supplies.DISPENSE.url)), {})
    outputs = review.get("output", ())
    reviewer: Mapping[str, Any] = next((one for one in outputs if one["type"].get("text") == "reviewer"), {})
    return Prescribed(
        named,
        reference(group, "encounter"),
        reference(group, "author"),
        reference(group, "subject"),
        instant(group.get("authoredOn")) or work.now,
        pharmacist=reference(reviewer, "valueReference"),
        reviewed=instant(review.get("lastModified")) if review.get("status") == "completed" else None,
        pharmacy=reference(supply, "owner"),
    )
