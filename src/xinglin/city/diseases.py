"""Lasting diseases: how many have which by age and sex, which come together, and since when.

Shares of hypertension, diabetes and COPD are the generator's of the books (PG-05 to PG-07); diabetes is twice as common
among who has hypertension (PG-09); the other shares follow PG-08 where it has them and are design where it has not.
Not everybody knows: of hypertension, diabetes and COPD only the published share is recorded (`unknown`); who has one of
them unknown is told by a tag of the Patient, `CodeSystem/synthetic-undiagnosed`, which screening may be tried on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from xinglin.city import pyramid
from xinglin.city.people import Person
from xinglin.city.spec import CitySpec
from xinglin.city.stream import Stream, Weighted
from xinglin.fhir.sources import cites

# Per cent by five-year age, from 0-4 to 85 and over.
HYPERTENSION: Final = cites("PG-05")(
    (0, 0, 0, 1, 4, 6.1, 6.1, 15, 15, 29.6, 29.6, 44.6, 44.6, 55.7, 55.7, 60.2, 60.2, 60.2)
)
DIABETES: Final = cites("PG-06")((0, 0.02, 0.05, 0.3, 2.5, 3.5, 6.5, 6.5, 11, 11, 17, 17, 23, 23, 26, 26, 26, 26))
COPD: Final = cites("PG-07")((0, 0, 0, 0, 1.4, 1.4, 2.5, 2.5, 5.1, 5.1, 8, 10, 18, 21, 27, 30, 30, 30))
# Of those who have it, the share who know: surveys 2012 to 2015 and 2018. Of COPD the book says nothing; surveys find
# very few, of whom only a part has ever had the lung function measured (general knowledge).
AWARE: Final = cites("PG-05", "PG-06")({"hypertension": 0.516, "diabetes": 0.367, "copd": 0.12})
# Registered of all residents; those under 20 have next to none.
MENTAL: Final = cites("PG-08")(0.0045)
_MENTAL_ADULTS: Final = MENTAL / 0.72
_MEN: Final = 1.25  # design


@dataclass(frozen=True, slots=True)
class Disease:
    """A disease by its code of the clinical edition. department: where it is treated above the village."""

    name: str
    code: str
    title: str
    department: str


HT: Final = Disease("hypertension", "I10.x00x002", "高血压", "03.04")
DM: Final = Disease("diabetes", "E11.900", "2型糖尿病不伴有并发症", "03.07")
DM1: Final = Disease("diabetes-1", "E10.900", "1型糖尿病不伴有并发症", "03.07")
LUNG: Final = Disease("copd", "J44.900", "慢性阻塞性肺疾病", "03.01")
HEART: Final = Disease("coronary", "I25.103", "冠状动脉粥样硬化性心脏病", "03.04")
STROKE: Final = Disease("stroke", "I63.900", "脑梗死", "03.03")
LIPIDS: Final = Disease("lipids", "E78.500", "高脂血症", "03.04")
KIDNEY: Final = Disease("kidney", "N18.900", "慢性肾脏病", "03.06")
GASTRITIS: Final = Disease("gastritis", "K29.500", "慢性胃炎", "03.02")
DEPRESSION: Final = Disease("depression", "F32.900", "抑郁发作", "15")
# The six severe mental disorders that are registered (SM-01), with their shares among the registered (design).
SEVERE_MENTAL: Final = Weighted(
    (Disease("severe-mental", code, title, "15"), share)
    for code, title, share in (
        ("F20.900", "精神分裂症", 0.7),
        ("F31.900", "双相情感障碍", 0.11),
        ("F79.900x001", "精神发育迟滞伴发精神障碍", 0.09),
        ("F06.800x003", "癫痫所致精神障碍", 0.05),
        ("F25.900", "分裂情感性障碍", 0.03),
        ("F22.000x002", "偏执性精神病", 0.02),
    )
)
ASTHMA: Final = Disease("asthma", "J45.900", "支气管哮喘", "03.01")
SPINE: Final = Disease("spine", "M51.202", "腰椎间盘突出", "04.03")
PROSTATE: Final = Disease("prostate", "N40.x00", "前列腺增生", "04.04")
CATARACT: Final = Disease("cataract", "H25.900", "老年性白内障", "10")
FIBRILLATION: Final = Disease("fibrillation", "I48.900x001", "心房颤动", "03.04")
LUNG_CANCER: Final = Disease("lung-cancer", "C34.900x001", "肺恶性肿瘤", "04.01")
ALL: Final = (
    *(HT, DM, DM1, LUNG, HEART, STROKE, LIPIDS, KIDNEY, GASTRITIS, DEPRESSION, ASTHMA, SPINE, PROSTATE, CATARACT),
    *(FIBRILLATION, LUNG_CANCER, *SEVERE_MENTAL.choices),
)


@dataclass(slots=True)
class Illness:
    """A disease of a person. since: when it was found; controlled: treatment reaches its target."""

    disease: Disease
    since: date
    controlled: bool


@cites("PG-09")
def illnesses(
    spec: CitySpec, person: Person, stream: Stream, *, is_shown: bool = False, is_registered: bool = False
) -> dict[str, Illness]:
    """Draw the lasting diseases of a person, by name.

    is_shown: has hypertension in every city; is_registered: a severe mental disorder.
    """
    end = person.last(spec.until)
    age = person.age(end)
    found: dict[str, Illness] = {}

    def draw(disease: Disease, share: float, youngest: int, controlled: float) -> bool:
        if not stream.chance(share):
            return False
        years = min(stream.unit() * 14 + 0.1, max(0.05, age - youngest + stream.unit()))
        since = max(end - timedelta(days=int(years * 365.25)), person.born + timedelta(days=30))
        found[disease.name] = Illness(disease, since, stream.chance(controlled))
        return True

    group = pyramid.group_of(age)
    pressure, sugar = HYPERTENSION[group] / 100, DIABETES[group] / 100
    has_pressure = draw(HT, 1.0 if is_shown else pressure, 18, 0.5)
    has_sugar = draw(
        DM1 if age < 20 else DM, sugar * (2 if has_pressure else 1) / (1 + pressure), 2 if age < 20 else 22, 0.5
    )
    draw(LUNG, COPD[group] / 100 * _smokers(group, male=person.male), 20, 0.6)
    if age >= 20:
        draw(LIPIDS, 0.09 if has_pressure or has_sugar else 0.03, 25, 0.6)
        draw(GASTRITIS, 0.05, 18, 0.8)
        draw(DEPRESSION, 0.022 if person.male else 0.032, 16, 0.6)
        draw(SEVERE_MENTAL.draw(stream), 1.0 if is_registered else _MENTAL_ADULTS, 16, 0.7)
        draw(SPINE, 0.06 if age >= 40 else 0.02, 20, 0.7)
    draw(ASTHMA, 0.018, 3, 0.7)
    if age >= 40:
        risk = (1.9 if has_pressure else 0.8) * (1.5 if has_sugar else 1.0)
        older = 2.4 if age >= 65 else 0.8
        draw(HEART, min(0.3, 0.016 * risk * older), 40, 0.7)
        draw(STROKE, min(0.3, 0.014 * risk * older), 40, 0.8)
        draw(KIDNEY, min(0.3, 0.02 * risk * older), 35, 0.6)
        draw(FIBRILLATION, 0.03 if age >= 65 else 0.004, 40, 0.7)
        draw(LUNG_CANCER, 0.004 if age >= 55 else 0.001, 40, 0.5)
    if age >= 60:
        draw(CATARACT, 0.1, 58, 0.8)
        if person.male:
            draw(PROSTATE, 0.2, 55, 0.8)
    return found


def unknown(spec: CitySpec, person: Person, ill: Iterable[str]) -> tuple[str, ...]:
    """Draw which of the diseases of a person nobody knows of; from a stream of its own."""
    held = [name for name in AWARE if name in ill]
    if not held:
        return ()
    stream = Stream(spec.seed, "aware", person.id)
    return tuple(name for name in held if not stream.chance(AWARE[name]))


def _smokers(group: int, *, male: bool) -> float:
    """Give how much commoner COPD is among men, or rarer among women; both together have the published share."""
    _, _, ratio = pyramid.GROUPS[group]
    men = ratio / (100 + ratio)
    return _MEN if male else (1 - _MEN * men) / (1 - men)
