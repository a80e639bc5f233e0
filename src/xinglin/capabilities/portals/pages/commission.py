"""Cards and lists of the commission: institutions by kind, residents, visits by month and district."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from xinglin.capabilities.portals import contract
from xinglin.capabilities.portals.pages import words
from xinglin.fhir.declarations import Text
from xinglin.store.door import UnitOfWork
from xinglin.tables.codes import concepts
from xinglin.tables.divisions import Division, divisions
from xinglin.web import cards, cells, tilemap
from xinglin.web import format as show
from xinglin.web.asking import Counts
from xinglin.web.cards import Bar, Figure
from xinglin.web.format import said
from xinglin.web.listing import Column, Empty, Filter, Found, Listing, show_list
from xinglin.web.view import Download, Form, Language, View

CITY: Final = "410800"
MONTHS: Final = 12
DAYS: Final = 30
# What the districts are compared by, in the order of the columns.
WAYS: Final = {
    "residents": Text("居民", "Residents"),
    "places": Text("机构", "Institutions"),
    "visits": Text("近 30 天就诊", "Visits in 30 days"),
}
# What is written on a tile of the map, where the name is too long for it.
SHORT: Final = {"410871": Text("示范区", "Demo zone")}
CATEGORY: Final = "https://xinglin.health/fhir/CodeSystem/ws-218"
# What a manager tells institutions apart by, and the categories of WS 218 that begin so.
KINDS: Final = (
    ("hospital", Text("医院", "Hospitals"), ("A",)),
    ("community", Text("社区卫生服务", "Community health"), ("B",)),
    ("township", Text("乡镇卫生院", "Township centres"), ("C",)),
    ("clinic", Text("门诊部、诊所、村卫生室", "Clinics"), ("D",)),
    ("emergency", Text("急救", "Emergency"), ("E",)),
    ("maternity", Text("妇幼保健", "Mother and child"), ("G",)),
    ("prevention", Text("疾病预防控制", "Disease control"), ("J",)),
    ("other", Text("其他", "Others"), ("F", "H", "K", "L", "M", "N", "P", "Q", "R")),
)


def codes_of(kind: str) -> str:
    """Give the categories of a kind as the values of a search by type."""
    letters = next(letters for name, _, letters in KINDS if name == kind)
    return ",".join(f"{CATEGORY}|{one.code}" for one in concepts("ws218") if one.code[:1] in letters)


def districts() -> tuple[Division, ...]:
    """Give the districts and counties of the city, with the demonstration zone, which has its own administration."""
    return tuple(one for one in divisions().values() if one.level == "county" and one.parent == CITY)


async def figures(counts: Counts, work: UnitOfWork, _form: Form) -> View:
    """Count residents, institutions, the visits of the last days."""
    since = show.today(work.now).fromordinal(show.today(work.now).toordinal() - DAYS + 1)
    start, end = show.bounds(since, show.today(work.now))
    period = urlencode({"date.since": since.isoformat(), "date.until": show.today(work.now).isoformat()})
    kinds = [
        Figure(
            text,
            await counts.count(work, "Organization", ("type", codes_of(kind)), ("active:not", "false")),
            f"{contract.PLACES}?kind={kind}",
        )
        for kind, text, _ in KINDS
    ]
    return cards.figures(
        [
            Figure(
                Text("居民", "Residents"),
                await counts.count(work, "Patient", ("active:not", "false")),
                contract.RESIDENTS,
            ),
            Figure(
                Text("近 30 天就诊", "Visits in 30 days"),
                await counts.count(work, "Encounter", ("date", start), ("date", end)),
                f"{contract.SEEN}?{period}",
            ),
            *(one for one in kinds if one.number),
        ]
    )


async def by_month(counts: Counts, work: UnitOfWork, form: Form) -> View:
    """Count the visits of each of the last months."""
    bars = []
    for first, last in show.months(show.today(work.now), MONTHS):
        start, end = show.bounds(first, last)
        period = urlencode({"date.since": first.isoformat(), "date.until": last.isoformat()})
        number = await counts.count(work, "Encounter", ("date", start), ("date", end))
        label = f"{first.month} 月" if form.language == "zh" else f"{first:%b}"
        bars.append(Bar(label, number, f"{contract.SEEN}?{period}"))
    return cards.bars(bars, Text("近 12 个月就诊人次", "Visits of the last 12 months"))


async def by_district(counts: Counts, work: UnitOfWork, form: Form) -> View:
    """Count residents, institutions and recent visits of each district: a map, coloured by one of them, and a table."""
    by = form["map"] if form["map"] in WAYS else "visits"
    rows = [await _counted(counts, work, one, form.language) for one in districts()]
    most = max((row["numbers"][by] for row in rows), default=0)
    shown = tilemap.tiles(
        (row["code"], row["name"], row["short"], f"{row['numbers'][by]:,}", row["numbers"][by] / most, row["hrefs"][by])
        if most
        else (row["code"], row["name"], row["short"], "0", 0.0, row["hrefs"][by])
        for row in rows
    )
    ways = [(code, said(text, form.language)) for code, text in WAYS.items()]
    values = {"rows": rows, "tiles": shown, "by": by, "ways": ways, "title": said(WAYS[by], form.language)}
    return View("portals/districts.html", values)


async def _counted(counts: Counts, work: UnitOfWork, one: Division, language: Language) -> dict[str, Any]:
    """Give the figures of a district and the lists behind them."""
    today = show.today(work.now)
    since = today.fromordinal(today.toordinal() - DAYS + 1)
    start, end = show.bounds(since, today)
    here = urlencode({"district": one.code})
    period = urlencode({"date.since": since.isoformat(), "date.until": today.isoformat()})
    return {
        "code": one.code,
        "name": one.name if language == "zh" else one.en,
        "short": said(SHORT.get(one.code, Text(one.name, one.en)), language),
        "numbers": {
            "residents": await counts.count(work, "Patient", ("organization.address", one.name)),
            "places": await counts.count(work, "Organization", ("address", one.name), ("type", _all_codes())),
            "visits": await counts.count(
                work, "Encounter", ("service-provider.address", one.name), ("date", start), ("date", end)
            ),
        },
        "hrefs": {
            "residents": f"{contract.RESIDENTS}?{here}",
            "places": f"{contract.PLACES}?{here}",
            "visits": f"{contract.SEEN}?{here}&{period}",
        },
    }


def _all_codes() -> str:
    return ",".join(codes_of(kind) for kind, _, _ in KINDS)


def _district(parameter: str) -> Filter:
    return Filter(
        "district",
        Text("区县", "District"),
        "choice",
        options=tuple((one.code, Text(one.name, one.en)) for one in districts()),
        ask=lambda code: ((parameter, divisions()[code].name),),
    )


def _type(found: Found) -> str:
    return str(cells.at(found.document, "type.coding.display") or cells.words("type")(found))


def _address(found: Found) -> str:
    return str(cells.at(found.document, "address.text") or cells.words("address")(found))


PLACES: Final = Listing(
    name="institutions",
    title=Text("医疗机构", "Institutions"),
    type="Organization",
    columns=(
        Column(Text("名称", "Name"), cells.name(), "name"),
        Column(Text("类别", "Category"), _type),
        Column(Text("区县", "District"), cells.words("address.district")),
        Column(Text("地址", "Address"), _address),
    ),
    filters=(
        Filter("name", Text("名称", "Name"), parameter="name:contains"),
        Filter(
            "kind",
            Text("类别", "Kind"),
            "choice",
            options=tuple((kind, text) for kind, text, _ in KINDS),
            ask=lambda kind: (("type", codes_of(kind)),),
        ),
        _district("address"),
    ),
    sort="name",
    empty=Empty(
        "building-hospital",
        Text("还没有机构", "No institutions yet"),
        Text("机构登记后会出现在这里。", "Institutions appear here when they are registered."),
    ),
)
SEEN: Final = Listing(
    name="visits",
    title=Text("就诊", "Visits"),
    type="Encounter",
    columns=(
        Column(Text("时间", "When"), cells.when("period.start"), "date"),
        Column(Text("机构", "Institution"), cells.person("serviceProvider")),
        Column(Text("类别", "Kind"), words.kind),
        Column(Text("科室", "Department"), cells.words("serviceType")),
        Column(Text("状态", "State"), cells.state("status", words.VISIT_STATES)),
    ),
    where=(("_include", "Encounter:service-provider"),),
    filters=(words.DATE_FILTER, words.KIND_FILTER, words.STATE_FILTER, _district("service-provider.address")),
    sort="-date",
    empty=Empty(
        "stethoscope",
        Text("还没有就诊", "No visits yet"),
        Text("各机构上传的就诊会出现在这里。", "Visits that institutions send appear here."),
    ),
)
RESIDENTS: Final = Listing(
    name="residents",
    title=Text("居民", "Residents"),
    type="Patient",
    columns=(
        Column(Text("编号", "Id"), lambda found: found.id),
        Column(Text("性别", "Sex"), lambda found: show_sex(found)),
        Column(Text("建档机构", "Keeps the record"), cells.person("managingOrganization")),
        Column(Text("更新时间", "Updated"), cells.when("meta.lastUpdated"), "_lastUpdated"),
    ),
    where=(("_include", "Patient:organization"),),
    filters=(
        Filter(
            "sex",
            Text("性别", "Sex"),
            "choice",
            "gender",
            (("female", Text("女", "Female")), ("male", Text("男", "Male"))),
        ),
        _district("organization.address"),
    ),
    sort="-_lastUpdated",
    empty=Empty(
        "users",
        Text("还没有居民", "No residents yet"),
        Text("建档后会出现在这里，姓名与号码不显示。", "They appear here without names and numbers."),
    ),
)


def show_sex(found: Found) -> str:
    """Say the sex of a resident."""
    words_of = {"female": Text("女", "Female"), "male": Text("男", "Male")}
    code = str(found.document.get("gender", ""))
    return said(words_of[code], found.language) if code in words_of else code


async def show_places(work: UnitOfWork, form: Form) -> View | Download:
    """List institutions; departments stand under them and are none of their own."""
    return await show_list(work, form, replace(PLACES, where=(("type", _all_codes()),)) if not form["kind"] else PLACES)


async def show_seen(work: UnitOfWork, form: Form) -> View | Download:
    """List visits, without who came."""
    return await show_list(work, form, SEEN)


async def show_residents(work: UnitOfWork, form: Form) -> View | Download:
    """List residents, without who they are."""
    return await show_list(work, form, RESIDENTS)
