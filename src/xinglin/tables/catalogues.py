"""Catalogues of practice: drugs, slices of Chinese medicine, laboratory items, services; and the ATC above the drugs.

Codes are this project's own and stay: a row is added at the end, never numbered anew. Doses and ranges are of general
knowledge, restated for made-up patients and for checks that a pharmacist or physician confirms; no label is replaced.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Final, TypeAlias

from xinglin.fhir.sources import cites
from xinglin.tables.codes import rows

ADULT_YEARS: Final = 18
ELDER_YEARS: Final = 60
MALE: Final = "male"
FEMALE: Final = "female"

# Doses in a day of each frequency; None where it is once (st) or as needed (prn).
FREQUENCIES: Final[Mapping[str, Fraction | None]] = {
    "qd": Fraction(1),
    "qn": Fraction(1),
    "bid": Fraction(2),
    "tid": Fraction(3),
    "qid": Fraction(4),
    "q12h": Fraction(2),
    "q8h": Fraction(3),
    "q6h": Fraction(4),
    "q4h": Fraction(6),
    "qod": Fraction(1, 2),
    "q72h": Fraction(1, 3),
    "tiw": Fraction(3, 7),
    "biw": Fraction(2, 7),
    "qw": Fraction(1, 7),
    "q2w": Fraction(1, 14),
    "q3w": Fraction(1, 21),
    "q4w": Fraction(1, 28),
    "q8w": Fraction(1, 56),
    "q6m": Fraction(1, 182),
    "qy": Fraction(1, 365),
    "st": None,
    "prn": None,
}

# A strength is the whole and, after ":", what acts in it (20mL:1g); the parts of a compound stand between "/", the
# number of puffs after "×".
_AMOUNT: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[A-Za-z]+|[喷吸揿])")
_MASS_MG: Final[Mapping[str, Decimal]] = {"ug": Decimal("0.001"), "mg": Decimal(1), "g": Decimal(1000)}

# The two sides of a rule of incompatibility, and the names of the two lists by the number before the dot.
_OTHER_SIDE: Final[Mapping[str, str]] = {"a": "b", "b": "a"}
_CLASHES: Final[Mapping[str, str]] = {"18": "十八反", "19": "十九畏"}

# What is written before a herb that was processed, the longer first.
_PROCESSED: Final = (
    *("麸炒", "米炒", "土炒", "清炒", "蜜炙", "酒炙", "醋炙", "盐炙", "姜炙"),
    *("炒", "炙", "蜜", "酒", "醋", "盐", "姜", "煅", "制", "焦", "净", "鲜", "生", "蒸"),
)

Range: TypeAlias = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True)
class Drug:
    """A generic drug in one form and strength.

    unit: what is counted when dispensed (片 粒 支 瓶 袋); pack: how many of them in the smallest package.
    substance: what acts in it, parts between "+"; kind: 化学药 生物制品 中成药; atc: none for 中成药.
    insurance: 甲 乙 丙; antibiotic: 非限制 限制 特殊; control: 麻 精一 精二 毒 放.
    adult_dose: usual single dose of an adult, max_daily: most in a day; both in dose_unit, None when not laid down.
    frequency: qd bid tid qid q8h qn qw prn st …; pregnancy: 禁用 慎用 可用; min_age_years: None without a labelled age.
    online_sale: 禁售 when no shop may sell it over the network; course_days: longest course that insurance pays.
    """

    code: str
    name: str
    form: str
    strength: str
    unit: str
    atc: str
    insurance: str
    antibiotic: str
    control: str
    dose_unit: str
    adult_dose: Decimal | None
    max_daily: Decimal | None
    frequency: str
    route: str
    pregnancy: str
    min_age_years: int | None
    elder_caution: bool
    pack: int
    substance: str
    kind: str
    online_sale: str
    course_days: int | None

    @property
    def amount(self) -> Decimal | None:
        """What one unit holds, in dose_unit: 0.25g is 250 for mg, 20mL:1g is 20 for mL; None when not said (drops)."""
        if self.dose_unit == self.unit:
            return Decimal(1)
        whole, _, content = self.strength.partition(":")
        for part in (whole, content, whole.rpartition("×")[2]):
            found = _AMOUNT.fullmatch(part)
            if found is not None and found["unit"] == self.dose_unit:
                return Decimal(found["number"])
        found = _AMOUNT.fullmatch(content or whole)
        if found is None or found["unit"] not in _MASS_MG or self.dose_unit not in _MASS_MG:
            return None
        return Decimal(found["number"]) * _MASS_MG[found["unit"]] / _MASS_MG[self.dose_unit]

    @property
    def doses_a_day(self) -> Fraction | None:
        """How many doses the usual frequency makes in a day (a week's one is 1/7); None for once or as needed."""
        return FREQUENCIES[self.frequency]


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of Chinese medicine (饮片).

    nature: nature and flavours; meridians: entered, between spaces. Doses in g a day, None when not for inward use.
    toxic: 大毒 有毒 小毒; controlled: one of the 28 toxic medicines of law (毒性药品), or 麻 for poppy husk.
    incompatible: sides of the eighteen incompatibilities and the nineteen fears ("18.1a" meets "18.1b"), see `clash`.
    pregnancy: 禁用 忌用 慎用; insurance: 支付 单独不予支付 不予支付.
    """

    code: str
    name: str
    aliases: tuple[str, ...]
    nature: str
    meridians: tuple[str, ...]
    dose_low_g: Decimal | None
    dose_high_g: Decimal | None
    toxic: str
    controlled: str
    incompatible: tuple[str, ...]
    pregnancy: str
    insurance: str


@dataclass(frozen=True, slots=True)
class LabItem:
    """A laboratory item.

    unit: UCUM, empty when the result is words; normal: the usual words then. loinc: empty when not known for certain.
    Ranges in unit, a side is None when open: adult and elder (from 60 years) of men and women, child (under 18).
    """

    code: str
    name: str
    abbreviation: str
    loinc: str
    unit: str
    specimen: str
    panel: str
    male: Range
    female: Range
    child: Range
    elder_male: Range
    elder_female: Range
    critical: Range
    normal: str


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """A service with its representative price in fen; a city loads its own.

    price_type: class of the item (诊查 护理 化验 手术 中医 …); insurance: 甲 乙 丙. pricing: government, market or
    special; internet: may be given over the network.
    """

    code: str
    name: str
    price_type: str
    unit: str
    price_fen: int
    insurance: str
    pricing: str
    internet: bool


@cache
def drugs() -> tuple[Drug, ...]:
    """Give every drug, in the order of the file."""
    return tuple(_drug(row) for row in rows("drugs.csv"))


@cache
def _drugs_by_code() -> Mapping[str, Drug]:
    return {one.code: one for one in drugs()}


def drug(code: str) -> Drug:
    """Give a drug by its code; KeyError when there is none."""
    return _drugs_by_code()[code]


@cache
def slices() -> tuple[Slice, ...]:
    """Give every slice, in the order of the file."""
    return tuple(_slice(row) for row in rows("tcm_slices.csv"))


@cache
def _slices_by_word() -> Mapping[str, Slice]:
    return {word: one for one in slices() for word in (one.code, one.name, *one.aliases)}


@cites("R3-091")
def tcm_slice(word: str) -> Slice:
    """Give a slice by its code, name or an alias; KeyError when there is none.

    A processed form that has no row of its own (酒黄芩 麸炒枳壳) stands for the herb without the prefix.
    """
    known = _slices_by_word()
    if word not in known:
        word = next((base for base in map(word.removeprefix, _PROCESSED) if base in known), word)
    return known[word]


@cites("R3-091")
def clash(one: Slice, other: Slice) -> tuple[str, ...]:
    """Name the rules that forbid two slices together: 十八反 十九畏; empty when none does.

    Source: usage of the pharmacopoeia as the insurance rule library (两库, 2025) lists it; 白附子 is no aconite.
    """
    sides = {side[:-1] + _OTHER_SIDE[side[-1]] for side in one.incompatible} & set(other.incompatible)
    return tuple(sorted({_CLASHES[side.partition(".")[0]] for side in sides}))


@cache
def services() -> tuple[ServiceItem, ...]:
    """Give every service, in the order of the file."""
    return tuple(_service(row) for row in rows("services.csv"))


@cache
def _services_by_code() -> Mapping[str, ServiceItem]:
    return {one.code: one for one in services()}


def service(code: str) -> ServiceItem:
    """Give a service by its code; KeyError when there is none."""
    return _services_by_code()[code]


@cache
def labs() -> tuple[LabItem, ...]:
    """Give every laboratory item, in the order of the file."""
    return tuple(_lab(row) for row in rows("labs.csv"))


@cache
def _labs_by_code() -> Mapping[str, LabItem]:
    return {one.code: one for one in labs()}


def lab(code: str) -> LabItem:
    """Give a laboratory item by its code; KeyError when there is none."""
    return _labs_by_code()[code]


def panel(name: str) -> tuple[LabItem, ...]:
    """Give the items of a panel (血常规 肝功能 …), in their order."""
    return tuple(one for one in labs() if one.panel == name)


def reference(item: LabItem, sex: str, age_years: int) -> Range:
    """Give the reference range of a person (sex: "male", "female"; of others the men's): a side is None when open."""
    if age_years < ADULT_YEARS and item.child != (None, None):
        return item.child
    if age_years >= ELDER_YEARS:
        return item.elder_female if sex == FEMALE else item.elder_male
    return item.female if sex == FEMALE else item.male


def interpretation(item: LabItem, value: Decimal, sex: str, age_years: int) -> str:
    """Say how a value lies (v3 ObservationInterpretation): LL and HH are critical, else L, H or N."""
    low, high = reference(item, sex, age_years)
    critical_low, critical_high = item.critical
    if critical_low is not None and value < critical_low:
        return "LL"
    if critical_high is not None and value > critical_high:
        return "HH"
    if low is not None and value < low:
        return "L"
    return "H" if high is not None and value > high else "N"


def _drug(row: Mapping[str, str]) -> Drug:
    return Drug(
        code=row["code"],
        name=row["name"],
        form=row["form"],
        strength=row["strength"],
        unit=row["unit"],
        atc=row["atc"],
        insurance=row["insurance"],
        antibiotic=row["antibiotic"],
        control=row["control"],
        dose_unit=row["dose_unit"],
        adult_dose=_decimal(row["adult_dose"]),
        max_daily=_decimal(row["max_daily"]),
        frequency=row["frequency"],
        route=row["route"],
        pregnancy=row["pregnancy"],
        min_age_years=_int(row["min_age_years"]),
        elder_caution=row["elder_caution"] == "是",
        pack=int(row["pack"]),
        substance=row["substance"],
        kind=row["kind"],
        online_sale=row["online_sale"],
        course_days=_int(row["course_days"]),
    )


def _slice(row: Mapping[str, str]) -> Slice:
    return Slice(
        code=row["code"],
        name=row["name"],
        aliases=tuple(row["aliases"].split()),
        nature=row["nature"],
        meridians=tuple(row["meridians"].split()),
        dose_low_g=_decimal(row["dose_low_g"]),
        dose_high_g=_decimal(row["dose_high_g"]),
        toxic=row["toxic"],
        controlled=row["controlled"],
        incompatible=tuple(row["incompatible_group"].split()),
        pregnancy=row["pregnancy"],
        insurance=row["insurance"],
    )


def _service(row: Mapping[str, str]) -> ServiceItem:
    return ServiceItem(
        code=row["code"],
        name=row["name"],
        price_type=row["price_type"],
        unit=row["unit"],
        price_fen=int(row["price_fen"]),
        insurance=row["insurance"],
        pricing=row["pricing"],
        internet=row["internet"] == "是",
    )


def _lab(row: Mapping[str, str]) -> LabItem:
    male = _range(row, "low", "high")
    female = _range(row, "low_f", "high_f") or male
    child = _range(row, "child_low", "child_high")
    elder = _range(row, "elder_low", "elder_high")
    elder_female = _range(row, "elder_low_f", "elder_high_f")
    none = (None, None)
    return LabItem(
        code=row["code"],
        name=row["name"],
        abbreviation=row["abbreviation"],
        loinc=row["loinc"],
        unit=row["unit"],
        specimen=row["specimen"],
        panel=row["panel"],
        male=male or none,
        female=female or none,
        child=child or none,
        elder_male=elder or male or none,
        elder_female=elder_female or female or none,
        critical=_range(row, "critical_low", "critical_high") or none,
        normal=row["normal"],
    )


def _range(row: Mapping[str, str], low: str, high: str) -> Range | None:
    """Read a range; None when neither side is given."""
    found = _decimal(row[low]), _decimal(row[high])
    return None if found == (None, None) else found


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _int(text: str) -> int | None:
    return int(text) if text else None
