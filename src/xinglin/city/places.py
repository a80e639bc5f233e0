"""Where people live: villages and communities, how many live in each county, and how an address is written."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.city.stream import Stream, Weighted
from xinglin.fhir.sources import cites
from xinglin.tables.codes import rows

PROVINCE: Final = "河南省"
CITY: Final = "焦作市"
CITY_CODE: Final = "410800"
# Residents of 2020 (PG-01: census for Mengzhou and the sum; the others are scaled and serve synthetic data only).
RESIDENTS: Final = cites("PG-01")(
    {
        "410802": 302_293,
        "410803": 106_348,
        "410804": 140_542,
        "410811": 485_949,
        "410821": 253_233,
        "410822": 376_727,
        "410823": 664_350,
        "410825": 417_165,
        "410882": 440_258,
        "410883": 334_213,
    }
)
# Latitude and longitude of the seat, approximate.
SEATS: Final = {
    "410802": (35.241, 113.226),
    "410803": (35.236, 113.170),
    "410804": (35.266, 113.322),
    "410811": (35.215, 113.255),
    "410821": (35.224, 113.447),
    "410822": (35.171, 113.064),
    "410823": (35.099, 113.408),
    "410825": (34.941, 113.080),
    "410882": (35.087, 112.951),
    "410883": (34.907, 112.792),
}
# Codes that older numbers of the same place carry: until when they were given out (CD-03; years approximate).
FORMER: Final = {"410882": ("410824", 1989), "410883": ("410826", 1996)}
# Places around the city, three for each of its counties, for those who were born elsewhere; disjoint, so that no two
# counties give out the same number.
_ELSEWHERE: Final = (
    *("410102", "410103", "410105", "410181", "410182", "410183", "410184", "410185", "410302", "410303"),
    *("410306", "410322", "410323", "410381", "410702", "410703", "410711", "410721", "410724", "410725"),
    *("410726", "410727", "410781", "410782", "410827", "410881", "140502", "140521", "140524", "140525"),
)
ELSEWHERE: Final = {county: _ELSEWHERE[place::10] for place, county in enumerate(RESIDENTS)}
_COMMUNITY_WEIGHT: Final = 4.0  # design: a residents' committee has about four times the people of a village
_STREETS: Final = ("解放路", "民主路", "建设路", "塔南路", "人民路", "迎宾路", "太行路", "和平街", "丰收路", "工业路")


@dataclass(frozen=True, slots=True)
class Village:
    """One village or community. code: 12 digits; record: first 12 digits of the record numbers of its people (HR-02).

    county: 6 digits by law, where it differs from the statistics code (CD-30). place: among all villages.
    """

    place: int
    code: str
    name: str
    town: str
    town_name: str
    county: str
    county_name: str
    record: str
    urban: bool

    @property
    def short(self) -> str:
        """The name as people write it: without the committee."""
        for ending in ("居民委员会", "村民委员会", "居委会", "村委会", "民委员会"):
            if self.name.endswith(ending):
                return self.name.removesuffix(ending)
        return self.name


@cache
def villages() -> tuple[Village, ...]:
    """Give the villages and communities, in the order of the table."""
    named = {row["code"]: row for row in rows("divisions.csv")}
    found: list[Village] = []
    for code, row in named.items():
        if len(code) != 12 or "虚拟" in row["name"]:  # virtual communities of the statistics have no people
            continue
        town = named[row["parent"]]
        county = town["parent"].split()[0]
        found.append(
            Village(
                place=len(found),
                code=code,
                name=row["name"],
                town=town["code"],
                town_name=town["name"],
                county=county,
                county_name=named[county]["name"],
                record=row["record"],
                urban=row["kind"] == "residents",
            )
        )
    return tuple(found)


@cache
def weights() -> Weighted[Village]:
    """Give the villages with the share of residents that each has."""
    whole: dict[str, float] = dict.fromkeys(RESIDENTS, 0.0)
    for one in villages():
        whole[one.county] += _weight(one)
    return Weighted((one, RESIDENTS[one.county] * _weight(one) / whole[one.county]) for one in villages())


def line(stream: Stream, village: Village) -> str:
    """Write house and flat, or the house in the village."""
    if not village.urban:
        return f"{village.short}{stream.between(1, 320)}号"
    house = f"{stream.pick(_STREETS)}{stream.between(1, 999)}号" if stream.chance(0.4) else village.short
    flat = f"{stream.between(1, 30)}号楼{stream.between(1, 4)}单元{stream.between(1, 18)}0{stream.between(1, 4)}"
    return f"{house}{flat}室"


def _weight(village: Village) -> float:
    return _COMMUNITY_WEIGHT if village.urban else 1.0
