"""The scores: institutions by domains, the trend of one institution, and its rules with open findings."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from xinglin.capabilities.quality.contract import CODES, DOMAINS, FINDINGS, LIST, MEASURE, OPEN, RULES, STATE_CODES
from xinglin.capabilities.quality.operations.districts import division
from xinglin.capabilities.quality.operations.look import BITS
from xinglin.capabilities.quality.rules.scores import FORMULA, mean
from xinglin.fhir.declarations import Text
from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.grammar import TOKEN, parse
from xinglin.store import quality
from xinglin.store.door import UnitOfWork
from xinglin.web import cells
from xinglin.web.format import day_of, said
from xinglin.web.listing import SLICE, Asked, Cell, Column, Empty, Filter, Found, Listing, Slice, show_list
from xinglin.web.view import Download, Form, View

DAYS: Final = 14
GOOD: Final = Decimal(95)
FAIR: Final = Decimal(80)
MOST: Final = 5_000  # reports that one list puts in order
Document = Mapping[str, Any]


def _scores(document: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """Read the score of each domain; None where nothing was looked at."""
    found: dict[str, Decimal | None] = dict.fromkeys(DOMAINS)
    for group in document.get("group") or ():
        code = group["code"]["coding"][0]["code"]
        if code in found:
            found[code] = Decimal(str(group["measureScore"]["value"]))
    return found


def _shown(score: Decimal | None, href: str = "") -> Cell:
    if score is None:
        return Cell("—")
    tone = "success" if score >= GOOD else "warning" if score >= FAIR else "danger"
    return Cell(f"{score:.1f}", "" if href else tone, href)


def _domain(domain: str) -> Column:
    return Column(DOMAINS[domain], lambda found: _shown(_scores(found.document)[domain]))


def _records(found: Found) -> str:
    counts = [
        population["count"]
        for group in found.document.get("group") or ()
        for population in group["population"]
        if population["code"]["coding"][0]["code"] == "records"
    ]
    return f"{max(counts, default=0):,}"


def _owner(found: Found) -> str:
    return _reporter(found.document)


def _reporter(document: Document) -> str:
    return str(document["reporter"]["reference"])


async def _in_order(work: UnitOfWork, asked: Asked) -> Slice:
    """Give the scores of the last day that has some, or of the days asked for: the worst first.

    Institutions of our divisions come before those that only stand in records from elsewhere, in whatever order.
    """
    since, until = asked.filters.get("date.since", ""), asked.filters.get("date.until", "")
    if not since and not until:
        since = until = await _last_day(work)
    pairs = [("measure", MEASURE), *((("date", f"ge{since}"),) if since else ())]
    pairs += [("date", f"le{until}")] if until else []
    reports, places = await _reports(work, pairs)
    if wanted := asked.filters.get("institution", "").casefold():
        reports = [one for one in reports if wanted in _named(one, places).casefold()]
    rank = _RANKS[asked.sort.removeprefix("-")]
    reports.sort(key=lambda one: rank(one, places), reverse=asked.sort.startswith("-"))
    reports.sort(key=lambda one: not division(places.get(_reporter(one), {})))
    start = int(asked.token) if asked.token.isdecimal() and len(asked.token) < 8 else 0
    end = start + asked.count
    return Slice(reports[start:end], len(reports), str(end) if end < len(reports) else "", places)


def _named(document: Document, places: Mapping[str, Document]) -> str:
    return str(places.get(_reporter(document), {}).get("name", ""))


async def _last_day(work: UnitOfWork) -> str:
    last = await work.fhir.find("MeasureReport", measure=MEASURE, _sort="-date", _count="1")
    return day_of(str(document_of(last.matches[0].body())["date"])) if last.matches else ""


async def _reports(work: UnitOfWork, pairs: list[tuple[str, str]]) -> tuple[list[Document], dict[str, Document]]:
    """Read reports, and the institutions that they are of by reference; OutcomeError 400 when there are too many."""
    found: list[Document] = []
    places: dict[str, Document] = {}
    token = ""
    while True:
        more = [*pairs, ("_include", "MeasureReport:reporter"), ("_count", str(SLICE))]
        more += [(TOKEN, token)] if token else []
        page = await work.fhir.search(parse("MeasureReport", more, strict=True, base_url=work.door.base_url))
        found += [document_of(row.body()) for row in page.matches]
        places |= {f"Organization/{row.id}": document_of(row.body()) for row in page.included}
        token = page.next_token or ""
        if not token:
            return found, places
        if len(found) >= MOST:
            raise OutcomeError(Issue("too-costly", "quality-many-days", text="Ask for fewer days."), status=400)


def _overall(document: Document, _places: Mapping[str, Document]) -> tuple[Decimal, str]:
    overall = mean(_scores(document))
    return (Decimal(101) if overall is None else overall, _reporter(document))


_RANKS: Final[Mapping[str, Callable[[Document, Mapping[str, Document]], Any]]] = {
    "score": _overall,
    "name": lambda document, places: _named(document, places),
    "date": lambda document, _places: str(document.get("date", "")),
}


LISTING: Final = Listing(
    name="quality",
    title=Text("数据质量", "Data quality"),
    type="MeasureReport",
    columns=(
        Column(Text("机构", "Institution"), cells.person("reporter"), "name"),
        Column(Text("日期", "Day"), lambda found: day_of(str(found.document.get("date", ""))), "date"),
        Column(Text("综合得分", "Score"), lambda found: _shown(mean(_scores(found.document))), "score"),
        *(_domain(domain) for domain in BITS),
        Column(Text("记录数", "Records"), _records),
    ),
    filters=(
        Filter("institution", Text("机构名称", "Institution")),
        Filter("date", Text("日期", "Day"), "days"),
    ),
    sort="score",
    source=_in_order,
    href=lambda found: f"{LIST}/institution/{_owner(found).removeprefix('Organization/')}",
    empty=Empty(
        "clipboard-list",
        Text("还没有质量得分", "No scores yet"),
        Text(
            "系统每晚检查新增和变更的记录，并为各机构计算得分。",
            "Every night what is new or changed is looked through, and a score is worked out for each institution.",
        ),
    ),
    template="quality/scores.html",
)


async def show(work: UnitOfWork, form: Form) -> View | Download:
    """List scores; those of the last day that has some, unless others are asked for."""
    looked = await quality.underway(work.executor)
    return await show_list(work, form, LISTING, {"formula": FORMULA, "computing": looked})


async def show_one(work: UnitOfWork, form: Form) -> View:
    """Show an institution: its last scores, their trend by day, and its rules with open findings."""
    owner = f"Organization/{form['id']}"
    page = await work.fhir.find(
        "MeasureReport",
        measure=MEASURE,
        reporter=owner,
        _sort="-date",
        _count=str(DAYS),
        _include="MeasureReport:reporter",
    )
    reports = [document_of(row.body()) for row in page.matches]
    name = next((cells.named(document_of(row.body())) for row in page.included), form["id"])
    latest = reports[0] if reports else {}
    scores = _scores(latest)
    return View(
        "quality/institution.html",
        {
            "name": name,
            "day": day_of(str(latest.get("date", ""))),
            "overall": _shown(mean(scores)),
            "domains": [(domain, said(DOMAINS[domain], form.language), _shown(scores[domain])) for domain in DOMAINS],
            "trend": [
                {"label": day_of(str(one["date"]))[5:], "number": int(mean(_scores(one)) or 0)}
                for one in reversed(reports)
            ],
            "rules": await _rules(work, form, owner),
            "findings": FINDINGS,
            "owner": form["id"],
        },
    )


async def _rules(work: UnitOfWork, form: Form, owner: str) -> list[dict[str, Any]]:
    """Count the open findings of an institution by rule, the most first."""
    found = []
    for id, rule in RULES.items():
        asked = [("implicated", owner), ("code", f"{CODES.system}|{id}"), ("_summary", "count")]
        asked += [("_tag", f"{STATE_CODES.system}|{OPEN}")]
        page = await work.fhir.search(parse("DetectedIssue", asked, strict=True, base_url=work.door.base_url))
        if page.total:
            found.append(
                {
                    "id": id,
                    "title": said(rule.title, form.language),
                    "domain": said(DOMAINS[rule.domain], form.language),
                    "severity": rule.severity,
                    "count": page.total,
                }
            )
    return sorted(found, key=lambda one: -int(one["count"]))
