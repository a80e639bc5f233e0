"""Figures of districts: the scores of the last day, put together by where the institutions lie."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from xinglin.capabilities.quality.contract import DOMAINS, MEASURE, SEVERITIES, Asked, District, Districts
from xinglin.capabilities.quality.rules.case import EXTENSION, day
from xinglin.capabilities.quality.rules.scores import mean, score
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.store.door import UnitOfWork
from xinglin.tables.divisions import divisions

PAGE: Final = 200
# Digits of a district in the code of a division.
DIGITS: Final = 6


async def by_district(work: UnitOfWork, given: Asked) -> Districts:
    """MeasureReport/$quality-by-district: scores, records and waiting findings of the districts, by code.

    A district's score is worked out of its records and findings together, so that a large institution weighs more.
    """
    if given.domain and given.domain not in DOMAINS:
        text = f"domain is one of {', '.join(DOMAINS)}."
        raise OutcomeError(Issue("value", "quality-domain", "domain", text))
    last = await work.fhir.find("MeasureReport", measure=MEASURE, _sort="-date", _count="1")
    if not last.matches:
        return Districts("", ())
    on = day(document_of(last.matches[0].body())["date"])
    if on is None:
        raise ValueError("a score has a day")
    reports: list[dict[str, Any]] = []
    places: dict[str, str] = {}
    more: dict[str, str] = {}
    while True:
        page = await work.fhir.find(
            "MeasureReport",
            measure=MEASURE,
            date=on.isoformat(),
            _include="MeasureReport:reporter",
            _count=str(PAGE),
            **more,
        )
        reports += [document_of(row.body()) for row in page.matches]
        places |= {f"Organization/{row.id}": division(document_of(row.body())) for row in page.included}
        if page.next_token is None:
            return Districts(on.isoformat(), tuple(_districts(reports, places, given.domain)))
        more = {TOKEN: page.next_token}


def division(organization: Mapping[str, Any]) -> str:
    """Give the six digits of the district in which an institution lies; empty when its address does not say."""
    for address in organization.get("address") or ():
        for one in address.get("extension") or ():
            if one.get("url") == f"{EXTENSION}division":
                return str(one.get("valueCode", ""))[:DIGITS]
    return ""


def _districts(reports: Iterable[Mapping[str, Any]], places: Mapping[str, str], domain: str) -> Iterable[District]:
    by_place: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in reports:
        if place := places.get(str(one["reporter"]["reference"])):
            by_place[place].append(one)
    for code in sorted(by_place):
        counted = counts(by_place[code], domain)
        worth = mean({name: score(found["records"], _open(found)) for name, found in counted.items()})
        if worth is not None:
            known = divisions().get(code)
            yield District(
                code,
                known.name if known else code,
                len(by_place[code]),
                max(found["records"] for found in counted.values()),
                sum(sum(_open(found).values()) for found in counted.values()),
                worth,
            )


def _open(found: Mapping[str, int]) -> dict[str, int]:
    return {severity: found[severity] for severity in SEVERITIES}


def counts(reports: Iterable[Mapping[str, Any]], domain: str = "") -> dict[str, dict[str, int]]:
    """Add up the populations of reports by domain: records, and findings by severity. domain: only this one."""
    found: dict[str, dict[str, int]] = {}
    for report in reports:
        for group in report.get("group") or ():
            name = str(group["code"]["coding"][0]["code"])
            if domain and name != domain:
                continue
            sums = found.setdefault(name, dict.fromkeys(("records", *SEVERITIES), 0))
            for population in group["population"]:
                sums[population["code"]["coding"][0]["code"]] += int(population["count"])
    return found
